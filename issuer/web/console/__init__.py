"""The merchant's console."""

from issuer.web.console import (
    account,
    cards,
    design,
    drawings,
    first_run,
    printing,
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
    "design",
    "drawings",
    "first_run",
    "printing",
    "publishing",
    "shops",
    "sign_in",
    "staff",
    "team",
]
