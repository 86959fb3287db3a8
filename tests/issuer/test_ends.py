"""Until when what a card holds counts is told from the first day on, not only once it is about to end."""

from datetime import date, datetime
from uuid import UUID

import pytest

from issuer.ends import endings
from issuer.prepaid import buy_visits, use_visits
from issuer.rules.movement import reward_unit
from issuer.telling import Ending, lasting
from tests.issuer.counting import Till, locked
from tests.issuer.elapsing import NOON, POINTS, STAMPS, at, ends, look
from tests.issuer.gifting import COFFEE, end_gifts
from tests.issuer.redesigning import face

PREPAID = {"kind": "prepaid", "names": {"de": "Sauna", "en": "Sauna"}, "visits": 10, "price": 9000, "valid_months": 12}
WELCOME = {"kind": "occasion", "occasion": "welcome", "key": "hello", "grant": COFFEE, "days_after": 14}


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def sauna(till: Till) -> Till:
    till.set_rules(PREPAID)
    return till


@pytest.fixture
def greeting(till: Till) -> Till:
    till.set_rules(STAMPS, WELCOME)
    return till


def found(till: Till, card_id: UUID) -> tuple[Ending, ...]:
    with till.work() as session:
        return endings(session, till.view(card_id))


def bought(till: Till, card_id: UUID) -> None:
    with till.work() as session:
        buy_visits(session, locked(session, card_id), till.visit())


def used(till: Till, card_id: UUID, count: int) -> None:
    with till.work() as session:
        use_visits(session, locked(session, card_id), count, till.visit())


def test_visits_say_from_the_first_day_until_when_they_count(sauna: Till) -> None:
    card_id = sauna.join()
    bought(sauna, card_id)
    last = date(NOON.year + 1, NOON.month, NOON.day)
    assert found(sauna, card_id) == (Ending("prepaid", 10, last),)


def test_of_two_purchases_the_one_that_ends_first_is_told(sauna: Till) -> None:
    card_id = sauna.join()
    bought(sauna, card_id)
    bought(sauna.later(40 * 86400), card_id)
    used(sauna, card_id, 4)
    (told,) = found(sauna, card_id)
    assert (told.amount, told.day) == (6, date(NOON.year + 1, NOON.month, NOON.day))
    used(sauna, card_id, 6)
    (later,) = found(sauna, card_id)
    assert later.amount == 10
    assert later.day > told.day


def test_what_is_spent_has_no_end(sauna: Till) -> None:
    card_id = sauna.join()
    assert found(sauna, card_id) == ()
    bought(sauna, card_id)
    used(sauna, card_id, 10)
    assert found(sauna, card_id) == ()


def test_what_never_ends_says_nothing(till: Till) -> None:
    till.set_rules(POINTS)
    card_id = till.join()
    till.bought(card_id, 1_000)
    assert found(till, card_id) == ()


def test_points_say_how_many_end_first(till: Till) -> None:
    till.set_rules(POINTS, ends("points"))
    card_id = till.join()
    till.bought(card_id, 1_000)
    (told,) = found(till, card_id)
    assert (told.unit, told.amount) == ("points", till.holds(card_id)["points"])


def test_what_the_card_warns_of_is_not_said_twice(till: Till) -> None:
    till.set_rules(POINTS, ends("points"))
    card_id = till.join()
    till.bought(card_id, 1_000)
    (told,) = found(till, card_id)
    look(at(till, f"{told.day.isoformat()} 12:00"), card_id)
    assert till.view(card_id).notices
    assert found(till, card_id) == ()


def test_a_present_says_until_when_it_waits(greeting: Till) -> None:
    card_id = greeting.join()
    (told,) = found(greeting, card_id)
    assert (told.unit, told.amount) == (reward_unit(greeting.shop.reward_id), 1)
    assert (told.day - NOON.date()).days == 14


def test_a_present_that_was_taken_or_is_gone_has_no_end(greeting: Till) -> None:
    taken, left = greeting.join(), greeting.join()
    greeting.redeem(taken)
    end_gifts(greeting.later(20 * 86400), left)
    assert found(greeting, taken) == found(greeting, left) == ()


def test_a_reward_that_was_earned_does_not_end_with_the_present(greeting: Till) -> None:
    card_id = greeting.join()
    greeting.stamped(card_id, 10)
    assert [one.amount for one in found(greeting, card_id)] == [1]
    greeting.redeem(card_id)
    assert found(greeting, card_id) == ()


@pytest.mark.parametrize(("language", "sentence"), [
    ("de", "10 Besuche: gültig bis "), ("en", "10 visits: valid until "),
])  # fmt: skip
def test_it_is_said_in_one_sentence(sauna: Till, language: str, sentence: str) -> None:
    card_id = sauna.join()
    bought(sauna, card_id)
    (told,) = lasting(found(sauna, card_id), sauna.view(card_id), language)
    assert told.startswith(sentence)
    assert told.endswith(str(NOON.year + 1))


def test_the_pass_says_it_on_its_back_and_announces_nothing(sauna: Till) -> None:
    card_id = sauna.join()
    bought(sauna, card_id)
    (line,) = [line for line in face(sauna, card_id).back if line.key == "lasting"]
    assert str(line.value).startswith("10 Besuche: gültig bis ")
    assert line.change_message is None
