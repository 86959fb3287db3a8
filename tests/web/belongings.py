"""One thing of each sort that a merchant can have, made over the API: for tests that try every call there is."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from issuer.cards import locked_card
from issuer.database import transaction
from issuer.offers.offer import Offer
from issuer.schema import OfferVersion
from tests.conftest import Cafe
from tests.issuer.unlocking import show
from tests.web.asking import Api

Ids = dict[str, str]
UNPUBLISHED = 99
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
    "name": "present",
    "worth": {"percent": "10"},
    "pause_seconds": 0,
    "trigger": {"kind": "quiet"},
    "content": {"de": {"card": "Hallo"}, "en": {"card": "Hello"}},
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
    offer = api.made("/offers", {"name": "Hello", "trigger": FITTING["trigger"], "content": FITTING["content"]})
    _bear(api, cafe, card, offer["id"])
    api.made(f"/cards/{card}/prepaid")
    return {
        "card_id": card,
        "from": other,
        "entry_id": entry["id"],
        "redemption_id": aside["id"],
        "purchase_id": purchase["id"],
        "voucher_id": voucher["id"],
        "offer_id": offer["id"],
        "location_id": str(cafe.location_id),
        "program_id": program["id"],
        **reward,
    }


def _bear(api: Api, cafe: Cafe, card_id: str, offer_id: str) -> None:
    """Put an offer on a card, by a version that nobody published: the offer itself stays a draft."""
    now = datetime.now(UTC)
    with transaction(api.client.application.extensions["treuepass"].engine, cafe.merchant_id) as session:
        card = locked_card(session, UUID(card_id))
        assert card is not None
        offer = Offer.model_validate({"name": "Hello", "trigger": FITTING["trigger"], "content": FITTING["content"]})
        said = {"merchant_id": cafe.merchant_id, "content": offer.stored(), "created_at": now}
        session.add(OfferVersion(offer_id=UUID(offer_id), number=UNPUBLISHED, **said))
        session.flush()
        show(session, card, UUID(offer_id), now, version=UNPUBLISHED)


def filled(fields: list[str], ids: Ids) -> dict[str, Any]:
    """A body that fits: an id wherever one may stand, and what else is known of its fields."""
    fitting = FITTING | ids
    return {field: fitting[field] for field in fields if field in fitting}
