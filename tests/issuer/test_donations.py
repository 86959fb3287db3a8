"""Donation: ten stamps become money for somebody who needs it more; the shop's total stands on every card."""

import pytest
from sqlalchemy import func, select

from issuer.schema import Program, Rollout
from tests.issuer.counting import Till, booked, lines
from tests.issuer.gifting import refresh_donations

SHELTER = {"de": "Tierheim", "en": "Animal shelter"}
DONATION = {"kind": "donation", "stamps_needed": 10, "cents": 300, "to": SHELTER}


@pytest.fixture
def till(till: Till) -> Till:
    till.set_rules(DONATION)
    return till


def _rollouts(till: Till) -> int:
    with till.work() as session:
        return session.scalar(select(func.count()).select_from(Rollout)) or 0


def test_the_tenth_stamp_becomes_money(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    assert till.holds(card_id) == {"stamps": 9}
    assert lines(till.stamped(card_id)) == [("stamps", 1, "stamp"), ("stamps", -10, "round"), ("donated", 300, "round")]
    assert till.holds(card_id) == {"donated": 300}


def test_the_total_of_all_cards_is_shown_after_the_days_refresh_and_not_before(till: Till) -> None:
    one, other = till.join(), till.join()
    till.stamped(one, 20)
    till.stamped(other, 15)
    assert till.view(one).donated == 0
    assert refresh_donations(till)
    assert (till.view(one).donated, till.view(other).donated) == (900, 900)


def test_a_refresh_without_news_tells_no_phone(till: Till) -> None:
    till.stamped(till.join(), 10)
    before = _rollouts(till)
    assert refresh_donations(till)
    assert _rollouts(till) == before + 1
    later = till.later(86400)
    assert not refresh_donations(later)
    assert _rollouts(till) == before + 1
    with till.work() as session:
        assert session.get_one(Program, till.shop.program_id).donated_at == later.now


def test_a_program_that_nobody_gave_by_has_nothing_to_tell(till: Till) -> None:
    till.stamped(till.join(), 9)
    assert not refresh_donations(till)


def test_a_round_that_is_taken_back_is_not_given(till: Till) -> None:
    card_id = till.join()
    stamped = till.stamped(card_id, 10)
    assert refresh_donations(till)
    booked(till.reverse(stamped.posting.id))
    assert refresh_donations(till.later(86400))
    assert till.view(card_id).donated == 0


def test_other_merchants_gifts_are_not_counted(till: Till, other_till: Till) -> None:
    other_till.set_rules(DONATION)
    other_till.stamped(other_till.join(), 10)
    assert not refresh_donations(till)
    assert refresh_donations(other_till)
