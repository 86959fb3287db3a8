"""An offer on a card, handed over by a till system: once, in its time, and safe to send again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from tests.conftest import Cafe
from tests.issuer.unlocking import PERCENT, THING, times, unlock
from tests.web.asking import Api, refused
from tests.web.counters import points_card

DAY = timedelta(days=1)
Bear = Callable[..., str]


@pytest.fixture
def bear(engine: Engine, cafe: Cafe) -> Bear:
    """Puts an offer on a card, for a week from an hour ago on unless told."""

    def put(card: dict[str, Any], opens: timedelta = timedelta(hours=-1), **more: Any) -> str:
        return str(unlock(engine, cafe.merchant_id, card["id"], datetime.now(UTC) + opens, **more))

    return put


def _path(card: dict[str, Any], offer_id: str) -> str:
    return f"/cards/{card['id']}/offers/{offer_id}/redemptions"


def test_a_card_says_which_offers_it_bears(api: Api, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card)
    (offer,) = api.found(f"/cards/{card['id']}")["offers"]
    assert (offer["id"], offer["text"]["en"]) == (offer_id, "Coffee and croissant 3.90")
    assert offer["text"]["de"] == "Kaffee und Croissant 3,90"
    assert datetime.fromisoformat(offer["until"]) > datetime.now(UTC) + 6 * DAY


def test_a_redemption_answers_its_entries_and_the_card_without_the_offer(
    api: Api, card: dict[str, Any], bear: Bear
) -> None:
    offer_id = bear(card)
    done = api.made(_path(card, offer_id))
    unit = f"offer:{offer_id}"
    booked = [(entry["unit"], entry["amount"], entry["cause"]) for entry in done["entries"]]
    assert booked == [(unit, 1, "bonus"), (unit, -1, "redemption")]
    assert done["card"] == card | {"version": done["card"]["version"]}


def test_the_voucher_of_an_offer_is_used_by_it(api: Api, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card, unlocks=THING)
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    assert [entry["unit"] for entry in api.made(_path(card, offer_id))["entries"]] == [f"voucher:{voucher['id']}"]
    assert api.found(f"/cards/{card['id']}/vouchers")["items"][0]["left"] == 0


def test_a_purchase_that_names_the_voucher_uses_the_offer(api: Api, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card, unlocks=PERCENT)
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    order = {"total": {"amount": "10.00", "currency": "EUR"}, "voucher": voucher["code"]}
    assert "offers" not in api.made(f"/cards/{card['id']}/purchases", order)["card"]
    refused(api.post(_path(card, offer_id)), 409, "offer_used")


def test_a_request_that_comes_twice_redeems_once(api: Api, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card)
    first, again = (api.post(_path(card, offer_id), {}, key="once") for _ in range(2))
    assert first.get_json() == again.get_json()
    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    refused(api.post(_path(card, offer_id)), 409, "offer_used")


def test_without_a_key_nothing_is_redeemed(api: Api, card: dict[str, Any], bear: Bear) -> None:
    path = _path(card, bear(card))
    refused(api.send("POST", path, json={}), 400, "idempotency_key_required")
    assert len(api.found(f"/cards/{card['id']}")["offers"]) == 1


def test_what_is_taken_back_is_on_the_card_again(api: Api, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card)
    (entry, _) = api.made(_path(card, offer_id))["entries"]
    taken = api.made(f"/entries/{entry['id']}/reversal")
    assert [one["id"] for one in taken["card"]["offers"]] == [offer_id]
    api.made(_path(card, offer_id))


def test_what_happened_in_time_counts_though_it_is_told_late(api: Api, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card, -2 * DAY, lasts=DAY)
    refused(api.post(_path(card, offer_id)), 409, "offer_over")
    before, within = ((datetime.now(UTC) - days * DAY).isoformat() for days in (3, 1.5))
    refused(api.post(_path(card, offer_id), {"occurred_at": before}), 409, "offer_not_there")
    api.made(_path(card, offer_id), {"occurred_at": within})


def test_hours_are_those_of_the_shop_that_is_named(api: Api, card: dict[str, Any], bear: Bear, cafe: Cafe) -> None:
    place = {"kind": "place", "hours": {"start": "07:00", "end": "10:00"}, "stays": True}
    offer_id = bear(card, -3 * DAY, trigger=place)
    yesterday = datetime.now(UTC).date() - DAY
    for clock, status in (("02:00", 409), ("15:00", 409), ("07:30", 201)):
        body = {"occurred_at": f"{yesterday}T{clock}:00Z", "location_id": str(cafe.location_id)}
        assert api.post(_path(card, offer_id), body).status_code == status


def test_an_offer_that_counts_by_itself_is_not_redeemed(api: Api, bear: Bear) -> None:
    card = points_card(api)
    offer_id = bear(card, unlocks=times("3"))
    refused(api.post(_path(card, offer_id)), 409, "offer_by_itself")
    order = {"total": {"amount": "10.00", "currency": "EUR"}}
    assert api.made(f"/cards/{card['id']}/purchases", order)["card"]["balances"]["points"] == 30


def test_a_reminder_is_not_redeemed(api: Api, card: dict[str, Any], bear: Bear) -> None:
    refused(api.post(_path(card, bear(card, unlocks={"kind": "words"}))), 409, "offer_only_words")


def test_an_offer_of_another_card_is_refused(api: Api, card: dict[str, Any], bear: Bear, cafe: Cafe) -> None:
    other = api.made("/cards", {"program_id": str(cafe.program_id)})
    refused(api.post(_path(card, bear(other))), 409, "offer_not_there")


def test_another_merchants_offer_is_not_found(
    api: Api, card: dict[str, Any], engine: Engine, other_cafe: Cafe, other_api: Api
) -> None:
    theirs = other_api.made("/cards", {"program_id": str(other_cafe.program_id)})
    offer_id = str(unlock(engine, other_cafe.merchant_id, theirs["id"], datetime.now(UTC)))
    refused(api.post(_path(card, offer_id)), 404, "not_found")
    refused(api.post(_path(theirs, offer_id)), 404, "not_found")


@pytest.mark.parametrize("offer_id", ["7", "x", "00000000-0000-4000-8000-000000000000"])
def test_no_offer_is_not_found(api: Api, card: dict[str, Any], offer_id: str) -> None:
    refused(api.post(_path(card, offer_id)), 404, "not_found")


@pytest.mark.parametrize("body", [
    {"occurred_at": "yesterday"}, {"occurred_at": "2026-01-01T00:00:00"}, {"location_id": 7}, {"count": 1},
    {"occurred_at": "2999-01-01T00:00:00Z"},
])  # fmt: skip
def test_what_cannot_be_used_is_named(api: Api, card: dict[str, Any], bear: Bear, body: dict[str, Any]) -> None:
    problem = refused(api.post(_path(card, bear(card)), body), 422, "invalid_body")
    assert problem["errors"][0]["field"] in body


def test_a_shop_that_is_none_is_not_found(api: Api, card: dict[str, Any], bear: Bear) -> None:
    refused(api.post(_path(card, bear(card)), {"location_id": str(uuid4())}), 404, "not_found")
