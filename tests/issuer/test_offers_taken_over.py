"""What becomes of offers when two cards become one: what a person was shown they keep, and have it once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from issuer import governing, offer_results
from issuer.audit import breach_of
from issuer.offering import Through
from issuer.offers.policy import Policy
from tests.issuer import returning
from tests.issuer.counting import booked, refused
from tests.issuer.promoting import VOUCHER, Stage
from tests.issuer.unlocking import redeem

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
"""12:00 on a Monday in Berlin."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DAILY = {"kind": "time", "hours": {"start": "11:00", "end": "18:00"}}
SHOWN, DONE = ("shown", None), ("over", "done")


@pytest.fixture
def now() -> datetime:
    return NOON


def merge(stage: Stage, into: UUID, from_: UUID) -> None:
    stage.now += MINUTE
    returning.merged(stage.at(), into, from_)
    stage.look()
    stage.now += MINUTE


def handed_over(stage: Stage, card_id: UUID, offer_id: UUID) -> Any:
    stage.now += MINUTE
    return redeem(stage.at(), card_id, offer_id)


def told_apart(stage: Stage) -> tuple[UUID, UUID]:
    """Of two cards the one that shows an offer, and the other."""
    one, other = stage.till.join(), stage.at().later(1).join()
    stage.look()
    while bool(stage.shown(one)) == bool(stage.shown(other)):
        other = stage.till.join()
        stage.look()
    return (one, other) if stage.shown(one) else (other, one)


@pytest.mark.parametrize("unlocks", [None, VOUCHER], ids=["by itself", "a voucher"])
def test_what_one_card_shows_goes_on_where_the_other_was_held_back(stage: Stage, unlocks: Any) -> None:
    offer_id = stage.live(limits={"cards": 1}, unlocks=unlocks)
    shows, waits = told_apart(stage)
    assert stage.said(waits) == [("held", "limit_cards")]
    merge(stage, waits, shows)
    assert (stage.said(waits), stage.shown(waits), stage.rows(shows)) == ([SHOWN], [offer_id], [])
    assert len(stage.vouchers(waits)) == bool(unlocks)
    booked(handed_over(stage, waits, offer_id))
    assert refused(handed_over(stage, waits, offer_id)) == "offer_used"
    with stage.till.work() as session:
        assert breach_of(session, stage.merchant_id) is None


def test_what_one_card_shows_goes_on_where_the_other_was_to_be_compared_with(stage: Stage) -> None:
    offer_id = stage.live(trial={"hold_out": 50})
    shows, left_out = told_apart(stage)
    assert stage.said(left_out) == [("out", None)]
    merge(stage, left_out, shows)
    assert (stage.said(left_out), stage.shown(left_out)) == ([SHOWN], [offer_id])


def test_what_one_card_has_used_does_not_come_where_the_other_was_held_back(stage: Stage) -> None:
    offer_id = stage.live(trigger=DAILY, limits={"cards": 1}, unlocks=VOUCHER)
    shows, waits = told_apart(stage)
    booked(handed_over(stage, shows, offer_id))
    merge(stage, waits, shows)
    stage.rewrite(offer_id, trigger=DAILY, unlocks=VOUCHER)
    stage.look()
    assert (stage.said(waits), len(stage.vouchers(waits))) == ([DONE], 1)


def test_what_one_card_was_only_to_wait_for_does_not_take_it_off_the_other(stage: Stage) -> None:
    offer_id = stage.live(limits={"cards": 1})
    shows, waits = told_apart(stage)
    merge(stage, shows, waits)
    assert (stage.said(shows), stage.shown(shows)) == ([SHOWN], [offer_id])


def test_what_goes_on_is_fetched_with_the_version_that_first_shows_it(stage: Stage) -> None:
    offer_id = stage.live(limits={"cards": 1})
    shows, waits = told_apart(stage)
    for _ in range(5):
        stage.now += MINUTE
        stage.at().stamped(shows, pause=False)
    merge(stage, waits, shows)
    (row,) = stage.rows(waits)
    assert (row.offer_id, row.card_version) == (offer_id, stage.version(waits))


def both_show(stage: Stage, **offer: Any) -> tuple[UUID, UUID, UUID]:
    one, other = stage.till.join(), stage.at().later(1).join()
    offer_id = stage.live(**offer)
    stage.look()
    return one, other, offer_id


