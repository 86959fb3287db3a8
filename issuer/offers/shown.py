"""An offer as one card bears it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from issuer.offers.bounds import FOREVER
from issuer.offers.content import Content
from issuer.offers.governor import rank
from issuer.offers.offer import Offer
from issuer.offers.triggers import PlaceTrigger, TimeTrigger, VisitTrigger

COLUMNS = (
    "showing.offer_id", "showing.version", "turn", "arm", "opens_at", "closes_at", "shown_at", "loud",
    "card_version", "factor::text", "voucher_id", "redeemed_at", "location.zone", "offer_version.content::text",
)  # fmt: skip
"""What `ShownOffer.read` wants of a showing, its shop and its version, as one array of JSON."""


@dataclass(frozen=True)
class ShownOffer:
    """``offer``: what the version says that is shown. ``loud``: it might sound. ``zone``: of its shop, if that has one.

    ``card_version``: since which the card shows it. ``closes_at``: the first instant at which it is over. ``factor``:
    what is earned counts so many times.
    """

    offer_id: UUID
    version: int
    turn: str
    arm: str
    offer: Offer
    opens_at: datetime
    closes_at: datetime
    shown_at: datetime
    loud: bool = False
    card_version: int | None = None
    factor: Decimal | None = None
    voucher_id: UUID | None = None
    redeemed_at: datetime | None = None
    zone: str | None = None

    @classmethod
    def read(cls, row: Iterable[Any]) -> "ShownOffer":
        """From JSON of `COLUMNS`."""
        offer_id, version, turn, arm, opens, closes, shown, loud, since, factor, voucher, redeemed, zone, content = row
        return cls(
            offer_id=UUID(offer_id),
            version=version,
            turn=turn,
            arm=arm,
            offer=offer_of(content),
            opens_at=datetime.fromisoformat(opens),
            closes_at=datetime.fromisoformat(closes),
            shown_at=datetime.fromisoformat(shown or opens),
            loud=loud,
            card_version=since,
            factor=Decimal(factor) if factor else None,
            voucher_id=UUID(voucher) if voucher else None,
            redeemed_at=datetime.fromisoformat(redeemed) if redeemed else None,
            zone=zone,
        )

    @property
    def kind(self) -> str:
        return self.offer.trigger.kind

    @property
    def content(self) -> Content:
        """The texts of the card's half, where two are tried."""
        other = self.offer.trial.other
        return other if self.arm == "b" and other else self.offer.content

    @property
    def location_ids(self) -> tuple[UUID, ...]:
        """Shops that it names; of a place offer without any, all of the merchant's are meant."""
        trigger = self.offer.trigger
        return trigger.locations if isinstance(trigger, PlaceTrigger | TimeTrigger | VisitTrigger) else ()

    @property
    def ends_at(self) -> datetime | None:
        """When it ends by itself; None for one that stays until it is ended."""
        return self.closes_at if self.closes_at < FOREVER else None

    @property
    def near_shops(self) -> bool:
        """Whether a phone says it near shops."""
        return isinstance(self.offer.trigger, PlaceTrigger)


def standing(offers: Iterable[ShownOffer]) -> tuple[ShownOffer, ...]:
    """What a card still promises, each offer once, most important first, then newest.

    Of several windows of one offer the one that is open longest counts.
    """
    longest: dict[UUID, ShownOffer] = {}
    for one in sorted(offers, key=lambda one: one.closes_at):
        longest[one.offer_id] = one
    newest = sorted(longest.values(), key=lambda one: (one.opens_at, one.offer_id), reverse=True)
    return tuple(sorted(newest, key=lambda one: rank(one.offer)))


@lru_cache(maxsize=1024)
def offer_of(stored: str) -> Offer:
    """What ``offer_version.content`` holds, by its text: a value that never changes, so it is read once."""
    return Offer.model_validate_json(stored)
