"""What an offer brought, by arm, and how sure that is; and who was held back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from issuer import events
from issuer.offer_results import Arm, Held, Results, held_back, results
from issuer.offers.arms import arm_of
from issuer.offers.difference import Estimate, difference, wilson
from issuer.offers.offer import Trial
from issuer.schema import Card, Device, GoogleObject, Pass, Publication, Registration, Showing
from tests.issuer.counting import Till, booked
from tests.issuer.promoting import TEXTS, promote

A_DAY = 86_400


@pytest.fixture
def offer_id(till: Till) -> UUID:
    return promote(till.engine, till.shop.merchant_id, till.now, name="Morning")


def decided(till: Till, offer_id: UUID, **more: Any) -> UUID:
    """A card of which something was decided at the till's instant; shown, with a card of version 7, unless told."""
    card_id = till.join()
    with till.work() as session:
        session.add(_row(till, offer_id, session.get_one(Card, card_id), **more))
    return card_id


def again(till: Till, offer_id: UUID, card_id: UUID, **more: Any) -> None:
    """A further window of a card."""
    with till.work() as session:
        session.add(_row(till, offer_id, session.get_one(Card, card_id), **more))


def _row(till: Till, offer_id: UUID, card: Card, **more: Any) -> Showing:
    row: dict[str, Any] = {
        "offer_id": offer_id,
        "card_id": card.id,
        "turn": str(uuid4()),
        "merchant_id": card.merchant_id,
        "customer_id": card.customer_id,
        "version": 1,
        "arm": "a",
        "state": "shown",
        "opens_at": till.now,
        "closes_at": till.now + timedelta(days=30),
        "decided_at": till.now,
        "shown_at": till.now,
        "card_version": 7,
    }
    return Showing(**row | more)


def left_out(till: Till, offer_id: UUID) -> UUID:
    return decided(till, offer_id, arm="out", state="out", shown_at=None, card_version=None)


def held(till: Till, offer_id: UUID, reason: str, **more: Any) -> UUID:
    return decided(till, offer_id, state="held", reason=reason, shown_at=None, card_version=None, **more)


def found(till: Till, offer_id: UUID) -> Results:
    with till.work() as session:
        return results(session, offer_id, till.now)


def only(till: Till, offer_id: UUID) -> Arm:
    (arm,) = found(till, offer_id).arms
    return arm


def fetched(till: Till, card_id: UUID, version: int | None) -> None:
    """An iPhone has the card in this version."""
    with till.work() as session:
        issue = session.scalars(select(Pass).where(Pass.card_id == card_id)).one()
        device = Device(id=uuid4(), library_id=str(uuid4()), pass_type="pass.test", push_token="t", token_at=till.now)
        session.add(device)
        session.flush()
        phone = Registration(device_id=device.id, pass_id=issue.id, merchant_id=till.shop.merchant_id)
        phone.created_at, phone.fetched_version = till.now, version
        session.add(phone)


def pushed_to_google(till: Till, card_id: UUID, version: int, *, has_users: bool = True) -> None:
    with till.work() as session:
        issue = session.scalars(select(Pass).where(Pass.card_id == card_id)).one()
        merchant = {"pass_id": issue.id, "merchant_id": till.shop.merchant_id}
        session.add(GoogleObject(program_id=till.shop.program_id, asked_at=till.now, has_users=has_users, **merchant))
        session.add(
            Publication(channel="google", wanted_version=9, pushed_version=version, reason="x", priority=1, **merchant)
        )


def test_an_offer_that_nobody_was_shown_brought_nothing(till: Till, offer_id: UUID) -> None:
    assert found(till, offer_id) == Results((), (), ())
    assert found(till, uuid4()) == Results((), (), ())


def test_each_card_is_reached_once_however_often_it_was_shown(till: Till, offer_id: UUID) -> None:
    card_id = decided(till, offer_id, state="over", ended="closed")
    again(till, offer_id, card_id)
    decided(till, offer_id)
    assert only(till, offer_id) == Arm("a", reached=2)


def test_whoever_was_held_back_was_not_reached(till: Till, offer_id: UUID) -> None:
    held(till, offer_id, "weekly")
    held(till, offer_id, "weekly")
    held(till, offer_id, "wish")
    assert found(till, offer_id) == Results((), (), (("weekly", 2), ("wish", 1)))


@pytest.mark.parametrize(("version", "has_fetched"), [(None, 0), (6, 0), (7, 1), (9, 1)])
def test_a_phone_fetched_it_with_the_version_that_shows_it(
    till: Till, offer_id: UUID, version: int | None, has_fetched: int
) -> None:
    fetched(till, decided(till, offer_id), version)
    assert only(till, offer_id) == Arm("a", reached=1, fetched=has_fetched)


