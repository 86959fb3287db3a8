"""Rules to try, as a version of a program stores them, and how they are refused."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError

from issuer.objections import objections
from issuer.rules import Rules
from issuer.rules.part import Sale
from issuer.rules.wording import Wording

COFFEE = UUID("00000000-0000-4000-8000-000000000001")
CAKE = UUID("00000000-0000-4000-8000-000000000002")
CALLED = {COFFEE: {"de": "Kaffee", "en": "Coffee"}, CAKE: {"de": "Kuchen", "en": "Cake"}}
ENGLISH, GERMAN = Wording("en", CALLED), Wording("de", CALLED)
BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 12, tzinfo=BERLIN)

Document = dict[str, Any]


def named(english: str, german: str) -> Document:
    return {"de": german, "en": english}


STAMPS: Document = {"kind": "stamps", "stamps_needed": 10, "reward_id": str(COFFEE)}
LUNCH: Document = {**STAMPS, "counter": "lunch", "names": named("Lunch", "Mittag"), "stamps_needed": 5}
POINTS: Document = {"kind": "points"}
CASHBACK: Document = {"kind": "cashback", "percent": "5"}
DISCOUNT: Document = {"kind": "discount", "steps": [{"percent": "15"}]}
PREPAID: Document = {"kind": "prepaid", "names": named("Sauna", "Sauna"), "price": 9000}
VOUCHER: Document = {"kind": "voucher", "names": named("Welcome", "Willkommen"), "worth": {"percent": "15"}}
DONATION: Document = {"kind": "donation", "stamps_needed": 10, "cents": 300, "to": named("Animal shelter", "Tierheim")}
SILVER: Document = {"key": "silver", "names": named("Silver", "Silber"), "threshold": 10_000}
GOLD: Document = {"key": "gold", "names": named("Gold", "Gold"), "threshold": 50_000}
TIERS: Document = {"kind": "tiers", "tiers": [SILVER, GOLD]}
REFERRAL: Document = {"kind": "referral", "friend": {"amount": 1}, "referrer": {"amount": 2}}
BIRTHDAY: Document = {
    "kind": "occasion",
    "key": "birthday",
    "occasion": "birthday",
    "grant": {"unit": "reward", "reward_id": str(CAKE)},
}
GOODWILL: Document = {"kind": "goodwill"}
CAUSES: Document = {"kind": "causes", "bonuses": [{"cause": "survey", "grant": {"amount": 1}}]}
EXPIRY: Document = {"kind": "expiry", "what": "stamps", "months": 12}

MAIN_ONES = [STAMPS, POINTS, CASHBACK, DISCOUNT, PREPAID, VOUCHER, DONATION]
ADDED_ONES = [LUNCH, TIERS, REFERRAL, BIRTHDAY, GOODWILL, CAUSES, EXPIRY]


def rules(*parts: Document) -> Rules:
    return Rules.read({"parts": list(parts)})


def part(document: Document) -> Any:
    """One part as the model of its kind, alone in a program if it can be, else beside stamps."""
    alone = document["kind"] in {one["kind"] for one in MAIN_ONES} and not document.get("counter")
    return rules(document).parts[0] if alone else rules(STAMPS, document).parts[1]


def refused(*parts: Document) -> tuple[str, str]:
    """The field and the sentence of the one objection that there is."""
    return objection_to(Rules, {"parts": list(parts)})


def objection_to(model: type[BaseModel], document: object) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(document)
    (objection,) = objections(caught.value)
    return objection.about, objection.sentence("en")


def bought(total: int | None = None, local: datetime = TUESDAY, **more: Any) -> Sale:
    return Sale(local, total=total, **more)


def by_hand(count: int, counter: str = "") -> Sale:
    return Sale(TUESDAY, count=count, counter=counter)
