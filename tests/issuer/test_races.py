"""Real processes at one card, at one moment: exactly one of them wins."""

from collections import Counter
from collections.abc import Iterator

import pytest

from issuer.audit import first_breach
from issuer.database import transaction
from tests.issuer.counting import Till
from tests.issuer.racing import Race, runners


@pytest.fixture(scope="module")
def race(shared_url: str) -> Iterator[Race]:
    with runners(shared_url) as race:
        yield race


def _sound(till: Till) -> bool:
    with transaction(till.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        return first_breach(session) is None


def test_of_twenty_processes_that_redeem_one_reward_exactly_one_wins(till: Till, race: Race) -> None:
    card_id = till.join()
    till.stamped(card_id, 10)
    told = race(till, "redeem", card_id, 20)
    assert Counter(told) == {"done": 1, "nothing_to_redeem": 19}
    assert till.balances(card_id) == (0, 0)
    assert till.lines(card_id).count(("reward", -1, "redemption")) == 1
    assert _sound(till)


def test_of_two_processes_that_take_back_one_entry_exactly_one_wins(till: Till, race: Race) -> None:
    card_id = till.join()
    till.stamped(card_id, 5)
    posted = till.stamped(card_id)
    told = race(till, "reverse", posted.posting.id, 2)
    assert Counter(told) == {"done": 1, "already_reversed": 1}
    assert till.balances(card_id) == (5, 0)
    assert _sound(till)


def test_of_two_processes_that_confirm_one_hold_exactly_one_wins(till: Till, race: Race) -> None:
    card_id = till.join()
    till.stamped(card_id, 20)
    told = race(till, "confirm", till.held(card_id), 2)
    assert Counter(told) == {"done": 1, "already_spent": 1}
    assert till.balances(card_id) == (0, 1)


def test_processes_that_stamp_one_card_at_once_lose_no_stamp(till: Till, race: Race) -> None:
    card_id = till.join()
    till.stamped(card_id, 8)
    told = race(till, "stamp", card_id, 4)
    assert told == ["done"] * 4
    assert till.balances(card_id) == (2, 1)
    assert till.view(card_id).version == 6
    assert _sound(till)
