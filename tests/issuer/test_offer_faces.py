"""What the offers on a card look like: on the front and the back of a pass, on Google, in words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from issuer.brands import worn_by
from issuer.cards import CardView
from issuer.google_passes import object_of
from issuer.offers.bounds import FOREVER
from issuer.offers.shown import ShownOffer
from issuer.telling import tell
from passes.checks import check_face
from passes.extras import Place
from passes.face import Face, Line
from passes.fitting import row_fits
from tests.issuer.bearing import (
    ALL_DAY,
    AT,
    BIRTHDAY,
    CLOSES,
    LAPSING,
    NEAR,
    bear,
    live,
    offer,
    opened,
    other_half,
    shown,
    texts,
)
from tests.issuer.counting import Till
from tests.issuer.elapsing import statements
from tests.issuer.gifting import give_voucher
from tests.issuer.google import TERMS, class_made, live_pass, made, voucher_pass
from tests.issuer.redesigning import face as pass_face
from tests.issuer.rules.cases import CASHBACK, DONATION, LUNCH, POINTS, STAMPS, TIERS, Document
from tests.issuer.telling_cards import LONG, LONG_DONATION, card, face

LONG_POINTS: Document = {**POINTS, "names": {"de": LONG, "en": LONG}}
WELCOME: Document = {"kind": "voucher", "names": {"de": "x", "en": "x"}, "worth": {"percent": "15"}}
PLACES = replace(TERMS, places=True)
VERSION = 7


def _bearing(*offers: ShownOffer, parts: Sequence[Document] = (STAMPS,), language: str = "en") -> CardView:
    return replace(card(*parts, language=language), offers=offers)


def _row(one: Face) -> list[str]:
    return [f"{line.key}: {line.value}" for line in one.secondary + one.auxiliary]


def _back(one: Face) -> list[Line]:
    return [line for line in one.back if line.key.startswith("offer-")]


def _news(*offers: ShownOffer) -> tuple[object, str | None]:
    """What the line that announces says, and what a phone says of it."""
    view = replace(_bearing(*offers), sounds=True, version=VERSION)
    (line,) = (line for line in face(view).back if line.key == "news")
    return line.value, line.change_message


# What a card bears


def test_a_card_knows_the_offers_that_it_is_shown_and_no_other_ones(till: Till) -> None:
    card_id, other, coffee = till.join(), till.join(), live(till, offer("Coffee", message="Hi: %@"))
    bear(till, card_id, coffee, turn="1", loud=True, factor=Decimal("1.5"), closes_at=CLOSES, redeemed_at=till.now)
    for state in ("over", "held", "out"):
        bear(till, card_id, coffee, turn=state, state=state)
    bear(till, other, coffee, turn="2")
    (one,) = till.view(card_id).offers
    assert (one.offer_id, one.turn, one.kind, one.loud, one.factor) == (coffee, "1", "time", True, Decimal("1.5"))
    assert (one.closes_at, one.ends_at, one.redeemed_at, one.shown_at) == (CLOSES, CLOSES, till.now, till.now)
    assert one.content.en.change_message == "Hi: %@"
    (theirs,) = till.view(other).offers
    assert (theirs.loud, theirs.factor, theirs.ends_at, theirs.redeemed_at) == (False, None, None, None)


def test_a_card_has_the_texts_of_its_half_and_of_the_version_that_it_was_shown(till: Till) -> None:
    both = offer("First", trial={"other": texts("Second")})
    card_id, other, coffee = till.join(), till.join(), live(till, both)
    bear(till, card_id, coffee, arm="a")
    bear(till, other, coffee, arm="b")
    said = [till.view(one).offers[0].content.en.card for one in (card_id, other)]
    assert said == ["First", "Second"]
    assert shown(offer("Only"), arm="b").content.en.card == "Only"
    assert both.trial.other == other_half("Second")


def test_offers_cost_a_card_no_further_query(till: Till) -> None:
    card_id = till.join()
    with statements(till) as without:
        till.view(card_id)
    for _ in range(3):
        bear(till, card_id, live(till, offer()))
    with statements(till) as with_three:
        assert len(till.view(card_id).offers) == 3
    assert len(with_three) == len(without)


def test_nobody_sees_offers_of_another_merchant(till: Till, other_till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer()))
    assert other_till.view(other_till.join()).offers == ()


# In words


@pytest.mark.parametrize(("closes", "zone", "english", "german"), [
    (FOREVER, None, [], []),
    (datetime(2026, 3, 8, 23, tzinfo=UTC), None, ["until 8 Mar 2026"], ["bis 8. März 2026"]),
    (datetime(2026, 3, 8, 9, tzinfo=UTC), None, ["until 8 Mar 2026, 10:00"], ["bis 8. März 2026, 10:00"]),
    (datetime(2026, 3, 8, 9, tzinfo=UTC), "Europe/London", ["until 8 Mar 2026, 9:00"], ["bis 8. März 2026, 9:00"]),
])  # fmt: skip
def test_an_offer_says_until_when_by_the_clock_of_its_shop(
    closes: datetime, zone: str | None, english: list[str], german: list[str]
) -> None:
    one = _bearing(shown(offer(), closes_at=closes, zone=zone))
    assert [list(tell(one, language).offers[0].details) for language in ("en", "de")] == [english, german]


def test_what_is_earned_and_ends_goes_before_a_birthday_and_that_before_the_rest_of_which_the_newest_is_first() -> None:
    kinds = [("old", ALL_DAY), ("birthday", BIRTHDAY), ("lapsing", LAPSING)]
    several = [shown(offer(name, trigger)) for name, trigger in kinds]
    newest = shown(offer("newest"), opens_at=AT + timedelta(hours=1))
    said = [one.text for one in tell(_bearing(*several, newest)).offers]
    assert said == ["lapsing", "birthday", "newest", "old"]


def test_an_offer_with_several_windows_is_told_once_until_the_last_of_them() -> None:
    first = shown(offer(), turn="1")
    later = replace(first, turn="2", closes_at=CLOSES + timedelta(days=1))
    for order in ((first, later), (later, first)):
        (told,) = tell(_bearing(*order)).offers
        assert told.details == ("until 9 Mar 2026",)
    check_face(face(_bearing(first, later)))


@pytest.mark.parametrize(("message", "loud", "said"), [
    ("", True, ("Coffee", "%@")),
    ("New for you: %@", True, ("Coffee", "New for you: %@")),
    ("New for you:", True, ("Coffee", "New for you: %@")),
    ("New for you: %@", False, ("–", None)),
])  # fmt: skip
def test_only_what_may_sound_is_announced(message: str, loud: bool, said: tuple[str, str | None]) -> None:
    assert _news(shown(offer("Coffee", message=message), loud=loud, card_version=VERSION)) == said


def test_what_may_sound_is_announced_by_the_version_alone_with_which_it_came() -> None:
    coffee = shown(offer("Coffee"), loud=True, card_version=VERSION - 1)
    assert _news(coffee) == ("Coffee", None)
    newer = shown(offer("Cake"), loud=True, card_version=VERSION, shown_at=AT + timedelta(hours=1))
    assert _news(coffee, newer) == _news(newer, coffee) == ("Cake", "%@")


def test_where_no_offer_may_sound_no_line_stands_for_it() -> None:
    one = _bearing(shown(offer(), loud=True, card_version=VERSION))
    assert [line for line in face(one).back if line.key == "news"] == []
    assert {line.change_message for line in (*_back(face(one)), *face(one).auxiliary)} == {None}


# On an Apple pass


@pytest.mark.parametrize(("language", "said"), [("en", "Offer: Coffee for free"), ("de", "Angebot: D Coffee for free")])
def test_the_most_important_offer_stands_beside_the_status(language: str, said: str) -> None:
    one = face(_bearing(shown(offer("Other")), shown(offer(trigger=BIRTHDAY)), language=language))
    (line,) = one.auxiliary
    assert (line.key, f"{line.label}: {line.value}") == ("offer", said)


def test_a_card_without_offers_has_the_front_that_it_always_had() -> None:
    parts = (POINTS, TIERS, LUNCH | {"counter": ""})
    assert _row(face(_bearing(parts=parts))) == _row(face(card(*parts)))


def test_an_offer_takes_the_place_of_the_last_fact_which_moves_to_the_back_with_its_message() -> None:
    parts = (STAMPS, CASHBACK, {"kind": "discount", "steps": [{"percent": "15"}]}, POINTS)
    without, bearing = face(card(*parts)), face(_bearing(shown(offer("Tea free")), parts=parts))
    assert [line.key for line in without.auxiliary] == ["points", "credit", "discount"]
    assert [line.key for line in bearing.auxiliary] == ["offer", "points", "credit"]
    moved = next(line for line in bearing.back if line.key == "discount")
    assert moved == without.auxiliary[-1]


def test_a_long_offer_is_cut_where_it_stands_and_in_full_on_the_back() -> None:
    text = "Croissant and coffee 3.90 until 10 am"
    one = face(_bearing(shown(offer(text)), parts=(DONATION,)))
    (line,) = one.auxiliary
    assert str(line.value).endswith("…")
    assert str(line.value)[:12] == text[:12]
    assert str(_back(one)[0].value).startswith(text)


def test_nothing_else_on_the_front_is_shortened_for_an_offer() -> None:
    for parts in ((STAMPS,), (STAMPS, CASHBACK, TIERS), (LONG_DONATION, TIERS), (POINTS, TIERS, CASHBACK)):
        without, bearing = (
            face(card(*parts)),
            face(_bearing(shown(offer("Croissant and coffee for 3.90")), parts=parts)),
        )
        said = [line for line in bearing.secondary + bearing.auxiliary if line.key != "offer"]
        assert said == list(without.secondary + without.auxiliary)[: len(said)]
        assert row_fits(bearing.secondary + bearing.auxiliary)


def test_where_an_offer_finds_no_room_it_stands_on_the_back_alone() -> None:
    one = face(_bearing(shown(offer("Croissant and coffee for 3.90")), parts=(LONG_DONATION,)))
    assert [line.key for line in one.secondary + one.auxiliary] == ["status"]
    (line,) = _back(one)
    assert str(line.value).startswith("Croissant and coffee for 3.90")


def test_every_offer_is_on_the_back_with_its_small_print_and_its_end() -> None:
    first, second = shown(offer("Tea", BIRTHDAY, back="One a day.")), shown(offer("Cake"), closes_at=FOREVER)
    lines = _back(face(_bearing(first, second)))
    assert [(line.label, line.value) for line in lines] == [
        ("Offer", "Tea\nOne a day.\nuntil 8 Mar 2026"),
        ("Offer", "Cake"),
    ]


def test_an_offer_near_shops_is_said_there_and_on_the_back_not_on_the_front() -> None:
    one = face(_bearing(shown(offer("Croissant 1.90", NEAR))))
    assert [line.key for line in one.auxiliary] == []
    assert [line.value for line in _back(one)] == ["Croissant 1.90\nuntil 8 Mar 2026"]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    "parts", [(STAMPS,), (LONG_DONATION, TIERS), (POINTS, TIERS, CASHBACK), (LONG_POINTS,)], ids=range(4)
)
def test_every_pass_with_offers_is_one_that_wallet_takes(parts: tuple[Document, ...], language: str) -> None:
    longest = offer("W" * 38, message="x" * 100, back="y" * 500, place="z" * 100)
    many = [shown(longest, loud=True), shown(offer("x"), loud=True), shown(offer("y", NEAR))]
    check_face(face(_bearing(*many, parts=parts, language=language)))


def test_a_card_of_vouchers_can_bear_an_offer_besides() -> None:
    one = face(_bearing(shown(offer("Tea")), parts=(WELCOME,)))
    check_face(one)
    assert "offer" in [line.key for line in one.auxiliary]


# Near shops


def test_an_offer_near_shops_is_said_at_all_that_have_coordinates_in_the_cards_language(till: Till) -> None:
    card_id = till.join()
    opened(till, (52.5, 13.4), None, (48.1, 11.6))
    bear(till, card_id, live(till, offer("Croissant", NEAR, place="To the left of the station")))
    expected = [(52.5, 13.4, "To the left of the station"), (48.1, 11.6, "To the left of the station")]
    assert [(one.latitude, one.longitude, one.text) for one in pass_face(till, card_id).extras.places] == expected
    bear(till, card_id, live(till, offer("Tea", NEAR)), opens_at=till.now + timedelta(hours=1))
    assert {one.text for one in pass_face(till, card_id).extras.places} == {"D Tea"}, "the newest, once at each shop"


def test_an_offer_that_names_shops_is_said_at_those_alone(till: Till) -> None:
    card_id, (first, second, _) = till.join(), opened(till, (1, 1), (2, 2), (3, 3))
    bear(till, card_id, live(till, offer("Tea", {**NEAR, "locations": [str(second)]})))
    assert [one.latitude for one in pass_face(till, card_id).extras.places] == [2]
    bear(till, card_id, live(till, offer("Cake", {**NEAR, "locations": [str(first)]})))
    assert [(one.latitude, one.text) for one in pass_face(till, card_id).extras.places] == [(1, "D Cake"), (2, "D Tea")]


def test_the_brands_own_places_come_after_them_none_twice_and_ten_in_all(till: Till) -> None:
    card_id = till.join()
    own = tuple(Place(latitude=at, longitude=at, text="own") for at in range(10))
    with till.work() as session:
        worn = worn_by(session, till.shop.program_id)
        worn.design = {**worn.design, "wallet": {"places": [one.model_dump() for one in own]}}
    assert pass_face(till, card_id).extras.places == own
    opened(till, (5, 5), (50, 50))
    bear(till, card_id, live(till, offer("Tea", NEAR)))
    said = [(one.latitude, one.text) for one in pass_face(till, card_id).extras.places]
    assert said == [(5, "D Tea"), (50, "D Tea"), *((at, "own") for at in (0, 1, 2, 3, 4, 6, 7, 8))]


def test_of_more_shops_than_wallet_takes_ten_stand_on_the_pass(till: Till) -> None:
    card_id = till.join()
    opened(till, *((at, at) for at in range(12)))
    bear(till, card_id, live(till, offer("Tea", NEAR)))
    assert [one.latitude for one in pass_face(till, card_id).extras.places] == list(range(10))


def test_offers_that_are_not_near_shops_cost_a_pass_no_query(till: Till) -> None:
    card_id = till.join()
    seen = till.view(card_id)
    with statements(till) as without:
        pass_face(till, card_id)
    bear(till, card_id, live(till, offer()))
    with statements(till) as bearing:
        assert pass_face(till, card_id).extras.places == ()
    assert (len(bearing), seen.offers) == (len(without), ())


# On Google


def test_an_offer_is_a_message_among_the_details_until_it_closes(till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Tea", back="One a day.")), closes_at=CLOSES, opens_at=AT, shown_at=AT)
    before = class_made(till)
    (message,) = made(till, card_id)["messages"]
    assert (message["messageType"], message["header"]) == ("TEXT", "Angebot")
    assert message["body"] == "D Tea\nOne a day.\nbis 8. März 2026"
    assert {one["language"] for one in message["localizedBody"]["translatedValues"]} == {"en"}
    assert message["displayInterval"]["end"]["date"] == CLOSES.isoformat(timespec="seconds")
    assert class_made(till) == before


def test_an_offer_changes_no_line_of_a_google_card_and_stands_there_once(till: Till) -> None:
    card_id = till.join()
    plain = made(till, card_id)
    bear(till, card_id, live(till, offer("Tea")))
    body = made(till, card_id)
    assert {**body, "messages": None} == {**plain, "messages": None}
    assert "displayInterval" not in body["messages"][0]


def test_google_is_told_of_shops_only_where_it_takes_places(till: Till) -> None:
    card_id = till.join()
    opened(till, (52.5, 13.4))
    bear(till, card_id, live(till, offer("Tea", NEAR)))
    assert "merchantLocations" not in made(till, card_id)
    with till.work() as session:
        told = object_of(session, live_pass(session, card_id).id, PLACES, till.now)
    assert told["merchantLocations"] == [{"latitude": 52.5, "longitude": 13.4}]
    assert TERMS.places is False


def test_the_pass_of_a_voucher_bears_no_offer(till: Till) -> None:
    card_id = till.join()
    give_voucher(till, card_id)
    opened(till, (52.5, 13.4))
    bear(till, card_id, live(till, offer("Tea", NEAR)))
    with till.work() as session:
        body = object_of(session, voucher_pass(till, card_id), PLACES, till.now)
    assert not {"messages", "merchantLocations"} & body.keys()
