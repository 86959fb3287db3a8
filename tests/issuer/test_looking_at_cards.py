"""Looking at cards for offers: once, at a pace, and no till waits for it. Killed and raced by real transactions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from issuer import agenda, offering
from issuer.agenda import Looked
from issuer.publishing import AT_THE_TILL, publish
from issuer.schema import Card, Showing
from tests.issuer.counting import Till, locked
from tests.issuer.overlapping import overlapping
from tests.issuer.phones import Phone
from tests.issuer.promoting import VOUCHER, Stage, look

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return AT


def test_a_look_that_was_killed_before_its_commit_did_nothing(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.plan(card_id, AT)
    with Session(stage.till.engine) as session:
        looked = agenda.look(session, stage.till.keys, stage.merchant_id, AT, 10)
        session.flush()
        assert looked.changed == 1
        session.rollback()
    assert (stage.rows(card_id), stage.due_at(card_id), stage.version(card_id)) == ([], AT, 1)
    assert stage.one_look().changed == 1
    assert (stage.shown(card_id), stage.row(offer_id).reached) == ([offer_id], 1)


def test_of_two_workers_at_once_one_looks_and_the_other_does_not_wait(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    stage.plan(card_id, AT)
    one, other = overlapping(
        stage.till.engine,
        lambda session: agenda.look(session, stage.till.keys, stage.merchant_id, AT, 10),
        lambda session: agenda.look(session, stage.till.keys, stage.merchant_id, AT, 10),
    )
    assert (one.cards, other) == (1, Looked())
    assert stage.said(card_id) == [("shown", None)]


def test_eight_workers_in_a_race_show_each_card_once(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(40)]
    offer_id = stage.live(unlocks=VOUCHER, limits={"cards": 30, "value": 3000})
    for card_id in cards:
        stage.plan(card_id, AT)
    together = Barrier(8)

    def work(_number: int) -> int:
        together.wait()
        return sum(look(stage.till.engine, stage.till.keys, stage.merchant_id, AT, 3).changed for _ in range(40))

    with ThreadPoolExecutor(8) as pool:
        changed = sum(pool.map(work, range(8)))
    shown = [card_id for card_id in cards if stage.shown(card_id)]
    row = stage.row(offer_id)
    assert (changed, len(shown), row.reached, row.value) == (10, 10, 10, 3000)
    assert [stage.version(card_id) for card_id in shown] == [2] * 10


def test_a_card_that_a_till_is_at_work_with_is_left_due_and_the_others_are_done(stage: Stage) -> None:
    busy, free = stage.till.join(), stage.till.join()
    stage.live()
    for card_id in (busy, free):
        stage.plan(card_id, AT)
    with stage.till.work() as session:
        locked(session, busy)
        assert stage.one_look().cards == 1
    assert (stage.rows(busy), stage.due_at(busy)) == ([], AT)
    assert stage.one_look().cards == 1
    assert len(stage.shown(busy)) == len(stage.shown(free)) == 1


def test_a_till_that_changes_a_card_that_is_looked_at_comes_after_and_is_not_forgotten(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    stage.plan(card_id, AT)

    def stamp(session: Session) -> None:
        session.execute(text("SELECT set_config('treuepass.merchant', :id, true)"), {"id": str(stage.merchant_id)})
        publish(session, [locked(session, card_id)], "stamp", AT_THE_TILL, AT + SECOND)

    overlapping(
        stage.till.engine, lambda session: agenda.look(session, stage.till.keys, stage.merchant_id, AT, 10), stamp
    )
    assert (stage.due_at(card_id), stage.version(card_id)) == (AT + SECOND, 3)


def test_while_an_offer_is_changed_nobody_looks(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.plan(card_id, AT)
    with stage.till.work() as session:
        session.execute(text("SELECT FROM offer WHERE id = :id FOR NO KEY UPDATE"), {"id": offer_id})
        assert stage.one_look() == Looked()
    assert stage.one_look().changed == 1


def test_a_pause_that_comes_while_cards_are_looked_at_finds_what_they_were_shown(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.plan(card_id, AT)

    def pause(session: Session) -> None:
        session.execute(text("SELECT set_config('treuepass.merchant', :id, true)"), {"id": str(stage.merchant_id)})
        offering.pause(session, offer_id, offering.Through(stage.merchant_id, AT))

    overlapping(
        stage.till.engine, lambda session: agenda.look(session, stage.till.keys, stage.merchant_id, AT, 10), pause
    )
    assert len(stage.shown(card_id)) == 1
    stage.look()
    assert (stage.shown(card_id), stage.said(card_id)) == ([], [("over", "paused")])


def test_a_row_of_no_card_goes_away_by_itself(stage: Stage) -> None:
    nobody = uuid4()
    stage.plan(nobody, AT)
    stage.one_look()
    assert stage.due_at(nobody) is None


def test_a_row_of_another_merchants_card_touches_nothing(stage: Stage, other_till: Till) -> None:
    card_id = other_till.join()
    stage.live()
    stage.plan(card_id, AT)
    stage.one_look()
    assert Stage(other_till, AT).rows(card_id) == []


def test_what_was_looked_at_is_due_again_when_something_opens_or_closes(stage: Stage) -> None:
    (card_id,) = stage.running()
    stage.live(trigger={"kind": "time", "hours": {"start": "21:00", "end": "22:00"}})
    stage.look()
    assert stage.due_at(card_id) == AT + 4 * HOUR
    stage.look(AT + 4 * HOUR)
    assert stage.due_at(card_id) == AT + 6 * HOUR


def test_when_nothing_opens_or_closes_any_more_there_is_no_row(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    stage.look()
    assert stage.due_at(card_id) is None


def test_cards_on_phones_are_changed_up_to_the_pace_and_the_others_stay_due(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(5)]
    for card_id in cards:
        Phone(stage.till).register(card_id)
    bare = stage.till.join()
    stage.live()
    for card_id in (*cards, bare):
        stage.plan(card_id, AT)
    looked = stage.one_look(pace=2)
    assert (looked.changed, looked.on_phones) == (3, 2)
    assert len(stage.shown(bare)) == 1
    assert [stage.due_at(card_id) for card_id in cards].count(AT) == 3
    assert [stage.one_look(pace=2).on_phones for _ in range(3)] == [2, 1, 0]


def test_cards_on_phones_that_do_not_change_are_free(stage: Stage) -> None:
    cards = stage.running(5)
    for card_id in cards:
        Phone(stage.till).register(card_id)
        stage.plan(card_id, AT)
    assert stage.one_look(pace=1) == Looked(5, 0, 0)


def test_only_the_cards_that_are_named_and_due_are_looked_at(stage: Stage) -> None:
    due, later, other = (stage.till.join() for _ in range(3))
    stage.live()
    for card_id, at in ((due, AT), (later, AT + HOUR), (other, AT)):
        stage.plan(card_id, at)
    assert stage.one_look(only=[due, later]).cards == 1
    assert (len(stage.shown(due)), stage.shown(later), stage.shown(other)) == (1, [], [])


def test_the_database_itself_refuses_a_second_row_for_a_window(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    stage.look()
    (row,) = stage.rows(card_id)
    values = {column.name: getattr(row, column.name) for column in inspect(Showing).columns}
    with pytest.raises(IntegrityError, match="showing_pkey"), stage.till.work() as session:
        session.execute(insert(Showing).values(values))


def test_news_for_many_cards_loud_and_silent_are_locked_in_the_order_of_all(stage: Stage) -> None:
    """Whoever settles pushes locks in that order, too: else each would wait for the other."""
    cards = [stage.till.join() for _ in range(6)]
    with stage.till.work() as session:
        session.execute(text("UPDATE merchant SET policy = '{\"sounds\": true}'"))
        session.execute(
            text("UPDATE customer SET wish = 'all' WHERE id IN (SELECT customer_id FROM card WHERE id = ANY(:some))"),
            {"some": cards[::2]},
        )
    stage.live(sounds=True)
    stage.look()
    assert [stage.till.publication(card_id).loud for card_id in cards] == [True, False] * 3
    with stage.till.work() as session:
        assert session.scalar(select(func.max(Card.version))) == 2
