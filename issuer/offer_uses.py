"""Offers that were taken up: marked with the posting that did it, and free again when that was taken back.

Each statement is sent ahead, so that nobody waits for it. The card is locked.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.database import send_ahead
from issuer.due import VOUCHER_END
from issuer.history import TAKEN_BACK
from issuer.ledger import Booked
from issuer.offers.counting import lasting
from issuer.offers.shown import ShownOffer
from issuer.rules.movement import voucher_unit
from issuer.schema import Card, Posting, Voucher

KEY = "offer_id = %(offer)s AND card_id = %(card)s AND turn = %(turn)s"
MARK = "UPDATE showing SET redeemed_at = %(at)s, posting_id = %(posting)s"
NEWEST = "(redeemed_at IS NULL OR redeemed_at <= %(at)s)"
DONE = "UPDATE showing SET state = 'over', ended = 'done', ended_at = %(now)s WHERE state = 'shown'"
LEFT = "EXISTS (SELECT FROM account WHERE card_id = %(card)s AND unit = %(unit)s AND balance > 0)"
# Of what can be used several times, the newest use that was not taken back stays its mark: of a voucher any, of what
# lies there for days one in its window that is no other window's mark.
FREE = f"""
    WITH freed AS (
        SELECT showing.offer_id, showing.card_id, showing.turn, other.id AS posting_id, other.occurred_at,
            CASE
                WHEN showing.card_id <> %(card)s THEN 'gone'
                WHEN showing.closes_at <= %(now)s THEN 'closed'
                WHEN offer.state = 'paused' THEN 'paused'
                WHEN offer.state = 'ended' THEN 'offer_ended'
            END AS why
        FROM showing JOIN offer ON offer.id = showing.offer_id
        LEFT JOIN LATERAL (
            SELECT posting.id, posting.occurred_at
            FROM entry JOIN posting ON posting.id = entry.posting_id
            WHERE entry.card_id = %(card)s AND entry.cause = 'redemption' AND NOT {TAKEN_BACK}
                AND entry.unit = coalesce('voucher:' || showing.voucher_id, 'offer:' || showing.offer_id)
                AND (showing.voucher_id IS NOT NULL OR (
                    posting.occurred_at >= showing.opens_at AND posting.occurred_at < showing.closes_at
                    AND NOT EXISTS (
                        SELECT FROM showing AS marked
                        WHERE marked.offer_id = showing.offer_id AND marked.card_id = showing.card_id
                            AND marked.posting_id = posting.id
                    )
                ))
            ORDER BY posting.occurred_at DESC, entry.number DESC LIMIT 1
        ) AS other ON true
        WHERE (showing.card_id IN (%(holder)s, %(card)s) AND showing.posting_id = %(posting)s)
            OR showing.voucher_id = ANY(%(vouchers)s)
    )
    UPDATE showing SET
        redeemed_at = freed.occurred_at,
        posting_id = freed.posting_id,
        state = CASE WHEN ended = 'done' AND why IS NULL THEN 'shown' ELSE state END,
        ended_at = CASE WHEN ended = 'done' AND why IS NULL THEN NULL ELSE ended_at END,
        card_version = CASE WHEN ended = 'done' AND why IS NULL THEN %(version)s ELSE card_version END,
        ended = CASE WHEN ended = 'done' THEN why ELSE ended END
    FROM freed
    WHERE (showing.offer_id, showing.card_id, showing.turn) = (freed.offer_id, freed.card_id, freed.turn)
"""  # noqa: S608 (constants)
# What got a use back while its offer is off the card goes like all that was left of vouchers then.
OUTLIVED = """
    WITH outlived AS (
        UPDATE voucher SET valid_until = least(valid_until, %(now)s) FROM showing
        WHERE voucher.id = ANY(%(vouchers)s) AND showing.voucher_id = voucher.id
            AND showing.state = 'over' AND showing.ended IN ('closed', 'paused', 'offer_ended')
        RETURNING voucher.id, voucher.card_id, voucher.merchant_id
    )
    INSERT INTO due (card_id, merchant_id, what, key, due_at)
    SELECT card_id, merchant_id, %(end)s, id::text, %(now)s FROM outlived
    ON CONFLICT (card_id, what, key) DO UPDATE SET due_at = excluded.due_at
"""


def used(session: Session, card: Card, shown: ShownOffer, booked: Booked) -> None:
    """It was handed over, so the card does not show it any more, unless it lies there for days."""
    values = _values(card, booked) | {"offer": shown.offer_id, "turn": shown.turn}
    if lasting(shown):
        send_ahead(session, f"{MARK} WHERE {KEY} AND {NEWEST}", values)
        return
    send_ahead(session, f"{MARK} WHERE {KEY}", values)
    send_ahead(session, f"{DONE} AND {KEY}", values)


def multiplied(session: Session, card: Card, shown: ShownOffer, booked: Booked) -> None:
    """Something counted more by it. It goes on; its first use is the one that is known."""
    values = _values(card, booked) | {"offer": shown.offer_id, "turn": shown.turn}
    send_ahead(session, f"{MARK} WHERE {KEY} AND redeemed_at IS NULL", values)


def voucher_used(session: Session, card: Card, voucher_id: UUID, booked: Booked) -> None:
    """A voucher lost a use, in whatever way: the offer that brought it was taken up, and ends with its last use."""
    values = _values(card, booked) | {"voucher": voucher_id, "unit": voucher_unit(voucher_id)}
    send_ahead(session, f"{MARK} WHERE voucher_id = %(voucher)s", values)
    send_ahead(session, f"{DONE} AND voucher_id = %(voucher)s AND NOT {LEFT}", values)


def voucher_gone(session: Session, voucher: Voucher, now: datetime) -> None:
    """The shop took a voucher back: the offer that brought it promises nothing any more."""
    gone = "UPDATE showing SET state = 'over', ended = 'gone', ended_at = %(now)s"
    values = {"voucher": voucher.id, "now": now}
    send_ahead(session, f"{gone} WHERE state = 'shown' AND voucher_id = %(voucher)s", values)


def taken_back(session: Session, card: Card, posting: Posting, vouchers: Iterable[UUID], now: datetime) -> None:
    """What a posting used was not used. The card shows it again, as long as its window is open and the offer runs.

    :param card: where the balances are now
    :param vouchers: those that got a use back
    """
    values = {
        "card": card.id,
        "holder": posting.card_id,
        "posting": posting.id,
        "vouchers": list(vouchers),
        "version": card.version + 1,
        "now": now,
    }
    send_ahead(session, FREE, values)
    if values["vouchers"]:
        send_ahead(session, OUTLIVED, values | {"end": VOUCHER_END})


def _values(card: Card, booked: Booked) -> dict[str, object]:
    posting = booked.posting
    return {"card": card.id, "posting": posting.id, "at": posting.occurred_at, "now": posting.recorded_at}