def test_a_phone_with_a_pass_that_was_revoked_shows_nothing_any_more(till: Till, offer_id: UUID) -> None:
    card_id = decided(till, offer_id)
    fetched(till, card_id, 9)
    with till.work() as session:
        session.execute(update(Pass).where(Pass.card_id == card_id).values(revoked_at=till.now))
    assert only(till, offer_id).fetched == 0


def test_googles_wallet_has_it_once_it_was_pushed_and_somebody_saved_it(till: Till, offer_id: UUID) -> None:
    for version, has_users in ((7, True), (6, True), (7, False)):
        pushed_to_google(till, decided(till, offer_id), version, has_users=has_users)
    assert only(till, offer_id) == Arm("a", reached=3, fetched=1)


@pytest.mark.parametrize(("days", "has_visited"), [(-0.1, 0), (0, 1), (6.9, 1), (7, 0)])
def test_a_visit_counts_within_seven_days(till: Till, offer_id: UUID, days: float, has_visited: int) -> None:
    card_id = decided(till, offer_id)
    till.later(days * A_DAY).stamped(card_id)
    assert only(till.later(9 * A_DAY), offer_id).visited == has_visited


@pytest.mark.parametrize(("hours", "has_visited"), [(1.9, 1), (2, 0)])
def test_a_visit_counts_until_the_offer_closes(till: Till, offer_id: UUID, hours: float, has_visited: int) -> None:
    card_id = decided(till, offer_id, closes_at=till.now + timedelta(hours=2))
    till.later(hours * 3600).stamped(card_id)
    assert only(till.later(A_DAY), offer_id).visited == has_visited


def test_a_visit_after_any_of_the_windows_counts_once(till: Till, offer_id: UUID) -> None:
    card_id = decided(till, offer_id)
    again(till.later(9 * A_DAY), offer_id, card_id)
    for days in (10, 11):
        till.later(days * A_DAY).stamped(card_id)
    assert only(till.later(12 * A_DAY), offer_id) == Arm("a", reached=1, visited=1)


def test_a_stamp_that_was_taken_back_was_no_visit(till: Till, offer_id: UUID) -> None:
    card_id = decided(till, offer_id)
    booked(till.later(9).reverse(till.later(5).stamped(card_id).posting.id))
    assert only(till.later(A_DAY), offer_id).visited == 0


def test_a_check_in_is_a_visit(till: Till, offer_id: UUID) -> None:
    card_id = decided(till, offer_id)
    with till.work() as session:
        events.record(session, till.shop.merchant_id, events.VISITED, till.later(9).now, card_id)
    assert only(till.later(A_DAY), offer_id).visited == 1


def test_what_was_redeemed_is_counted(till: Till, offer_id: UUID) -> None:
    decided(till, offer_id, redeemed_at=till.now, state="over", ended="done")
    decided(till, offer_id)
    assert only(till, offer_id) == Arm("a", reached=2, redeemed=1)


def test_visits_are_compared_with_those_who_were_shown_nothing(till: Till, offer_id: UUID) -> None:
    for number in range(4):
        card_id = decided(till, offer_id, arm="ab"[number % 2])
        if number:
            till.later(9).stamped(card_id)
    left_out(till, offer_id)
    till.later(9).stamped(left_out(till, offer_id))
    outcome = found(till.later(A_DAY), offer_id)
    assert [(one.arm, one.reached, one.visited) for one in outcome.arms] == [("a", 2, 1), ("b", 2, 2), ("out", 2, 1)]
    assert [(one.what, one.arms, one.estimate) for one in outcome.differences] == [
        ("visited", ("shown", "out"), difference(3, 4, 1, 2)),
        ("visited", ("a", "b"), difference(1, 2, 2, 2)),
        ("redeemed", ("a", "b"), difference(0, 2, 0, 2)),
    ]


def test_without_a_hold_out_or_a_second_variant_nothing_is_compared(till: Till, offer_id: UUID) -> None:
    decided(till, offer_id)
    assert found(till, offer_id).differences == ()


def test_a_hold_out_alone_is_compared_with_nobody(till: Till, offer_id: UUID) -> None:
    left_out(till, offer_id)
    assert found(till, offer_id).differences == ()


def test_another_shop_sees_no_results(till: Till, other_till: Till, offer_id: UUID) -> None:
    decided(till, offer_id)
    held(till, offer_id, "wish")
    assert found(other_till, offer_id) == Results((), (), ())
    with other_till.work() as session:
        assert held_back(session, None, 9) == []


