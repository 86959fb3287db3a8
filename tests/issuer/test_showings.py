"""What cards show of offers: once for each window, as long as it is open, and nothing any more when it ends."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from issuer import agenda
from issuer.customers import Profile
from issuer.offers.bounds import FOREVER
from issuer.schema import Card, Customer, Merchant, Publication, Voucher
from tests.issuer import returning
from tests.issuer.counting import Till
from tests.issuer.promoting import TEXTS, VOUCHER, Stage

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
"""12:00 on a Monday in Berlin."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEVEN = datetime(2026, 6, 2, 5, tzinfo=UTC)
MORNING = {"kind": "time", "hours": {"start": "07:00", "end": "10:00"}}
OTHER_TEXTS = {language: texts | {"card": f"{texts['card']}!"} for language, texts in TEXTS.items()}


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def stage(till: Till) -> Stage:
    return Stage(till, NOON)


def again(stage: Stage, card_id: UUID) -> None:
    """The card is due once more: as after a task that was replayed, or another scheduler's."""
    with stage.till.work() as session:
        agenda.plan(session, card_id, stage.merchant_id, stage.now)


def wish(stage: Stage, card_id: UUID, wanted: str) -> None:
    with stage.till.work() as session:
        mine = select(Card.customer_id).where(Card.id == card_id).scalar_subquery()
        session.execute(update(Customer).where(Customer.id == mine).values(wish=wanted))


def publication(stage: Stage, card_id: UUID) -> Publication:
    return stage.till.publication(card_id)


def voucher_of(stage: Stage, card_id: UUID) -> list[Voucher]:
    with stage.till.work() as session:
        return list(session.scalars(select(Voucher).where(Voucher.card_id == card_id).order_by(Voucher.created_at)))


def test_a_live_offer_is_shown_on_every_card(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(3)]
    offer_id = stage.live()
    looked = stage.look()
    assert (looked.cards, looked.changed, looked.on_phones) == (3, 3, 0)
    assert [stage.shown(card_id) for card_id in cards] == [[offer_id]] * 3
    assert stage.row(offer_id).reached == 3


