"""From a customer's tap to a link that saves the card to Google Wallet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.cards import view
from issuer.google_passes import OBJECTS, class_id, kind_of, object_id
from issuer.google_relaying import wish
from issuer.keys import Keys
from issuer.schema import Card, GoogleObject, Pass
from issuer.settings import GoogleSettings
from issuer.voucher_passes import passes_of
from passes.google_save import Saved, save_payload
from signing.google_account import Account, LinkTooLong, save_link

PATIENCE = timedelta(seconds=5)
"""How long a card that is there already waits for a voucher that was asked for with it."""


def ask(session: Session, keys: Keys, card: Card, now: datetime) -> None:
    """Want a card on Google, and each voucher on it. Asking again changes nothing."""
    for issue in passes_of(session, keys, card, now):
        wish(session, issue, card, now)


def to_save(session: Session, card: Card, issuer_id: str, now: datetime) -> tuple[Saved, ...]:
    """What a link has to name, the card first; nothing while Google does not have it.

    A voucher is left out that Google does not take, or not in time: the next link saves it.
    """
    found = _asked_for(session, card)
    there = [(issue, asked) for issue, asked in found if asked.inserted_at is not None]
    if not there or there[0][0].voucher_id is not None or any(_comes_soon(asked, now) for _, asked in found):
        return ()
    return tuple(_saved(issue, asked.program_id, issuer_id) for issue, asked in there)


def link_of(account: Account, google: GoogleSettings, saved: Sequence[Saved], now: datetime) -> str:
    """A link that saves as many of these as there is room for, the first in any case.

    :raises signing.google_account.LinkTooLong: there is no room for one
    """
    for count in range(len(saved), 1, -1):
        try:
            return save_link(account, google.save_url, save_payload(saved[:count]), now)
        except LinkTooLong:
            continue
    return save_link(account, google.save_url, save_payload(saved[:1]), now)


def _asked_for(session: Session, card: Card) -> list[tuple[Pass, GoogleObject]]:
    """The card's live pass, then those of the vouchers that it holds, as far as somebody asked for them."""
    held = [voucher.id for voucher in view(session, card).vouchers]
    query = (
        select(Pass, GoogleObject)
        .join(GoogleObject, GoogleObject.pass_id == Pass.id)
        .where(Pass.card_id == card.id, Pass.revoked_at.is_(None))
        .where(Pass.voucher_id.is_(None) | Pass.voucher_id.in_(held))
        .order_by(Pass.voucher_id.is_not(None), Pass.created_at, Pass.id)
    )
    return [(issue, asked) for issue, asked in session.execute(query)]


def _comes_soon(asked: GoogleObject, now: datetime) -> bool:
    return asked.inserted_at is None and asked.answer is None and now - asked.asked_at < PATIENCE


def _saved(issue: Pass, program_id: UUID, issuer_id: str) -> Saved:
    kind = kind_of(issue)
    return Saved(OBJECTS[kind], object_id(issuer_id, issue.serial), class_id(issuer_id, program_id, kind))
