"""Offers at the till: seen at once on a card that was looked up, handed over with one tap, undone within the minute."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from tests.conftest import Cafe
from tests.issuer.unlocking import PERCENT, THING, times, unlock
from tests.web.asking import Api
from tests.web.conftest import Browser, Travel
from tests.web.counters import acts, discount_card, done, holds, offered, points_card, problem, seen, stamp_card

TEXT = "Kaffee und Croissant 3,90"
Bear = Callable[..., str]


@pytest.fixture
def bear(engine: Engine, cafe: Cafe) -> Bear:
    """Puts an offer on a card, for a week from an hour ago on unless told."""

    def put(card: dict[str, Any], ago: timedelta = timedelta(hours=1), **more: Any) -> str:
        return str(unlock(engine, cafe.merchant_id, card["id"], datetime.now(UTC) - ago, **more))

    return put


def _hours(first: int, last: int) -> dict[str, Any]:
    """Near the shop between so many hours from now, by its clock; the text stays."""
    hour = datetime.now(ZoneInfo("Europe/Berlin")).hour
    hours = {"start": f"{(hour + first) % 24:02}:00", "end": f"{(hour + last) % 24:02}:00"}
    return {"kind": "place", "hours": hours, "stays": True}


def _of(actions: list[dict[str, Any]], offer_id: str) -> dict[str, Any]:
    (found,) = [action for action in actions if action["body"].get("offer_id") == offer_id]
    return found


def test_a_card_shows_its_offer_first_after_what_is_mostly_done(
    till: Browser, card: dict[str, Any], bear: Bear
) -> None:
    offer_id = bear(card)
    actions = offered(till, card)
    assert acts(actions, "main") == ["stamp"]
    assert acts(actions, "front") == ["offer"]
    offer = _of(actions, offer_id)
    assert (offer["label"], offer["hint"], offer["possible"]) == (f"Angebot: {TEXT}", "", True)


def test_offers_come_before_rewards_that_wait(till: Browser, full_card: dict[str, Any], bear: Bear) -> None:
    bear(full_card)
    assert acts(offered(till, full_card), "front") == ["offer", "redeem"]


def test_of_many_offers_three_are_at_the_front(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    for _ in range(4):
        bear(card)
    actions = offered(till, card)
    assert (acts(actions, "front"), acts(actions, "more").count("offer")) == (["offer"] * 3, 1)


def test_one_tap_hands_it_over_and_the_answer_says_what(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    answer = done(till, "/till/offers", card, offer_id=bear(card))
    assert (answer["headline"], answer["reward"], answer["undo_seconds"]) == (TEXT, False, 60)
    assert acts(answer["card"]["actions"], "front") == []


def test_staff_read_it_in_their_language(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    bear(card)
    till.client.get("/till?lang=en")
    assert offered(till, card)[1]["label"] == "Offer: Coffee and croissant 3.90"


def test_it_is_handed_over_once_and_again_after_it_was_undone(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card)
    booked = done(till, "/till/offers", card, offer_id=offer_id)
    problem(till.send("/till/offers", {"card_id": card["id"], "offer_id": offer_id}), 409, "offer_used")
    undone = done(till, "/till/undo", card, entry_id=booked["entry_id"])
    assert acts(undone["card"]["actions"], "front") == ["offer"]
    assert done(till, "/till/offers", card, offer_id=offer_id)["headline"] == TEXT


def test_after_a_minute_it_is_not_undone(till: Browser, card: dict[str, Any], bear: Bear, travel: Travel) -> None:
    booked = done(till, "/till/offers", card, offer_id=bear(card))
    travel(timedelta(seconds=61))
    problem(till.send("/till/undo", {"entry_id": booked["entry_id"]}), 409, "too_late_to_undo")


def test_what_is_sent_again_is_handed_over_once(till: Browser, api: Api, card: dict[str, Any], bear: Bear) -> None:
    body = {"card_id": card["id"], "offer_id": bear(card)}
    first, again = (till.send("/till/offers", body, key="one offer") for _ in range(2))
    assert (first.status_code, first.get_json()) == (201, again.get_json())
    assert len(api.found(f"/cards/{card['id']}/entries")["items"]) == 2


def test_without_a_key_nothing_is_handed_over(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    body = {"card_id": card["id"], "offer_id": bear(card)}
    problem(till.send("/till/offers", body, key=""), 400, "idempotency_key_required")
    assert acts(offered(till, card), "front") == ["offer"]


def test_outside_its_hours_it_is_seen_and_not_handed_over(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card, trigger=_hours(2, 4))
    offer = _of(offered(till, card), offer_id)
    said = offer["hint"].partition(" von ")[0]
    assert (offer["place"], offer["possible"], said) == ("front", False, "gilt nur jeden Tag")
    problem(till.send("/till/offers", {"card_id": card["id"], "offer_id": offer_id}), 409, "offer_over")


def test_one_that_does_not_count_now_is_seen_above_the_three_that_do(
    till: Browser, card: dict[str, Any], bear: Bear
) -> None:
    ids = [bear(card) for _ in range(4)]
    waiting = [bear(card, trigger=_hours(2, 4)) for _ in range(2)]
    front = [action["body"]["offer_id"] for action in offered(till, card) if action["place"] == "front"]
    assert (front[0] in waiting, len(front), set(front[1:]) < set(ids)) == (True, 4, True)


def test_a_place_offer_counts_at_the_till_in_its_hours(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card, trigger=_hours(-1, 2))
    assert _of(offered(till, card), offer_id)["place"] == "front"
    assert done(till, "/till/offers", card, offer_id=offer_id)["headline"] == TEXT


def test_what_is_over_is_not_handed_over(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card, timedelta(days=2), lasts=timedelta(days=1))
    assert _of(offered(till, card), offer_id)["possible"] is False
    problem(till.send("/till/offers", {"card_id": card["id"], "offer_id": offer_id}), 409, "offer_over")


def test_a_voucher_for_a_thing_goes_with_its_offer_and_is_spoken_of_once(
    till: Browser, api: Api, card: dict[str, Any], bear: Bear
) -> None:
    offer_id = bear(card, unlocks=THING)
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    actions = offered(till, card)
    assert [action["act"] for action in actions if action["body"].get("voucher_id")] == ["offer"]
    assert seen(till, voucher["code"])["chosen"] == _of(actions, offer_id)["body"]["voucher_id"]
    assert done(till, "/till/offers", card, offer_id=offer_id)["headline"] == TEXT
    problem(till.send("/till/vouchers", {"card_id": card["id"], "code": voucher["code"]}), 409, "voucher_used")


def test_what_takes_something_off_is_used_with_the_purchase(till: Browser, api: Api, bear: Bear) -> None:
    card = points_card(api)
    offer_id = bear(card, unlocks=PERCENT)
    offer = _of(offered(till, card), offer_id)
    assert (offer["act"], offer["label"], offer["place"]) == ("purchase", f"Angebot: {TEXT}", "front")
    booked = done(till, "/till/purchases", card, total=1000, **offer["body"])
    assert booked["headline"].replace("\xa0", " ") == "9,00 €"
    assert holds(api, card) == {"points": 9}
    problem(till.send("/till/offers", {"card_id": card["id"], "offer_id": offer_id}), 409, "offer_used")


@pytest.mark.parametrize(("hours", "switches"), [((-1, 2), 1), ((2, 4), 0)], ids=["within", "outside"])
def test_a_voucher_of_an_offer_is_on_a_bill_within_the_offers_hours_only(
    till: Browser, api: Api, bear: Bear, hours: tuple[int, int], switches: int
) -> None:
    card = discount_card(api)
    offer_id = bear(card, trigger=_hours(*hours), unlocks=PERCENT)
    actions = offered(till, card)
    assert [len(action["more"]["vouchers"]) for action in actions if action["place"] == "main"] == [switches]
    assert _of(actions, offer_id)["possible"] is bool(switches)


def test_what_multiplies_is_said_and_needs_no_tap(till: Browser, api: Api, card: dict[str, Any], bear: Bear) -> None:
    bear(card, unlocks=times("1.5"))
    shown = seen(till, card["code"])["card"]
    assert shown["offers"] == [f"1,5\xa0×: {TEXT}"]
    assert [action["act"] for action in shown["actions"]] == ["stamp"]
    assert done(till, "/till/stamps", card, count=2)["headline"] == "3 / 10"


def test_a_reminder_is_said_and_cannot_be_tapped(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    offer_id = bear(card, unlocks={"kind": "words"})
    shown = seen(till, card["code"])["card"]
    assert shown["offers"] == [TEXT]
    assert [action["act"] for action in shown["actions"]] == ["stamp"]
    body = {"card_id": card["id"], "offer_id": str(offer_id)}
    problem(till.send("/till/offers", body), 409, "offer_only_words")


def test_what_multiplies_at_other_hours_is_not_said(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    bear(card, unlocks=times("2"), trigger=_hours(2, 4))
    assert seen(till, card["code"])["card"]["offers"] == []
    assert done(till, "/till/stamps", card)["headline"] == "1 / 10"


@pytest.mark.parametrize("offer_id", [None, "", "7", "\x00", ["x"]])
def test_an_offer_that_is_none_is_refused(till: Browser, card: dict[str, Any], offer_id: object) -> None:
    problem(till.send("/till/offers", {"card_id": card["id"], "offer_id": offer_id}), 422, "invalid_body")


def test_another_cards_offer_is_refused(till: Browser, api: Api, card: dict[str, Any], bear: Bear, cafe: Cafe) -> None:
    other = api.made("/cards", {"program_id": str(cafe.program_id)})
    problem(till.send("/till/offers", {"card_id": card["id"], "offer_id": bear(other)}), 409, "offer_not_there")


def test_another_merchants_card_gets_nothing(till: Browser, other_api: Api, other_cafe: Cafe, engine: Engine) -> None:
    theirs = other_api.made("/cards", {"program_id": str(other_cafe.program_id)})
    offer_id = str(unlock(engine, other_cafe.merchant_id, theirs["id"], datetime.now(UTC)))
    problem(till.send("/till/offers", {"card_id": theirs["id"], "offer_id": offer_id}), 404, "not_found")


def test_the_customer_reads_what_was_used(till: Browser, card: dict[str, Any], bear: Bear) -> None:
    booked = done(till, "/till/offers", card, offer_id=bear(card))
    page = till.client.get(card["links"]["web"]).text
    assert f"Angebot eingelöst: {TEXT}" in page
    assert page.count(TEXT) == 1
    done(till, "/till/undo", card, entry_id=booked["entry_id"])
    assert f"Zurückgenommen: {TEXT}" in till.client.get(card["links"]["web"]).text


def test_a_voucher_stands_once_on_the_web_card_and_has_its_name_in_the_history(
    till: Browser, api: Api, console: Browser, card: dict[str, Any], bear: Bear
) -> None:
    offer_id = bear(card, unlocks=THING)
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    page = till.client.get(card["links"]["web"]).text
    assert (page.count(voucher["code"]), "vouchers-title" in page) == (1, False)
    assert "Gutschein: Ein Stück Kuchen" in page.partition('id="keep"')[0]
    assert "Gutschein bekommen: Ein Stück Kuchen" in page
    booked = done(till, "/till/offers", card, offer_id=offer_id)
    done(till, "/till/undo", card, entry_id=booked["entry_id"])
    api.made(f"/vouchers/{voucher['id']}/revocation", {})
    for address in (card["links"]["web"], f"/console/cards/{card['id']}"):
        page = console.client.get(address).text
        for line in ("Gutschein bekommen", "Eingelöst", "Zurückgenommen", "Zurückgezogen"):
            assert f"{line}: Ein Stück Kuchen" in page
        assert "Gutschein: Gutschein" not in page


def test_the_console_lists_the_voucher_of_an_offer_too(
    console: Browser, api: Api, card: dict[str, Any], bear: Bear
) -> None:
    bear(card, unlocks=THING)
    (voucher,) = api.found(f"/cards/{card['id']}/vouchers")["items"]
    assert voucher["code"] in console.client.get(f"/console/cards/{card['id']}").text


@pytest.mark.parametrize(("make", "said"), [(stamp_card, True), (points_card, False)], ids=["stamps", "points"])
def test_before_a_purchase_is_booked_staff_read_that_it_stamps(
    till: Browser, api: Api, bear: Bear, make: Callable[[Api], dict[str, Any]], said: bool
) -> None:
    card = make(api)
    offer_id = bear(card, unlocks=PERCENT)
    offer = _of(offered(till, card), offer_id)
    told = "Der Einkauf gibt schon den Stempel."
    assert offer["more"]["collects"] == (told if said else "")


def test_a_round_that_a_purchase_completes_is_said_once(till: Browser, api: Api, bear: Bear) -> None:
    card = stamp_card(api)
    done(till, "/till/stamps", card, count=9)
    offer_id = bear(card, unlocks=PERCENT)
    offer = _of(offered(till, card), offer_id)
    answer = done(till, "/till/purchases", card, total=1000, **offer["body"])
    assert answer["sentence"].partition("). ")[2] == "Gesammelt: 1 Stempel. Wartet auf den Gast: Kaffee"


def test_the_owner_reads_it_too(till: Browser, console: Browser, card: dict[str, Any], bear: Bear) -> None:
    done(till, "/till/offers", card, offer_id=bear(card))
    for path in (f"/console/cards/{card['id']}", f"/console/cards/{card['id']}/correct"):
        page = console.client.get(path).text
        assert f"Angebot eingelöst: {TEXT}" in page
        assert "Geschenk" not in page
