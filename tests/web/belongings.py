"""One thing of each sort that a merchant can have, made over the API: for tests that try every call there is."""

from typing import Any
from uuid import uuid4

from tests.conftest import Cafe
from tests.web.asking import Api

Ids = dict[str, str]
STAMP = {"unit": "stamps", "amount": 1}
EVERYTHING: dict[str, Any] = {
    "name": "Everything",
    "rule": {"stamps_needed": 10},
    "rewards": [{"name": {"de": "Kaffee", "en": "Coffee"}}],
    "extras": [
        {"kind": "cashback", "percent": "5"},
        {"kind": "prepaid", "names": {"de": "Kurs", "en": "Class"}, "visits": 10, "price": 9000},
        {"kind": "goodwill", "grant": STAMP, "a_week": 100},
        {"kind": "causes", "bonuses": [{"cause": "survey", "grant": STAMP, "once": False}]},
        {"kind": "referral", "friend": STAMP, "referrer": STAMP},
    ],
}
EURO = {"amount": "1.00", "currency": "EUR"}
FITTING: dict[str, Any] = {
    "total": EURO,
    "reason": "Waited long",
    "cause": "survey",
    "name": "A present",
    "worth": {"percent": "10"},
    "pause_seconds": 0,
}
"""What every merchant may send, by the field."""


def belongings(api: Api, cafe: Cafe) -> Ids:
    """One id of each sort that this merchant owns, by its name in paths and bodies, fit for each call to succeed."""
    program = api.made("/programs", EVERYTHING)
    card, other = (api.made("/cards", {"program_id": program["id"]})["id"] for _ in range(2))
    reward = {"reward_id": program["rewards"][0]["id"]}
    for one in (other, card):
        entry = api.made(f"/cards/{one}/stamps", {"count": 20})["entries"][0]
    aside = api.made(f"/cards/{other}/redemptions", reward)["redemption"]
    purchase = api.made(f"/cards/{card}/purchases", {"total": EURO, "reference": str(uuid4())})["purchase"]
    voucher = api.made(f"/cards/{card}/vouchers", {"name": "A present", "worth": {"percent": "10"}})["voucher"]
    api.made(f"/cards/{card}/prepaid")
    return {
        "card_id": card,
        "from": other,
        "entry_id": entry["id"],
        "redemption_id": aside["id"],
        "purchase_id": purchase["id"],
        "voucher_id": voucher["id"],
        "location_id": str(cafe.location_id),
        "program_id": program["id"],
        **reward,
    }


def filled(fields: list[str], ids: Ids) -> dict[str, Any]:
    """A body that fits: an id wherever one may stand, and what else is known of its fields."""
    fitting = FITTING | ids
    return {field: fitting[field] for field in fields if field in fitting}
