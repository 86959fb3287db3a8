"""What is due on a card stands in a directory, is done once, and waits for nobody."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import due
from issuer.database import transaction
from issuer.due import Duty
from issuer.schema import Card, Due
from tests.issuer.counting import Till, locked
from tests.issuer.overlapping import overlapping

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plan(till: Till, card_id: UUID, at: datetime, what: str = "tier", key: str = "", **more: bool) -> Duty:
    with till.work() as session:
        due.plan(session, card_id, till.shop.merchant_id, what, key, at, **more)
    return Duty(card_id, till.shop.merchant_id, what, key)


def when(till: Till, card_id: UUID) -> list[datetime]:
    with till.work() as session:
        return list(session.scalars(select(Due.due_at).where(Due.card_id == card_id).order_by(Due.due_at)))


def claimed(till: Till, duty: Duty, now: datetime = AT) -> bool:
    with transaction(till.engine) as session:
        return due.claim(session, duty, now) is not None


def test_planning_again_moves_what_was_planned(till: Till) -> None:
    card_id = till.join()
    plan(till, card_id, AT)
    plan(till, card_id, AT + HOUR)
    assert when(till, card_id) == [AT + HOUR]


def test_planning_may_only_make_it_earlier(till: Till) -> None:
    card_id = till.join()
    for at, wanted in ((AT, AT), (AT + HOUR, AT), (AT - HOUR, AT - HOUR)):
        plan(till, card_id, at, earlier_only=True)
        assert when(till, card_id) == [wanted]


def test_what_is_planned_under_another_key_stands_beside_it(till: Till) -> None:
    card_id = till.join()
    plan(till, card_id, AT, "gift_end", "one")
    plan(till, card_id, AT + HOUR, "gift_end", "other")
    plan(till, card_id, AT + 2 * HOUR)
    assert when(till, card_id) == [AT, AT + HOUR, AT + 2 * HOUR]


def test_what_was_dropped_is_not_due(till: Till) -> None:
    card_id = till.join()
    duty = plan(till, card_id, AT)
    with till.work() as session:
        due.drop(session, card_id, "tier", "")
        due.drop(session, card_id, "tier", "")
    assert not claimed(till, duty)


def test_nothing_is_due_before_its_moment(own_till: Till) -> None:
    duty = plan(own_till, own_till.join(), AT)
    with transaction(own_till.engine) as session:
        assert not due.any_waits(session, AT - timedelta(seconds=1))
        assert due.waiting(session, AT - timedelta(seconds=1), 10) == []
        assert due.any_waits(session, AT)
        assert due.waiting(session, AT, 10) == [duty]
    assert not claimed(own_till, duty, AT - timedelta(seconds=1))


def test_what_waits_longest_comes_first_over_all_merchants(own_till: Till) -> None:
    duties = [plan(own_till, own_till.join(), AT - number * HOUR) for number in range(3)]
    with transaction(own_till.engine) as session:
        assert due.waiting(session, AT, 2) == [duties[2], duties[1]]


def test_a_duty_is_claimed_with_its_card_and_its_merchant_and_once(till: Till) -> None:
    card_id = till.join()
    duty = plan(till, card_id, AT)
    with transaction(till.engine) as session:
        card = due.claim(session, duty, AT)
        assert card is not None
        assert card.id == card_id
        assert session.scalar(select(func.count(Card.id))) == 1
        assert due.claim(session, duty, AT) is None
    assert not claimed(till, duty)


def test_a_duty_of_work_that_failed_is_there_as_before(till: Till) -> None:
    """Killed between claim and commit is the same to the database."""
    card_id = till.join()
    duty = plan(till, card_id, AT)

    with Session(till.engine) as session:
        assert due.claim(session, duty, AT) is not None
        session.rollback()
    assert when(till, card_id) == [AT]
    assert claimed(till, duty)


def test_of_two_workers_one_gets_a_duty_and_the_other_does_not_wait(till: Till) -> None:
    duty = plan(till, till.join(), AT)
    first, second = overlapping(
        till.engine,
        lambda session: due.claim(session, duty, AT) is not None,
        lambda session: due.claim(session, duty, AT) is not None,
    )
    assert (first, second) == (True, False)


def test_a_card_that_a_till_is_at_work_with_is_left_for_later(till: Till) -> None:
    card_id = till.join()
    duty = plan(till, card_id, AT)
    with till.work() as session:
        locked(session, card_id)
        assert not claimed(till, duty)
    assert claimed(till, duty)


def test_a_duty_that_was_moved_meanwhile_is_not_claimed(till: Till) -> None:
    card_id = till.join()
    duty = plan(till, card_id, AT)
    plan(till, card_id, AT + HOUR)
    assert not claimed(till, duty)
    assert when(till, card_id) == [AT + HOUR]


def test_a_duty_of_no_card_goes_away_by_itself(till: Till) -> None:
    nobody = uuid4()
    duty = plan(till, nobody, AT)
    assert not claimed(till, duty)
    assert when(till, nobody) == []


def test_a_duty_of_another_merchants_card_touches_nothing(till: Till, other_till: Till) -> None:
    card_id = other_till.join()
    duty = plan(till, card_id, AT)
    assert not claimed(till, duty)


def test_what_failed_is_tried_again_later_and_later_and_at_least_once_a_day(till: Till) -> None:
    card_id = till.join()
    duty, now, waits = plan(till, card_id, AT), AT, list[timedelta]()
    for attempt in range(1, 14):
        with till.work() as session:
            assert due.put_off(session, duty, now) == attempt
        waits.append(when(till, card_id)[0] - now)
        now += waits[-1]
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert waits[-1] == timedelta(days=1)
    assert waits == sorted(waits)


def test_what_is_not_due_any_more_is_not_put_off(till: Till) -> None:
    card_id = till.join()
    duty = plan(till, card_id, AT + HOUR)
    with till.work() as session:
        assert due.put_off(session, duty, AT) == 0
        assert due.put_off(session, Duty(uuid4(), till.shop.merchant_id, "tier", ""), AT) == 0
    assert when(till, card_id) == [AT + HOUR]
