"""Other causes than a purchase: sign-up, survey, review, event."""

import pytest

from tests.issuer.counting import Till, booked, lines, refused
from tests.issuer.gifting import COFFEE, STAMPS, give_bonus

CAUSES = {
    "kind": "causes",
    "bonuses": [
        {"cause": "survey", "grant": {"amount": 2}},
        {"cause": "event", "grant": COFFEE, "once": False},
    ],
}


@pytest.fixture
def till(till: Till) -> Till:
    till.set_rules(STAMPS, CAUSES)
    return till


def test_a_survey_is_a_bonus_that_names_its_cause(till: Till) -> None:
    given = booked(give_bonus(till, till.join(), "survey"))
    assert lines(given) == [("stamps", 2, "bonus")]
    assert (given.posting.cause, given.posting.note, given.posting.purchase_id) == ("bonus", "survey", None)


def test_what_is_given_once_is_refused_the_second_time(till: Till) -> None:
    card_id = till.join()
    booked(give_bonus(till, card_id, "survey"))
    for seconds in (1, 10 * 365 * 86400):
        assert refused(give_bonus(till.later(seconds), card_id, "survey")) == "given_already"
    assert till.holds(card_id) == {"stamps": 2}


def test_each_card_is_given_its_own(till: Till) -> None:
    for _ in range(2):
        booked(give_bonus(till, till.join(), "survey"))


def test_what_may_come_often_does(till: Till) -> None:
    card_id = till.join()
    for _ in range(3):
        booked(give_bonus(till, card_id, "event"))
    assert till.holds(card_id) == {f"reward:{till.shop.reward_id}": 3}


@pytest.mark.parametrize("cause", ["review", "signup", "", "SURVEY", "birthday", "\0"])
def test_a_cause_that_the_program_does_not_name_gives_nothing(till: Till, cause: str) -> None:
    card_id = till.join()
    assert refused(give_bonus(till, card_id, cause)) == "no_such_cause"
    assert till.holds(card_id) == {}


def test_a_program_without_causes_gives_nothing(till: Till) -> None:
    till.set_rules(STAMPS)
    assert refused(give_bonus(till, till.join(), "survey")) == "no_such_cause"


def test_a_blocked_card_is_given_nothing_and_keeps_its_turn(till: Till) -> None:
    card_id = till.join()
    till.set_state(card_id, "blocked")
    assert refused(give_bonus(till, card_id, "survey")) == "card_blocked"
    till.set_state(card_id, "active")
    booked(give_bonus(till, card_id, "survey"))


def test_what_was_taken_back_may_be_given_again_once(till: Till) -> None:
    card_id = till.join()
    given = booked(give_bonus(till, card_id, "survey"))
    booked(till.reverse(given.posting.id))
    assert till.holds(card_id) == {}
    booked(give_bonus(till, card_id, "survey"))
    assert refused(give_bonus(till, card_id, "survey")) == "given_already"


def test_a_bonus_is_no_purchase_and_does_not_make_the_next_stamp_wait(till: Till) -> None:
    till.pause(3600)
    card_id = till.join()
    booked(give_bonus(till, card_id, "survey"))
    till.later(1).stamped(card_id)
    assert refused(till.later(2).stamp(card_id)) == "too_soon"


def test_a_late_event_counts_by_the_rules_of_its_day(till: Till) -> None:
    card_id, afterwards = till.join(), till.later(7200)
    till.later(3600).change_rules(STAMPS)
    assert refused(give_bonus(afterwards, card_id, "survey")) == "no_such_cause"
    booked(give_bonus(afterwards, card_id, "survey", occurred_at=till.later(60).now))
