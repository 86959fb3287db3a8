"""The merchant's console."""

from issuer.web.console import (
    account,
    cards,
    corrections,
    design,
    drawings,
    first_run,
    goodwill,
    keys,
    printing,
    programs,
    publishing,
    shops,
    sign_in,
    staff,
    team,
)
from issuer.web.console.frame import blueprint

__all__ = [
    "account",
    "blueprint",
    "cards",
    "corrections",
    "design",
    "drawings",
    "first_run",
    "goodwill",
    "keys",
    "printing",
    "programs",
    "publishing",
    "shops",
    "sign_in",
    "staff",
    "team",
]
