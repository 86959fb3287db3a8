"""The rows that say which offers a card shows: one for each offer, card and window, so that nothing is shown twice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from issuer import due, vouchers
from issuer.ledger import Actor, Deed, available, post
from issuer.limiting import Asked
from issuer.offering import Running, read
from issuer.offers.bounds import FOREVER
from issuer.offers.content import Multiplier, VoucherOffer
from issuer.offers.counting import LONGEST_DAY
from issuer.offers.facts import Turn
from issuer.offers.offer import Offer
from issuer.offers.triggers import HOURLY
from issuer.rules.movement import Movement, voucher_unit
from issuer.schema import Card, OfferVersion, Showing, Voucher
from issuer.schema import Offer as OfferRow
from issuer.vouchers import Wanted

SHOWN, OVER, HELD, OUT = "shown", "over", "held", "out"
CLOSED, DONE, PAUSED, OFFER_ENDED, GONE, UNWANTED = "closed", "done", "paused", "offer_ended", "gone", "unwanted"
"""Why a showing is over: its time; what it was for; the offer rests, or ended; the card did; nobody wants it."""
SYSTEM = Actor("system")

# Card by card: as long as statistics know nothing of a fresh campaign, the server would read all that anybody is shown.
ON_CARDS = text("""
    SELECT showing.*
    FROM unnest(CAST(:cards AS uuid[])) AS mine (id)
    CROSS JOIN LATERAL (SELECT * FROM showing WHERE card_id = mine.id AND state = 'shown' OFFSET 0) AS showing
    ORDER BY opens_at
""")
DECIDED = text("""
    SELECT showing.*
    FROM unnest(CAST(:offers AS uuid[]), CAST(:cards AS uuid[]), CAST(:turns AS text[])) AS asked (offer, card, key)
    JOIN showing ON (offer_id, card_id, turn) = (asked.offer, asked.card, asked.key)
""")
TAKEN = text("""
    SELECT showing.*
    FROM unnest(CAST(:offers AS uuid[]), CAST(:cards AS uuid[])) AS asked (offer, card)
    JOIN showing ON (offer_id, card_id) = (asked.offer, asked.card)
    WHERE redeemed_at IS NOT NULL AND (redeemed_at > :since OR closes_at > :since)
""")


@dataclass(frozen=True)
class Candidate:
    """What a card might be shown now. ``row``: what was decided of this window before."""

    running: Running
    card: Card
    turn: Turn
    arm: str
    row: Showing | None = None

    @property
    def asked(self) -> Asked:
        return self.running, self.card, self.turn

    @property
    def was_shown(self) -> bool:
        """The offer rested meanwhile: this window was counted already."""
        return self.row is not None and self.row.shown_at is not None


def on_cards(session: Session, cards: Sequence[Card]) -> Mapping[UUID, list[Showing]]:
    """What these cards show now, by card."""
    found = defaultdict[UUID, list[Showing]](list)
    for row in session.scalars(select(Showing).from_statement(ON_CARDS), {"cards": [card.id for card in cards]}):
        found[row.card_id].append(row)
    return found


def decided(session: Session, asked: Sequence[Asked]) -> Mapping[tuple[UUID, UUID, str], Showing]:
    """What was decided before of these windows, by offer, card and turn."""
    if not asked:
        return {}
    values = {
        "offers": [one.id for one, _, _ in asked],
        "cards": [card.id for _, card, _ in asked],
        "turns": [turn.key for _, _, turn in asked],
    }
    found = session.scalars(select(Showing).from_statement(DECIDED), values)
    return {(row.offer_id, row.card_id, row.turn): row for row in found}


def taken(session: Session, asked: Sequence[Asked], now: datetime) -> Mapping[tuple[UUID, UUID], list[Showing]]:
    """What was lately taken up of offers whose hours may have been others before, by offer and card."""
    changed = [(one, card) for one, card, _ in asked if one.version > 1 and one.offer.trigger.kind in HOURLY]
    if not changed:
        return {}
    values = {
        "offers": [one.id for one, _ in changed],
        "cards": [card.id for _, card in changed],
        "since": now - LONGEST_DAY,
    }
    found = defaultdict[tuple[UUID, UUID], list[Showing]](list)
    for row in session.scalars(select(Showing).from_statement(TAKEN), values):
        found[row.offer_id, row.card_id].append(row)
    return found


def show(session: Session, candidate: Candidate, now: datetime, lines: list[Movement], *, loud: bool) -> Showing:
    """From the card's next version on, with what the offer unlocks. The card is locked, and published by the caller.

    :param lines: what is to be booked of vouchers is added; see `book`
    """
    one, voucher_id = candidate.running, _brought(session, candidate, now, lines)
    row = _row(session, candidate, now)
    row.state, row.reason, row.ended, row.ended_at = SHOWN, None, None, None
    row.shown_at = row.shown_at or now
    row.card_version, row.loud, row.ambient = candidate.card.version + 1, loud, one.offer.ambient
    row.value, row.factor, row.voucher_id = one.offer.worth_cents, factor_of(one), voucher_id
    return row


def hold(session: Session, candidate: Candidate, reason: str, now: datetime) -> None:
    """Not now; what was shown before and rested stays over."""
    row = candidate.row
    if candidate.was_shown or (row is not None and (row.state, row.reason) == (HELD, reason)):
        return
    row = _row(session, candidate, now)
    row.state, row.reason = HELD, reason


def leave_out(session: Session, candidate: Candidate, now: datetime) -> None:
    """One of those who are shown nothing, to compare with."""
    _row(session, candidate, now).state = OUT


def end(session: Session, card: Card, row: Showing, why: str, now: datetime, lines: list[Movement]) -> None:
    """The card does not show it any more, and what it unlocked is gone. The card is locked, published by the caller.

    :param lines: as of `show`
    """
    row.state, row.ended, row.ended_at = OVER, why, now
    if row.voucher_id is not None:
        lines += _ended_voucher(session, card, row.voucher_id, now)


def book(session: Session, card: Card, lines: Sequence[Movement], now: datetime) -> None:
    """All that becomes of a card's vouchers in one look, as one posting: a card's version has no second one."""
    if lines:
        cause = "bonus" if any(line.amount > 0 for line in lines) else "expiry"
        post(session, card, lines, Deed(cause, SYSTEM, now, now, note="voucher"))


def renew(
    session: Session,
    card: Card,
    row: Showing,
    one: Running,
    turn: Turn | None,
    now: datetime,
    lines: list[Movement],
) -> bool:
    """The offer says something else since; whether customers see that. The card is locked.

    :param turn: the same window as it is now, as far as that is known
    :param lines: as of `show`
    """
    before, closed_at = _as_shown(session, row), row.closes_at
    row.version, row.factor, row.ambient = one.version, factor_of(one), one.offer.ambient
    if turn is not None:
        row.opens_at, row.closes_at, row.location_id = turn.opens, turn.closes, turn.location_id
    if before.unlocks != one.offer.unlocks and row.redeemed_at is None:
        _exchange_voucher(session, card, row, one, now, lines)
    elif row.voucher_id is not None and row.closes_at != closed_at:
        voucher = session.get_one(Voucher, row.voucher_id)
        if voucher.card_id == card.id:
            _keep_voucher(session, voucher, row.closes_at)
    return _seen(before) != _seen(one.offer) or row.closes_at != closed_at


def factor_of(one: Running) -> Decimal | None:
    return one.offer.unlocks.factor if isinstance(one.offer.unlocks, Multiplier) else None


def _seen(offer: Offer) -> tuple[object, ...]:
    return offer.content, offer.trial.other, offer.trigger, offer.unlocks


def _row(session: Session, candidate: Candidate, now: datetime) -> Showing:
    """The window's row, made when there is none."""
    one, card, turn, row = candidate.running, candidate.card, candidate.turn, candidate.row
    if row is None:
        row = Showing(offer_id=one.id, card_id=card.id, turn=turn.key, merchant_id=card.merchant_id)
        session.add(row)
    row.customer_id, row.version, row.arm, row.decided_at = card.customer_id, one.version, candidate.arm, now
    row.opens_at, row.closes_at, row.location_id = turn.opens, turn.closes, turn.location_id
    return row


