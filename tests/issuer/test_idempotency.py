"""The caller's key: the first answer again, whatever happens in between, and never to anybody else."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Event
from uuid import UUID

import pytest
from sqlalchemy import func, select

from issuer import counter
from issuer.database import transaction
from issuer.idempotency import KEPT, Answer, Attempt, InFlight, KeyReused, fingerprint, forget_old, fresh_key, once
from issuer.refusals import Refusal
from issuer.schema import IdempotencyKey
from tests.issuer.counting import Till, locked

ROUTE = "POST /stamps"


def attempt(till: Till, key: str = "k1", *, actor: str = "till 1", route: str = ROUTE, body: object = 1) -> Attempt:
    return Attempt(till.shop.merchant_id, actor, route, key, fingerprint(body))


def stamp_once(till: Till, card_id: UUID, given: Attempt) -> Answer:
    """A request of the till: stamp under a key, answer with what the card shows."""
    with till.work() as session:

        def work() -> Answer:
            outcome = counter.stamp(session, locked(session, card_id), 1, till.visit())
            if isinstance(outcome, Refusal):
                return Answer(409, {"code": outcome.code})
            return Answer(201, {"entry": str(outcome.entries[0].id)})

        return once(session, given, work, till.now)


def test_the_same_key_with_the_same_body_gets_the_first_answer_again(till: Till) -> None:
    card_id = till.join()
    first = stamp_once(till, card_id, attempt(till))
    again = stamp_once(till.later(3600), card_id, attempt(till))
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.status, again.body) == (first.status, first.body)
    assert till.balances(card_id) == (1, 0)


def test_the_same_key_with_another_body_is_refused(till: Till) -> None:
    card_id = till.join()
    stamp_once(till, card_id, attempt(till, body={"count": 1}))
    with pytest.raises(KeyReused):
        stamp_once(till, card_id, attempt(till, body={"count": 2}))
    assert till.balances(card_id) == (1, 0)


def test_another_key_is_another_deed(till: Till) -> None:
    card_id = till.join()
    stamp_once(till, card_id, attempt(till, "k1"))
    stamp_once(till, card_id, attempt(till, "k2"))
    assert till.balances(card_id) == (2, 0)


def test_a_refusal_is_replayed_even_when_it_would_be_granted_by_now(till: Till) -> None:
    till.pause(300)
    card_id = till.join()
    till.stamped(card_id)
    first = stamp_once(till, card_id, attempt(till))
    assert (first.status, first.body["code"]) == (409, "too_soon")
    again = stamp_once(till.later(3600), card_id, attempt(till))
    assert (again.status, again.body, again.replayed) == (409, first.body, True)
    assert till.balances(card_id) == (1, 0)


def test_work_that_raised_is_not_remembered(till: Till) -> None:
    card_id = till.join()

    def fail() -> Answer:
        raise ZeroDivisionError

    with suppress(ZeroDivisionError), till.work() as session:
        once(session, attempt(till), fail, till.now)
    answer = stamp_once(till, card_id, attempt(till))
    assert (answer.status, answer.replayed) == (201, False)


def test_what_was_booked_before_the_work_raised_is_gone_with_it(till: Till) -> None:
    card_id = till.join()
    with suppress(ZeroDivisionError), till.work() as session:

        def book_and_fail() -> Answer:
            counter.stamp(session, locked(session, card_id), 1, till.visit())
            raise ZeroDivisionError

        once(session, attempt(till), book_and_fail, till.now)
    assert till.balances(card_id) == (0, 0)


def test_an_answer_that_was_never_committed_is_not_replayed(till: Till) -> None:
    card_id = till.join()
    with suppress(ConnectionError), till.work() as session:
        once(session, attempt(till), lambda: Answer(201, {"lost": True}), till.now)
        raise ConnectionError("the server died before it could commit")
    assert stamp_once(till, card_id, attempt(till)).replayed is False


@pytest.mark.parametrize("other", [{"actor": "till 2"}, {"route": "POST /redemptions"}])
def test_keys_of_two_actors_or_two_routes_never_meet(till: Till, other: dict[str, str]) -> None:
    card_id = till.join()
    stamp_once(till, card_id, attempt(till, body="one"))
    assert stamp_once(till, card_id, attempt(till, body="another", **other)).replayed is False
    assert till.balances(card_id) == (2, 0)


def test_keys_of_two_merchants_never_meet(till: Till, other_till: Till) -> None:
    stamp_once(till, till.join(), attempt(till))
    assert stamp_once(other_till, other_till.join(), attempt(other_till)).replayed is False


def test_twenty_callers_with_one_key_book_one_entry(till: Till) -> None:
    card_id = till.join()
    ready = Barrier(20)

    def call(_: int) -> Answer:
        ready.wait(timeout=30)
        return stamp_once(till, card_id, attempt(till))

    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(call, range(20)))
    assert [answer.replayed for answer in answers].count(False) == 1
    assert len({answer.body["entry"] for answer in answers}) == 1
    assert till.lines(card_id) == [("stamps", 1, "stamp")]


def test_a_second_caller_does_not_wait_for_ever_for_the_first(till: Till) -> None:
    working, enough = Event(), Event()

    def slow() -> None:
        with transaction(till.engine, till.shop.merchant_id) as session:

            def work() -> Answer:
                working.set()
                enough.wait(30)
                return Answer(201, {"slow": True})

            once(session, attempt(till), work, till.now)

    with ThreadPoolExecutor(1) as first:
        done = first.submit(slow)
        assert working.wait(30)
        try:
            with pytest.raises(InFlight), till.work() as session:
                once(session, attempt(till), lambda: Answer(201, {"slow": False}), till.now)
        finally:
            enough.set()
        done.result(30)
    with till.work() as session:
        answer = once(session, attempt(till), lambda: Answer(500, {}), till.now)
    assert answer == Answer(201, {"slow": True}, replayed=True)


@pytest.mark.parametrize(
    ("one", "other"), [({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({"a": {"c": [1], "b": 0}}, {"a": {"b": 0, "c": [1]}})]
)
def test_the_order_of_names_does_not_make_another_body(one: object, other: object) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, {"a": 2}), ({"a": 1}, {"a": "1"}), ({}, None), ([1, 2], [2, 1]), ({"a": 1}, {"a": True})],
)
def test_another_value_makes_another_body(one: object, other: object) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_keys_that_nobody_will_send_again_are_forgotten(till: Till) -> None:
    card_id = till.join()
    stamp_once(till, card_id, attempt(till, "old"))
    week = till.later((KEPT + timedelta(seconds=1)).total_seconds())
    stamp_once(week, card_id, attempt(till, "new"))
    with till.work() as session:
        forget_old(session, week.now)
        assert session.scalars(select(IdempotencyKey.key)).all() == ["new"]


def test_a_key_lives_at_least_a_day(till: Till) -> None:
    stamp_once(till, till.join(), attempt(till))
    with till.work() as session:
        forget_old(session, till.later(86400).now)
        assert session.scalar(select(func.count(IdempotencyKey.key))) == 1


def test_two_fresh_keys_differ() -> None:
    assert fresh_key() != fresh_key()
