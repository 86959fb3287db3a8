"""Offers that rest, end or say something else: what becomes of the cards that show them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from issuer import agenda, happenings
from tests.issuer.counting import booked, locked, refused
from tests.issuer.gifting import use_voucher
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
    stage.wish(card_id, "none")
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


def test_a_pause_ends_the_voucher_and_it_comes_back_with_the_offer(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    stage.now += HOUR
    stage.become(offer_id, "pause")
    stage.look()
    assert stage.till.holds(card_id) == {}
    assert [voucher.valid_until for voucher in stage.vouchers(card_id)] == [NOON + HOUR]
    stage.now += HOUR
    stage.become(offer_id, "resume")
    stage.look()
    (voucher,) = stage.vouchers(card_id)
    assert stage.till.holds(card_id) == {f"voucher:{voucher.id}": 1}
    assert (voucher.valid_until, stage.rows(card_id)[0].voucher_id) == (None, voucher.id)
    assert stage.row(offer_id).value == 300


def test_a_voucher_lasts_as_long_as_other_hours_say(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING, unlocks=VOUCHER)
    stage.look()
    stage.look(SEVEN)
    stage.rewrite(offer_id, trigger={"kind": "time", "hours": {"start": "07:00", "end": "12:00"}}, unlocks=VOUCHER)
    stage.look()
    stage.now = SEVEN + 4 * HOUR
    (voucher,) = stage.vouchers(card_id)
    assert voucher.valid_until == SEVEN + 5 * HOUR
    booked(use_voucher(stage.at(), card_id, voucher.code))


def test_a_further_version_brings_another_voucher_for_one_that_nobody_used(stage: Stage) -> None:
    card_id, cookie = stage.till.join(), VOUCHER | {"worth": {"cents": 200}}
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    stage.now += HOUR
    stage.rewrite(offer_id, unlocks=cookie, content=OTHER_TEXTS)
    stage.look()
    first, second = stage.vouchers(card_id)
    assert stage.till.holds(card_id) == {f"voucher:{second.id}": 1}
    assert (first.valid_until, second.worth["cents"]) == (stage.now, 200)
    assert (stage.rows(card_id)[0].voucher_id, stage.row(offer_id).value) == (second.id, 200)
    assert refused(use_voucher(stage.at(), card_id, first.code)) == "voucher_not_valid"
    booked(use_voucher(stage.at(), card_id, second.code))


def test_a_further_version_may_bring_a_first_voucher_or_none(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    stage.rewrite(offer_id, unlocks=VOUCHER)
    stage.look()
    (voucher,) = stage.vouchers(card_id)
    assert stage.till.holds(card_id) == {f"voucher:{voucher.id}": 1}
    assert stage.row(offer_id).value == 300
    stage.rewrite(offer_id)
    stage.look()
    assert (stage.till.holds(card_id), stage.rows(card_id)[0].voucher_id, stage.row(offer_id).value) == ({}, None, 0)


def test_a_voucher_in_use_stays_whatever_a_further_version_brings(stage: Stage) -> None:
    card_id, twice = stage.till.join(), VOUCHER | {"uses": 2}
    offer_id = stage.live(unlocks=twice)
    stage.look()
    (voucher,) = stage.vouchers(card_id)
    booked(use_voucher(stage.at(), card_id, voucher.code))
    stage.rewrite(offer_id, unlocks=VOUCHER | {"worth": {"cents": 100}})
    stage.look()
    assert stage.till.holds(card_id) == {f"voucher:{voucher.id}": 1}
    assert [one.id for one in stage.vouchers(card_id)] == [voucher.id]


@pytest.mark.parametrize(("lasts_days", "closes"), [(2, 3), (30, 31)])
def test_what_lasts_for_other_days_since_does_so_from_its_beginning(stage: Stage, lasts_days: int, closes: int) -> None:
    card_id, trigger = stage.till.join(), {"kind": "event", "name": "paid"}
    offer_id = stage.live(trigger=trigger, lasts_days=10)
    stage.now += HOUR
    with stage.till.work() as session:
        happenings.tell(session, locked(session, card_id), "paid", stage.at().visit())
    stage.look()
    stage.now += DAY
    stage.rewrite(offer_id, trigger=trigger, lasts_days=lasts_days)
    stage.look()
    assert [row.closes_at for row in stage.rows(card_id)] == [datetime(2026, 5, 31, 22, tzinfo=UTC) + closes * DAY]
    assert stage.shown(card_id) == [offer_id]


def test_what_would_be_over_by_fewer_days_ends_at_once(stage: Stage) -> None:
    card_id, trigger = stage.till.join(), {"kind": "event", "name": "paid"}
    offer_id = stage.live(trigger=trigger, lasts_days=10, unlocks=VOUCHER)
    stage.now += HOUR
    with stage.till.work() as session:
        happenings.tell(session, locked(session, card_id), "paid", stage.at().visit())
    stage.look()
    stage.now += 3 * DAY
    stage.rewrite(offer_id, trigger=trigger, lasts_days=2, unlocks=VOUCHER)
    stage.look()
    assert (stage.shown(card_id), stage.said(card_id)) == ([], [("over", "closed")])
    assert stage.till.holds(card_id) == {}


def test_other_hours_of_the_same_day_let_in_no_more_cards_than_before(stage: Stage) -> None:
    cards, limits = [stage.till.join() for _ in range(3)], {"cards": 2, "each_time": True}
    offer_id = stage.live(trigger=MORNING, limits=limits)
    stage.look()
    stage.look(SEVEN)
    stage.rewrite(offer_id, trigger={"kind": "time", "hours": {"start": "09:00", "end": "12:00"}}, limits=limits)
    stage.look()
    stage.look(SEVEN + 2 * HOUR)
    assert sum(row.shown_at is not None for card_id in cards for row in stage.rows(card_id)) == 2


def test_a_pause_ends_what_is_left_of_a_voucher_that_was_used_once(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER | {"uses": 3})
    stage.look()
    booked(use_voucher(stage.at(), card_id, stage.vouchers(card_id)[0].code))
    stage.become(offer_id, "pause")
    stage.look()
    assert stage.till.holds(card_id) == {}


def test_what_lasts_for_months_comes_back_after_a_pause_too(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger={"kind": "event", "name": "paid"}, lasts_days=300)
    stage.now += HOUR
    with stage.till.work() as session:
        happenings.tell(session, locked(session, card_id), "paid", stage.at().visit())
    stage.look()
    stage.now += 100 * DAY
    for verb in ("pause", "resume"):
        stage.become(offer_id, verb)
        stage.look()
    assert stage.shown(card_id) == [offer_id]


def test_what_is_resumed_while_somebody_looks_comes_back(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused when the running offers are read, live when the resting ones are."""
    card_id, reading = stage.till.join(), agenda._running
    offer_id = stage.live()
    stage.look()
    stage.become(offer_id, "pause")

    def resumed_meanwhile(session: Session) -> Any:
        running = reading(session)
        monkeypatch.undo()
        stage.become(offer_id, "resume")
        return running

    monkeypatch.setattr(agenda, "_running", resumed_meanwhile)
    stage.look()
    stage.look()
    assert (stage.shown(card_id), stage.said(card_id)) == ([offer_id], [("shown", None)])
