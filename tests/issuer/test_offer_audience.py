"""Whom an offer is for, when that changes by time alone, and how the fifths of a shop's cards are found."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import delete, update

from issuer import fifths
from issuer.card_facts import around_of, facts_of, records_of
from issuer.offers.audience import Audience
from issuer.offers.belonging import belongs, changes_at
from issuer.offers.facts import Around, Facts, Fifth, Reached, Visited
from issuer.offers.fifths import NEVER, Measured, cuts_of, fifth_of, measured
from issuer.schema import Card, FifthCuts, Location, Sweep
from issuer.schema import Offer as Row
from tests.issuer.counting import Till
from tests.issuer.elapsing import NOON
from tests.issuer.promoting import Stage, promote
from tests.issuer.returning import refund

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
SHOP, OTHER = UUID(int=1), UUID(int=2)
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return NOON


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def somebody(*days: float, shop: UUID = SHOP, **more: Any) -> Facts:
    """Who came so many days ago, oldest first."""
    visits = tuple(Visited(ago(day), str(day), shop) for day in days)
    known = {
        "card_id": UUID(int=7),
        "customer_id": UUID(int=8),
        "program_id": UUID(int=9),
        "language": "de",
        "around": Around("Europe/Berlin"),
        "visits": visits,
        "first_visit": visits[0].at if visits else None,
    }
    return Facts(**{**known, **more})


def is_meant(facts: Facts, now: datetime = NOW, **audience: Any) -> bool:
    return belongs(Audience.model_validate(audience), facts, now)


def test_an_empty_audience_is_every_card() -> None:
    assert is_meant(somebody())


def test_a_card_that_is_not_active_is_never_meant() -> None:
    assert not is_meant(somebody(1, active=False))
    assert not is_meant(somebody(1, active=False), segments=["new"])


@pytest.mark.parametrize(
    ("days", "is_new"),
    [((), False), ((0,), True), ((29.9,), True), ((30,), False), ((29.9, 1), True), ((31, 1), False)],
)
def test_new_is_who_came_first_within_thirty_days(days: tuple[float, ...], is_new: bool) -> None:
    assert is_meant(somebody(*days), segments=["new"]) is is_new


@pytest.mark.parametrize(
    ("days", "is_regular"),
    [
        ((), False),
        ((3, 2), False),
        ((3, 2, 1), True),
        ((3, 2.01, 2), False),
        ((89.9, 2, 1), True),
        ((90, 2, 1), False),
        ((300, 200, 100), False),
    ],
)
def test_regular_is_who_came_on_three_days_of_the_last_ninety(days: tuple[float, ...], is_regular: bool) -> None:
    assert is_meant(somebody(*days), segments=["regular"]) is is_regular


def test_a_regulars_days_are_those_of_the_shops_clock() -> None:
    # At 02:24 on the 28th, at 02:24 and at 09:36 on the 29th, in UTC.
    days = (3.4, 2.4, 2.1)
    assert not is_meant(somebody(*days), segments=["regular"])
    assert is_meant(somebody(*days, around=Around("America/New_York")), segments=["regular"])


@pytest.mark.parametrize(("days", "is_lapsed"), [((), False), ((89.9,), False), ((90,), True), ((200, 1), False)])
def test_lapsed_is_who_has_not_come_for_longer_than_the_merchant_says(days: tuple[float, ...], is_lapsed: bool) -> None:
    assert is_meant(somebody(*days), segments=["lapsed"]) is is_lapsed


def test_the_merchant_says_how_long_that_is() -> None:
    impatient = Around("Europe/Berlin", lapsed_days=10)
    assert is_meant(somebody(11, around=impatient), segments=["lapsed"])
    assert not is_meant(somebody(9, around=impatient), segments=["lapsed"])


def test_of_several_segments_one_is_enough() -> None:
    assert is_meant(somebody(1), segments=["lapsed", "new"])
    assert not is_meant(somebody(40), segments=["lapsed", "new"])


def test_all_that_is_filled_in_must_be_true() -> None:
    facts = somebody(1)
    assert is_meant(facts, segments=["new"], languages=["de"])
    assert not is_meant(facts, segments=["new"], languages=["en"])
    assert not is_meant(facts, segments=["regular"], languages=["de"])


def test_a_program_a_tier_and_a_language_are_the_cards() -> None:
    gold = somebody(tier=Reached("gold", ago(3)))
    assert is_meant(gold, tiers=["gold", "silver"])
    assert not is_meant(gold, tiers=["silver"])
    assert not is_meant(somebody(), tiers=["gold"])
    assert is_meant(gold, programs=[str(gold.program_id)])
    assert not is_meant(gold, programs=[str(uuid4())])
    assert not is_meant(gold, languages=["en"])


def test_a_shop_is_where_they_came_last() -> None:
    moved = somebody(9, visits=(Visited(ago(9), "a", SHOP), Visited(ago(2), "b", OTHER)))
    assert is_meant(moved, locations=[str(OTHER)])
    assert not is_meant(moved, locations=[str(SHOP)])
    assert not is_meant(somebody(), locations=[str(SHOP)])
    assert not is_meant(somebody(visits=(Visited(ago(2), "b"),)), locations=[str(SHOP)])


def test_only_who_agreed_is_meant_where_that_is_asked() -> None:
    assert is_meant(somebody(consented=True), consented=True)
    assert not is_meant(somebody(), consented=True)


def test_fifths_are_compared_each_on_its_own() -> None:
    facts = somebody(1, fifth=Fifth(recency=5, frequency=2, money=1))
    assert is_meant(facts, recency={"least": 4})
    assert is_meant(facts, recency={"least": 5}, frequency={"most": 2})
    assert not is_meant(facts, recency={"least": 5}, frequency={"least": 3})
    assert not is_meant(facts, money={"least": 2})


def test_nobody_is_in_a_fifth_before_cards_were_compared() -> None:
    assert not is_meant(somebody(1), recency={})
    assert is_meant(somebody(1))


def test_fifths_go_from_the_smaller_to_the_larger() -> None:
    with pytest.raises(ValidationError):
        Audience.model_validate({"recency": {"least": 4, "most": 2}})


def changes(facts: Facts, now: datetime = NOW, **audience: Any) -> datetime | None:
    return changes_at(Audience.model_validate(audience), facts, now)


def test_new_ends_by_itself_thirty_days_after_the_first_visit() -> None:
    assert changes(somebody(10), segments=["new"]) == ago(-20)
    assert changes(somebody(40), segments=["new"]) is None


def test_regular_ends_when_the_third_last_day_is_too_long_ago() -> None:
    assert changes(somebody(80, 60, 50, 40), segments=["regular"]) == ago(-30)
    assert changes(somebody(50, 40), segments=["regular"]) is None


def test_lapsed_begins_by_itself() -> None:
    assert changes(somebody(60), segments=["lapsed"]) == ago(-30)
    assert changes(somebody(100), segments=["lapsed"]) is None


def test_without_segments_nothing_changes_by_itself() -> None:
    assert changes(somebody(10, tier=Reached("gold", ago(3))), tiers=["gold"], locations=[str(SHOP)]) is None


def test_of_several_the_earliest_change_counts() -> None:
    assert changes(somebody(10), segments=["new", "lapsed"]) == ago(-20)


def test_who_is_compared_with_others_is_compared_anew_each_day_at_a_time_of_their_own() -> None:
    first, second = (somebody(1, card_id=UUID(int=number)) for number in (100, 70_000))
    times = [changes(facts, recency={}) for facts in (first, second)]
    assert times == [datetime(2026, 4, 1, 0, 1, 40, tzinfo=UTC), datetime(2026, 3, 31, 19, 26, 40, tzinfo=UTC)]
    assert changes(second, datetime(2026, 3, 31, 19, 26, 40, tzinfo=UTC), recency={}) == datetime(
        2026, 4, 1, 19, 26, 40, tzinfo=UTC
    )


VISITS = st.lists(st.integers(min_value=0, max_value=200 * 24), max_size=8)
SEGMENTS = st.lists(st.sampled_from(["new", "regular", "lapsed"]), min_size=1, max_size=3)


@given(VISITS, SEGMENTS, st.integers(min_value=0, max_value=100 * 24))
def test_nothing_changes_before_it_is_said_to(hours: list[int], segments: list[str], later: int) -> None:
    facts = somebody(*sorted((hour / 24 for hour in hours), reverse=True))
    then, said = NOW + timedelta(hours=later), changes(facts, segments=segments)
    before = then if said is None else min(then, said - A_MOMENT)
    assert is_meant(facts, max(NOW, before), segments=segments) is is_meant(facts, segments=segments)


@given(VISITS, st.sampled_from(["new", "regular", "lapsed"]))
def test_it_does_change_when_it_is_said_to(hours: list[int], segment: str) -> None:
    facts = somebody(*sorted((hour / 24 for hour in hours), reverse=True))
    said = changes(facts, segments=[segment])
    if said is not None:
        assert is_meant(facts, said - A_MOMENT, segments=[segment]) is not is_meant(facts, said, segments=[segment])


def test_a_fifth_of_a_hundred_different_cards_is_twenty() -> None:
    values = [Measured(-number, number, 100 * number) for number in range(100)]
    cuts = cuts_of(values)
    found = [fifth_of(value, cuts) for value in values]
    assert [sum(one.frequency == fifth for one in found) for fifth in range(1, 6)] == [20] * 5
    assert (found[0].recency, found[0].frequency, found[99].recency, found[99].money) == (5, 1, 1, 5)


@given(st.lists(st.tuples(*[st.integers(min_value=-9, max_value=9)] * 3), min_size=1, max_size=60))
def test_who_has_more_is_never_in_a_lower_fifth_and_equals_are_in_the_same(rows: list[tuple[int, int, int]]) -> None:
    values = [Measured(*row) for row in rows]
    cuts = cuts_of(values)
    for one in values:
        for other in values:
            if one.money >= other.money:
                assert fifth_of(one, cuts).money >= fifth_of(other, cuts).money
            assert (fifth_of(one, cuts).recency == fifth_of(other, cuts).recency) or one.recency != other.recency


@given(st.lists(st.integers(), min_size=1, max_size=60))
def test_no_fifth_but_the_first_and_those_of_equals_is_larger_than_its_share(numbers: list[int]) -> None:
    distinct = list(dict.fromkeys(numbers))
    cuts = cuts_of([Measured(number, 0, 0) for number in distinct])
    found = [fifth_of(Measured(number, 0, 0), cuts).recency for number in distinct]
    assert max(found.count(fifth) for fifth in range(1, 6)) <= -(-len(distinct) // 5)


def test_who_never_came_is_last_in_everything() -> None:
    assert measured((), Around("Europe/Berlin"), NOW) == Measured(NEVER, 0, 0)


def test_days_are_counted_once_and_a_year_back() -> None:
    visits = tuple(
        Visited(ago(day), str(day), SHOP, cents) for day, cents in ((365, 900), (364.9, 100), (2.01, 200), (2, 50))
    )
    assert measured(visits, Around("Europe/Berlin"), NOW) == Measured(-2, 2, 350)


@pytest.fixture
def five(till: Till) -> tuple[Till, Mapping[UUID, Fifth]]:
    """Five cards, one better than the other in everything but how lately they came."""
    expected = dict[UUID, Fifth]()
    for number in range(5):
        card_id = till.join()
        for visit in range(number):
            till.bought(card_id, 100, occurred_at=till.now - timedelta(days=10 * number + visit))
        expected[card_id] = Fifth(1 if number == 0 else 6 - number, number + 1, number + 1)
    return till, expected


def known(till: Till, *card_ids: UUID) -> list[Facts]:
    with till.work() as session:
        cards = [session.get_one(Card, card_id) for card_id in card_ids]
        around = around_of(session, till.shop.merchant_id, till.now)
        return facts_of(session, till.keys, cards, around, till.now, ["time"])


def reckon(till: Till) -> None:
    with till.work() as session:
        fifths.reckon(session, till.shop.merchant_id, till.now)


def test_the_cards_of_a_shop_are_compared_with_each_other(five: tuple[Till, Mapping[UUID, Fifth]]) -> None:
    till, expected = five
    assert {facts.fifth for facts in known(till, *expected)} == {None}
    reckon(till)
    assert {facts.card_id: facts.fifth for facts in known(till, *expected)} == expected


def test_the_database_measures_as_the_facts_do(five: tuple[Till, Mapping[UUID, Fifth]]) -> None:
    till, expected = five
    card_id, *others = expected
    with till.work() as session:
        session.execute(update(Location).values(zone="Asia/Tokyo"))
    bought = till.bought(card_id, 700, occurred_at=till.now - timedelta(days=366))
    refund(till, till.bought(card_id, 900).purchase.id, 250)
    refund(till, till.bought(card_id, 900).purchase.id, 900)
    assert bought.purchase.total == 700
    later = till.later(3600)
    with later.work() as session:
        around = around_of(session, till.shop.merchant_id, later.now)
        cards = [session.get_one(Card, one) for one in (card_id, *others)]
        records = records_of(session, till.keys, cards, around, later.now, ())
        values = [measured(one.at(later.now).visits, around, later.now) for one in records]
        assert fifths.reckoned(session, till.shop.merchant_id, later.now) == cuts_of(values)


def test_a_shop_without_cards_has_no_fifths(till: Till) -> None:
    reckon(till)
    with till.work() as session:
        assert fifths.stored(session, till.shop.merchant_id) is None


def test_cards_that_ended_are_not_compared(till: Till) -> None:
    card_id = till.join()
    till.set_state(card_id, "blocked")
    reckon(till)
    with till.work() as session:
        assert fifths.stored(session, till.shop.merchant_id) is None


def refresh(till: Till) -> bool:
    with till.work() as session:
        return fifths.refresh(session, till.shop.merchant_id, till.now)


def is_swept(till: Till) -> bool:
    """Whether all cards are about to be looked at; not any more then."""
    with till.work() as session:
        mine = delete(Sweep).where(Sweep.merchant_id == till.shop.merchant_id).returning(Sweep.offer_id)
        return session.scalar(mine) is not None


def test_cards_are_compared_once_a_day_while_an_offer_asks_for_it(five: tuple[Till, Mapping[UUID, Fifth]]) -> None:
    till, _ = five
    promote(till.engine, till.shop.merchant_id, till.now)
    assert not refresh(till)
    promote(till.engine, till.shop.merchant_id, till.now, audience={"money": {"least": 4}})
    assert [refresh(till.later(hours * 3600)) for hours in (0, 1, 23.9, 24, 25)] == [True, False, False, True, False]
    with till.work() as session:
        assert session.get_one(FifthCuts, till.shop.merchant_id).reckoned_at == till.later(86_400).now


def test_once_there_are_fifths_all_cards_are_looked_at(five: tuple[Till, Mapping[UUID, Fifth]]) -> None:
    till, _ = five
    promote(till.engine, till.shop.merchant_id, till.now, audience={"recency": {}})
    assert is_swept(till)
    assert refresh(till)
    assert is_swept(till)
    assert refresh(till.later(86_400))
    assert not is_swept(till)


def test_nothing_is_compared_for_offers_that_rest(five: tuple[Till, Mapping[UUID, Fifth]]) -> None:
    till, _ = five
    promote(till.engine, till.shop.merchant_id, till.now, audience={"recency": {}})
    with till.work() as session:
        session.execute(update(Row).values(state="paused"))
    assert not refresh(till)


def test_what_is_reckoned_of_one_shop_is_nothing_to_another(till: Till, other_till: Till) -> None:
    till.stamped(till.join())
    reckon(till)
    with other_till.work() as session:
        assert fifths.stored(session, till.shop.merchant_id) is None
        assert fifths.reckoned(session, other_till.shop.merchant_id, till.now) is None


@pytest.mark.parametrize("which", [0, 1])
def test_cards_are_looked_at_with_their_fifths_though_an_offer_stops_meanwhile(own_till: Till, which: int) -> None:
    stage, card_id = Stage(own_till, NOON), own_till.join()
    offers = [stage.live(audience={"money": {}}), stage.live(audience={"money": {}})]
    stage.look()
    assert stage.said(card_id) == []
    assert refresh(stage.at())
    stage.become(offers[which], "pause")
    stage.look()
    assert stage.shown(card_id) == [offers[1 - which]]
