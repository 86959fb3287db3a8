"""What owners are told on the console's first page before their cards stop working in Apple Wallet."""

from dataclasses import dataclass

from flask import g
from sqlalchemy.orm import Session

from issuer import certificate_ends
from issuer.refusals import N_
from issuer.schema import Merchant
from issuer.web.context import now
from issuer.web.wording import said, when

URGENT_DAYS = 7
SOON = N_(
    "Apple Wallet: the certificate that signs your cards ends on %(day)s. After that no card can be added to an iPhone "
    "or updated there. Ask whoever runs this service for you to renew it."
)
OVER = N_(
    "Apple Wallet: the certificate that signs your cards ended on %(day)s. No card can be added to an iPhone or "
    "updated there. Ask whoever runs this service for you to renew it."
)


@dataclass(frozen=True)
class Note:
    sentence: str
    urgent: bool


def certificate_note(session: Session, merchant: Merchant) -> Note | None:
    """For owners only: nobody else can do anything about it."""
    ending = certificate_ends.ending_for(session, merchant.id, now()) if g.get("role") == "owner" else None
    if ending is None:
        return None
    day = when(ending.not_after, merchant.zone)
    return Note(said(OVER if ending.over else SOON) % {"day": day}, ending.days < URGENT_DAYS)
