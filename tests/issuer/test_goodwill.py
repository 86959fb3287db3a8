"""Goodwill: staff give a small gift from a weekly purse, with a reason, seen by the owner."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from issuer import gifts
from issuer.gifts import Left
from issuer.schema import Card
from tests.issuer.counting import Till, booked, lines, refused
from tests.issuer.gifting import COFFEE, STAMPS, give_goodwill
from tests.issuer.racing import Race, runners

GOODWILL = {"kind": "goodwill", "grant": COFFEE, "a_week": 3}
SUNDAY = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
"""Half past eleven in the evening in Berlin; the week ends with this half hour."""


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with runners() as processes:
        yield processes


@pytest.fixture
def till(till: Till) -> Till:
    till.set_rules(STAMPS, GOODWILL)
    return replace(till, now=SUNDAY)


def _left(till: Till) -> Left | None:
    card_id = till.join()
    with till.work() as session:
        return gifts.purse(session, session.get_one(Card, card_id), till.now)


def _given(till: Till, since: datetime = SUNDAY - timedelta(days=7)) -> list[gifts.Given]:
    with till.work() as session:
        return gifts.goodwill_given(session, till.shop.program_id, since, 100)


def test_a_present_is_booked_with_its_reason(till: Till) -> None:
    given = booked(give_goodwill(till, till.join(), "  Waited   too long \n"))
    assert lines(given) == [("reward", 1, "goodwill")]
    assert (given.posting.cause, given.posting.note) == ("goodwill", "Waited too long")


def test_the_purse_of_a_week_is_empty_after_its_last_present(till: Till) -> None:
    for _ in range(3):
        booked(give_goodwill(till, till.join()))
    card_id = till.join()
    assert refused(give_goodwill(till, card_id)) == "purse_empty"
    assert till.holds(card_id) == {}
    assert _left(till) == Left(3, 3)


def test_the_purse_is_full_again_on_monday_at_the_shop(till: Till) -> None:
    for _ in range(3):
        booked(give_goodwill(till, till.join()))
    assert refused(give_goodwill(till.later(1799), till.join())) == "purse_empty"
    booked(give_goodwill(till.later(1800), till.join()))
    assert _left(till.later(1800)) == Left(1, 3)


def test_nobody_draws_on_the_purse_of_a_week_gone_by(till: Till) -> None:
    monday = till.later(1800)
    for _ in range(3):
        booked(give_goodwill(monday, till.join()))
    assert refused(give_goodwill(monday, till.join(), occurred_at=SUNDAY)) == "purse_empty"


def test_programs_have_purses_of_their_own(till: Till, other_till: Till) -> None:
    other_till.set_rules(STAMPS, GOODWILL)
    for _ in range(3):
        booked(give_goodwill(till, till.join()))
    booked(give_goodwill(other_till, other_till.join()))


def test_a_purse_that_was_made_smaller_gives_no_more_than_that(till: Till) -> None:
    for _ in range(2):
        booked(give_goodwill(till, till.join()))
    till.set_rules(STAMPS, GOODWILL | {"a_week": 1})
    assert refused(give_goodwill(till, till.join())) == "purse_empty"
    assert _left(till) == Left(2, 1)


@pytest.mark.parametrize(
    "reason", ["", "  ", "ab", " a b"[:3], "x" * 201, "bad\0sign", "turned \u202e around", "\ud800lone"]
)
def test_a_present_without_a_proper_reason_is_refused_and_costs_the_purse_nothing(till: Till, reason: str) -> None:
    assert refused(give_goodwill(till, till.join(), reason)) == "reason_needed"
    assert _left(till) == Left(0, 3)


@pytest.mark.parametrize("reason", ["abc", "x" * 200, "Grüße 🎂 an Zoë", "كل عام وأنتم بخير"])
def test_a_reason_of_3_to_200_printable_characters_will_do(till: Till, reason: str) -> None:
    assert booked(give_goodwill(till, till.join(), reason)).posting.note == reason


def test_a_program_without_a_purse_gives_nothing(till: Till) -> None:
    till.set_rules(STAMPS)
    assert refused(give_goodwill(till, till.join())) == "no_goodwill"
    assert _left(till) is None


def test_a_blocked_card_is_given_nothing(till: Till) -> None:
    card_id = till.join()
    till.set_state(card_id, "blocked")
    assert refused(give_goodwill(till, card_id)) == "card_blocked"
    assert _left(till) == Left(0, 3)


def test_a_present_that_is_taken_back_is_in_the_purse_again(till: Till) -> None:
    given = [booked(give_goodwill(till, till.join())) for _ in range(3)]
    booked(till.later(30).reverse(given[0].posting.id))
    assert _left(till) == Left(2, 3)
    booked(give_goodwill(till, till.join()))
    assert refused(give_goodwill(till, till.join())) == "purse_empty"


def test_a_present_of_last_week_that_is_taken_back_does_not_fill_this_weeks_purse(till: Till) -> None:
    given = booked(give_goodwill(till, till.join()))
    monday = till.later(1800)
    booked(give_goodwill(monday, till.join()))
    booked(monday.reverse(given.posting.id))
    assert (_left(till), _left(monday)) == (Left(0, 3), Left(1, 3))


def test_a_present_that_was_handed_over_is_not_taken_back(till: Till) -> None:
    card_id = till.join()
    given = booked(give_goodwill(till, card_id))
    booked(till.redeem(card_id))
    assert refused(till.reverse(given.posting.id)) == "already_spent"
    assert _left(till) == Left(1, 3)


def test_stamps_can_be_the_present_and_complete_a_round(till: Till) -> None:
    till.set_rules(STAMPS, {"kind": "goodwill"})
    card_id = till.join()
    till.stamped(card_id, 9)
    given = booked(give_goodwill(till, card_id))
    assert lines(given) == [("stamps", 1, "goodwill"), ("stamps", -10, "round"), ("reward", 1, "round")]


def test_the_owner_sees_who_gave_what_to_whom_and_why_newest_first(till: Till) -> None:
    one, other = till.join(), till.join()
    first = booked(give_goodwill(till, one, "The machine was broken."))
    second = booked(give_goodwill(till.later(60), other, "A long wait."))
    booked(till.later(70).reverse(second.posting.id))
    shown = _given(till)
    assert [(one.card_id, one.reason, one.taken_back) for one in shown] == [
        (other, "A long wait.", True),
        (one, "The machine was broken.", False),
    ]
    assert shown[1].lines == ((f"reward:{till.shop.reward_id}", 1),)
    assert (shown[1].posting_id, shown[1].at, shown[1].actor) == (first.posting.id, SUNDAY, "staff")
    assert shown[1].where == "Lindenstraße"


def test_the_owner_of_another_shop_sees_none_of_it(till: Till, other_till: Till) -> None:
    booked(give_goodwill(till, till.join()))
    assert _given(other_till) == []
    assert _given(till, SUNDAY + timedelta(seconds=1)) == []


def test_of_twenty_staff_at_one_purse_exactly_as_many_give_as_it_holds(
    own_till: Till, race: Race, database_url: str
) -> None:
    own_till.set_rules(STAMPS, GOODWILL | {"a_week": 7})
    told = race(database_url, own_till, "goodwill", own_till.shop.program_id, 20)
    assert Counter(told) == {"done": 7, "purse_empty": 13}
    assert _left(own_till) == Left(7, 7)
