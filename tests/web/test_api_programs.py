"""Programs made and changed over the API: every kind, and what is said to a rule that cannot be."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask_openapi3 import OpenAPI

from tests.conftest import Cafe
from tests.web.asking import Api, refused

COFFEE = {"de": "Kaffee", "en": "Coffee"}
CAKE = {"de": "Kuchen", "en": "Cake"}
POINTS = {
    "name": {"de": "Punktekarte", "en": "Point card"},
    "kind": "points",
    "rule": {"points": 1, "per_cents": 100, "value_points": 100, "value_cents": 100},
    "rewards": [{"name": COFFEE, "price": 100}, {"name": CAKE, "price": 180}],
}

NESTED: list[Any] = []
for _ in range(300):
    NESTED = [NESTED]


def _made(api: Api, **body: Any) -> dict[str, Any]:
    return api.made("/programs", {"name": "Karte"} | body)


def test_a_stamp_program_needs_a_name_a_number_and_a_reward(api: Api) -> None:
    made = _made(api, rule={"stamps_needed": 5}, rewards=[{"name": COFFEE}])
    assert (made["kind"], made["version"], made["rule"]) == ("stamps", 1, {"stamps_needed": 5})
    assert made["sentence"] == {
        "de": "5 Stempel, dann gratis: Kaffee",
        "en": "5 stamps, then one for free: Coffee",
    }
    assert api.found(f"/programs/{made['id']}") == made


def test_a_name_in_one_language_serves_for_both(api: Api) -> None:
    made = _made(api, rule={"stamps_needed": 5}, rewards=[{"name": "Espresso"}])
    assert made["rewards"][0]["name"] == {"de": "Espresso", "en": "Espresso"}


def test_customers_can_join_what_was_just_made(api: Api) -> None:
    made = _made(api, rule={"stamps_needed": 5}, rewards=[{"name": COFFEE}], slug="five-coffees")
    assert made["join"].endswith("/join/five-coffees")
    assert api.client.get("/join/five-coffees").status_code == 200
    card = api.made("/cards", {"program_id": made["id"]})
    assert api.made(f"/cards/{card['id']}/stamps", {"count": 5})["card"]["rewards"][0]["count"] == 1


def test_points_are_spent_on_rewards_with_prices(api: Api) -> None:
    made = api.made("/programs", POINTS)
    prices = {price["reward_id"]: price["price"] for price in made["rule"]["prices"]}
    assert prices == {made["rewards"][0]["id"]: 100, made["rewards"][1]["id"]: 180}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("cashback", {"percent": "5"}),
        ("discount", {"by": "order", "steps": [{"percent": "15"}]}),
        ("prepaid", {"names": {"de": "Haarschnitt", "en": "Haircut"}, "visits": 10, "price": 20000}),
        ("voucher", {"names": CAKE, "worth": {"percent": "10"}, "valid_days": 30}),
        ("donation", {"stamps_needed": 10, "cents": 300, "to": {"de": "Tierheim", "en": "Animal shelter"}}),
    ],
)
def test_every_kind_can_be_made_and_says_itself(api: Api, kind: str, rule: dict[str, Any]) -> None:
    made = _made(api, kind=kind, rule=rule)
    assert made["kind"] == kind
    assert made["sentence"]["de"] != made["sentence"]["en"]
    assert "%" not in made["sentence"]["de"].replace(" %", "").replace("\xa0%", "")


def test_further_rules_are_added_to_the_first(api: Api) -> None:
    extras = [
        {"kind": "occasion", "key": "birthday", "occasion": "birthday", "grant": {"unit": "reward", "reward": CAKE}},
        {"kind": "expiry", "what": "stamps", "months": 12},
        {"kind": "stamps", "counter": "lunch", "names": {"de": "Mittag", "en": "Lunch"}, "stamps_needed": 5,
         "reward": {"de": "Mittagessen", "en": "Lunch"}},
    ]  # fmt: skip
    made = _made(api, rule={"stamps_needed": 10}, rewards=[{"name": COFFEE}], extras=extras)
    assert [extra["kind"] for extra in made["extras"]] == ["occasion", "expiry", "stamps"]
    assert {reward["name"]["en"] for reward in made["rewards"]} == {"Coffee", "Cake", "Lunch"}
    assert len(made["sentences"]["en"]) == 4


def test_a_change_of_the_promise_is_a_new_version_and_old_rounds_keep_theirs(
    api: Api, card: dict[str, Any], cafe: Cafe
) -> None:
    api.made(f"/cards/{card['id']}/stamps", {"count": 3})
    changed = api.patched(f"/programs/{cafe.program_id}", {"rule": {"stamps_needed": 5}})
    assert (changed["version"], changed["rule"]) == (2, {"stamps_needed": 5})
    after = api.made(f"/cards/{card['id']}/stamps", {"count": 2})
    assert (after["card"]["balances"], after["card"]["rewards"]) == ({"stamps": 5}, [])


def test_a_change_that_changes_nothing_makes_no_version(api: Api, cafe: Cafe) -> None:
    before = api.found(f"/programs/{cafe.program_id}")
    assert api.patched(f"/programs/{cafe.program_id}", {"rule": before["rule"]}) == before


def test_the_pause_makes_no_version(api: Api, cafe: Cafe) -> None:
    before = api.found(f"/programs/{cafe.program_id}")["version"]
    changed = api.patched(f"/programs/{cafe.program_id}", {"pause_seconds": 60})
    assert (changed["version"], changed["pause_seconds"]) == (before, 60)
    api.patched(f"/programs/{cafe.program_id}", {"pause_seconds": 0})


def test_a_reward_is_renamed_by_its_id(api: Api, cafe: Cafe) -> None:
    changed = api.patched(f"/programs/{cafe.program_id}", {"rewards": [{"id": str(cafe.reward_id), "name": CAKE}]})
    assert changed["rewards"] == [{"id": str(cafe.reward_id), "name": CAKE}]


def test_extras_are_replaced_as_a_whole(api: Api, cafe: Cafe) -> None:
    path = f"/programs/{cafe.program_id}"
    assert api.patched(path, {"extras": [{"kind": "expiry", "what": "stamps", "months": 12}]})["extras"]
    assert api.patched(path, {"extras": []})["extras"] == []


def test_a_closed_program_takes_nobody_new_and_its_cards_go_on(api: Api, card: dict[str, Any], cafe: Cafe) -> None:
    assert api.patched(f"/programs/{cafe.program_id}", {"closed": True})["closed"]
    refused(api.post("/cards", {"program_id": str(cafe.program_id)}), 409, "program_closed")
    assert api.made(f"/cards/{card['id']}/stamps", {})["card"]["balances"] == {"stamps": 1}
    assert not api.patched(f"/programs/{cafe.program_id}", {"closed": False})["closed"]
    assert api.made("/cards", {"program_id": str(cafe.program_id)})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rule": {"stamps_needed": 1}, "rewards": [{"name": COFFEE}]}, "rule.stamps_needed"),
        ({"rule": {"stamps_needed": 31}, "rewards": [{"name": COFFEE}]}, "rule.stamps_needed"),
        ({"rule": {"stamps_needed": "ten"}, "rewards": [{"name": COFFEE}]}, "rule.stamps_needed"),
        ({"rule": {"stamps_needed": 5}}, "rule.reward_id"),
        ({"rule": {"stamps_needed": 5, "stamp": 1}, "rewards": [{"name": COFFEE}]}, "rule.stamp"),
        ({"rule": {"stamps_needed": 5}, "rewards": [{"name": ""}]}, "rewards.0.name"),
        ({"rule": {"stamps_needed": 5}, "rewards": [{}]}, "rewards.0"),
        ({"rule": {}, "kind": "points", "extras": [{"kind": "expiry", "what": "points", "months": 0}]}, "extras.0"),
        ({"rule": {}, "kind": "points", "extras": [{"kind": "nothing"}]}, "extras.0"),
        ({"rule": {}, "kind": "tiers"}, "kind"),
        ({"rule": {"percent": "0"}, "kind": "cashback"}, "rule.percent"),
        ({"rule": {"percent": 1e400}, "kind": "cashback"}, "rule.percent"),
        ({"rule": {"prices": None}, "kind": "points"}, "rule.prices"),
        ({"rule": {"prices": "50"}, "kind": "points", "rewards": [{"name": COFFEE, "price": 5}]}, "rule.prices"),
        ({"rule": {"prices": [{}]}, "kind": "points", "rewards": [{"name": COFFEE, "price": 5}]}, "rule.prices.0"),
        ({"rule": {"prices": [5]}, "kind": "points", "rewards": [{"name": COFFEE, "price": 5}]}, "rule.prices.0"),
        ({"rule": {"points": NESTED}, "kind": "points"}, "rule"),
        ({"rule": {"points": 1, "per_cents": 100, "kind": "points"}}, "rule.stamps_needed"),
        ({"name": "\u202egnp", "rule": {"stamps_needed": 5}}, "name"),
        ({"name": {"de": "Karte"}, "rule": {"stamps_needed": 5}}, "name"),
        ({"rule": {"stamps_needed": 5}, "slug": "Not a slug"}, "slug"),
        ({"rule": {"stamps_needed": 5}, "rewards": [{"name": COFFEE}], "pause_seconds": -1}, "pause_seconds"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_by_the_name_of_its_field(api: Api, body: dict[str, Any], field: str) -> None:
    answer = refused(api.post("/programs", {"name": "Karte"} | body), 422, "invalid_body")
    assert answer["errors"][0]["field"].startswith(field), answer


def test_an_address_that_is_taken_is_refused(api: Api) -> None:
    body = {"rule": {"stamps_needed": 5}, "rewards": [{"name": COFFEE}], "slug": "taken"}
    _made(api, **body)
    assert refused(api.post("/programs", {"name": "Karte"} | body), 422, "invalid_body")["errors"][0]["field"] == "slug"


@pytest.mark.parametrize(("slug", "statuses"), [(None, [201] * 4), ("at-once", [201, 422, 422, 422])])
def test_programs_made_at_one_moment_get_addresses_of_their_own_and_an_address_goes_to_one(
    app: OpenAPI, api: Api, slug: str | None, statuses: list[int]
) -> None:
    body = {"name": "Gleichzeitig", "rule": {"stamps_needed": 5}, "rewards": [{"name": COFFEE}], "slug": slug}
    at_once = Barrier(4)

    def make(_number: int) -> int:
        caller = Api(app.test_client(), api.token)
        at_once.wait(30)
        return caller.post("/programs", body).status_code

    with ThreadPoolExecutor(4) as callers:
        assert sorted(callers.map(make, range(4))) == statuses


def test_the_kind_of_a_program_cannot_be_changed(api: Api, cafe: Cafe) -> None:
    refused(api.send("PATCH", f"/programs/{cafe.program_id}", json={"kind": "points"}), 422, "invalid_body")
    rule = {"rule": {"kind": "points"}}
    refused(api.send("PATCH", f"/programs/{cafe.program_id}", json=rule), 422, "invalid_body")


def test_a_change_of_nothing_is_refused(api: Api, cafe: Cafe) -> None:
    refused(api.send("PATCH", f"/programs/{cafe.program_id}", json={}), 422, "invalid_body")


def test_a_reward_of_another_program_is_not_found(api: Api, cafe: Cafe) -> None:
    other = _made(api, rule={"stamps_needed": 5}, rewards=[{"name": COFFEE}])["rewards"][0]["id"]
    refused(api.send("PATCH", f"/programs/{cafe.program_id}", json={"rewards": [{"id": other}]}), 404, "not_found")
    changed = api.send("PATCH", f"/programs/{cafe.program_id}", json={"rule": {"reward_id": other}})
    refused(changed, 422, "invalid_body")


def test_the_same_key_makes_one_program(api: Api) -> None:
    body = {"name": "Karte", "rule": {"stamps_needed": 5}, "rewards": [{"name": COFFEE}]}
    first, second = api.post("/programs", body, key="one"), api.post("/programs", body, key="one")
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"
