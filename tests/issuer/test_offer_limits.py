"""What is held back, and until when: by the offer's own limits, and by the gate before everything that is said."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from issuer.customers import Profile
from issuer.schema import Card, Merchant
from tests.issuer.promoting import VOUCHER, Stage

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
"""12:00 on a Monday in Berlin."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEVEN = datetime(2026, 6, 2, 5, tzinfo=UTC)
MORNING = {"kind": "time", "hours": {"start": "07:00", "end": "10:00"}}


@pytest.fixture
def now() -> datetime:
    return NOON


def test_so_many_cards_in_all_and_no_more(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(3)]
    offer_id = stage.live(trigger=MORNING, limits={"cards": 2})
    stage.look()
    stage.look(SEVEN)
    reached = {card_id for card_id in cards if stage.shown(card_id)}
    (other,) = set(cards) - reached
    assert (len(reached), stage.said(other)) == (2, [("held", "limit_cards")])
    assert stage.version(other) == 1
    stage.look(SEVEN + 4 * HOUR)
    stage.look(SEVEN + DAY)
    assert {card_id for card_id in cards if stage.shown(card_id)} == reached
    assert stage.row(offer_id).reached == 2


def test_so_many_cards_anew_each_time(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(3)]
    stage.live(trigger=MORNING, limits={"cards": 2, "each_time": True})
    stage.look()
    for day in range(2):
        stage.look(SEVEN + day * DAY)
        assert sum(bool(stage.shown(card_id)) for card_id in cards) == 2
        stage.look(SEVEN + day * DAY + 4 * HOUR)


def test_a_limit_that_is_raised_lets_in_who_was_held_back(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(2)]
    offer_id = stage.live(limits={"cards": 1})
    stage.look()
    stage.rewrite(offer_id, limits={"cards": 2})
    stage.look()
    assert [stage.said(card_id) for card_id in cards] == [[("shown", None)]] * 2


def test_vouchers_of_so_much_value_and_no_more(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(3)]
    offer_id = stage.live(unlocks=VOUCHER, limits={"value": 700})
    stage.look()
    assert Counter(stage.said(card_id)[0] for card_id in cards) == {("shown", None): 2, ("held", "limit_value"): 1}
    assert stage.row(offer_id).value == 600
    assert sum(sum(stage.till.holds(card_id).values()) for card_id in cards) == 2


def test_a_person_with_two_cards_is_shown_it_once_where_that_is_the_limit(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(2)]
    with stage.till.work() as session:
        one = session.get_one(Card, cards[0]).customer_id
        session.execute(update(Card).where(Card.id == cards[1]).values(customer_id=one))
    stage.live(limits={"per_person": 1})
    stage.look()
    assert Counter(stage.said(card_id)[0] for card_id in cards) == {("shown", None): 1, ("held", "limit_person"): 1}


def test_whoever_was_shown_it_rests_for_so_many_days(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING, limits={"rest_days": 3})
    stage.look()
    shown = []
    for day in range(5):
        stage.look(SEVEN + day * DAY)
        shown.append(stage.shown(card_id) == [offer_id])
        stage.look(SEVEN + day * DAY + 4 * HOUR)
    assert shown == [True, False, False, True, False]
    assert ("held", "rest") in stage.said(card_id)


def test_messages_over_a_persons_week_are_held_back_and_come_when_there_is_room(stage: Stage) -> None:
    """Of three a week, who chose fewer gets two."""
    card_id = stage.till.join()
    event = {"trigger": {"kind": "nearly", "missing": 5}, "lasts_days": 30}
    for _ in range(2):
        stage.live(**event)
    stage.till.stamped(card_id, 6)
    stage.look(NOON + 5 * HOUR)
    last = stage.live(**event)
    stage.look()
    assert Counter(stage.said(card_id)) == {("shown", None): 2, ("held", "weekly"): 1}
    room = stage.due_at(card_id)
    assert room == NOON + 5 * HOUR + 7 * DAY
    stage.look(room)
    assert last in stage.shown(card_id)


def test_a_message_waits_until_the_visit_is_over(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger={"kind": "nearly", "missing": 1})
    stage.till.stamped(card_id, 9)
    stage.look()
    assert (stage.said(card_id), stage.due_at(card_id)) == ([("held", "paused")], NOON + 4 * HOUR)
    stage.look(NOON + 4 * HOUR)
    assert stage.said(card_id) == [("shown", None)]


def test_a_message_waits_for_the_morning(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.till.stamped(card_id, 9)
    stage.now = NOON + 11 * HOUR
    stage.live(trigger={"kind": "nearly", "missing": 1})
    stage.look()
    assert (stage.said(card_id), stage.due_at(card_id)) == ([("held", "quiet_hours")], SEVEN + HOUR)


def test_what_no_room_is_left_for_is_outranked_by_what_is_more_urgent(stage: Stage) -> None:
    card_id = stage.till.join(Profile(birthday=NOON.date().replace(year=1990)))
    stage.till.stamped(card_id, 9)
    stage.now = NOON + 5 * HOUR
    milestone = stage.live(trigger={"kind": "anniversary", "days_before": 0})
    birthday, nearly = stage.live(trigger="birthday"), stage.live(trigger="nearly")
    third = stage.live(trigger={"kind": "nearly", "missing": 5})
    stage.look()
    shown = set(stage.shown(card_id))
    assert shown == {nearly, third}
    assert {row.offer_id: row.reason for row in stage.rows(card_id) if row.state == "held"} == {birthday: "outranked"}
    assert milestone not in {row.offer_id for row in stage.rows(card_id)}


def test_whoever_wants_nothing_is_shown_nothing(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.wish(card_id, "none")
    stage.live()
    stage.look()
    assert (stage.said(card_id), stage.version(card_id)) == ([("held", "wish")], 1)


@pytest.mark.parametrize(("wanted", "loud"), [("all", True), ("fewer", False)])
def test_it_sounds_where_merchant_offer_and_customer_want_that(stage: Stage, wanted: str, loud: bool) -> None:
    card_id, quiet_id = stage.till.join(), stage.till.join()
    stage.wish(card_id, wanted)
    with stage.till.work() as session:
        session.execute(update(Merchant).values(policy={"sounds": True}))
    stage.live(sounds=True)
    stage.look()
    assert (stage.rows(card_id)[0].loud, stage.till.publication(card_id).loud) == (loud, loud)
    assert (stage.rows(quiet_id)[0].loud, stage.till.publication(quiet_id).loud) == (False, False)


def test_a_voucher_is_worth_all_its_uses(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(2)]
    offer_id = stage.live(unlocks=VOUCHER | {"uses": 2}, limits={"value": 1100})
    stage.look()
    assert Counter(stage.said(card_id)[0] for card_id in cards) == {("shown", None): 1, ("held", "limit_value"): 1}
    assert stage.row(offer_id).value == 600
