"""Stamps, redemptions and reversals, with the contract's worked examples."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update

from issuer.branding import load_branding
from issuer.brands import create_brand
from issuer.database import transaction
from issuer.program_changes import create_stamp_program
from issuer.programs import program_view
from issuer.schema import Card, Merchant
from tests.conftest import Cafe
from tests.web.asking import Api, refused
from tests.web.conftest import Travel


def _lines(answer: dict[str, Any], cafe: Cafe) -> list[tuple[int, str, str]]:
    return [(e["amount"], e["unit"].replace(str(cafe.reward_id), "R"), e["cause"]) for e in answer["entries"]]


def test_the_first_stamp_is_one_line(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    answer = api.post(f"/cards/{card['id']}/stamps", {"count": 1})
    assert answer.status_code == 201
    body = answer.get_json()
    assert set(body) == {"entries", "card"}
    assert _lines(body, cafe) == [(1, "stamps", "stamp")]
    assert (body["card"]["balances"], body["card"]["version"]) == ({"stamps": 1}, 2)


def test_the_tenth_stamp_becomes_a_reward_in_the_same_posting(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    path = f"/cards/{card['id']}/stamps"
    api.made(path, {"count": 9})
    tenth = api.made(path, {})
    assert _lines(tenth, cafe) == [(1, "stamps", "stamp"), (-10, "stamps", "round"), (1, "reward:R", "round")]
    assert tenth["card"]["balances"] == {"stamps": 0}
    assert tenth["card"]["rewards"] == [{"reward_id": str(cafe.reward_id), "count": 1}]


def test_many_stamps_at_once_complete_several_rounds(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    body = api.made(f"/cards/{card['id']}/stamps", {"count": 25})
    assert (body["card"]["balances"], body["card"]["rewards"][0]["count"]) == ({"stamps": 5}, 2)


def test_confirming_at_once_redeems(api: Api, full_card: dict[str, Any], cafe: Cafe) -> None:
    path = f"/cards/{full_card['id']}"
    answer = api.post(f"{path}/redemptions", {"reward_id": str(cafe.reward_id), "confirm": True})
    assert answer.status_code == 201
    assert set(answer.get_json()) == {"redemption", "card"}
    assert answer.get_json()["redemption"]["state"] == "redeemed"
    assert answer.get_json()["card"]["rewards"] == []
    newest = api.found(f"{path}/entries", limit=1)
    assert _lines({"entries": newest["items"]}, cafe) == [(-1, "reward:R", "redemption")]


def test_a_hold_lasts_a_minute_and_can_be_confirmed_once(api: Api, full_card: dict[str, Any], cafe: Cafe) -> None:
    held = api.made(f"/cards/{full_card['id']}/redemptions", {"reward_id": str(cafe.reward_id)})["redemption"]
    assert (set(held), held["state"]) == ({"id", "state", "expires_at"}, "held")
    left = datetime.fromisoformat(held["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    done = api.post(f"/redemptions/{held['id']}/confirm")
    assert (done.status_code, done.get_json()["redemption"]["state"]) == (200, "redeemed")
    refused(api.post(f"/redemptions/{held['id']}/confirm"), 409, "already_spent")
    refused(api.post(f"/redemptions/{held['id']}/cancel"), 409, "already_spent")


def test_what_is_held_cannot_be_held_twice(api: Api, full_card: dict[str, Any], cafe: Cafe) -> None:
    path, body = f"/cards/{full_card['id']}/redemptions", {"reward_id": str(cafe.reward_id)}
    api.made(path, body)
    refused(api.post(path, body), 409, "nothing_to_redeem")
    refused(api.post(path, body | {"confirm": True}), 409, "nothing_to_redeem")


def test_a_cancelled_hold_gives_the_reward_back(api: Api, full_card: dict[str, Any], cafe: Cafe) -> None:
    path, body = f"/cards/{full_card['id']}/redemptions", {"reward_id": str(cafe.reward_id)}
    held = api.made(path, body)["redemption"]
    cancelled = api.post(f"/redemptions/{held['id']}/cancel")
    assert (cancelled.status_code, cancelled.get_json()["redemption"]["state"]) == (200, "cancelled")
    refused(api.post(f"/redemptions/{held['id']}/confirm"), 409, "hold_expired")
    assert api.made(path, body | {"confirm": True})["card"]["rewards"] == []


def test_a_hold_is_over_after_its_minute(api: Api, full_card: dict[str, Any], cafe: Cafe, travel: Travel) -> None:
    path, body = f"/cards/{full_card['id']}/redemptions", {"reward_id": str(cafe.reward_id)}
    held = api.made(path, body)["redemption"]
    travel(timedelta(seconds=61))
    refused(api.post(f"/redemptions/{held['id']}/confirm"), 409, "hold_expired")
    assert api.made(path, body)["redemption"]["id"] != held["id"]


def test_nothing_is_redeemed_from_an_empty_card(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    path = f"/cards/{card['id']}/redemptions"
    for confirm in (True, False):
        body = {"reward_id": str(cafe.reward_id), "confirm": confirm}
        refused(api.post(path, body), 409, "nothing_to_redeem")


def test_a_reward_of_another_program_is_refused(
    api: Api, full_card: dict[str, Any], engine: Engine, cafe: Cafe
) -> None:
    reward_id = _second_reward(engine, cafe)
    path = f"/cards/{full_card['id']}/redemptions"
    refused(api.post(path, {"reward_id": reward_id}), 409, "wrong_program")


def test_a_reward_that_nobody_knows_is_not_found(api: Api, full_card: dict[str, Any], other_cafe: Cafe) -> None:
    path = f"/cards/{full_card['id']}/redemptions"
    for reward_id in (str(other_cafe.reward_id), "00000000-0000-4000-8000-000000000000", "coffee"):
        refused(api.post(path, {"reward_id": reward_id}), 404, "not_found")


def test_reversing_the_tenth_stamp_undoes_all_three_lines(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    path = f"/cards/{card['id']}/stamps"
    api.made(path, {"count": 9})
    tenth = api.made(path, {})
    for entry in tenth["entries"][:1]:
        undone = api.post(f"/entries/{entry['id']}/reversal")
        assert undone.status_code == 201
        assert {e["cause"] for e in undone.get_json()["entries"]} == {"reversal"}
        assert (undone.get_json()["card"]["balances"], undone.get_json()["card"]["rewards"]) == ({"stamps": 9}, [])
    refused(api.post(f"/entries/{tenth['entries'][2]['id']}/reversal"), 409, "already_reversed")


def test_a_reversal_cannot_be_reversed(api: Api, card: dict[str, Any]) -> None:
    stamp = api.made(f"/cards/{card['id']}/stamps", {})["entries"][0]
    undone = api.made(f"/entries/{stamp['id']}/reversal")["entries"][0]
    refused(api.post(f"/entries/{undone['id']}/reversal"), 409, "already_reversed")


def test_what_was_spent_is_not_taken_back(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    tenth = api.made(f"/cards/{card['id']}/stamps", {"count": 10})["entries"][0]
    api.made(f"/cards/{card['id']}/redemptions", {"reward_id": str(cafe.reward_id), "confirm": True})
    refused(api.post(f"/entries/{tenth['id']}/reversal"), 409, "already_spent")


def test_what_is_held_is_not_taken_back_either(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    tenth = api.made(f"/cards/{card['id']}/stamps", {"count": 10})["entries"][0]
    api.made(f"/cards/{card['id']}/redemptions", {"reward_id": str(cafe.reward_id)})
    refused(api.post(f"/entries/{tenth['id']}/reversal"), 409, "already_spent")


def test_a_redemption_can_be_taken_back(api: Api, full_card: dict[str, Any], cafe: Cafe) -> None:
    path = f"/cards/{full_card['id']}"
    api.made(f"{path}/redemptions", {"reward_id": str(cafe.reward_id), "confirm": True})
    entry = api.found(f"{path}/entries", limit=1)["items"][0]
    assert api.made(f"/entries/{entry['id']}/reversal")["card"]["rewards"][0]["count"] == 1


def test_the_pause_between_two_stamps_is_kept(alone: Api) -> None:
    program = alone.found("/programs")["items"][0]["id"]
    alone.send("PATCH", f"/programs/{program}", json={"pause_seconds": 3600})
    card = alone.made("/cards", {"program_id": program})
    path = f"/cards/{card['id']}/stamps"
    first = alone.made(path, {})["entries"][0]
    body = refused(alone.post(path, {}), 409, "too_soon")
    assert "60 min" in body["detail"], "the sentence says how long to wait"
    alone.made(f"/entries/{first['id']}/reversal")
    assert alone.post(path, {}).status_code == 201, "a stamp taken back makes nobody wait"


def test_the_pause_counts_by_when_it_happened(alone: Api) -> None:
    program = alone.found("/programs")["items"][0]["id"]
    alone.send("PATCH", f"/programs/{program}", json={"pause_seconds": 3600})
    path = f"/cards/{alone.made('/cards', {'program_id': program})['id']}/stamps"
    for hours, status in ((10, 201), (8, 201), (9.5, 409), (6, 201)):
        at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
        assert alone.post(path, {"occurred_at": at}).status_code == status


def test_a_blocked_card_earns_and_redeems_nothing(
    api: Api, full_card: dict[str, Any], engine: Engine, cafe: Cafe
) -> None:
    path = f"/cards/{full_card['id']}"
    held = api.made(f"{path}/redemptions", {"reward_id": str(cafe.reward_id)})["redemption"]["id"]
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(Card).where(Card.id == full_card["id"]).values(state="blocked"))
    refused(api.post(f"{path}/stamps", {}), 409, "card_blocked")
    refused(api.post(f"{path}/redemptions", {"reward_id": str(cafe.reward_id)}), 409, "card_blocked")
    refused(api.post(f"/redemptions/{held}/confirm"), 409, "card_blocked")
    assert api.found(path)["state"] == "blocked"


def test_a_reference_names_one_purchase_of_the_merchant(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    path = f"/cards/{card['id']}/stamps"
    api.made(path, {"reference": "bon 1"})
    body = refused(api.post(path, {"reference": "bon 1"}), 409, "reference_reused")
    assert "bon 1" in body["detail"]
    second = api.made("/cards", {"program_id": str(cafe.program_id)})
    refused(api.post(f"/cards/{second['id']}/stamps", {"reference": "bon 1"}), 409, "reference_reused")
    assert api.found(f"/cards/{card['id']}")["balances"] == {"stamps": 1}


def test_two_merchants_may_use_the_same_reference(api: Api, other_api: Api, card: dict[str, Any]) -> None:
    api.made(f"/cards/{card['id']}/stamps", {"reference": "bon 2"})
    program = other_api.found("/programs")["items"][0]["id"]
    theirs = other_api.made("/cards", {"program_id": program})
    other_api.made(f"/cards/{theirs['id']}/stamps", {"reference": "bon 2"})


def test_a_stamp_names_the_location_it_was_given_at(
    api: Api, card: dict[str, Any], cafe: Cafe, other_cafe: Cafe
) -> None:
    path = f"/cards/{card['id']}/stamps"
    assert api.post(path, {"location_id": str(cafe.location_id)}).status_code == 201
    for foreign in (str(other_cafe.location_id), "00000000-0000-4000-8000-000000000000", "here"):
        refused(api.post(path, {"location_id": foreign}), 404, "not_found")
    assert api.found(f"/cards/{card['id']}")["balances"] == {"stamps": 1}


@pytest.mark.parametrize(("language", "word"), [("de", "Prämie"), ("en", "reward"), ("fr", "reward")])
def test_a_refusal_speaks_the_tills_language(
    api: Api, card: dict[str, Any], cafe: Cafe, language: str, word: str
) -> None:
    path, headers = f"/cards/{card['id']}/redemptions", {"Accept-Language": language}
    answer = api.post(path, {"reward_id": str(cafe.reward_id)}, headers=headers)
    assert word in refused(answer, 409, "nothing_to_redeem")["detail"]


def _second_reward(engine: Engine, cafe: Cafe) -> str:
    """A reward of the same merchant in another program."""
    branding, now = load_branding("cafe"), datetime.now(UTC)
    with transaction(engine, cafe.merchant_id) as session:
        brand = create_brand(session, session.get_one(Merchant, cafe.merchant_id), branding, now)
        program = create_stamp_program(session, brand, branding, uuid4().hex, now)
        view = program_view(session, program.id)
        assert view is not None
        return str(view.rewards[0].id)
