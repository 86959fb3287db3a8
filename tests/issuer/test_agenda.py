"""When a card is to be looked at for offers stands in a directory; looking is done once, and keeps no till waiting."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from issuer import agenda, offering, publishing
from issuer.agenda import Looked
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.publishing import AT_THE_TILL, publish
from issuer.schema import Agenda, Card, Program, Showing
from tests.issuer.counting import Till, locked
from tests.issuer.overlapping import overlapping
from tests.issuer.phones import Phone
from tests.issuer.promoting import VOUCHER, Stage, look

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
EVENING = {"kind": "time", "hours": {"start": "18:00", "end": "20:00"}}


@pytest.fixture
def now() -> datetime:
    return AT


@pytest.fixture
def stage(till: Till) -> Stage:
    return Stage(till, AT)


@pytest.fixture
def own(own_till: Till) -> Stage:
    return Stage(own_till, AT)


def plan(stage: Stage, card_id: UUID, at: datetime) -> None:
    with stage.till.work() as session:
        agenda.plan(session, card_id, stage.merchant_id, at)


def rows(stage: Stage) -> int:
    with stage.till.work() as session:
        return session.scalar(select(func.count()).where(Agenda.merchant_id == stage.merchant_id)) or 0


def running(stage: Stage, cards: int = 1) -> list[UUID]:
    """Cards of a merchant with an offer that was looked for, and is not due."""
    made = [stage.till.join() for _ in range(cards)]
    stage.live(trigger=EVENING)
    stage.look()
    return made


def one_look(stage: Stage, at: datetime = AT, **more: object) -> Looked:
    return look(stage.till.engine, stage.till.keys, stage.merchant_id, at, 200, **more)


def test_planning_makes_it_earlier_and_never_later(stage: Stage) -> None:
    card_id = stage.till.join()
    for at, wanted in ((AT, AT), (AT + HOUR, AT), (AT - HOUR, AT - HOUR)):
        plan(stage, card_id, at)
        assert stage.due_at(card_id) == wanted


def test_nothing_is_due_before_its_moment(own: Stage) -> None:
    card_id = own.till.join()
    plan(own, card_id, AT)
    for at, waits in ((AT - SECOND, False), (AT, True)):
        with transaction(own.till.engine) as session:
            assert agenda.any_waits(session, at) is waits
            assert agenda.merchants_waiting(session, at) == [own.merchant_id] * waits
            assert agenda.waiting(session, own.merchant_id, at, 10) == [card_id] * waits
    assert one_look(own, AT - SECOND) == Looked()


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
    (card_id,) = running(stage)
    stage.now += timedelta(minutes=3)
    CHANGES[change](stage, card_id)
    assert stage.due_at(card_id) == stage.now


@pytest.mark.parametrize("reason", [publishing.MOVED, "design", "expiry", "language"])
def test_every_reason_counts_but_that_of_offers_themselves(stage: Stage, reason: str) -> None:
    cards = running(stage, 2)
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
    running(stage)
    assert stage.due_at(stage.till.join()) == AT
    with stage.till.work() as session:
        program = session.get_one(Program, stage.till.shop.program_id)
        imported = join(session, stage.till.keys, program, Joining("de", "import"), AT).id
    assert stage.due_at(imported) == AT


def test_a_stamp_sends_no_statement_more_where_offers_run(stage: Stage) -> None:
    """It is noted in the statement that publishes."""
    assert publishing.PUBLISH.count("agenda") > 0
    assert ";" not in publishing.PUBLISH


def test_a_change_that_is_given_up_notes_nothing(stage: Stage) -> None:
    (card_id,) = running(stage)
    with Session(stage.till.engine) as session:
        session.execute(text("SELECT set_config('treuepass.merchant', :id, true)"), {"id": str(stage.merchant_id)})
        publish(session, [locked(session, card_id)], "stamp", AT_THE_TILL, AT)
        session.execute(text("SELECT 1"))
        session.rollback()
    assert stage.due_at(card_id) == AT + 4 * HOUR


def test_a_look_that_was_killed_before_its_commit_did_nothing(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    plan(stage, card_id, AT)
    with Session(stage.till.engine) as session:
        looked = agenda.look(session, stage.till.keys, stage.merchant_id, AT, 10)
        session.flush()
        assert looked.changed == 1
        session.rollback()
    assert (stage.rows(card_id), stage.due_at(card_id), stage.version(card_id)) == ([], AT, 1)
    assert one_look(stage).changed == 1
    assert (stage.shown(card_id), stage.row(offer_id).reached) == ([offer_id], 1)


def test_of_two_workers_at_once_one_looks_and_the_other_does_not_wait(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    plan(stage, card_id, AT)
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
        plan(stage, card_id, AT)
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
        plan(stage, card_id, AT)
    with stage.till.work() as session:
        locked(session, busy)
        assert one_look(stage).cards == 1
    assert (stage.rows(busy), stage.due_at(busy)) == ([], AT)
    assert one_look(stage).cards == 1
    assert len(stage.shown(busy)) == len(stage.shown(free)) == 1


def test_a_till_that_changes_a_card_that_is_looked_at_comes_after_and_is_not_forgotten(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    plan(stage, card_id, AT)

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
    plan(stage, card_id, AT)
    with stage.till.work() as session:
        session.execute(text("SELECT FROM offer WHERE id = :id FOR NO KEY UPDATE"), {"id": offer_id})
        assert one_look(stage) == Looked()
    assert one_look(stage).changed == 1


def test_a_pause_that_comes_while_cards_are_looked_at_finds_what_they_were_shown(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    plan(stage, card_id, AT)

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
    plan(stage, nobody, AT)
    one_look(stage)
    assert stage.due_at(nobody) is None


def test_a_row_of_another_merchants_card_touches_nothing(stage: Stage, other_till: Till) -> None:
    card_id = other_till.join()
    stage.live()
    plan(stage, card_id, AT)
    one_look(stage)
    assert Stage(other_till, AT).rows(card_id) == []


def test_what_was_looked_at_is_due_again_when_something_opens_or_closes(stage: Stage) -> None:
    (card_id,) = running(stage)
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
        plan(stage, card_id, AT)
    looked = one_look(stage, pace=2)
    assert (looked.changed, looked.on_phones) == (3, 2)
    assert len(stage.shown(bare)) == 1
    assert [stage.due_at(card_id) for card_id in cards].count(AT) == 3
    assert [one_look(stage, pace=2).on_phones for _ in range(3)] == [2, 1, 0]


def test_cards_on_phones_that_do_not_change_are_free(stage: Stage) -> None:
    cards = running(stage, 5)
    for card_id in cards:
        Phone(stage.till).register(card_id)
        plan(stage, card_id, AT)
    assert one_look(stage, pace=1) == Looked(5, 0, 0)


def test_only_the_cards_that_are_named_and_due_are_looked_at(stage: Stage) -> None:
    due, later, other = (stage.till.join() for _ in range(3))
    stage.live()
    for card_id, at in ((due, AT), (later, AT + HOUR), (other, AT)):
        plan(stage, card_id, at)
    assert one_look(stage, only=[due, later]).cards == 1
    assert (len(stage.shown(due)), stage.shown(later), stage.shown(other)) == (1, [], [])


def test_what_failed_is_tried_again_later_and_later_and_at_least_once_a_day(stage: Stage) -> None:
    card_id, now, waits = stage.till.join(), AT, list[timedelta]()
    plan(stage, card_id, AT)
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
    plan(stage, card_id, AT + HOUR)
    with stage.till.work() as session:
        assert agenda.put_off(session, card_id, AT) == 0
        assert agenda.put_off(session, uuid4(), AT) == 0
    assert stage.due_at(card_id) == AT + HOUR


def test_a_card_that_was_put_off_and_changes_is_looked_at_at_once_and_forgiven(stage: Stage) -> None:
    (card_id,) = running(stage)
    plan(stage, card_id, AT)
    with stage.till.work() as session:
        agenda.put_off(session, card_id, AT)
    stage.at().stamped(card_id)
    assert stage.due_at(card_id) == AT
    one_look(stage)
    with stage.till.work() as session:
        assert session.scalar(select(Agenda.attempts).where(Agenda.card_id == card_id)) == 0


def test_the_database_itself_refuses_a_second_row_for_a_window(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    stage.look()
    (row,) = stage.rows(card_id)
    values = {column.name: getattr(row, column.name) for column in Showing.__table__.columns}
    with pytest.raises(Exception, match="showing_pkey"), stage.till.work() as session:
        session.execute(Showing.__table__.insert().values(values))


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
