"""Real processes at one card, at one moment: exactly one of them wins."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from issuer.audit import first_breach
from issuer.database import transaction
from tests.issuer.counting import Till
from tests.issuer.racing import Race, runners
from tests.issuer.returning import POINTS


@pytest.fixture(scope="module")
def processes() -> Iterator[Race]:
    with runners() as race:
        yield race


@pytest.fixture
def race(processes: Race, database_url: str) -> Callable[..., list[str]]:
    """Races in the database of this test."""
    return partial(processes, database_url)


def _sound(till: Till) -> bool:
    with transaction(till.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        return first_breach(session) is None


def test_of_twenty_processes_that_redeem_one_reward_exactly_one_wins(
    own_till: Till, race: Callable[..., list[str]]
) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id, 10)
    told = race(own_till, "redeem", card_id, 20)
    assert Counter(told) == {"done": 1, "nothing_to_redeem": 19}
    assert own_till.balances(card_id) == (0, 0)
    assert own_till.lines(card_id).count(("reward", -1, "redemption")) == 1
    assert _sound(own_till)


def test_of_two_processes_that_take_back_one_entry_exactly_one_wins(
    own_till: Till, race: Callable[..., list[str]]
) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id, 5)
    posted = own_till.stamped(card_id)
    told = race(own_till, "reverse", posted.posting.id, 2)
    assert Counter(told) == {"done": 1, "already_reversed": 1}
    assert own_till.balances(card_id) == (5, 0)
    assert _sound(own_till)


def test_of_two_processes_that_confirm_one_hold_exactly_one_wins(
    own_till: Till, race: Callable[..., list[str]]
) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id, 20)
    told = race(own_till, "confirm", own_till.held(card_id), 2)
    assert Counter(told) == {"done": 1, "already_spent": 1}
    assert own_till.balances(card_id) == (0, 1)


def test_processes_that_stamp_one_card_at_once_lose_no_stamp(own_till: Till, race: Callable[..., list[str]]) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id, 8)
    told = race(own_till, "stamp", card_id, 4)
    assert told == ["done"] * 4
    assert own_till.balances(card_id) == (2, 1)
    assert own_till.view(card_id).version == 6
    assert _sound(own_till)


def test_of_twenty_processes_that_book_one_bill_exactly_one_wins(
    own_till: Till, race: Callable[..., list[str]]
) -> None:
    own_till.set_rules(POINTS)
    card_id = own_till.join()
    told = race(own_till, "buy", card_id, 20)
    assert Counter(told) == {"done": 1, "reference_reused": 19}
    assert own_till.holds(card_id) == {"points": 12}
    assert _sound(own_till)


def test_of_twenty_tills_that_spend_one_balance_of_points_as_many_win_as_it_pays_for(
    own_till: Till, race: Callable[..., list[str]]
) -> None:
    own_till.set_rules(POINTS | {"prices": [{"reward_id": "R", "price": 30}]})
    card_id = own_till.join()
    own_till.bought(card_id, 100_00)
    told = race(own_till, "redeem", card_id, 20)
    assert Counter(told) == {"done": 3, "not_enough": 17}
    assert own_till.holds(card_id) == {"points": 10}
    assert _sound(own_till)


def test_of_a_refund_and_a_redemption_at_once_whichever_comes_second_takes_what_the_first_has_left(
    own_till: Till, processes: Race, database_url: str
) -> None:
    own_till.set_rules(POINTS | {"prices": [{"reward_id": "R", "price": 30}]})
    card_id = own_till.join()
    bought = own_till.bought(card_id, 40_00)
    told = processes.mixed(database_url, own_till, [("refund", bought.purchase.id), ("redeem", card_id)])
    assert told[0] == "done"
    assert own_till.holds(card_id) == {"done": {"owed:points": 30}, "not_enough": {}}[told[1]]
    assert _sound(own_till)
