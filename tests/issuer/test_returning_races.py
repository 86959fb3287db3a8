"""Real processes that refund, merge and move at one moment: nothing is doubled, nothing lost."""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from issuer.audit import first_breach
from issuer.database import transaction
from issuer.schema import Card, Pass, Refund
from tests.issuer.counting import Till, booked
from tests.issuer.racing import Race, runners
from tests.issuer.returning import POINTS, everything, stands, visits_bought

LUNCH = {"kind": "prepaid", "names": {"de": "Mittagstisch", "en": "Lunch"}, "visits": 3, "price": 30_00}


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with runners() as race:
        yield race


def sound(till: Till) -> bool:
    with transaction(till.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        return first_breach(session) is None


def test_of_twenty_processes_that_refund_one_purchase_exactly_one_does(
    own_till: Till, race: Race, database_url: str
) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id, 9)
    purchase = own_till.bought(card_id, 5_00).purchase
    assert Counter(race(database_url, own_till, "refund", purchase.id, 20)) == {"done": 1, "already_reversed": 19}
    assert stands(own_till, card_id) == {"stamps": 9}
    assert sound(own_till)


def test_twenty_processes_that_refund_a_euro_of_twelve_refund_twelve(
    own_till: Till, race: Race, database_url: str
) -> None:
    own_till.set_rules(POINTS | {"points": 7, "per_cents": 300, "prices": [{"reward_id": "R", "price": 10}]})
    card_id = own_till.join()
    purchase = own_till.bought(card_id, 12_00).purchase
    booked(own_till.redeem(card_id))
    told = race(database_url, own_till, "refund a euro", purchase.id, 20)
    assert Counter(told) == {"done": 12, "already_reversed": 8}
    assert everything(own_till, card_id) == {"owed:points": 10}
    with own_till.work() as session:
        assert session.scalars(select(Refund.total)).all() == [1_00] * 12
    assert sound(own_till)


def test_a_purchase_is_refunded_or_taken_back_but_never_both(own_till: Till, race: Race, database_url: str) -> None:
    card_id = own_till.join()
    made = own_till.bought(card_id, 5_00)
    runs = [("refund", made.purchase.id), ("reverse", made.booked.posting.id)] * 2
    assert Counter(race.mixed(database_url, own_till, runs)) == {"done": 1, "already_reversed": 3}
    assert everything(own_till, card_id) == {}


def test_stamps_given_while_cards_merge_are_on_one_of_them_or_refused(
    own_till: Till, race: Race, database_url: str
) -> None:
    into, from_ = own_till.join(), own_till.later(1).join()
    own_till.stamped(into, 5)
    own_till.stamped(from_, 5)
    runs = [("merge", from_)] * 2 + [("stamp", from_), ("stamp", into)] * 9
    told = race.mixed(database_url, own_till, runs)
    assert set(told) <= {"done", "card_blocked"}
    assert Counter(told[:2]) == {"done": 1, "card_blocked": 1}
    rounds, stamps = divmod(10 + told[2:].count("done"), 10)
    assert own_till.balances(into) == (stamps, rounds)
    assert everything(own_till, from_) == {}
    assert sound(own_till)


def test_cards_that_are_merged_into_each_other_become_one(own_till: Till, race: Race, database_url: str) -> None:
    cards = [own_till.join(), own_till.later(1).join(), own_till.later(2).join()]
    for card_id in cards:
        own_till.stamped(card_id, 3)
    told = race.mixed(database_url, own_till, [("merge", cards[1]), ("merge", cards[2])] * 2)
    assert Counter(told) == {"done": 2, "card_blocked": 2}
    assert own_till.balances(cards[0]) == (9, 0)
    assert sound(own_till)


def test_a_card_that_moves_while_it_is_stamped_loses_no_stamp(own_till: Till, race: Race, database_url: str) -> None:
    card_id = own_till.join()
    told = race.mixed(database_url, own_till, [("move", card_id), ("stamp", card_id)] * 2)
    assert told == ["done"] * 4
    assert own_till.balances(card_id) == (2, 0)
    assert own_till.view(card_id).version == 5
    with own_till.work() as session:
        alive = session.scalars(select(Pass.revoked_at).where(Pass.card_id == card_id)).all().count(None)
        assert (alive, session.get_one(Card, card_id).state) == (1, "active")
    assert sound(own_till)


def test_of_twenty_processes_that_use_three_visits_three_do(own_till: Till, race: Race, database_url: str) -> None:
    own_till.set_rules(LUNCH)
    card_id = own_till.join()
    visits_bought(own_till, card_id)
    told = race(database_url, own_till, "use a visit", card_id, 20)
    assert Counter(told) == {"done": 3, "not_enough_visits": 17}
    assert stands(own_till, card_id) == {}
