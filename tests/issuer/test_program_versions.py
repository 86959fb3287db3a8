"""A card keeps the promise that its round began with."""

from uuid import UUID

from sqlalchemy import select

from issuer.programs import program_view
from issuer.schema import Card
from issuer.terms import terms_of
from tests.issuer.counting import Till, lines


def _needed(till: Till, card_id: UUID) -> int:
    with till.work() as session:
        rule = terms_of(session, session.scalars(select(Card).where(Card.id == card_id)).one(), till.now).counters[0]
    assert till.view(card_id).needed == rule.stamps_needed
    return rule.stamps_needed


def test_a_round_ends_by_the_rule_it_began_with(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    till.change_rule(12)
    assert _needed(till, card_id) == 10
    assert lines(till.stamp(card_id))[1] == ("stamps", -10, "round")


def test_the_next_round_goes_by_the_new_rule(till: Till) -> None:
    card_id = till.join()
    till.change_rule(12)
    till.stamped(card_id, 10)
    assert _needed(till, card_id) == 12
    till.stamped(card_id, 11)
    assert till.balances(card_id) == (11, 1)
    till.stamped(card_id)
    assert till.balances(card_id) == (0, 2)


def test_several_changes_within_a_round_are_passed_over(till: Till) -> None:
    card_id = till.join()
    till.change_rule(12)
    till.change_rule(5)
    assert _needed(till, card_id) == 10
    till.stamped(card_id, 10)
    assert _needed(till, card_id) == 5


def test_a_card_made_after_the_change_begins_with_the_new_rule(till: Till) -> None:
    till.change_rule(5)
    card_id = till.join()
    till.stamped(card_id, 5)
    assert till.balances(card_id) == (0, 1)


def test_stamps_beyond_the_old_round_belong_to_the_new_one(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 8)
    till.change_rule(3)
    till.stamped(card_id, 4)
    assert till.balances(card_id) == (2, 1)
    assert _needed(till, card_id) == 3


def test_a_reward_earned_under_an_old_rule_can_still_be_redeemed(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    till.change_rule(20)
    assert lines(till.redeem(card_id)) == [("reward", -1, "redemption")]


def test_the_programs_page_shows_the_current_version(till: Till) -> None:
    till.change_rule(7)
    with till.work() as session:
        view = program_view(session, till.shop.program_id)
    assert view is not None
    assert view.version.number == 2
    assert view.sentence("en").startswith("7 stamps")
    assert view.sentence("de").startswith("7 Stempel")


def test_another_merchants_program_is_not_found(till: Till, other_till: Till) -> None:
    with till.work() as session:
        assert program_view(session, other_till.shop.program_id) is None


def test_a_round_that_is_taken_back_falls_under_its_old_promise_again(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    till.change_rule(12)
    tenth = till.stamped(card_id)
    assert _needed(till, card_id) == 12
    till.reverse(tenth.posting.id)
    assert _needed(till, card_id) == 10
    till.stamped(card_id)
    assert till.balances(card_id) == (0, 1)
