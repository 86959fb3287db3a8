"""Who would be shown an offer now, what it would have done last month, and what will happen: told, not done."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from issuer import offer_preview, sampling
from issuer.customers import Profile
from issuer.offer_preview import Day, DryRun, Planned, Preview, audience_count, calendar, dry_run, preview
from issuer.offers.audience import Audience
from issuer.offers.offer import Offer
from issuer.schema import Agenda, Card, Customer, Merchant, Showing
from issuer.schema import Offer as Row
from tests.issuer.counting import Till
from tests.issuer.elapsing import at, local
from tests.issuer.promoting import an_offer, look_at_all, promote

TEN = local("2026-03-18 10:00")
"""A Wednesday, outside of quiet hours."""


@pytest.fixture
def now() -> datetime:
    return TEN


@pytest.fixture
def cards(till: Till) -> list[UUID]:
    """Six cards; the first three came, 40, 20 and 1 days ago."""
    found = [till.join() for _ in range(6)]
    for card_id, days in zip(found, (40, 20, 1), strict=False):
        till.stamped(card_id, occurred_at=till.now - timedelta(days=days))
    with till.work() as session:
        session.execute(update(Card).values(created_at=till.now - timedelta(days=100)))
    return found


def previewed(till: Till, offer: Offer, offer_id: UUID | None = None) -> Preview:
    with till.work() as session:
        return preview(session, till.keys, offer, till.shop.merchant_id, till.now, offer_id)


def counted(till: Till, **audience: Any) -> Preview:
    with till.work() as session:
        meant = Audience.model_validate(audience)
        return audience_count(session, till.keys, meant, till.shop.merchant_id, till.now)


def tried(till: Till, offer: Offer, days: int = 30) -> DryRun:
    with till.work() as session:
        return dry_run(session, till.keys, offer, till.shop.merchant_id, till.now, days)


def days_ahead(till: Till) -> tuple[Day, ...]:
    with till.work() as session:
        return calendar(session, till.keys, till.shop.merchant_id, till.now)


def wish(till: Till, wanted: str, *card_ids: UUID) -> None:
    with till.work() as session:
        owners = select(Card.customer_id).where(Card.id.in_(card_ids))
        session.execute(update(Customer).where(Customer.id.in_(owners)).values(wish=wanted))


def policy(till: Till, **settings: Any) -> None:
    with till.work() as session:
        session.execute(update(Merchant).values(policy=settings))


def shown_on(found: DryRun) -> dict[str, int]:
    return {day.day.isoformat(): day.shown for day in found.days if day.shown}


def told(days: Sequence[Day]) -> list[tuple[str, Planned]]:
    return [(day.day.isoformat(), one) for day in days for one in day.planned]


def test_an_offer_for_everybody_reaches_every_active_card(till: Till, cards: list[UUID]) -> None:
    till.set_state(cards[5], "blocked")
    found = previewed(till, an_offer())
    assert (found.reach, found.held_back, found.looked_at, found.cards) == (5, (), 5, 5)
    assert not found.about
    assert set(found.sample) <= set(cards[:5])


def test_nobody_is_reached_without_cards(till: Till) -> None:
    found = previewed(till, an_offer())
    assert (found.reach, found.held_back, found.sample, found.cards, found.about) == (0, (), (), 0, False)


def test_only_those_are_reached_whose_moment_it_is(till: Till, cards: list[UUID]) -> None:
    quiet = previewed(till, an_offer(trigger={"kind": "quiet", "days": 30}))
    assert (quiet.reach, quiet.sample) == (1, (cards[0],))
    later = an_offer(trigger={"kind": "time", "hours": {"start": "11:00", "end": "12:00"}})
    assert previewed(till, later).reach == 0
    assert previewed(at(till, "2026-03-18 11:30"), later).reach == 6


def test_who_is_not_meant_is_not_held_back(till: Till, cards: list[UUID]) -> None:
    found = previewed(till, an_offer(audience={"segments": ["lapsed"]}))
    assert (found.reach, found.held_back) == (0, ())


def test_birthdays_are_looked_for(till: Till) -> None:
    till.join(Profile(birthday=date(1990, 3, 18)))
    till.join(Profile(birthday=date(1990, 5, 18)))
    assert previewed(till, an_offer(trigger="birthday")).reach == 1


def test_whoever_wants_nothing_is_held_back(till: Till, cards: list[UUID]) -> None:
    wish(till, "none", *cards[:2])
    found = previewed(till, an_offer())
    assert (found.reach, found.held_back) == (4, (("wish", 2),))


def test_messages_wait_in_quiet_hours_and_after_a_visit(till: Till, cards: list[UUID]) -> None:
    nearly = an_offer(trigger={"kind": "nearly", "missing": 5})
    for card_id in cards[:2]:
        till.stamped(card_id, 5)
    assert previewed(till.later(60), nearly).held_back == (("paused", 2),)
    assert previewed(at(till, "2026-03-18 14:30"), nearly).reach == 2
    assert previewed(at(till, "2026-03-18 22:00"), nearly).held_back == (("quiet_hours", 2),)


def test_limits_hold_back_whoever_comes_after(till: Till, cards: list[UUID]) -> None:
    found = previewed(till, an_offer(limits={"cards": 4}))
    assert (found.reach, found.held_back) == (4, (("limit_cards", 2),))
    cake = {"kind": "voucher", "names": {"de": "Kuchen", "en": "Cake"}, "worth": {"cents": 300}}
    found = previewed(till, an_offer(unlocks=cake, limits={"value": 1000}))
    assert (found.reach, found.held_back) == (3, (("limit_value", 3),))


def test_the_hold_out_is_neither_reached_nor_held_back(till: Till) -> None:
    for _ in range(30):
        till.join()
    found = previewed(till, an_offer(trial={"hold_out": 50}))
    assert found.out > 0
    assert (found.reach + found.out, found.held_back) == (30, ())


def test_what_an_offer_has_done_counts(till: Till, cards: list[UUID]) -> None:
    offer = an_offer(limits={"cards": 4})
    offer_id = promote(till.engine, till.shop.merchant_id, till.now, offer)
    look_at_all(till.engine, till.keys, till.shop.merchant_id, till.now)
    found = previewed(till.later(60), offer, offer_id)
    assert (found.reach, found.had, found.held_back) == (4, 0, (("limit_cards", 2),))
    more = offer.model_copy(update={"limits": an_offer(limits={"cards": 5}).limits})
    assert previewed(till.later(60), more, offer_id).reach == 5


def test_who_had_it_in_this_window_has_had_it(till: Till, cards: list[UUID]) -> None:
    offer_id = promote(till.engine, till.shop.merchant_id, till.now)
    look_at_all(till.engine, till.keys, till.shop.merchant_id, till.now)
    with till.work() as session:
        session.execute(update(Showing).where(Showing.card_id == cards[0]).values(state="over", ended="done"))
    found = previewed(till.later(60), an_offer(), offer_id)
    assert (found.reach, found.had) == (5, 1)


def test_a_preview_changes_nothing(till: Till, cards: list[UUID]) -> None:
    offer = an_offer(limits={"cards": 4})
    offer_id = promote(till.engine, till.shop.merchant_id, till.now, offer)
    with till.work() as session:
        session.execute(update(Row).values(reached=2))
    assert previewed(till, offer, offer_id).reach == 2
    assert tried(till, offer).shown > 0
    with till.work() as session:
        assert session.get_one(Row, offer_id).reached == 2
        assert session.scalar(select(func.count()).select_from(Showing)) == 0
        assert session.scalar(select(func.count()).where(Agenda.merchant_id == till.shop.merchant_id)) == 0


def test_of_many_cards_a_sample_is_looked_at_and_reckoned_up(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(60):
        till.join()
    monkeypatch.setattr(offer_preview, "MOST", 30)
    monkeypatch.setattr(offer_preview, "AT_ONCE", 7)
    found = previewed(till, an_offer())
    assert (found.reach, found.cards, found.about) == (60, 60, True)
    assert 10 < found.looked_at < 50
    assert previewed(till, an_offer()) == found
    capped = previewed(till, an_offer(limits={"cards": 20}))
    assert 10 <= capped.reach <= 40
    assert capped.reach + sum(count for _, count in capped.held_back) in range(58, 63)


def test_a_sample_is_all_of_few_cards(till: Till, cards: list[UUID]) -> None:
    with till.work() as session:
        assert sampling.sample(session, 6).share == 1
        half = sampling.sample(session, 3)
    assert (half.cards, half.share) == (6, 0.5)
    assert half.scale(2)(1) == 3
    assert half.scale(0)(0) == 0


def test_an_audience_is_counted_while_it_is_built(till: Till, cards: list[UUID]) -> None:
    assert counted(till).reach == 6
    assert counted(till, segments=["new"]).reach == 2
    assert counted(till, languages=["en"]).reach == 0
    found = counted(till, locations=[str(till.shop.location_id)])
    assert (found.reach, set(found.sample), found.cards) == (3, set(cards[:3]), 6)


def test_fifths_are_counted_before_any_were_reckoned(till: Till, cards: list[UUID]) -> None:
    assert counted(till, recency={"least": 5}).reach == 1
    assert counted(till, recency={"most": 1}).reach == 3


def test_another_shops_cards_are_not_counted(till: Till, other_till: Till, cards: list[UUID]) -> None:
    assert counted(other_till).cards == 0
    assert previewed(other_till, an_offer()).cards == 0


def test_a_dry_run_tells_each_whole_day_that_is_over(till: Till, cards: list[UUID]) -> None:
    found = tried(till, an_offer())
    assert [found.days[0].day, found.days[-1].day, len(found.days)] == [date(2026, 2, 16), date(2026, 3, 17), 30]
    assert (shown_on(found), found.shown, found.cards, found.about) == ({"2026-02-16": 6}, 6, 6, False)


def test_what_comes_each_week_would_have_come_each_week(till: Till, cards: list[UUID]) -> None:
    mondays = an_offer(trigger={"kind": "time", "hours": {"weekdays": [0], "start": "09:00", "end": "12:00"}})
    days = ("2026-02-16", "2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16")
    assert shown_on(tried(till, mondays)) == dict.fromkeys(days, 6)


def test_a_dry_run_lives_through_what_happened_to_each_card(till: Till, cards: list[UUID]) -> None:
    quiet = tried(till, an_offer(trigger={"kind": "quiet", "days": 15}))
    assert shown_on(quiet) == {"2026-02-21": 1, "2026-03-13": 1}
    quiet = tried(till, an_offer(trigger={"kind": "quiet", "days": 5}))
    assert shown_on(quiet) == {"2026-02-16": 1, "2026-03-03": 1}
    visit = tried(till, an_offer(trigger={"kind": "visit"}))
    assert shown_on(visit) == {"2026-02-26": 1, "2026-03-17": 1}


def test_nobody_is_shown_what_was_before_their_card(till: Till, cards: list[UUID]) -> None:
    with till.work() as session:
        session.execute(update(Card).where(Card.id.in_(cards[:2])).values(created_at=till.now - timedelta(days=3)))
    assert shown_on(tried(till, an_offer())) == {"2026-02-16": 4, "2026-03-15": 2}


def test_a_dry_run_keeps_the_budget_of_each_person(till: Till, cards: list[UUID]) -> None:
    policy(till, weekly=2, pause_hours=0)
    card_id = cards[5]
    for day in range(10, 17):
        till.stamped(card_id, occurred_at=local(f"2026-03-{day} 12:00"), pause=False)
    wish(till, "all", card_id)
    found = tried(till, an_offer(trigger="visit", lasts_days=0))
    days = {day.day.isoformat(): (day.shown, day.held) for day in found.days if day.day >= date(2026, 3, 9)}
    held = (0, (("weekly", 1),))
    assert [days[f"2026-03-{day:02}"] for day in range(9, 14)] == [(0, ()), (1, ()), (1, ()), held, held]


def test_a_dry_run_keeps_the_limits_of_the_offer(till: Till, cards: list[UUID]) -> None:
    found = tried(till, an_offer(limits={"cards": 2}))
    assert (found.days[0].shown, found.days[0].held) == (2, (("limit_cards", 4),))


def test_who_waits_is_shown_later_and_held_back_on_no_day(till: Till, cards: list[UUID]) -> None:
    policy(till, quiet_from="00:00", quiet_until="18:00", pause_hours=0)
    found = tried(till, an_offer(trigger={"kind": "quiet", "days": 15}))
    assert (found.shown, [day.held for day in found.days if day.held]) == (2, [])


def test_the_hold_out_of_a_dry_run_is_shown_nothing(till: Till) -> None:
    for _ in range(20):
        till.join()
    with till.work() as session:
        session.execute(update(Card).values(created_at=till.now - timedelta(days=100)))
    found = tried(till, an_offer(trial={"hold_out": 50}))
    assert 0 < found.shown < 20
    assert [day.held for day in found.days if day.held] == []


def test_a_calendar_has_a_day_for_each_and_says_nothing_without_offers(till: Till, cards: list[UUID]) -> None:
    found = days_ahead(till)
    assert [found[0].day, found[-1].day, len(found)] == [date(2026, 3, 18), date(2026, 4, 14), 28]
    assert told(found) == []


def test_windows_of_the_clock_stand_on_the_day_they_open(till: Till, cards: list[UUID]) -> None:
    hours = {"weekdays": [2, 5], "start": "09:00", "end": "12:00"}
    offer_id = promote(till.engine, till.shop.merchant_id, till.now, trigger={"kind": "time", "hours": hours})
    found = told(days_ahead(till))
    assert [day for day, _ in found][:4] == ["2026-03-18", "2026-03-21", "2026-03-25", "2026-03-28"]
    first = found[1][1]
    assert (first.offer_id, first.name, first.kind, first.cards) == (offer_id, "Morning", "time", None)
    assert (first.opens, first.closes) == (local("2026-03-21 09:00"), local("2026-03-21 12:00"))


def test_what_has_no_end_stands_on_today(till: Till, cards: list[UUID]) -> None:
    promote(till.engine, till.shop.merchant_id, till.now)
    assert [(day, one.closes) for day, one in told(days_ahead(at(till, "2026-03-20 10:00")))] == [("2026-03-20", None)]


def test_of_other_offers_it_says_for_how_many_cards_they_come_next(till: Till, cards: list[UUID]) -> None:
    quiet = {"kind": "quiet", "days": 30}
    promote(till.engine, till.shop.merchant_id, till.now, trigger=quiet)
    # Who has been quiet for long is shown it today; who came yesterday is not quiet before the calendar ends.
    assert [(day, one.kind, one.cards, one.opens) for day, one in told(days_ahead(till))] == [
        ("2026-03-28", "quiet", 1, till.now + timedelta(days=10))
    ]


def test_what_a_card_has_already_does_not_come_to_it_again_when_its_days_are_over(
    till: Till, cards: list[UUID]
) -> None:
    till.stamped(cards[0], 8, occurred_at=till.now - timedelta(days=2))
    promote(till.engine, till.shop.merchant_id, till.now, trigger={"kind": "nearly"})
    assert previewed(till, an_offer(trigger="nearly")).reach == 1
    assert told(days_ahead(till)) == []


def test_who_is_not_meant_then_is_not_in_the_calendar(till: Till, cards: list[UUID]) -> None:
    quiet = {"kind": "quiet", "days": 30}
    promote(till.engine, till.shop.merchant_id, till.now, trigger=quiet, audience={"languages": ["en"]})
    assert told(days_ahead(till)) == []


def test_paused_offers_are_not_in_the_calendar(till: Till, cards: list[UUID]) -> None:
    promote(till.engine, till.shop.merchant_id, till.now)
    with till.work() as session:
        session.execute(update(Row).values(state="paused"))
    assert told(days_ahead(till)) == []
