"""What a till offers for a card: the likeliest first, and only what the card's program knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.asking import Api
from tests.web.conftest import Browser
from tests.web.counters import (
    CAKE,
    COFFEE,
    LUNCH,
    acts,
    card_under,
    discount_card,
    done,
    offered,
    only,
    plain,
    points_card,
    prepaid_card,
    seen,
    stamp_card,
)

GOODWILL = {"kind": "goodwill", "grant": {"unit": "stamps", "amount": 1}, "a_week": 2}
REVIEW = {"kind": "causes", "bonuses": [{"cause": "review", "grant": {"unit": "stamps", "amount": 2}}]}


def test_a_plain_stamp_card_has_one_big_button_and_nothing_else(till: Browser, card: dict[str, Any]) -> None:
    (stamp,) = offered(till, card)
    assert (stamp["act"], stamp["place"], stamp["label"], stamp["body"]) == ("stamp", "main", "Stempeln", {})
    assert stamp["many"] == "{count} Stempel"


def test_a_reward_that_waits_stands_above_the_stamp(till: Browser, full_card: dict[str, Any]) -> None:
    actions = offered(till, full_card)
    assert [(action["act"], action["place"]) for action in actions] == [("stamp", "main"), ("redeem", "front")]
    assert actions[1]["label"] == "Einlösen: Kaffee"


def test_each_counter_has_a_button_of_its_own(till: Browser, api: Api) -> None:
    lunch = {"kind": "stamps", "counter": "lunch", "names": LUNCH, "stamps_needed": 5, "reward": CAKE}
    actions = offered(till, stamp_card(api, lunch))
    assert [action["label"] for action in actions] == ["Stempeln", "Stempeln: Mittagessen"]
    assert actions[1]["body"] == {"counter": "lunch"}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("points", {"points": 1, "per_cents": 100}),
        ("cashback", {"percent": "5"}),
        ("discount", {"by": "order", "steps": [{"percent": "10"}]}),
        ("stamps", {"stamps_needed": 10, "earn": "amount", "amount": 5000}),
    ],
)
def test_where_money_decides_the_amount_is_asked_first(
    till: Browser, api: Api, kind: str, rule: dict[str, Any]
) -> None:
    rewards = [{"name": COFFEE}] if kind == "stamps" else []
    actions = offered(till, card_under(api, kind, rule, rewards=rewards))
    assert (actions[0]["act"], actions[0]["place"]) == ("purchase", "main")
    assert actions[0]["more"]["reckoned"] is (kind == "discount")


def test_tiers_by_what_is_spent_ask_for_the_amount_and_tiers_by_visits_do_not(till: Browser, api: Api) -> None:
    tiers = {"kind": "tiers", "tiers": [{"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 10}]}
    for by, main in (("spend", "purchase"), ("visits", "stamp")):
        (found,) = acts(offered(till, stamp_card(api, tiers | {"by": by})), "main")
        assert found == main


def test_only_a_counter_of_items_asks_how_many(till: Browser, api: Api) -> None:
    items = {"kind": "stamps", "stamps_needed": 5, "earn": "item", "reward": CAKE}
    assert only(offered(till, points_card(api, extras=[items])), "purchase")["more"]["items"] is True
    assert only(offered(till, points_card(api)), "purchase")["more"]["items"] is False


def test_prepaid_visits_are_sold_when_there_are_none_and_used_when_there_are(till: Browser, api: Api) -> None:
    card = prepaid_card(api)
    before = offered(till, card)
    assert acts(before, "main") == ["sell"]
    assert plain(only(before, "sell")["label"]) == "10 × Kaffee verkaufen: 27,00 €"
    assert only(before, "use")["possible"] is False
    done(till, "/till/prepaid", card)
    after = offered(till, card)
    assert (acts(after, "main"), acts(after, "more")) == (["use"], ["sell"])
    assert only(after, "use")["more"]["most"] == 10


def test_points_show_what_they_are_enough_for_and_what_is_missing_for_the_rest(till: Browser, api: Api) -> None:
    card = points_card(api)
    done(till, "/till/purchases", card, total=3000)
    coffee, cake = [action for action in offered(till, card) if action["act"] == "choose"]
    assert (coffee["possible"], coffee["hint"], coffee["place"]) == (True, "", "front")
    assert (cake["possible"], cake["place"]) == (False, "more")
    assert "20" in cake["hint"]


def test_a_reward_for_a_higher_tier_says_from_which_on(till: Browser, api: Api) -> None:
    gold = {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 100_000}
    rewards = [{"name": COFFEE, "price": 20, "tier": "gold"}]
    tiers = {"kind": "tiers", "by": "spend", "tiers": [gold]}
    card = card_under(api, "points", {"points": 1, "per_cents": 100}, rewards=rewards, extras=[tiers])
    done(till, "/till/purchases", card, total=3000)
    choice = only(offered(till, card), "choose")
    assert choice["possible"] is False
    assert "Gold" in choice["hint"]


def test_what_is_impossible_stands_last_and_never_in_front(till: Browser, api: Api) -> None:
    actions = offered(till, points_card(api, extras=[REVIEW | {"bonuses": [_review("points")]}]))
    assert [action["possible"] for action in actions] == sorted(
        (action["possible"] for action in actions), reverse=True
    )
    assert all(action["possible"] for action in actions if action["place"] != "more")


def _review(unit: str) -> dict[str, Any]:
    return {"cause": "review", "grant": {"unit": unit, "amount": 2}}


def test_presents_stand_behind_more_and_the_purse_says_what_is_left(till: Browser, api: Api) -> None:
    card = stamp_card(api, GOODWILL, REVIEW)
    actions = offered(till, card)
    assert acts(actions, "more") == ["bonus", "goodwill"]
    present = only(actions, "goodwill")
    assert present["hint"] == "Diese Woche noch 2 von 2"
    assert len(present["more"]["reasons"]) == 4
    assert only(actions, "bonus")["label"] == "2 Stempel für eine Bewertung"


def test_an_empty_purse_and_a_present_given_already_are_offered_no_more(till: Browser, api: Api) -> None:
    card = stamp_card(api, GOODWILL, REVIEW)
    for _ in range(2):
        done(till, "/till/goodwill", card, reason="Lange gewartet")
    done(till, "/till/bonuses", card, cause="review")
    actions = offered(till, card)
    assert only(actions, "goodwill")["possible"] is False
    assert (only(actions, "bonus")["possible"], only(actions, "bonus")["hint"]) == (False, "schon gegeben")


def test_a_voucher_for_a_thing_is_used_at_once_and_one_that_takes_off_with_the_purchase(
    till: Browser, api: Api
) -> None:
    card = stamp_card(api)
    for worth in ({"thing": CAKE}, {"percent": "10"}):
        api.made(f"/cards/{card['id']}/vouchers", {"name": "Danke", "worth": worth})
    actions = offered(till, card)
    vouchers = [action for action in actions if "voucher_id" in action["body"]]
    assert [(action["act"], action["place"]) for action in vouchers] == [("voucher", "front"), ("purchase", "front")]
    assert [one["id"] for one in vouchers[1]["more"]["vouchers"]] == [vouchers[1]["body"]["voucher_id"]]


def test_a_voucher_that_counts_later_is_shown_with_its_day_and_cannot_be_used(till: Browser, api: Api) -> None:
    card = stamp_card(api)
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    api.made(f"/cards/{card['id']}/vouchers", {"name": "Bald", "worth": {"thing": CAKE}, "valid_from": later})
    voucher = only(offered(till, card), "voucher")
    assert (voucher["possible"], voucher["place"]) == (False, "more")
    assert voucher["hint"].startswith("ab")


def test_credit_on_the_card_is_offered_with_the_purchase(till: Browser, api: Api) -> None:
    card = card_under(api, "cashback", {"percent": "5"})
    assert only(offered(till, card), "purchase")["more"]["credit"] is None
    done(till, "/till/purchases", card, total=10_000)
    assert plain(only(offered(till, card), "purchase")["more"]["credit"]) == "5,00 €"


def test_a_program_without_anything_to_tap_still_books_purchases(till: Browser, api: Api) -> None:
    rule = {"names": COFFEE, "worth": {"percent": "10"}}
    card = card_under(api, "voucher", rule)
    assert offered(till, card)[0]["act"] == "purchase"


def test_no_more_than_three_buttons_stand_above_the_main_one(till: Browser, api: Api) -> None:
    card = stamp_card(api)
    for _ in range(5):
        api.made(f"/cards/{card['id']}/vouchers", {"name": "Danke", "worth": {"thing": CAKE}})
    actions = offered(till, card)
    assert len(acts(actions, "front")) == 3
    assert len(acts(actions, "more")) == 2


@pytest.mark.parametrize(("make", "label", "headline"), [
    (points_card, "Punkte", "0"), (prepaid_card, "Besuche", "0"), (discount_card, "Rabatt", "15\u00a0%"),
    (stamp_card, "", "0 / 10"),
])  # fmt: skip
def test_the_card_says_what_its_face_says(till: Browser, api: Api, make: Any, label: str, headline: str) -> None:
    shown = seen(till, make(api)["code"])["card"]
    assert (shown["label"], shown["headline"]) == (label, headline)
