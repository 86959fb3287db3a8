"""An offer on a card is redeemed once for each time that it is shown, within its window and hours, and not else."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from issuer import history
from issuer.audit import breach_of
from issuer.counter import UNDO
from issuer.offers.hours import Hours
from issuer.offers.instants import is_open
from issuer.rules.movement import offer_unit
from issuer.schema import Event, Location, Showing, Voucher
from issuer.schema import Offer as Row
from tests.issuer.counting import Till, booked, lines, locked, refused
from tests.issuer.elapsing import BERLIN, at, local
from tests.issuer.gifting import revoke, use_voucher
from tests.issuer.returning import refund
from tests.issuer.unlocking import MORNING, PERCENT, THING, bears, redeem, show, shown, times, unlock

DAY, WORDS = timedelta(days=1), {"kind": "words"}
BURNED, VOUCHER = [("offer", 1, "bonus"), ("offer", -1, "redemption")], [("voucher", -1, "redemption")]
OPEN, DONE, GONE = ("shown", None, False), ("over", "done", True), ("over", "gone", False)


def _code(till: Till, card_id: Any) -> str:
    return till.view(card_id).vouchers[0].code


def _end(till: Till, offer_id: Any, why: str) -> None:
    with till.work() as session:
        over = {"state": "over", "ended": why, "ended_at": till.now}
        session.execute(update(Showing).where(Showing.offer_id == offer_id).values(over))


def test_an_offer_is_burned_by_the_ledger_and_leaves_the_card(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    version = till.view(card_id).version
    assert lines(redeem(till, card_id, offer_id)) == BURNED
    assert shown(till, offer_id) == [DONE]
    after = till.view(card_id)
    assert (after.offers, after.balances[offer_unit(offer_id)], after.version) == ((), 0, version + 1)
    assert till.publication(card_id).wanted_version == version + 1
    assert till.publication(card_id).reason == "redemption"


def test_what_was_burned_leaves_the_books_sound(own_till: Till) -> None:
    card_id = own_till.join()
    for unlocks in (None, THING):
        booked(redeem(own_till, card_id, bears(own_till, card_id, unlocks=unlocks)))
    with own_till.work() as session:
        assert breach_of(session, own_till.shop.merchant_id) is None


def test_an_offer_is_redeemed_once(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    booked(redeem(till, card_id, offer_id))
    assert refused(redeem(till, card_id, offer_id)) == "offer_used"
    assert till.lines(card_id) == BURNED


def test_whoever_is_refused_is_noted(till: Till) -> None:
    card_id = till.join()
    assert refused(redeem(till, card_id, uuid4())) == "offer_not_there"
    with till.work() as session:
        (event,) = session.query(Event).filter(Event.card_id == card_id, Event.kind == "refused")
        assert event.data["code"] == "offer_not_there"


def test_each_window_is_redeemed_once_again(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, lasts=DAY)
    booked(redeem(till, card_id, offer_id))
    tomorrow = till.later(DAY.total_seconds())
    with till.work() as session:
        show(session, locked(session, card_id), offer_id, tomorrow.now)
    assert lines(redeem(tomorrow, card_id, offer_id)) == BURNED
    assert refused(redeem(tomorrow, card_id, offer_id)) == "offer_used"
    assert shown(till, offer_id) == [DONE, DONE]


@pytest.mark.parametrize("state", ["held", "out"])
def test_what_a_card_was_not_shown_is_not_redeemed(till: Till, state: str) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    with till.work() as session:
        never = {"state": state, "shown_at": None}
        session.execute(update(Showing).where(Showing.offer_id == offer_id).values(never))
    assert refused(redeem(till, card_id, offer_id)) == "offer_not_there"


def test_another_cards_offer_is_not_redeemed(till: Till) -> None:
    offer_id = bears(till, till.join())
    assert refused(redeem(till, till.join(), offer_id)) == "offer_not_there"


def test_another_merchants_offer_is_not_redeemed(till: Till, other_till: Till) -> None:
    offer_id = bears(other_till, other_till.join())
    assert refused(redeem(till, till.join(), offer_id)) == "offer_not_there"


def test_a_card_that_is_not_active_redeems_nothing(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    till.set_state(card_id, "blocked")
    assert refused(redeem(till, card_id, offer_id)) == "card_blocked"


def test_from_its_last_instant_on_an_offer_is_over_though_nobody_has_looked_yet(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, lasts=DAY)
    assert refused(redeem(till.later(DAY.total_seconds()), card_id, offer_id)) == "offer_over"
    assert lines(redeem(till.later(DAY.total_seconds() - 1), card_id, offer_id)) == BURNED


@pytest.mark.parametrize("why", ["closed", "done", "paused", "offer_ended", "gone"])
def test_what_was_ended_is_over(till: Till, why: str) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    _end(till.later(60), offer_id, why)
    assert refused(redeem(till.later(60), card_id, offer_id)) == "offer_over"


def test_what_is_told_late_counts_by_when_it_happened(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    _end(till.later(60), offer_id, "paused")
    outcome = redeem(till.later(90), card_id, offer_id, occurred_at=till.later(30).now)
    assert lines(outcome) == BURNED
    assert shown(till, offer_id) == [("over", "paused", True)]


def test_what_its_state_ended_was_not_used(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    _end(till.later(60), offer_id, "done")
    assert lines(redeem(till.later(90), card_id, offer_id, occurred_at=till.later(30).now)) == BURNED
    assert refused(redeem(till.later(90), card_id, offer_id, occurred_at=till.later(40).now)) == "offer_used"


def test_what_happened_before_the_offer_was_shown_does_not_count(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    earlier = till.later(-30).now
    assert refused(redeem(till, card_id, offer_id, occurred_at=earlier)) == "offer_not_there"


def test_what_was_used_is_used_also_when_another_use_is_told_late(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    booked(redeem(till.later(60), card_id, offer_id))
    assert refused(redeem(till.later(90), card_id, offer_id, occurred_at=till.later(30).now)) == "offer_used"


@pytest.mark.parametrize(("clock", "code"), [
    ("06:59", "offer_over"), ("07:00", None), ("09:59", None), ("10:00", "offer_over"), ("23:00", "offer_over"),
])  # fmt: skip
def test_what_stays_on_the_card_counts_within_its_hours_only(till: Till, clock: str, code: str | None) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, opens=local("2026-01-12 00:00"), trigger=MORNING)
    outcome = redeem(at(till, f"2026-01-15 {clock}"), card_id, offer_id)
    assert refused(outcome) == code if code else lines(outcome) == BURNED


def test_hours_are_those_of_the_shop_where_somebody_comes(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        session.execute(update(Location).values(zone="Europe/Lisbon"))
    offer_id = bears(till, card_id, opens=local("2026-01-12 00:00"), trigger=MORNING)
    assert refused(redeem(at(till, "2026-01-15 07:30"), card_id, offer_id)) == "offer_over"
    assert lines(redeem(at(till, "2026-01-15 10:30"), card_id, offer_id)) == BURNED


@pytest.mark.parametrize(("start", "end", "days", "local_time", "holds"), [
    ("07:00", "10:00", [0], "2026-01-12 07:00", True),
    ("07:00", "10:00", [0], "2026-01-12 10:00", False),
    ("07:00", "10:00", [0], "2026-01-13 08:00", False),
    ("22:00", "02:00", [4], "2026-01-16 22:00", True),
    ("22:00", "02:00", [4], "2026-01-17 01:59", True),
    ("22:00", "02:00", [4], "2026-01-17 02:00", False),
    ("22:00", "02:00", [4], "2026-01-16 01:00", False),
    ("18:00", "00:00", [4], "2026-01-16 23:59", True),
    ("18:00", "00:00", [4], "2026-01-17 00:00", False),
    ("00:00", "00:00", [6], "2026-01-18 00:00", True),
    ("00:00", "00:00", [6], "2026-01-19 00:00", False),
    ("07:00", "07:00", [6], "2026-01-19 06:59", True),
])  # fmt: skip
def test_hours_past_midnight_belong_to_the_day_they_begin_on(
    start: str, end: str, days: list[int], local_time: str, holds: bool
) -> None:
    hours = Hours.model_validate({"weekdays": days, "start": start, "end": end})
    assert is_open(hours, local(local_time), BERLIN) is holds


@pytest.mark.parametrize(("unlocks", "code"), [(times("2"), "offer_by_itself"), (WORDS, "offer_only_words")])
def test_what_multiplies_or_reminds_is_not_redeemed(till: Till, unlocks: dict[str, Any], code: str) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=unlocks)
    assert refused(redeem(till, card_id, offer_id)) == code
    assert shown(till, offer_id) == [OPEN]


def test_an_offer_with_a_voucher_burns_the_voucher(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=THING)
    assert lines(redeem(till, card_id, offer_id)) == VOUCHER
    assert shown(till, offer_id) == [DONE]
    assert till.view(card_id).vouchers == ()
    assert refused(redeem(till, card_id, offer_id)) == "offer_used"


def test_an_offer_stays_as_long_as_its_voucher_has_uses(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=THING | {"uses": 2})
    assert lines(redeem(till, card_id, offer_id)) == VOUCHER
    assert shown(till, offer_id) == [("shown", None, True)]
    assert lines(redeem(till, card_id, offer_id)) == VOUCHER
    assert shown(till, offer_id) == [DONE]


def test_a_voucher_used_by_its_code_takes_its_offer_off_the_card(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=THING)
    booked(use_voucher(till, card_id, _code(till, card_id)))
    assert shown(till, offer_id) == [DONE]
    assert refused(redeem(till, card_id, offer_id)) == "offer_used"


def test_a_voucher_used_with_a_purchase_takes_its_offer_off_the_card(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=PERCENT)
    assert till.bought(card_id, 1000, voucher=_code(till, card_id)).quote.to_pay == 900
    assert shown(till, offer_id) == [DONE]


def test_an_offers_voucher_counts_within_the_offers_hours_however_it_is_used(till: Till) -> None:
    card_id = till.join()
    bears(till, card_id, opens=local("2026-01-12 00:00"), trigger=MORNING, unlocks=PERCENT)
    code = _code(till, card_id)
    afternoon, morning = at(till, "2026-01-15 15:00"), at(till, "2026-01-15 08:00")
    assert refused(afternoon.buy(card_id, 1000, voucher=code)) == "voucher_not_valid"
    assert refused(use_voucher(afternoon, card_id, code)) == "voucher_not_valid"
    assert morning.bought(card_id, 1000, voucher=code).quote.voucher == 100


def test_an_offer_goes_with_its_voucher_when_the_shop_takes_that_back(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=THING)
    with till.work() as session:
        voucher = session.query(Voucher).filter(Voucher.card_id == card_id).one()
    booked(revoke(till, voucher))
    assert shown(till, offer_id) == [GONE]
    assert refused(redeem(till, card_id, offer_id)) == "offer_over"


@pytest.mark.parametrize("unlocks", [None, THING], ids=["plain", "voucher"])
def test_what_is_undone_may_be_redeemed_again(till: Till, unlocks: Any) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=unlocks)
    first = booked(redeem(till, card_id, offer_id))
    booked(till.reverse(first.posting.id, UNDO))
    assert shown(till, offer_id) == [OPEN]
    assert [one.offer_id for one in till.view(card_id).offers] == [offer_id]
    assert till.holds(card_id).get(offer_unit(offer_id)) is None
    again = booked(redeem(till, card_id, offer_id))
    assert again.posting.id != first.posting.id
    assert shown(till, offer_id) == [DONE]


def test_what_was_undone_cannot_be_undone_twice(till: Till) -> None:
    card_id = till.join()
    done = booked(redeem(till, card_id, bears(till, card_id)))
    booked(till.reverse(done.posting.id))
    assert refused(till.reverse(done.posting.id)) == "already_reversed"


def test_what_is_undone_after_the_window_is_not_shown_again(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, lasts=DAY)
    done = booked(redeem(till, card_id, offer_id))
    booked(till.later(DAY.total_seconds()).reverse(done.posting.id))
    assert shown(till, offer_id) == [("over", "closed", False)]


@pytest.mark.parametrize(("state", "why"), [("paused", "paused"), ("ended", "offer_ended")])
def test_what_is_undone_when_the_offer_does_not_run_is_not_shown_again(till: Till, state: str, why: str) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id)
    done = booked(redeem(till, card_id, offer_id))
    with till.work() as session:
        session.execute(update(Row).where(Row.id == offer_id).values(state=state))
    booked(till.reverse(done.posting.id))
    assert shown(till, offer_id) == [("over", why, False)]


def test_of_two_uses_the_one_that_stays_is_remembered(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=THING | {"uses": 2})
    first, second = (booked(redeem(till, card_id, offer_id)).posting.id for _ in range(2))
    booked(till.reverse(second))
    with till.work() as session:
        (row,) = session.query(Showing).filter(Showing.offer_id == offer_id)
        assert (row.state, row.posting_id) == ("shown", first)
    booked(till.reverse(first))
    assert shown(till, offer_id) == [OPEN]


def test_a_refund_of_the_purchase_gives_the_offer_back(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, unlocks=PERCENT)
    bought = till.bought(card_id, 1000, voucher=_code(till, card_id))
    refund(till, bought.purchase.id, 300)
    assert shown(till, offer_id) == [DONE]
    refund(till, bought.purchase.id)
    assert shown(till, offer_id) == [OPEN]


def test_undoing_something_else_leaves_offers_as_they_are(till: Till) -> None:
    card_id = till.join()
    used, other = bears(till, card_id), bears(till, card_id)
    booked(redeem(till, card_id, used))
    booked(till.reverse(till.stamped(card_id).posting.id))
    assert (shown(till, used), shown(till, other)) == ([DONE], [OPEN])


def test_the_history_says_what_was_used_in_both_languages(till: Till) -> None:
    card_id = till.join()
    done = booked(redeem(till, card_id, bears(till, card_id)))
    booked(till.reverse(done.posting.id))
    with till.work() as session:
        found = [one for one in history.entries(session, card_id, limit=9) if not one.is_silent]
    assert [(one.cause, one.amount) for one in found] == [("reversal", 1), ("redemption", -1)]
    assert {tuple(sorted((one.offer or {}).items())) for one in found} == {
        (("de", "Kaffee und Croissant 3,90"), ("en", "Coffee and croissant 3.90"))
    }


def test_the_history_says_the_half_that_the_card_was_shown(till: Till) -> None:
    card_id = till.join()
    other = {"de": {"card": "Tee 1,90"}, "en": {"card": "Tea 1.90"}}
    offer_id = bears(till, card_id, trial={"other": other})
    with till.work() as session:
        session.execute(update(Showing).where(Showing.offer_id == offer_id).values(arm="b"))
    booked(redeem(till, card_id, offer_id))
    with till.work() as session:
        assert (history.entries(session, card_id, limit=1)[0].offer or {})["en"] == "Tea 1.90"


def test_what_an_earlier_window_left_does_not_stand_in_the_way(till: Till) -> None:
    card_id = till.join()
    offer_id = unlock(till.engine, till.shop.merchant_id, card_id, till.now - 9 * DAY, lasts=DAY)
    _end(till.later(-8 * DAY.total_seconds()), offer_id, "closed")
    with till.work() as session:
        show(session, locked(session, card_id), offer_id, till.now)
    assert lines(redeem(till, card_id, offer_id)) == BURNED


def test_what_lies_on_the_card_for_days_is_redeemed_once_on_each_of_them(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, opens=local("2026-01-12 00:00"), trigger=MORNING)
    for day in (12, 13, 14):
        booked(redeem(at(till, f"2026-01-{day} 08:00"), card_id, offer_id))
        assert refused(redeem(at(till, f"2026-01-{day} 09:30"), card_id, offer_id)) == "offer_used"
    assert shown(till, offer_id) == [("shown", None, True)]


def test_what_lies_there_for_a_night_past_midnight_is_redeemed_once(till: Till) -> None:
    card_id, nightly = till.join(), {"kind": "time", "hours": {"start": "22:00", "end": "02:00"}}
    opens = local("2026-01-12 22:00")
    offer_id = bears(till, card_id, opens=opens, lasts=timedelta(hours=4), trigger=nightly)
    booked(redeem(at(till, "2026-01-12 23:00"), card_id, offer_id))
    assert refused(redeem(at(till, "2026-01-13 01:00"), card_id, offer_id)) == "offer_used"


def test_what_lies_there_for_days_and_was_undone_may_be_redeemed_on_the_same_day(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, opens=local("2026-01-12 00:00"), trigger=MORNING)
    morning = at(till, "2026-01-12 08:00")
    done = redeem(morning, card_id, offer_id)
    booked(morning.reverse(booked(done).posting.id))
    booked(redeem(morning, card_id, offer_id))


def test_what_lies_there_for_days_is_used_once_a_day_in_whatever_order_it_is_told(till: Till) -> None:
    card_id = till.join()
    offer_id = bears(till, card_id, opens=local("2026-01-12 00:00"), trigger=MORNING)
    second, third = at(till, "2026-01-13 08:00"), at(till, "2026-01-14 08:00")
    booked(redeem(third, card_id, offer_id, occurred_at=second.now))
    undone = booked(redeem(third, card_id, offer_id)).posting.id
    booked(redeem(third, card_id, offer_id, occurred_at=local("2026-01-12 08:00")))
    for when in ("2026-01-12 09:00", "2026-01-13 09:00", "2026-01-14 07:30"):
        assert refused(redeem(third, card_id, offer_id, occurred_at=local(when))) == "offer_used"
    booked(third.reverse(undone))
    assert shown(till, offer_id) == [("shown", None, True)]