def pages(till: Till, offer_id: UUID | None, limit: int) -> Iterator[list[Held]]:
    after = None
    while True:
        with till.work() as session:
            page = held_back(session, offer_id, limit, after)
        if not page:
            return
        yield page
        after = page[-1].at, page[-1].card_id


def test_a_page_does_not_part_what_was_held_back_of_a_card_at_one_moment(till: Till, offer_id: UUID) -> None:
    for _ in range(3):
        card_id = held(till, offer_id, "weekly")
        again(till, offer_id, card_id, turn="another", state="held", reason="weekly", shown_at=None)
    assert [len(page) for page in pages(till, offer_id, 1)] == [2, 2, 2]


def test_who_was_held_back_is_listed_newest_first(till: Till, offer_id: UUID) -> None:
    cards = [held(till.later(number), offer_id, "weekly") for number in range(5)]
    decided(till, offer_id)
    listed = list(pages(till, offer_id, 2))
    assert [len(page) for page in listed] == [2, 2, 1]
    assert [one.card_id for page in listed for one in page] == list(reversed(cards))
    first = listed[0][0]
    assert (first.offer_id, first.offer_name, first.reason, first.at) == (
        offer_id,
        "Morning",
        "weekly",
        till.later(4).now,
    )
    assert (first.short_code, first.customer_name) == (till.view(cards[4]).short_code, None)


def test_the_list_is_of_one_offer_or_of_all(till: Till, offer_id: UUID) -> None:
    other = promote(till.engine, till.shop.merchant_id, till.now, name="Evening")
    held(till, offer_id, "weekly")
    held(till.later(1), other, "wish")
    with till.work() as session:
        assert [one.offer_name for one in held_back(session, None, 9)] == ["Evening", "Morning"]
        assert [one.offer_name for one in held_back(session, offer_id, 9)] == ["Morning"]
        assert held_back(session, uuid4(), 9) == []


# Newcombe (1998), table II, method 10.
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
]


@pytest.mark.parametrize(("counts", "interval"), NEWCOMBE)
def test_the_interval_is_that_of_the_literature(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    estimate = difference(*counts)
    assert (round(estimate.low, 4), round(estimate.high, 4)) == interval


SHARES = st.integers(min_value=0, max_value=500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(SHARES, SHARES)
def test_the_difference_lies_in_its_interval_and_is_the_same_from_the_other_side(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    estimate, turned = difference(*one, *other), difference(*other, *one)
    assert -1 <= estimate.low <= estimate.value + 1e-9
    assert estimate.value - 1e-9 <= estimate.high <= 1
    assert (turned.value, turned.low) == (pytest.approx(-estimate.value), pytest.approx(-estimate.high))


def test_of_nobody_all_is_possible() -> None:
    assert wilson(0, 0) == (0, 1)
    assert difference(0, 0, 0, 0).clear is False
    assert difference(9, 10, 0, 0).clear is False


def test_a_difference_is_clear_when_chance_hardly_makes_it() -> None:
    assert difference(60, 100, 30, 100).clear
    assert difference(30, 100, 60, 100).clear
    assert not difference(6, 10, 3, 10).clear
    assert Estimate(0.1, -0.1, 0.2).clear is False


@pytest.mark.parametrize(("some", "of"), [(-1, 3), (4, 3), (1, 0)])
def test_what_is_no_share_is_refused(some: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(some, of)


PEOPLE = [UUID(int=number) for number in range(2000)]
OTHER = {"de": TEXTS["de"], "en": TEXTS["en"]}


def test_arms_are_about_as_large_as_they_are_told() -> None:
    trial = Trial.model_validate({"hold_out": 20, "other": OTHER})
    arms = [arm_of(trial, UUID(int=1), person) for person in PEOPLE]
    assert 340 < arms.count("out") < 460
    assert 720 < arms.count("a") < 880
    assert arms == [arm_of(trial, UUID(int=1), person) for person in PEOPLE]


def test_another_offer_draws_other_lots() -> None:
    trial = Trial(hold_out=50)
    same = sum(arm_of(trial, UUID(int=1), person) == arm_of(trial, UUID(int=2), person) for person in PEOPLE)
    assert 900 < same < 1100


def test_without_a_trial_everybody_is_shown_the_one_text() -> None:
    assert {arm_of(Trial(), UUID(int=1), person) for person in PEOPLE} == {"a"}


def test_a_hold_out_that_grows_keeps_everybody_else_where_they_are() -> None:
    less, more = (Trial.model_validate({"hold_out": share, "other": OTHER}) for share in (10, 30))
    for person in PEOPLE:
        before, after = (arm_of(trial, UUID(int=1), person) for trial in (less, more))
        assert after in (before, "out")
