"""What a class and an object say beyond their face: callbacks, home page, tiers, messages, places, a telling phone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from passes.extras import Place
from passes.face import Face, FaceRefused
from passes.google import loyalty_class, loyalty_object
from passes.google_face import Ended, GoogleCard, GoogleProgram, Link, Message
from passes.google_parts import newest
from sandbox.google_schema import violations

PROGRAM = GoogleProgram("3388.program-7", {"de": "Zehn Stempel", "en": "Ten stamps"}, "https://karten.example/logo.png")
CARD = GoogleCard("3388.01jdc4v8w2", "3388.program-7", "https://karten.example/77aa.png")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOME = Link("home", "https://shop.example", {"de": "Unser Laden", "en": "Our shop"})
SHOPS = (Place(latitude=52.52, longitude=13.405, text="Lindenstraße 3"), Place(latitude=-33.9, longitude=18.4))
BOTH = {"de": "Neu", "en": "New"}


def english(face: Face) -> Face:
    return replace(face, language="en")


def message(number: int, **changes: Any) -> Message:
    return replace(Message(f"m{number}", NOON + timedelta(hours=number), BOTH, BOTH), **changes)


def refused(build: Any, *given: Any) -> str:
    with pytest.raises(FaceRefused) as caught:
        build(*given)
    said = str(caught.value)
    assert said.endswith(".")
    return said


def test_a_class_names_where_google_calls_back_and_where_the_shop_is_at_home(face: Face) -> None:
    program = replace(PROGRAM, callback_url="https://karten.example/google/callback/3388", homepage=HOME)
    body = loyalty_class(face, program, english(face))
    assert violations("LoyaltyClass", body) == []
    assert body["callbackOptions"] == {"url": "https://karten.example/google/callback/3388"}
    assert body["homepageUri"]["uri"] == "https://shop.example"
    assert body["homepageUri"]["localizedDescription"]["translatedValues"] == [{"language": "en", "value": "Our shop"}]
    assert not {"callbackOptions", "homepageUri"} & loyalty_class(face, PROGRAM).keys()


def test_a_program_with_tiers_says_so_in_both_languages(face: Face) -> None:
    tiers = replace(PROGRAM, tier={"de": "Gold", "en": "Golden"}, tier_label={"de": "Stufe", "en": "Tier"})
    body = loyalty_class(face, tiers, english(face))
    assert (body["rewardsTier"], body["rewardsTierLabel"]) == ("Gold", "Stufe")
    assert body["localizedRewardsTier"]["translatedValues"] == [{"language": "en", "value": "Golden"}]
    assert "rewardsTier" not in loyalty_class(face, PROGRAM)


@pytest.mark.parametrize("build", [loyalty_class, loyalty_object])
def test_places_are_said_only_where_google_lets_the_issuer(face: Face, build: Any) -> None:
    of = replace(PROGRAM if build is loyalty_class else CARD, places=SHOPS)
    assert "merchantLocations" not in build(face, of)
    body = build(face, of, places_allowed=True)
    assert body["merchantLocations"] == [
        {"latitude": 52.52, "longitude": 13.405},
        {"latitude": -33.9, "longitude": 18.4},
    ]
    assert "merchantLocations" not in build(face, replace(of, places=()), places_allowed=True)


def test_an_eleventh_place_is_refused(face: Face) -> None:
    crowded = replace(CARD, places=tuple(Place(latitude=n, longitude=n) for n in range(11)))
    assert loyalty_object(face, crowded)
    with pytest.raises(FaceRefused, match="has 11 entries; Google takes 10"):
        loyalty_object(face, crowded, places_allowed=True)


def test_a_phone_tells_of_a_change_only_when_it_is_asked_to(face: Face) -> None:
    assert "notifyPreference" not in loyalty_object(face, CARD)
    assert loyalty_object(face, CARD, notify=True)["notifyPreference"] == "NOTIFY_ON_UPDATE"


@pytest.mark.parametrize("ended", Ended)
def test_a_card_that_is_used_up_says_how_it_ended(face: Face, ended: Ended) -> None:
    assert loyalty_object(replace(face, voided=True), replace(CARD, ended=ended))["state"] == ended.value
    assert loyalty_object(face, replace(CARD, ended=ended))["state"] == "ACTIVE"


def test_the_ten_newest_messages_stay_oldest_first() -> None:
    assert [one.key for one in newest(message(number) for number in (3, 0, 11, 7, 1, 9, 2, 10, 4, 8, 6, 5))] == [
        f"m{number}" for number in range(2, 12)
    ]
    assert newest(()) == ()


def test_messages_of_one_moment_stay_in_the_same_order_however_they_come() -> None:
    at_once = [message(number, at=NOON) for number in range(3)]
    assert all(newest(turned) == tuple(at_once) for turned in permutations(at_once))


def test_a_message_that_is_said_anew_stands_there_once() -> None:
    old, new = message(1), message(5, key="m1")
    assert newest([new, message(2), old]) == (message(2), new)


def test_messages_stand_among_the_details_and_never_ring(face: Face) -> None:
    lasting = message(1, until=NOON + timedelta(days=1))
    body = loyalty_object(face, replace(CARD, messages=(lasting, *(message(n) for n in range(2, 13)))), english(face))
    assert violations("LoyaltyObject", body) == []
    assert [one["id"] for one in body["messages"]] == [f"m{number}" for number in range(3, 13)]
    assert {one["messageType"] for one in body["messages"]} == {"TEXT"}
    (only,) = loyalty_class(face, replace(PROGRAM, messages=(lasting,)), english(face))["messages"]
    assert only["displayInterval"] == {
        "start": {"date": "2026-11-22T13:00:00+00:00"},
        "end": {"date": "2026-11-23T12:00:00+00:00"},
    }
    assert only["localizedBody"]["translatedValues"] == [{"language": "en", "value": "New"}]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key": ""}, "key '' of a message"),
        ({"header": {"en": "New"}}, "header of the message 'm1' is empty in 'de'"),
        ({"body": {"de": " "}}, "body of the message 'm1' is empty in 'de'"),
        ({"at": NOON.replace(tzinfo=None)}, "has no offset from UTC"),
        ({"until": NOON.replace(tzinfo=None)}, "has no offset from UTC"),
        ({"until": NOON}, "before it begins"),
    ],
)
def test_a_message_that_google_would_not_take_is_refused(face: Face, changes: dict[str, Any], says: str) -> None:
    wrong = (message(1, **changes),)
    assert says in refused(loyalty_object, face, replace(CARD, messages=wrong))
    assert says in refused(loyalty_class, face, replace(PROGRAM, messages=wrong))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("callback_url", "", "of the callback cannot be read"),
        ("callback_url", "http://karten.example/cb", "of the callback is not https; Google calls https"),
        ("callback_url", "https://karten.example/c b", "without spaces"),
        ("homepage", Link("home", "shop.example", BOTH), "leads nowhere"),
        ("homepage", Link("home", "https://shop.example", {}), "label of the link 'home' is empty in 'de'"),
        ("homepage", Link("a.b", "https://shop.example", BOTH), "'a.b'"),
        ("tier", {}, "tier is empty in 'de'"),
        ("tier_label", {"de": "Stufe"}, "label but no text"),
    ],
)
def test_what_google_would_not_take_of_a_class_is_refused(face: Face, field: str, value: Any, says: str) -> None:
    assert says in refused(loyalty_class, face, replace(PROGRAM, **{field: value}))