@pytest.mark.parametrize("trigger", ["time", DAILY], ids=["for days", "today"])
def test_what_was_handed_over_on_one_card_is_so_on_the_other(stage: Stage, trigger: Any) -> None:
    into, from_, offer_id = both_show(stage, trigger=trigger)
    booked(handed_over(stage, from_, offer_id))
    merge(stage, into, from_)
    assert refused(handed_over(stage, into, offer_id)) == "offer_used"
    stage.look(stage.now + DAY)
    booked(handed_over(stage, into, offer_id))


def test_what_was_used_up_on_one_card_leaves_the_other(stage: Stage) -> None:
    into, from_, offer_id = both_show(stage, trigger=DAILY)
    booked(handed_over(stage, from_, offer_id))
    merge(stage, into, from_)
    assert (stage.said(into), stage.shown(into)) == ([DONE], [])


def test_one_use_is_counted_once(stage: Stage) -> None:
    into, from_, offer_id = both_show(stage)
    booked(handed_over(stage, from_, offer_id))
    merge(stage, into, from_)
    with stage.till.work() as session:
        (arm,) = offer_results.results(session, offer_id, stage.now).arms
    assert (arm.reached, arm.redeemed) == (2, 1)


@pytest.mark.parametrize("trigger", ["time", DAILY], ids=["for days", "today"])
def test_a_use_of_the_old_card_that_is_taken_back_is_free_again_on_the_other(stage: Stage, trigger: Any) -> None:
    into, from_, offer_id = both_show(stage, trigger=trigger)
    posting = booked(handed_over(stage, from_, offer_id)).posting
    merge(stage, into, from_)
    booked(stage.at().reverse(posting.id))
    stage.look()
    assert (stage.said(into), stage.shown(into)) == ([SHOWN], [offer_id])
    booked(handed_over(stage, into, offer_id))
    assert refused(handed_over(stage, into, offer_id)) == "offer_used"


def test_the_later_of_two_uses_counts(stage: Stage) -> None:
    into, from_, offer_id = both_show(stage)
    booked(handed_over(stage, from_, offer_id))
    stage.look(stage.now + DAY)
    posting = booked(handed_over(stage, into, offer_id)).posting
    merge(stage, into, from_)
    assert stage.rows(into)[0].posting_id == posting.id
    assert refused(handed_over(stage, into, offer_id)) == "offer_used"


def test_vouchers_of_both_cards_are_kept(stage: Stage) -> None:
    into, from_, offer_id = both_show(stage, unlocks=VOUCHER)
    booked(handed_over(stage, from_, offer_id))
    merge(stage, into, from_)
    assert (stage.said(into), len(stage.vouchers(into))) == ([SHOWN], 2)
    booked(handed_over(stage, into, offer_id))


@pytest.mark.parametrize("backwards", [False, True])
def test_what_both_cards_were_shown_counts_for_the_person_that_they_are(stage: Stage, backwards: bool) -> None:
    """Of two times for a person each card brought one."""
    into, from_, _ = both_show(stage, trigger=DAILY, limits={"per_person": 2}, unlocks=VOUCHER)
    into, from_ = (from_, into) if backwards else (into, from_)
    merge(stage, into, from_)
    stage.look(NOON + DAY)
    assert stage.said(into) == [("over", "closed"), ("held", "limit_person")]


def test_what_was_shown_on_a_card_before_the_old_one_counts_too(stage: Stage) -> None:
    first, second, _ = both_show(stage, trigger=DAILY, limits={"per_person": 3})
    third = stage.till.join()
    stage.look()
    merge(stage, second, first)
    merge(stage, third, second)
    stage.look(NOON + DAY)
    assert stage.said(third) == [("over", "closed"), ("held", "limit_person")]


def test_what_both_cards_were_shown_counts_towards_what_a_person_is_told(stage: Stage) -> None:
    with stage.till.work() as session:
        governing.save_policy(session, Through(stage.merchant_id, stage.now), Policy(silent_a_day=2))
    from_ = stage.till.join()
    stage.live()
    stage.look()
    into = stage.at().later(60).join()
    stage.look(NOON + 2 * MINUTE)
    merge(stage, into, from_)
    stage.live(trigger=DAILY)
    stage.look()
    assert sorted(stage.said(into)) == [("held", "silent_budget"), SHOWN]
