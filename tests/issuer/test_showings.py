"""What cards show of offers: once for each window, as long as it is open, and nothing any more when it ends."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from issuer.offers.bounds import FOREVER
from issuer.schema import Card
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
    row = stage.till.publication(card_id)
    assert (row.reason, row.priority, row.loud, row.wanted_version) == ("offer", 1, False, 2)


def test_looked_at_however_often_it_is_shown_once(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live()
    for _ in range(4):
        stage.plan(card_id)
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
    stage.plan(card_id)
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
    stage.plan(card_id)
    stage.look()
    assert (stage.said(card_id), stage.version(card_id)) == ([("over", "closed")], version)


def test_a_clock_that_is_set_back_before_the_window_ends_nothing(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger=MORNING)
    stage.look()
    stage.look(SEVEN)
    stage.now = SEVEN - HOUR
    stage.plan(card_id)
    stage.look()
    assert stage.shown(card_id) == [offer_id]
    stage.look(SEVEN + HOUR)
    assert (stage.said(card_id), stage.version(card_id)) == ([("shown", None)], 2)


def test_what_is_about_a_state_ends_with_it(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(trigger={"kind": "nearly", "missing": 1})
    stage.at().stamped(card_id, 9)
    stage.look(NOON + 5 * HOUR)
    assert stage.shown(card_id) == [offer_id]
    stage.at().stamped(card_id)
    stage.look()
    assert stage.said(card_id) == [("over", "done")]


def test_what_is_about_a_state_that_lasts_ends_when_its_time_is_over(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger={"kind": "nearly", "missing": 1}, lasts_days=1)
    stage.at().stamped(card_id, 9)
    stage.look(NOON + 5 * HOUR)
    closes = datetime(2026, 6, 2, 22, tzinfo=UTC)
    assert stage.due_at(card_id) == closes
    stage.look(closes)
    assert stage.said(card_id) == [("over", "closed")]
    stage.look(closes + HOUR)
    assert stage.said(card_id) == [("over", "closed")]


def test_what_was_shown_stays_though_the_card_is_not_meant_any_more(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(audience={"languages": ["de"]})
    stage.look()
    with stage.till.work() as session:
        session.execute(update(Card).where(Card.id == card_id).values(language="en"))
    stage.plan(card_id)
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
    stage.plan(out)
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
    (voucher,) = stage.vouchers(card_id)
    assert (voucher.origin, voucher.valid_from, voucher.valid_until) == ("offer", SEVEN, SEVEN + 3 * HOUR)
    assert stage.till.holds(card_id) == {f"voucher:{voucher.id}": 1}
    assert (stage.rows(card_id)[0].voucher_id, stage.row(offer_id).value) == (voucher.id, 300)
    stage.look(SEVEN + 3 * HOUR)
    assert stage.till.holds(card_id) == {}


def test_an_offer_without_an_end_gives_a_voucher_without_one(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(unlocks=VOUCHER)
    stage.look()
    (voucher,) = stage.vouchers(card_id)
    assert voucher.valid_until is None


def test_a_multiplier_stands_with_the_showing(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(unlocks={"kind": "multiplier", "factor": "2"})
    stage.look()
    assert stage.rows(card_id)[0].factor == 2


def test_a_card_that_is_blocked_shows_nothing_and_again_when_it_is_free(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    for state, said, shown in (("blocked", ("over", "gone"), []), ("active", ("shown", None), [offer_id])):
        stage.till.set_state(card_id, state)
        stage.plan(card_id)
        stage.look()
        assert (stage.said(card_id), stage.shown(card_id)) == ([said], shown)


def test_a_blocked_card_is_not_looked_at_any_more(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger=MORNING)
    stage.look()
    stage.till.set_state(card_id, "blocked")
    stage.plan(card_id)
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


def test_several_vouchers_come_and_go_at_one_moment(stage: Stage) -> None:
    card_id = stage.till.join()
    one, other = stage.live(unlocks=VOUCHER), stage.live(unlocks=VOUCHER)
    stage.look()
    assert sum(stage.till.holds(card_id).values()) == 2
    third = stage.live(unlocks=VOUCHER)
    stage.become(one, "end")
    stage.look()
    assert (set(stage.shown(card_id)), sum(stage.till.holds(card_id).values())) == ({other, third}, 2)
    stage.wish(card_id, "none")
    stage.plan(card_id)
    stage.look()
    assert (stage.shown(card_id), stage.till.holds(card_id)) == ([], {})


def test_a_visit_is_not_rewarded_once_more_on_the_card_that_another_became(stage: Stage) -> None:
    one, other = stage.till.join(), stage.at().later(1).join()
    offer_id = stage.live(trigger="visit", unlocks=VOUCHER)
    stage.now += HOUR
    posting_id = stage.at().stamped(other).posting.id
    stage.look()
    returning.merge(stage.at().later(60), one, other)
    stage.look(NOON + 2 * HOUR)
    assert (stage.shown(one), stage.rows(other)) == ([offer_id], [])
    assert [row.turn for row in stage.rows(one)] == [str(posting_id)]
    assert sum(stage.till.holds(one).values()) == 2  # a stamp and the voucher


def test_a_visit_that_is_told_late_makes_no_other_one_the_third(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(trigger={"kind": "visit", "nth": 3}, unlocks=VOUCHER, lasts_days=30)
    for day in (1, 3, 5):
        stage.now = NOON + day * DAY
        stage.at().stamped(card_id)
        stage.look()
    stage.at().stamped(card_id, occurred_at=NOON + 2 * DAY)
    stage.look(stage.now + DAY)
    assert (stage.said(card_id), len(stage.vouchers(card_id))) == ([("shown", None)], 1)
