"""When a card is to be looked at for offers stands in a directory; looking is done once, and keeps no till waiting."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from issuer import agenda, publishing
from issuer.agenda import Looked
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.publishing import AT_THE_TILL, publish
from issuer.schema import Agenda, Program
from tests.issuer.counting import Till, locked
from tests.issuer.promoting import EVENING, Stage

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return AT


@pytest.fixture
def own(own_till: Till) -> Stage:
    return Stage(own_till, AT)


def rows(stage: Stage) -> int:
    with stage.till.work() as session:
        return session.scalar(select(func.count()).where(Agenda.merchant_id == stage.merchant_id)) or 0


def test_planning_makes_it_earlier_and_never_later(stage: Stage) -> None:
    card_id = stage.till.join()
    for at, wanted in ((AT, AT), (AT + HOUR, AT), (AT - HOUR, AT - HOUR)):
        stage.plan(card_id, at)
        assert stage.due_at(card_id) == wanted


def test_nothing_is_due_before_its_moment(own: Stage) -> None:
    card_id = own.till.join()
    own.plan(card_id, AT)
    for at, waits in ((AT - SECOND, False), (AT, True)):
        with transaction(own.till.engine) as session:
            assert agenda.any_waits(session, at) is waits
            assert agenda.merchants_waiting(session, at) == [own.merchant_id] * waits
            assert agenda.waiting(session, own.merchant_id, at, 10) == [card_id] * waits
    assert own.one_look(AT - SECOND) == Looked()


def test_merchants_are_named_once_and_who_waits_longest_first(own: Stage) -> None:
    mine, theirs, later = own.merchant_id, uuid4(), uuid4()
    with transaction(own.till.engine) as session:
        for merchant_id, minutes in ((mine, 5), (mine, 2), (theirs, 3), (later, -1), (theirs, -7)):
            agenda.plan(session, uuid4(), merchant_id, AT - timedelta(minutes=minutes))
        assert agenda.merchants_waiting(session, AT) == [mine, theirs]
        assert agenda.merchants_waiting(session, AT + HOUR) == [mine, theirs, later]


def test_who_waits_longest_and_who_came_last_take_turns(stage: Stage) -> None:
    """So a campaign of many cards does not keep whoever is at the till waiting."""
    cards = [uuid4() for _ in range(10)]
    with stage.till.work() as session:
        for number, card_id in enumerate(cards):
            agenda.plan(session, card_id, stage.merchant_id, AT + number * SECOND)
        found = agenda.waiting(session, stage.merchant_id, AT + HOUR, 4)
        assert [cards.index(card_id) for card_id in found] == [9, 0, 8, 1]
        assert set(agenda.waiting(session, stage.merchant_id, AT + HOUR, 10)) == set(cards)
        assert agenda.waiting(session, uuid4(), AT + HOUR, 10) == []


CHANGES: dict[str, Callable[[Stage, UUID], object]] = {
    "stamp": lambda stage, card_id: stage.at().stamped(card_id),
    "purchase": lambda stage, card_id: stage.at().bought(card_id, 500),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_card_lets_it_be_looked_at(stage: Stage, change: str) -> None:
    (card_id,) = stage.running()
    stage.now += timedelta(minutes=3)
    CHANGES[change](stage, card_id)
    assert stage.due_at(card_id) == stage.now


@pytest.mark.parametrize("reason", [publishing.MOVED, "design", "expiry", "language"])
def test_every_reason_counts_but_that_of_offers_themselves(stage: Stage, reason: str) -> None:
    cards = stage.running(2)
    for card_id, why, wanted in ((cards[0], reason, AT + SECOND), (cards[1], publishing.OFFER, AT + 4 * HOUR)):
        with stage.till.work() as session:
            publish(session, [locked(session, card_id)], why, AT_THE_TILL, AT + SECOND)
        assert stage.due_at(card_id) == wanted


def test_where_no_offer_runs_nothing_is_ever_due(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.till.stamped(card_id)
    assert rows(stage) == 0


def test_where_an_offer_is_only_drafted_nothing_is_due(stage: Stage) -> None:
    offer_id = stage.live()
    stage.become(offer_id, "end")
    stage.till.stamped(stage.till.join())
    assert rows(stage) == 0


def test_a_card_that_joins_is_due_at_once_however_it_came(stage: Stage) -> None:
    stage.running()
    assert stage.due_at(stage.till.join()) == AT
    with stage.till.work() as session:
        program = session.get_one(Program, stage.till.shop.program_id)
        imported = join(session, stage.till.keys, program, Joining("de", "import"), AT).id
    assert stage.due_at(imported) == AT


def test_a_stamp_sends_no_statement_more_where_offers_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noted in the statement that publishes."""
    sent = list[object]()
    send = psycopg.Cursor.execute

    def counted(self: Any, *args: Any, **more: Any) -> Any:
        sent.append(args)
        return send(self, *args, **more)

    first, second = stage.till.join(), stage.till.join()
    stage.till.stamped(first)
    stage.till.stamped(second)
    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        stage.till.stamped(first)
        without = len(sent)
    stage.live(trigger=EVENING)
    stage.look()
    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        stage.at().stamped(second)
    assert 0 < without == len(sent) - without
    assert stage.due_at(second) == AT


def test_a_change_that_is_given_up_notes_nothing(stage: Stage) -> None:
    (card_id,) = stage.running()
    with Session(stage.till.engine) as session:
        session.execute(text("SELECT set_config('treuepass.merchant', :id, true)"), {"id": str(stage.merchant_id)})
        publish(session, [locked(session, card_id)], "stamp", AT_THE_TILL, AT)
        session.execute(text("SELECT 1"))
        session.rollback()
    assert stage.due_at(card_id) == AT + 4 * HOUR


def test_what_failed_is_tried_again_later_and_later_and_at_least_once_a_day(stage: Stage) -> None:
    card_id, now, waits = stage.till.join(), AT, list[timedelta]()
    stage.plan(card_id, AT)
    for attempt in range(1, 14):
        with stage.till.work() as session:
            assert agenda.put_off(session, card_id, now) == attempt
        due_at = stage.due_at(card_id)
        assert due_at is not None
        waits.append(due_at - now)
        now = due_at
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert (waits[-1], waits) == (timedelta(days=1), sorted(waits))


def test_what_is_not_due_is_not_put_off(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.plan(card_id, AT + HOUR)
    with stage.till.work() as session:
        assert agenda.put_off(session, card_id, AT) == 0
        assert agenda.put_off(session, uuid4(), AT) == 0
    assert stage.due_at(card_id) == AT + HOUR


def test_a_card_that_was_put_off_and_changes_is_looked_at_at_once_and_forgiven(stage: Stage) -> None:
    (card_id,) = stage.running()
    stage.plan(card_id, AT)
    with stage.till.work() as session:
        agenda.put_off(session, card_id, AT)
    stage.at().stamped(card_id)
    assert stage.due_at(card_id) == AT
    stage.one_look()
    with stage.till.work() as session:
        assert session.scalar(select(Agenda.attempts).where(Agenda.card_id == card_id)) == 0
