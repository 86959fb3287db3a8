"""The calendar of offers: an entry for each that runs, its days in few lines, and whom it waits for."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer.keys import Keys
from issuer.offer_preview import Planned
from issuer.web.console.offer_calendar import runs
from tests.issuer.promoting import look_at_all, promote
from tests.web.members import Member
from tests.web.programming import get, give_cards, merchant_of, placed_bakery

Spans = Callable[..., list[tuple[int, int, int | None]]]
CALENDAR = "/console/offers/calendar"


@pytest.fixture
def owner(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    return placed_bakery(app, engine, now)


def entry(owner: Member, offer_id: UUID) -> str:
    """What the calendar says of an offer."""
    return get(owner, CALENDAR).partition(f'data-offer="{offer_id}"')[2].partition("</li>\n    <li class")[0]


def test_the_calendar_says_what_will_happen(owner: Member, engine: Engine, now: datetime) -> None:
    hours = {"kind": "time", "hours": {"start": "07:00", "end": "10:00"}}
    said = entry(owner, promote(engine, merchant_of(owner), now, name="Early", trigger=hours))
    assert "Early" in said
    assert said.count("07:00–10:00") == 1
    assert re.search(r"\w+day, \d+ \w+ to \w+day, \d+ \w+", said)


def test_what_lies_on_the_card_all_day_stands_in_the_calendar_with_its_hours(
    owner: Member, engine: Engine, now: datetime
) -> None:
    stays = {"kind": "place", "hours": {"start": "07:00", "end": "10:00"}, "stays": True}
    said = entry(owner, promote(engine, merchant_of(owner), now, trigger=stays))
    assert "always on the card" in said
    assert said.count("07:00–10:00") == 1


def test_what_has_no_hours_has_no_time_in_the_calendar(owner: Member, engine: Engine, now: datetime) -> None:
    said = entry(owner, promote(engine, merchant_of(owner), now))
    assert "all the time" in said
    assert not re.search(r"\d\d:\d\d", said)


def test_an_offer_that_runs_without_a_day_says_so_and_whom_it_waits_for(
    owner: Member, engine: Engine, keys: Keys, now: datetime
) -> None:
    give_cards(engine, keys, owner, now, begun=0, fresh=2)
    birthday = promote(engine, merchant_of(owner), now, trigger="birthday")
    assert "a moment of its own" in entry(owner, birthday)
    kept = promote(engine, merchant_of(owner), now, name="Few", limits={"cards": 1})
    look_at_all(engine, keys, merchant_of(owner), now)
    said = entry(owner, kept)
    assert "on 1 card now" in said
    assert 'data-reason="limit_cards"' in said


def window(day: date, cards: int | None = None, hours: int = 3) -> tuple[date, Planned]:
    opens = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
    closes = None if cards else opens + timedelta(hours=hours)
    return day, Planned(UUID(int=1), "", "time", opens, closes, cards=cards)


@pytest.fixture
def spans(app: OpenAPI) -> Iterator[Spans]:
    """First and last day of each line, and how many cards."""
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield lambda *planned: [(one.first.day, one.last.day, one.cards) for one in runs(planned, ZoneInfo("UTC"))]


def test_days_that_follow_each_other_with_the_same_hours_are_one_line(spans: Spans) -> None:
    days = [date(2026, 11, day) for day in (23, 24, 25, 27, 28)]
    assert spans(*map(window, days)) == [(23, 25, None), (27, 28, None)]
    assert spans(window(days[0]), window(days[1], hours=4)) == [(23, 23, None), (24, 24, None)]


def test_cards_are_counted_by_the_week(spans: Spans) -> None:
    days = [date(2026, 11, day) for day in (27, 28, 29, 30)]
    assert spans(*(window(day, cards=2) for day in days)) == [(27, 29, 6), (30, 30, 2)]
