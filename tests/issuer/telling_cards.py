"""Cards to be told of, without a database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from issuer.branding import load_branding
from issuer.cards import CardView, VoucherView
from issuer.design import Design
from issuer.issuing import Look, dressed
from issuer.program_changes import Plan
from issuer.rules.vouchers import Worth
from issuer.sample import sample_card
from issuer.schema import Merchant
from passes.face import Face
from tests.issuer.rules.cases import CALLED, DONATION, LUNCH, POINTS, STAMPS, Document, named, rules

SHOP = Merchant(name="Café Morgenrot", zone="Europe/Berlin", currency="EUR", contact={"phone": "030 123"})
NAMES = {"de": "Karte", "en": "Card"}
PRICED: Document = {
    **POINTS,
    "value_points": 100,
    "value_cents": 100,
    "prices": [
        {"reward_id": str(reward_id), "price": price} for reward_id, price in zip(CALLED, (150, 400), strict=True)
    ],
}
WORTH: Document = {**POINTS, "value_points": 100, "value_cents": 100}
LONG = "Frühstück für zwei Personen mit Prosecco und Räucherlachs"
LONG_LUNCH: Document = {**LUNCH, "names": named(LONG, LONG)}
LONG_DONATION: Document = {**DONATION, "to": named(LONG, LONG)}
BY_SPENDING: Document = {
    "kind": "discount",
    "by": "spend",
    "steps": [{"from_cents": 10_000, "percent": "5"}, {"from_cents": 50_000, "percent": "10"}],
}
ALL_AT_ONCE = (STAMPS, LUNCH)


def card(*parts: Document, language: str = "en", **held: int) -> CardView:
    """A card of these rules; units are written with ``_`` for what a name cannot hold: ``stamps_lunch``."""
    balances = {unit.replace("_", ":", 1): amount for unit, amount in held.items()}
    return sample_card(SHOP, Plan(NAMES, rules(*parts), CALLED), balances, language)


def with_vouchers(shown: CardView, *vouchers: VoucherView) -> CardView:
    return replace(shown, vouchers=vouchers)


def voucher(number: int = 1, worth: Mapping[str, Any] | None = None, **facts: Any) -> VoucherView:
    """15 % off, once, at once and for ever, unless told."""
    given: dict[str, Any] = {
        "id": UUID(int=number),
        "code": "ABCDEFGH",
        "names": {"de": "Willkommen", "en": "Welcome"},
        "worth": Worth.model_validate(worth or {"percent": "15"}),
        "uses": 1,
        "valid_from": datetime(2026, 12, 1, 11, tzinfo=UTC),
        "valid_until": None,
    }
    return VoucherView(**given | facts)


def face(shown: CardView) -> Face:
    branding = load_branding("cafe")
    look = Look(Design.read(branding.design), branding.icon, branding.logo, branding.stamp)
    return dressed(shown, SHOP, look, "https://cards.example")
