"""A card goes to another phone, and how a pass ends."""

import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from issuer import events, publishing
from issuer.codes import draw_code
from issuer.joining import issue_pass
from issuer.keys import Keys
from issuer.publishing import AT_THE_TILL, MOVED, announce_new, publish
from issuer.refusals import Refusal
from issuer.schema import Card, CardCode, CardKey, Pass
from issuer.visits import Visit, inactive, refuse
from signing.tokens import digest


def move(session: Session, keys: Keys, card: Card, visit: Visit) -> Card | Refusal:
    """A new pass with a serial, code and page of its own; the old ones are revoked. What the card holds stays.

    Codes printed on paper go on to work: whoever lost a phone may still have the paper.

    :param card: locked
    """
    if refusal := inactive(card):
        return refuse(session, card, refusal, visit)
    end_pass(session, card, visit.now)
    card.web_key = secrets.token_urlsafe(16)
    session.add(
        CardKey(key_hash=digest(card.web_key), merchant_id=card.merchant_id, card_id=card.id, created_at=visit.now)
    )
    issue = issue_pass(session, keys, card, draw_code(session, keys, card.merchant_id, visit.now), visit.now)
    _bear_paper(session, card, issue)
    announce_new(session, card, issue, visit.now)
    events.record(session, card.merchant_id, "moved", visit.now, card.id, serial=issue.serial)
    publish(session, [card], MOVED, AT_THE_TILL, visit.now)
    return card


def end_pass(session: Session, card: Card, now: datetime) -> None:
    """Revoke what a card is known by: its live passes, their codes and its page. Paper goes on to work."""
    live = (Pass.card_id == card.id, Pass.revoked_at.is_(None))
    for issue in session.scalars(select(Pass).where(*live).order_by(Pass.id)):
        retire(session, issue, now)
    own = (CardCode.card_id == card.id, CardCode.batch_id.is_(None), CardCode.revoked_at.is_(None))
    session.execute(update(CardCode).where(*own).values(revoked_at=now))
    pages = (CardKey.card_id == card.id, CardKey.revoked_at.is_(None))
    session.execute(update(CardKey).where(*pages).values(revoked_at=now))


def ended_page(session: Session, key: str) -> CardKey | None:
    """The directory's row for a page that a card was known by once; ``None`` for a key that is live or nobody's."""
    row = session.get(CardKey, digest(key))
    return row if row is not None and row.revoked_at is not None else None


def retire(session: Session, issue: Pass, now: datetime) -> None:
    """The one way a pass ends, in every wallet: told once more, and saying no more than that it is over.

    Registrations stay until the phone removes the pass; nothing that becomes of the card is shown on it.
    """
    if issue.revoked_at is None:
        issue.revoked_at = now
        session.flush()
        publishing.end(session, issue, now)


def _bear_paper(session: Session, card: Card, issue: Pass) -> None:
    paper = (CardCode.card_id == card.id, CardCode.batch_id.is_not(None))
    session.execute(update(CardCode).where(*paper).values(pass_id=issue.id))