def _brought(session: Session, candidate: Candidate, now: datetime, lines: list[Movement]) -> UUID | None:
    """The voucher that this window had before it rested, if the offer still unlocks that; else one of its own."""
    one, card, row, closes = candidate.running, candidate.card, candidate.row, candidate.turn.closes
    if row is None or row.voucher_id is None or _as_shown(session, row).unlocks != one.offer.unlocks:
        return _drawn(session, card, one, closes, now, lines)
    voucher = session.get_one(Voucher, row.voucher_id)
    if voucher.card_id == card.id:
        _keep_voucher(session, voucher, closes)
        lines += vouchers.revived(session, card, voucher)
    return voucher.id


def _as_shown(session: Session, row: Showing) -> Offer:
    return read(session.get_one(OfferVersion, (row.offer_id, row.version)).content)


def _drawn(
    session: Session, card: Card, one: Running, closes: datetime, now: datetime, lines: list[Movement]
) -> UUID | None:
    """The voucher that the offer unlocks, good as long as it is shown."""
    unlocks = one.offer.unlocks
    if not isinstance(unlocks, VoucherOffer):
        return None
    until = closes if closes < FOREVER else None
    wanted = Wanted(unlocks.names.model_dump(), unlocks.worth, unlocks.uses, valid_until=until)
    row = vouchers.draw(session, card, wanted, now, vouchers.OFFER)
    lines.append(vouchers.uses_of(row))
    return row.id


def _exchange_voucher(
    session: Session, card: Card, row: Showing, one: Running, now: datetime, lines: list[Movement]
) -> None:
    """What nobody used yet goes with the words that promised it; what the offer unlocks now comes in its place."""
    if row.voucher_id is not None:
        lines += _ended_voucher(session, card, row.voucher_id, now)
    row.voucher_id = _drawn(session, card, one, row.closes_at, now, lines)
    session.get_one(OfferRow, one.id).value += one.offer.worth_cents - (row.value or 0)
    row.value = one.offer.worth_cents


def _keep_voucher(session: Session, voucher: Voucher, closes: datetime) -> None:
    """As long as the offer is on the card now."""
    card_id, key = voucher.card_id, str(voucher.id)
    voucher.valid_until = closes if closes < FOREVER else None
    if voucher.valid_until is None:
        due.drop(session, card_id, vouchers.END, key)
    else:
        due.plan(session, card_id, voucher.merchant_id, vouchers.END, key, voucher.valid_until)


def _ended_voucher(session: Session, card: Card, voucher_id: UUID, now: datetime) -> list[Movement]:
    """What is left of it goes. One that moved to another card with all the rest ends when it would have."""
    row = session.get_one(Voucher, voucher_id)
    left = available(session, card, voucher_unit(row.id), now) if row.card_id == card.id else 0
    if left <= 0:
        return []
    row.valid_until = min(row.valid_until or now, now)
    due.drop(session, card.id, vouchers.END, str(row.id))
    return [Movement(voucher_unit(row.id), -left, "expired", "expiry")]