def test_what_is_shown_says_since_when_and_how(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    stage.look()
    (row,) = stage.rows(card_id)
    assert (row.state, row.turn, row.arm, row.version, row.loud, row.ambient) == (
        "shown",
        "always",
        "a",
        1,
        False,
        True,
    )
    assert (row.shown_at, row.decided_at, row.closes_at) == (NOON, NOON, FOREVER)
    assert row.card_version == stage.version(card_id) == 2


def test_the_publication_is_a_campaigns_and_silent(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    stage.look()
    row = publication(stage, card_id)
    assert (row.reason, row.priority, row.loud, row.wanted_version) == ("offer", 1, False, 2)


def test_looked_at_however_often_it_is_shown_once(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    for _ in range(4):
        again(stage, card_id)
        stage.look()
    assert (stage.said(card_id), stage.version(card_id)) == ([("shown", None)], 2)


def test_several_offers_change_a_card_once(stage: Stage) -> None:
    card_id = stage.till.join()
    offers = [stage.live() for _ in range(3)]
    stage.look()
    assert (set(stage.shown(card_id)), stage.version(card_id)) == (set(offers), 2)


def test_a_card_that_joins_later_is_shown_what_runs(stage: Stage) -> None:
    offer_id = stage.live()
    stage.look()
    card_id = stage.till.join()
    stage.look()
    assert stage.shown(card_id) == [offer_id]


def test_another_merchants_cards_are_left_alone(stage: Stage, other_till: Till) -> None:
    card_id = other_till.join()
    stage.live()
    stage.look()
    assert Stage(other_till, NOON).rows(card_id) == []


def test_a_morning_offer_comes_when_it_opens_and_goes_when_it_closes(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    for at, wanted, following in (
        (NOON, [], SEVEN),
        (SEVEN - timedelta(seconds=1), [], SEVEN),
        (SEVEN, [offer_id], SEVEN + 3 * HOUR),
        (SEVEN + 2 * HOUR, [offer_id], SEVEN + 3 * HOUR),
        (SEVEN + 3 * HOUR, [], SEVEN + DAY),
        (SEVEN + DAY, [offer_id], SEVEN + DAY + 3 * HOUR),
    ):
        stage.look(at)
        assert (stage.shown(card_id), stage.due_at(card_id)) == (wanted, following), at
    assert stage.said(card_id) == [("over", "closed"), ("shown", None)]


def test_after_an_outage_a_window_that_is_open_is_caught_up_once(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    stage.look(SEVEN + HOUR)
    again(stage, card_id)
    stage.look()
    assert (stage.shown(card_id), stage.version(card_id)) == ([offer_id], 2)


def test_after_an_outage_a_window_that_is_over_is_not_caught_up(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger=MORNING)
    stage.look()
    stage.look(SEVEN + 4 * HOUR)
    assert (stage.rows(card_id), stage.version(card_id)) == ([], 1)


def test_a_clock_that_is_set_back_shows_nothing_twice(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger=MORNING)
    stage.look()
    stage.look(SEVEN)
    stage.look(SEVEN + 3 * HOUR)
    version = stage.version(card_id)
    stage.now = SEVEN + HOUR
    again(stage, card_id)
    stage.look()
    assert (stage.said(card_id), stage.version(card_id)) == ([("over", "closed")], version)


def test_a_clock_that_is_set_back_before_the_window_ends_nothing(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    stage.look(SEVEN)
    stage.now = SEVEN - HOUR
    again(stage, card_id)
    stage.look()
    assert stage.shown(card_id) == [offer_id]
    stage.look(SEVEN + HOUR)
    assert (stage.said(card_id), stage.version(card_id)) == ([("shown", None)], 2)


@pytest.mark.parametrize(("verb", "why"), [("pause", "paused"), ("end", "offer_ended")])
def test_pausing_or_ending_takes_an_offer_off_the_cards(stage: Stage, verb: str, why: str) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    stage.become(offer_id, verb)
    stage.look()
    assert (stage.shown(card_id), stage.said(card_id), stage.version(card_id)) == ([], [("over", why)], 3)


def test_another_offer_stays_when_one_ends(stage: Stage) -> None:
    card_id = stage.till.join()
    one, other = stage.live(), stage.live()
    stage.look()
    stage.become(one, "end")
    stage.look()
    assert stage.shown(card_id) == [other]


def test_what_is_resumed_in_its_window_comes_back_as_the_same_showing(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    for at, verb in ((SEVEN, None), (SEVEN + HOUR, "pause"), (SEVEN + 2 * HOUR, "resume")):
        stage.now = at
        if verb:
            stage.become(offer_id, verb)
        stage.look()
    (row,) = stage.rows(card_id)
    assert (row.state, row.ended, row.shown_at, row.loud) == ("shown", None, SEVEN, False)
    assert stage.row(offer_id).reached == 1


def test_what_is_resumed_after_its_window_waits_for_the_next(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    for at, verb in ((SEVEN, None), (SEVEN + HOUR, "pause"), (SEVEN + 4 * HOUR, "resume")):
        stage.now = at
        if verb:
            stage.become(offer_id, verb)
        stage.look()
    assert stage.said(card_id) == [("over", "paused")]
    assert stage.due_at(card_id) == SEVEN + DAY


def test_whoever_wants_nothing_any_more_is_not_shown_again_what_rested(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    stage.become(offer_id, "pause")
    stage.look()
    wish(stage, card_id, "none")
    stage.become(offer_id, "resume")
    stage.look()
    assert stage.said(card_id) == [("over", "paused")]


def test_a_further_version_is_shown_in_the_place_of_the_old_one(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    stage.rewrite(offer_id, content=OTHER_TEXTS)
    stage.look()
    (shown,) = stage.till.view(card_id).offers
    assert (shown.version, shown.content.en.card) == (2, OTHER_TEXTS["en"]["card"])
    assert (stage.said(card_id), stage.version(card_id), stage.row(offer_id).reached) == ([("shown", None)], 3, 1)


def test_a_further_version_that_says_the_same_changes_no_card(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    stage.rewrite(offer_id, name="Another name", limits={"cards": 5})
    stage.look()
    (row,) = stage.rows(card_id)
    assert (row.version, stage.version(card_id)) == (2, 2)


def test_other_hours_end_a_window_that_they_leave_out(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    stage.look(SEVEN)
    stage.rewrite(offer_id, trigger={"kind": "time", "hours": {"start": "15:00", "end": "18:00"}})
    stage.look()
    assert stage.said(card_id) == [("over", "closed")]
    assert stage.due_at(card_id) == SEVEN + 8 * HOUR


def test_longer_hours_move_the_end_of_a_window(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    stage.look(SEVEN)
    stage.rewrite(offer_id, trigger={"kind": "time", "hours": {"start": "07:00", "end": "12:00"}})
    stage.look()
    (row,) = stage.rows(card_id)
    assert row.closes_at == stage.due_at(card_id) == SEVEN + 5 * HOUR


def test_what_is_about_a_state_ends_with_it(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger={"kind": "nearly", "missing": 1})
    stage.at().stamped(card_id, 9)
    stage.look(NOON + 5 * HOUR)
    assert stage.shown(card_id) == [offer_id]
    stage.at().stamped(card_id)
    stage.look()
    assert stage.said(card_id) == [("over", "done")]


def test_what_was_shown_stays_though_the_card_is_not_meant_any_more(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(audience={"languages": ["de"]})
    stage.look()
    with stage.till.work() as session:
        session.execute(update(Card).where(Card.id == card_id).values(language="en"))
    again(stage, card_id)
    stage.look()
    assert stage.shown(card_id) == [offer_id]


def test_who_is_not_meant_is_shown_nothing_and_has_no_row(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(audience={"languages": ["en"]})
    stage.look()
    assert (stage.rows(card_id), stage.version(card_id)) == ([], 1)


def test_whoever_becomes_one_of_those_that_are_meant_is_shown_it_by_time_alone(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.till.stamped(card_id)
    offer_id = stage.live(audience={"segments": ["lapsed"]})
    stage.look()
    assert (stage.shown(card_id), stage.due_at(card_id)) == ([], NOON + 90 * DAY)
    stage.look(NOON + 90 * DAY)
    assert stage.shown(card_id) == [offer_id]


def test_a_hold_out_is_written_down_and_shown_nothing(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(30)]
    offer_id = stage.live(trial={"hold_out": 50})
    stage.look()
    said = Counter(stage.said(card_id)[0][0] for card_id in cards)
    assert set(said) == {"shown", "out"}
    out = next(card_id for card_id in cards if stage.said(card_id) == [("out", None)])
    again(stage, out)
    stage.look()
    assert (stage.shown(out), stage.said(out), stage.version(out)) == ([], [("out", None)], 1)
    assert stage.row(offer_id).reached == said["shown"]


def test_of_two_texts_each_card_keeps_its_own(stage: Stage) -> None:
    cards = [stage.till.join() for _ in range(20)]
    stage.live(trigger=MORNING, trial={"other": OTHER_TEXTS})
    stage.look()
    stage.look(SEVEN)
    first = {card_id: stage.rows(card_id)[0].arm for card_id in cards}
    assert set(first.values()) == {"a", "b"}
    for card_id in cards:
        (shown,) = stage.till.view(card_id).offers
        assert shown.content.en.card.endswith("!") == (first[card_id] == "b")
    stage.look(SEVEN + 4 * HOUR)
    stage.look(SEVEN + DAY)
    assert {card_id: stage.rows(card_id)[1].arm for card_id in cards} == first


def test_a_voucher_comes_and_goes_with_its_offer(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING, unlocks=VOUCHER)
    stage.look()
    stage.look(SEVEN)
    (voucher,) = voucher_of(stage, card_id)
    assert (voucher.origin, voucher.valid_from, voucher.valid_until) == ("offer", SEVEN, SEVEN + 3 * HOUR)
    assert stage.till.holds(card_id) == {f"voucher:{voucher.id}": 1}
    assert (stage.rows(card_id)[0].voucher_id, stage.row(offer_id).value) == (voucher.id, 300)
    stage.look(SEVEN + 3 * HOUR)
    assert stage.till.holds(card_id) == {}


def test_an_offer_without_an_end_gives_a_voucher_without_one(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(unlocks=VOUCHER)
    stage.look()
    (voucher,) = voucher_of(stage, card_id)
    assert voucher.valid_until is None


def test_a_pause_ends_the_voucher_and_the_offer_comes_back_with_another(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    stage.now += HOUR
    stage.become(offer_id, "pause")
    stage.look()
    assert stage.till.holds(card_id) == {}
    assert [voucher.valid_until for voucher in voucher_of(stage, card_id)] == [NOON + HOUR]
    stage.now += HOUR
    stage.become(offer_id, "resume")
    stage.look()
    first, second = voucher_of(stage, card_id)
    assert stage.till.holds(card_id) == {f"voucher:{second.id}": 1}
    assert stage.rows(card_id)[0].voucher_id == second.id != first.id
    assert stage.row(offer_id).value == 300


def test_a_multiplier_stands_with_the_showing(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(unlocks={"kind": "multiplier", "factor": "2"})
    stage.look()
    assert stage.rows(card_id)[0].factor == 2


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
    assert sum(len(voucher_of(stage, card_id)) for card_id in cards) == 2


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
    wish(stage, card_id, "none")
    stage.live()
    stage.look()
    assert (stage.said(card_id), stage.version(card_id)) == ([("held", "wish")], 1)


@pytest.mark.parametrize(("wanted", "loud"), [("all", True), ("fewer", False)])
def test_it_sounds_where_merchant_offer_and_customer_want_that(stage: Stage, wanted: str, loud: bool) -> None:
    card_id, quiet_id = stage.till.join(), stage.till.join()
    wish(stage, card_id, wanted)
    with stage.till.work() as session:
        session.execute(update(Merchant).values(policy={"sounds": True}))
    stage.live(sounds=True)
    stage.look()
    assert (stage.rows(card_id)[0].loud, publication(stage, card_id).loud) == (loud, loud)
    assert (stage.rows(quiet_id)[0].loud, publication(stage, quiet_id).loud) == (False, False)


def test_a_card_that_is_blocked_shows_nothing_and_again_when_it_is_free(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    for state, said, shown in (("blocked", ("over", "gone"), []), ("active", ("shown", None), [offer_id])):
        stage.till.set_state(card_id, state)
        again(stage, card_id)
        stage.look()
        assert (stage.said(card_id), stage.shown(card_id)) == ([said], shown)


def test_a_blocked_card_is_not_looked_at_any_more(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger=MORNING)
    stage.look()
    stage.till.set_state(card_id, "blocked")
    again(stage, card_id)
    stage.look()
    assert stage.due_at(card_id) is None


def test_a_card_that_was_merged_shows_nothing_and_the_other_one_goes_on(stage: Stage) -> None:
    one, other = stage.till.join(), stage.at().later(1).join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    returning.merge(stage.at().later(60), one, other)
    stage.look(NOON + HOUR)
    assert stage.said(other) == [("over", "gone")]
    assert (stage.shown(other), stage.shown(one)) == ([], [offer_id])
    assert (stage.till.holds(other), sum(stage.till.holds(one).values())) == ({}, 2)


def test_what_was_taken_up_is_not_shown_again_after_a_pause(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    with stage.till.work() as session:
        row = session.merge(stage.rows(card_id)[0])
        row.redeemed_at = NOON
    for verb in ("pause", "resume"):
        stage.become(offer_id, verb)
        stage.look()
    assert stage.said(card_id) == [("over", "paused")]


def test_when_nothing_runs_any_more_nothing_is_due(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    stage.become(offer_id, "end")
    stage.look(SEVEN)
    assert stage.due_at(card_id) is None
    stage.at().stamped(card_id)
    assert stage.due_at(card_id) is None


def test_an_offer_whose_days_are_over_is_not_looked_for(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger=MORNING, window={"last": "2026-06-02"})
    stage.look()
    stage.look(SEVEN)
    stage.look(SEVEN + 3 * HOUR)
    assert (stage.said(card_id), stage.due_at(card_id)) == ([("over", "closed")], None)
