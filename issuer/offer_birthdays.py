"""Birthdays that an offer is to hear of though nothing happened to the card: found by the digest of their day."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer.customers import birthday_digest
from issuer.database import send, set_merchant
from issuer.keys import Keys
from issuer.offering import live_offers
from issuer.offers.triggers import BirthdayTrigger
from issuer.rules.gifts import LEAP_DAY, in_year
from issuer.schema import Card, Merchant, PersonalData

# Who has birthday and was not looked at for it: a birthday that is told later is no change of the card.
BORN = """
    WITH born AS (
        SELECT card.id FROM unnest(%(digests)s::bytea[], %(turns)s::text[]) AS day (digest, turn)
        JOIN personal_data ON merchant_id = %(merchant)s AND birthday_digest = day.digest
        JOIN card USING (customer_id)
        WHERE card.state = 'active' AND NOT EXISTS (
            SELECT FROM showing WHERE (offer_id, card_id, showing.turn) = (%(offer)s, card.id, day.turn)
        )
    )
    INSERT INTO agenda (card_id, merchant_id, due_at)
    SELECT DISTINCT id, %(merchant)s::uuid, %(now)s::timestamptz FROM born ORDER BY id
    ON CONFLICT (card_id) DO UPDATE SET due_at = least(agenda.due_at, excluded.due_at)
    RETURNING card_id
"""


def note_birthdays(session: Session, keys: Keys, merchant_id: UUID, now: datetime) -> int:
    """Let cards be looked at whose owners have birthday, by the window of an offer for that; how many."""
    set_merchant(session, merchant_id)
    zone = session.get_one(Merchant, merchant_id).zone
    today, found = now.astimezone(ZoneInfo(zone)).date(), 0
    for one in live_offers(session):
        if isinstance(one.offer.trigger, BirthdayTrigger):
            days = list(_days(one.offer.trigger, today))
            values = {
                "merchant": merchant_id,
                "offer": one.id,
                "digests": [birthday_digest(keys, *born) for born, _ in days],
                "turns": [str(day.year) for _, day in days],
                "now": now,
            }
            found += len(send(session, BORN, values))
    return found


def birthdays_told(session: Session) -> int:
    """Active cards of the transaction's merchant whose owners told their birthday."""
    told = select(func.count(Card.id)).join(PersonalData, PersonalData.customer_id == Card.customer_id)
    return session.scalars(told.where(Card.state == "active", PersonalData.birthday_sealed.is_not(None))).one()


def _days(trigger: BirthdayTrigger, today: date) -> Iterator[tuple[tuple[int, int], date]]:
    """Each (month, day) whose window holds today, with the day that is meant."""
    for away in range(-trigger.days_before, trigger.days_after + 1):
        day = today - timedelta(days=away)
        yield from ((born, day) for born in {(day.month, day.day), LEAP_DAY} if in_year(born, day.year) == day)
