"""Offers as a card bore them at an instant, however late something is told of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.database import send
from issuer.history import TAKEN_BACK
from issuer.offers.counting import counts, lasting, taken
from issuer.offers.shown import COLUMNS, ShownOffer
from issuer.schema import Card
from issuer.visits import Visit

ZONE = "coalesce(here.zone, merchant.zone)"
BORNE = f"""
    SELECT jsonb_build_array({", ".join(COLUMNS)}), ended, ended_at, {ZONE}, EXISTS (
        SELECT FROM entry JOIN posting ON posting.id = entry.posting_id
        WHERE entry.card_id = showing.card_id AND entry.unit = 'offer:' || showing.offer_id
            AND entry.cause = 'redemption' AND NOT {TAKEN_BACK}
            AND date(posting.occurred_at AT TIME ZONE {ZONE}) = date(%(at)s AT TIME ZONE {ZONE})
    )
    FROM showing
    JOIN offer_version ON offer_version.offer_id = showing.offer_id AND offer_version.number = showing.version
    JOIN merchant ON merchant.id = showing.merchant_id
    LEFT JOIN location ON location.id = showing.location_id
    LEFT JOIN location AS here ON here.id = %(shop)s
    WHERE shown_at <= %(at)s AND {{which}}
    ORDER BY shown_at DESC LIMIT 20
"""  # noqa: S608 (constants)
OF_OFFER = BORNE.format(which="showing.offer_id = %(offer)s AND showing.card_id = %(card)s")
OF_VOUCHER = BORNE.format(which="showing.voucher_id = %(voucher)s")


@dataclass(frozen=True)
class Borne:
    """``ended``, ``ended_at``: see `issuer.schema.Showing`. ``zone``: of the shop where somebody came.

    ``used_then``: the offer was handed over on the local day of the visit.
    """

    shown: ShownOffer
    ended: str | None
    ended_at: datetime | None
    zone: str
    used_then: bool

    def is_used(self, at: datetime) -> bool:
        """Whether nothing is left of it; a voucher may have further uses."""
        used_up = self.shown.voucher_id is not None and self.shown.redeemed_at is not None and self.ended == "done"
        return used_up or taken(self.shown, at, self.zone) or (self.used_then and lasting(self.shown))

    def is_open(self, at: datetime) -> bool:
        return (self.ended_at is None or at < self.ended_at) and self.counts(at)

    def counts(self, at: datetime) -> bool:
        return counts(self.shown, at, self.zone)


def of_offer(session: Session, card: Card, offer_id: UUID, visit: Visit) -> list[Borne]:
    """How a card bore an offer up to a visit, newest first."""
    return _read(session, OF_OFFER, visit, offer=offer_id, card=card.id)


def of_voucher(session: Session, voucher_id: UUID, visit: Visit) -> list[Borne]:
    """What brought a voucher: one, or nothing if no offer did."""
    return _read(session, OF_VOUCHER, visit, voucher=voucher_id)


def _read(session: Session, sql: str, visit: Visit, **ids: UUID) -> list[Borne]:
    rows = send(session, sql, {"at": visit.at, "shop": visit.shop_id, **ids})
    return [Borne(ShownOffer.read(row), *more) for row, *more in rows]
