"""Weeks of a café in Berlin with a shop in New York, every trigger live: what came to the cards is what was due.

People come on the rhythm of real purchases, a clock goes from one due moment to the next, the worker's own functions
run on the real database: killed and failing in the middle, told twice at once, not told at all, away for an hour, with
a clock that goes back. Afterwards whoever kept a diary says what was due, and everything is compared.

`make test` tries a month of 200 cards in which the clocks change, `make soak` a year of 2,000 and more with any SEED.
Ids are drawn from the seed too, so the same happens again; only where two workers race either may be the first.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from issuer import audit
from issuer.offers.triggers import KINDS
from issuer.schema import Card, Entry, Showing
from issuer.settings import Settings
from tests.issuer.cafe_days import Cafe, open_cafe
from tests.issuer.cafe_judging import ROWS, Court, Row
from tests.issuer.cafe_offers import BERLIN, offers_of
from worker.office import Office

CARDS, DAYS, SEED = (int(os.environ.get(name) or usual) for name, usual in (("CARDS", 200), ("DAYS", 33), ("SEED", 7)))
LIVE = datetime(2027, 2, 26, 9, tzinfo=UTC)
"""A Friday, two days before the 28th: a year and two days later there is a 29th."""
PHONES_A_SECOND = max(20, CARDS // 20)


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return environ | {"TREUEPASS_CAMPAIGN_RATE": str(PHONES_A_SECOND)}


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    office = Office(settings)
    yield office
    office.engine.dispose()


@pytest.fixture
def cafe(office: Office, monkeypatch: pytest.MonkeyPatch) -> Cafe:
    """After all those days, its offers ended."""
    rng, ids = Random(SEED), Random(f"ids {SEED}")  # noqa: S311 (draws, no secrets)
    # What `uuid4` draws from: by ids people are dealt into halves, and cards are taken in turns.
    monkeypatch.setattr(os, "urandom", ids.randbytes)
    cafe = open_cafe(office, rng, CARDS, LIVE, LIVE + timedelta(days=DAYS))
    with cafe.trap.at_the_edge():
        cafe.live(LIVE)
        cafe.go_live(CARDS)
        cafe.live(cafe.diary.over)
        cafe.end()
    return cafe


def test_whatever_befalls_the_worker_all_that_is_due_comes_once_in_its_time_and_within_every_budget(cafe: Cafe) -> None:
    rows, faults = judged(cafe)
    came = Counter(row.offer for row in rows if row.shown)
    print(f"\n{CARDS} cards, {DAYS} days, SEED={SEED}: {dict(cafe.tally)}; {len(rows)} decided, came: {dict(came)}")
    assert faults == []
    offers = offers_of(cafe.tills.any.shop.location_id, CARDS)
    assert {offer.trigger.kind for offer in offers.values()} == set(KINDS)
    if CARDS * DAYS >= 200 * 33:
        assert set(came) == set(offers), "of some offer nothing was tried"
        assert cafe.tally["died"] > 5
    summer(rows)
    nothing_is_left(cafe)


def judged(cafe: Cafe) -> tuple[list[Row], list[str]]:
    with cafe.tills.any.work() as session:
        rows = [Row(*row) for row in session.execute(ROWS)]
        versions = dict(session.execute(select(Card.id, Card.version)).all())
    return rows, Court(cafe, rows, versions).judge()


def summer(rows: list[Row]) -> None:
    """On days on which the clocks change the morning begins at seven o'clock, whatever that is in Greenwich."""
    for day, hour in (("2027-03-28", 5), ("2027-10-31", 6)):
        opened = {row.opens for row in rows if row.offer == "morning" and row.turn == day and row.shown}
        if LIVE.date() + timedelta(days=DAYS - 1) > datetime.fromisoformat(day).date():
            assert [(at.hour, at.astimezone(ZoneInfo(BERLIN)).hour) for at in opened] == [(hour, 7)]


def nothing_is_left(cafe: Cafe) -> None:
    with cafe.tills.any.work() as session:
        assert session.scalar(select(func.count()).where(Showing.state == "shown")) == 0
        vouchers = Entry.unit.startswith("voucher:") & Entry.card_id.is_not(None)
        assert session.scalar(select(func.coalesce(func.sum(Entry.amount), 0)).where(vouchers)) == 0
        assert audit.breach_of(session, cafe.merchant_id) is None
