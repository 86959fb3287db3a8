"""What an offer brings is given once, whatever is paused, changed, undone or told late around it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from issuer import vouchers
from issuer.audit import breach_of
from tests.issuer.counting import booked, locked, refused
from tests.issuer.promoting import VOUCHER, Stage
from tests.issuer.unlocking import redeem

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
"""12:00 on a Monday in Berlin."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return NOON


def becomes(stage: Stage, offer_id: UUID, *verbs: str) -> None:
    for verb in verbs:
        stage.now += MINUTE
        stage.become(offer_id, verb)
        stage.look()
    stage.now += MINUTE


def used(stage: Stage, card_id: UUID, code: str | None = None, at: datetime | None = None) -> Any:
    """A use of the card's voucher, or of that one; told now of then."""
    code = code or stage.vouchers(card_id)[0].code
    visit = stage.at().visit(occurred_at=at) if at else stage.at().visit()
    with stage.till.work() as session:
        return vouchers.redeem(session, locked(session, card_id), code, visit)


def hours(start: str, end: str, *weekdays: int) -> dict[str, Any]:
    return {"kind": "time", "hours": {"start": start, "end": end, "weekdays": weekdays or tuple(range(7))}}


def test_what_was_undone_while_the_offer_rests_comes_back_once_with_it(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER, limits={"value": 300})
    stage.look()
    first = booked(redeem(stage.at(), card_id, offer_id))
    becomes(stage, offer_id, "pause")
    booked(stage.at().reverse(first.posting.id))
    assert refused(used(stage, card_id)) == "voucher_not_valid"
    becomes(stage, offer_id, "resume")
    assert [voucher.uses for voucher in stage.vouchers(card_id)] == [1]
    booked(used(stage, card_id))
    assert refused(used(stage, card_id)) == "voucher_used"
    with stage.till.work() as session:
        assert breach_of(session, stage.merchant_id) is None


def test_what_was_undone_after_the_offers_end_is_gone_with_it(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    first = booked(redeem(stage.at(), card_id, offer_id))
    becomes(stage, offer_id, "end")
    booked(stage.at().reverse(first.posting.id))
    assert refused(used(stage, card_id)) == "voucher_not_valid"
    stage.now += 300 * DAY
    assert refused(used(stage, card_id)) == "voucher_not_valid"


@pytest.mark.parametrize("by_code", [True, False])
def test_a_use_before_a_pause_that_is_told_after_it_counts_and_is_the_only_one(stage: Stage, by_code: bool) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    then = stage.now + timedelta(seconds=30)
    becomes(stage, offer_id, "pause", "resume")
    late = used(stage, card_id, at=then) if by_code else redeem(stage.at(), card_id, offer_id, occurred_at=then)
    booked(late)
    assert refused(redeem(stage.at(), card_id, offer_id)) == "offer_used"
    assert refused(used(stage, card_id)) == "voucher_used"


def test_uses_that_are_left_come_back_after_a_pause_and_no_more(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=hours("07:00", "20:00"), unlocks=VOUCHER | {"uses": 3})
    stage.look()
    becomes(stage, offer_id, "pause", "resume", "pause", "resume")
    (voucher,) = stage.vouchers(card_id)
    assert stage.till.holds(card_id) == {f"voucher:{voucher.id}": 3}
    assert voucher.valid_until == datetime(2026, 6, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(("before", "after"), [
    (hours("00:00", "00:00"), hours("08:00", "20:00")),
    (hours("00:00", "00:00", 0, 1, 2), hours("00:00", "00:00", 0, 1)),
    (hours("07:00", "20:00"), hours("00:00", "00:00")),
    (hours("00:00", "00:00", 6, 0, 1), hours("00:00", "00:00", 0, 1)),
], ids=["fewer hours", "the same key", "all day", "fewer days"])  # fmt: skip
@pytest.mark.parametrize("unlocks", [None, VOUCHER], ids=["plain", "voucher"])
def test_other_hours_give_nobody_a_second_time_what_they_had(
    stage: Stage, before: Any, after: Any, unlocks: Any
) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=before, unlocks=unlocks)
    stage.look()
    booked(redeem(stage.at(), card_id, offer_id))
    stage.now += MINUTE
    stage.rewrite(offer_id, trigger=after, unlocks=unlocks)
    stage.look()
    stage.now += MINUTE
    assert len(stage.vouchers(card_id)) == (unlocks is not None)
    assert refused(redeem(stage.at(), card_id, offer_id)).startswith("offer_")


def test_on_the_day_after_the_new_hours_hold_for_everybody(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    booked(redeem(stage.at(), card_id, offer_id))
    stage.now += MINUTE
    stage.rewrite(offer_id, trigger=hours("08:00", "20:00"), unlocks=VOUCHER)
    stage.look()
    assert stage.shown(card_id) == []
    stage.look(NOON + DAY)
    assert stage.shown(card_id) == [offer_id]
    assert len(stage.vouchers(card_id)) == 2


def test_whoever_had_not_taken_it_up_has_it_in_the_new_hours_at_once(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    stage.rewrite(offer_id, trigger=hours("08:00", "20:00"), unlocks=VOUCHER)
    stage.look()
    assert stage.shown(card_id) == [offer_id]


@pytest.mark.parametrize(("start", "end"), [("02:00", "03:00"), ("02:15", "02:45"), ("01:30", "02:30")])
def test_in_the_hour_that_the_clock_skips_what_is_shown_is_redeemed(stage: Stage, start: str, end: str) -> None:
    card_id = stage.till.join()
    stage.now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    offer_id = stage.live(trigger=hours(start, end))
    stage.look()
    moments = [datetime(2026, 3, 29, tzinfo=UTC) + 5 * number * MINUTE for number in range(36)]
    shown = []
    for at in moments:
        stage.look(at)
        if stage.shown(card_id):
            shown.append(at)
    stage.now = moments[-1]
    assert shown
    booked(redeem(stage.at(), card_id, offer_id, occurred_at=shown[len(shown) // 2]))
