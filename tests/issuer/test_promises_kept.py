"""What a card was promised holds through corrections and mergers. Each of these was found by the ledger's model."""

from uuid import UUID, uuid4

import pytest

from issuer import counter
from issuer.counter import Redemption
from issuer.ledger import Booked
from issuer.schema import Card
from tests.issuer.counting import Till, booked, locked
from tests.issuer.returning import POINTS, STAMPS, everything, merged, refund, stands

TWENTY, THIRTY = (POINTS | {"prices": [{"reward_id": "R", "price": price}]} for price in (20, 30))


def _counters(needed: int, lunches: int, cake: UUID) -> list[dict[str, object]]:
    names = {"de": "Mittag", "en": "Lunch"}
    lunch = STAMPS | {"counter": "lunch", "names": names, "stamps_needed": lunches, "reward_id": str(cake)}
    return [STAMPS | {"stamps_needed": needed}, lunch]


def _lunches(till: Till, card_id: UUID, count: int) -> Booked:
    with till.work() as session:
        return booked(counter.stamp(session, locked(session, card_id), count, till.visit(), counter="lunch"))


@pytest.fixture
def promised(till: Till) -> tuple[Till, UUID]:
    """A card with twenty points and the promise of a coffee for them, which costs thirty by now."""
    till.set_rules(TWENTY)
    card_id = till.join()
    till.bought(card_id, 20_00)
    later = till.later(60)
    later.change_rules(THIRTY)
    return later, card_id


def test_whoever_takes_a_redemption_back_has_the_old_price_again(promised: tuple[Till, UUID]) -> None:
    till, card_id = promised
    booked(till.reverse(booked(till.redeem(card_id)).posting.id))
    booked(till.redeem(card_id))
    assert stands(till, card_id) == {}


def test_the_lower_price_goes_along_when_cards_are_merged(promised: tuple[Till, UUID]) -> None:
    till, card_id = promised
    into = till.join()
    merged(till, into, card_id)
    booked(till.redeem(into))
    assert stands(till, into) == {}


def test_a_lower_price_is_kept_when_a_younger_card_is_taken_over(promised: tuple[Till, UUID]) -> None:
    till, card_id = promised
    merged(till, card_id, till.join())
    booked(till.redeem(card_id))


def test_taking_back_a_round_leaves_the_other_counters_promise_alone(till: Till) -> None:
    cake = uuid4()
    till.set_rules(*_counters(3, 3, cake), names={cake: "Cake"})
    card_id = till.join()
    _lunches(till, card_id, 2)
    round_ = till.stamped(card_id, 3)
    till.later(60).change_rules(*_counters(4, 5, cake))
    _lunches(till.later(61), card_id, 1)
    booked(till.later(62).reverse(round_.posting.id))
    with till.work() as session:
        card = session.get_one(Card, card_id)
        assert (card.program_version, card.pins) == (1, {"lunch": 2})


def test_a_round_taken_back_on_the_card_that_took_over_leaves_its_other_counters_promise_alone(till: Till) -> None:
    cake = uuid4()
    till.set_rules(*_counters(5, 5, cake), names={cake: "Cake"})
    old = till.join()
    round_ = till.stamped(old, 5)
    till.later(60).change_rules(*_counters(4, 4, cake))
    into = till.later(61).join()
    merged(till.later(62), into, old)
    _lunches(till.later(63), into, 3)
    booked(till.later(64).reverse(round_.posting.id))
    with till.work() as session:
        card = session.get_one(Card, into)
        assert (card.program_version, card.pins) == (1, {"lunch": 2})


def test_a_merged_cards_debt_is_not_paid_with_what_is_set_aside(till: Till) -> None:
    till.set_rules(TWENTY)
    owing, card_id = till.join(), till.join()
    bought = till.bought(owing, 20_00)
    booked(till.redeem(owing))
    refund(till, bought.purchase.id)
    till.bought(card_id, 20_00)
    hold_id = till.held(card_id)
    merged(till, card_id, owing)
    assert isinstance(till.confirm(hold_id), Redemption)
    assert stands(till, card_id) == {"owed:points": 20}


def test_what_was_booked_on_a_merged_card_is_undone_where_its_balances_are(till: Till) -> None:
    till.set_rules(STAMPS | {"stamps_needed": 5})
    source, into = till.join(), till.join()
    stamped, redeemed = till.stamped(source, 7), booked(till.redeem(source))
    merged(till, into, source)
    booked(till.reverse(redeemed.posting.id))
    assert stands(till, into) == {"stamps": 2, "reward": 1}
    booked(till.reverse(stamped.posting.id))
    assert everything(till, into) == everything(till, source) == {}
