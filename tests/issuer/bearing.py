"""Offers as rows that cards bear, put there without the machinery that decides on them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from issuer import schema
from issuer.offers.bounds import FOREVER
from issuer.offers.content import Content
from issuer.offers.offer import Offer
from issuer.offers.shown import ShownOffer
from issuer.schema import Location, OfferVersion, Showing
from tests.issuer.counting import Till

NEAR, ALL_DAY, BIRTHDAY, LAPSING = ({"kind": kind} for kind in ("place", "time", "birthday", "lapsing"))
AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
CLOSES = datetime(2026, 3, 8, 23, tzinfo=UTC)


def texts(card: str, **more: str) -> dict[str, dict[str, str]]:
    """The same in both languages, told apart by their first letters."""
    return {language: {"card": f"{mark}{card}", **more} for language, mark in (("de", "D "), ("en", ""))}


def offer(card: str = "Coffee for free", trigger: Any = ALL_DAY, **more: Any) -> Offer:
    """``more``: fields of the offer; ``message``, ``back`` and ``place`` are the texts'."""
    said = {name: more.pop(name) for name in ("message", "back", "place") if name in more}
    return Offer.model_validate({"name": card, "trigger": trigger, "content": texts(card, **said), **more})


def shown(one: Offer, **facts: Any) -> ShownOffer:
    """As a card bears it that no database knows."""
    given = {
        "offer_id": uuid4(), "version": 1, "turn": "always", "arm": "a", "opens_at": AT, "closes_at": CLOSES,
        "shown_at": AT,
    }  # fmt: skip
    return ShownOffer(offer=one, **{**given, **facts})


def live(till: Till, one: Offer) -> UUID:
    """A running offer of the merchant."""
    offer_id, shop = uuid4(), till.shop.merchant_id
    with till.work() as session:
        dates = {"created_at": till.now, "changed_at": till.now, "live_at": till.now}
        session.add(schema.Offer(id=offer_id, merchant_id=shop, state="live", version=1, revision=1, **dates))
        session.flush()
        session.add(
            OfferVersion(offer_id=offer_id, number=1, merchant_id=shop, content=one.stored(), created_at=till.now)
        )
    return offer_id


def bear(till: Till, card_id: UUID, offer_id: UUID, **facts: Any) -> None:
    """Put an offer on a card. What a phone sees of it needs a further version of the card."""
    given: dict[str, Any] = {
        "turn": "always", "version": 1, "arm": "a", "state": "shown", "opens_at": till.now, "closes_at": FOREVER,
        "decided_at": till.now, "shown_at": till.now,
    }  # fmt: skip
    with till.work() as session:
        card = session.get_one(schema.Card, card_id)
        whose = {"card_id": card_id, "merchant_id": card.merchant_id, "customer_id": card.customer_id}
        session.add(Showing(offer_id=offer_id, **{**given, **whose, **facts}))


def opened(till: Till, *places: tuple[float, float] | None, zone: str | None = None) -> list[UUID]:
    """Shops at these coordinates, in this order."""
    ids = [uuid4() for _ in places]
    with till.work() as session:
        for number, (location_id, at) in enumerate(zip(ids, places, strict=True)):
            latitude, longitude = at or (None, None)
            session.add(
                Location(
                    id=location_id, merchant_id=till.shop.merchant_id, name=f"Shop {number}", latitude=latitude,
                    longitude=longitude, zone=zone, created_at=till.now + timedelta(seconds=number),
                )
            )  # fmt: skip
    return ids


def other_half(card: str) -> Content:
    return Content.model_validate(texts(card))
