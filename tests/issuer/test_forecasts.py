"""Offers by weather: what is asked when, what an answer brings about, and that silence is said and shows nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from issuer import forecasts, offering
from issuer.database import transaction
from issuer.forecasts import GARBLED, LATE, WHY, Place, Told, Wanted, Weather
from issuer.merchants import create_location
from issuer.offering import Through
from issuer.rules.wording import Wording
from issuer.schema import Forecast, Location, Merchant, Sweep
from tests.issuer.counting import Till
from tests.issuer.promoting import an_offer, look_at_all, promote, rewrite, showings_of

FOUNDED = datetime(2026, 7, 1, 8, tzinfo=UTC)
THREE = datetime(2026, 7, 15, 13, tzinfo=UTC)
"""15:00 in Berlin, in summer."""
SIX = THREE + timedelta(hours=3)
SOON = THREE - timedelta(minutes=14)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HOT, MILD = Weather(Decimal("28.1"), Decimal(0)), Weather(Decimal(28), Decimal(0))
ENGLISH, GERMAN = Wording("en"), Wording("de")


@pytest.fixture
def now() -> datetime:
    return FOUNDED


class Sky:
    """A café with a place on earth, its offers by weather, and what is said of them."""

    def __init__(self, till: Till) -> None:
        self.till, self.engine, self.shop = till, till.engine, till.shop

    def move(self, latitude: float | None, longitude: float | None) -> None:
        with self.till.work() as session:
            shop = session.get_one(Location, self.shop.location_id)
            shop.latitude, shop.longitude = latitude, longitude

    def offer(self, at: datetime = FOUNDED, trigger: dict[str, Any] | None = None, **parts: Any) -> UUID:
        return promote(self.engine, self.shop.merchant_id, at, trigger={"kind": "weather", **(trigger or {})}, **parts)

    def tell(self, change: Callable[..., object], offer_id: UUID) -> None:
        with self.till.work() as session:
            change(session, offer_id, Through(self.shop.merchant_id, FOUNDED))

    def wanted(self, now: datetime) -> list[Wanted]:
        with self.till.work() as session:
            return forecasts.wanted(session, self.shop.merchant_id, now)

    def hours(self, now: datetime) -> list[datetime]:
        return [one.hour for one in self.wanted(now)]

    def note(self, answer: Told, now: datetime = SOON, hour: datetime = THREE) -> list[Wanted]:
        """What is news of the silence."""
        asked = Wanted(self.shop.location_id, hour, Place(52.5, 13.4))
        with self.till.work() as session:
            return forecasts.note(session, self.shop.merchant_id, {asked: answer}, now)

    def looks(self) -> dict[UUID, datetime]:
        """Offers for which cards are looked at because of an answer, and since when."""
        with transaction(self.engine) as session:
            mine = Sweep.merchant_id == self.shop.merchant_id
            begun = select(Sweep).where(mine, Sweep.began_at > FOUNDED)
            return {sweep.offer_id: sweep.began_at for sweep in session.scalars(begun)}

    def kept(self) -> list[Forecast]:
        with self.till.work() as session:
            return list(session.scalars(select(Forecast).order_by(Forecast.hour)))

    def trouble(self, now: datetime, words: Wording = ENGLISH, **trigger: Any) -> str | None:
        offer = an_offer(trigger={"kind": "weather", **trigger})
        with self.till.work() as session:
            return forecasts.trouble(session, offer, self.shop.merchant_id, words, now)

    def shows(self, card_id: UUID, now: datetime) -> list[str]:
        look_at_all(self.engine, self.till.keys, self.shop.merchant_id, now)
        with self.till.work() as session:
            return [one.state for one in showings_of(session, card_id)]


@pytest.fixture
def sky(till: Till) -> Sky:
    made = Sky(till)
    made.move(52.50241, 13.39494)
    return made


def test_a_forecast_is_wanted_from_a_quarter_of_an_hour_before_until_the_hours_are_over(sky: Sky) -> None:
    sky.offer()
    assert sky.hours(THREE - 15 * MINUTE) == []
    assert sky.hours(THREE - 14 * MINUTE) == [THREE]
    assert sky.hours(SIX - MINUTE) == [THREE]
    assert sky.hours(SIX) == []
    assert sky.hours(SOON + DAY) == [THREE + DAY]


def test_only_the_place_of_the_shop_is_told_to_about_a_kilometre(sky: Sky) -> None:
    sky.offer()
    assert sky.wanted(SOON) == [Wanted(sky.shop.location_id, THREE, Place(52.5, 13.39))]


@pytest.mark.parametrize(
    ("at", "hour"), [("15:30", THREE), ("15:59", THREE), ("16:00", THREE + timedelta(hours=1))], ids=str
)
def test_the_hour_is_that_in_which_the_offer_begins(sky: Sky, at: str, hour: datetime) -> None:
    sky.offer(trigger={"at": at})
    assert sky.hours(hour + timedelta(minutes=int(at[3:]))) == [hour]


def test_in_winter_it_is_another_hour_of_the_world_and_the_same_of_the_shop(sky: Sky) -> None:
    sky.offer()
    winter = datetime(2026, 12, 1, 14, tzinfo=UTC)
    assert sky.hours(winter) == [winter]


def test_it_goes_by_the_clock_of_the_shop_and_not_of_the_merchant(sky: Sky) -> None:
    with sky.till.work() as session:
        merchant = session.get_one(Merchant, sky.shop.merchant_id)
        lisbon = create_location(session, merchant, "Lisboa", FOUNDED)
        lisbon.latitude, lisbon.longitude, lisbon.zone = 38.72, -9.14, "Europe/Lisbon"
    sky.offer(trigger={"location": str(lisbon.id)})
    later = THREE + timedelta(hours=1)
    assert sky.wanted(THREE) == []
    assert sky.wanted(later) == [Wanted(lisbon.id, later, Place(38.72, -9.14))]


def test_two_offers_of_one_hour_want_it_once(sky: Sky) -> None:
    sky.offer()
    sky.offer(trigger={"limit": "10", "side": "under"})
    sky.offer(trigger={"at": "15:10"})
    assert sky.hours(SOON) == [THREE]


def test_without_an_offer_by_weather_nothing_is_asked(sky: Sky) -> None:
    promote(sky.engine, sky.shop.merchant_id, FOUNDED, trigger="time")
    assert sky.wanted(SOON) == []


@pytest.mark.parametrize("change", [offering.pause, offering.end], ids=["paused", "ended"])
def test_an_offer_that_does_not_run_asks_nothing(sky: Sky, change: Callable[..., object]) -> None:
    sky.tell(change, sky.offer())
    assert sky.wanted(SOON) == []


@pytest.mark.parametrize("window", [{"first": "2026-07-16"}, {"last": "2026-07-14"}], ids=str)
def test_outside_its_days_it_asks_nothing(sky: Sky, window: dict[str, str]) -> None:
    sky.offer(window=window)
    assert sky.wanted(SOON) == []


def test_an_offer_that_goes_live_in_the_middle_of_its_hours_asks_at_once(sky: Sky) -> None:
    sky.offer(THREE + 100 * MINUTE)
    assert sky.hours(THREE + 100 * MINUTE) == [THREE]


def test_a_shop_that_lost_its_place_is_asked_nothing_about(sky: Sky) -> None:
    sky.offer()
    sky.move(None, None)
    assert sky.wanted(SOON) == []


def test_another_merchants_offers_are_not_seen(sky: Sky, other_till: Till) -> None:
    sky.offer()
    with other_till.work() as session:
        assert forecasts.wanted(session, other_till.shop.merchant_id, SOON) == []


def test_what_is_answered_is_kept_and_not_asked_again(sky: Sky) -> None:
    sky.offer()
    assert sky.note(HOT) == []
    (row,) = sky.kept()
    assert (row.hour, row.temperature, row.rain, row.answer) == (THREE, HOT.temperature, HOT.rain, None)
    assert sky.wanted(SOON) == []
    assert sky.hours(SOON + DAY) == [THREE + DAY]


def test_silence_is_kept_with_a_word_told_once_and_asked_again(sky: Sky) -> None:
    sky.offer()
    assert [one.hour for one in sky.note(LATE)] == [THREE]
    assert sky.note("503", SOON + MINUTE) == []
    (row,) = sky.kept()
    assert (row.temperature, row.rain, row.answer, row.asked_at) == (None, None, "503", SOON + MINUTE)
    assert sky.hours(SOON + 2 * MINUTE) == [THREE]
    assert [one.hour for one in sky.note(LATE, SOON + DAY, THREE + DAY)] == [THREE + DAY]


@pytest.mark.parametrize("later", [MILD, LATE], ids=["other weather", "silence"])
def test_the_first_answer_of_an_hour_stands(sky: Sky, later: Told) -> None:
    offer_id = sky.offer()
    sky.note(HOT)
    assert sky.note(later, SOON + MINUTE) == []
    (row,) = sky.kept()
    assert (row.temperature, row.answer, row.asked_at) == (HOT.temperature, None, SOON)
    assert sky.looks() == {offer_id: SOON}


def test_an_answer_after_silence_counts(sky: Sky) -> None:
    offer_id = sky.offer()
    sky.note(GARBLED)
    assert sky.looks() == {}
    sky.note(HOT, THREE + 20 * MINUTE)
    assert sky.looks() == {offer_id: THREE + 20 * MINUTE}


@pytest.mark.parametrize(
    ("trigger", "weather", "met"),
    [
        ({}, HOT, True),
        ({}, MILD, False),
        ({"side": "under"}, MILD, False),
        ({"side": "under"}, Weather(Decimal("27.9"), Decimal(99)), True),
        ({"measure": "rain", "limit": "0.5"}, Weather(Decimal(40), Decimal("0.5")), False),
        ({"measure": "rain", "limit": "0.5"}, Weather(Decimal(-5), Decimal("0.6")), True),
        ({"measure": "rain", "limit": "0.1", "side": "under"}, HOT, True),
    ],
    ids=range(7),
)
def test_cards_are_looked_at_when_the_weather_is_met_and_else_not(
    sky: Sky, trigger: dict[str, Any], weather: Weather, met: bool
) -> None:
    offer_id = sky.offer(trigger=trigger)
    sky.note(weather)
    assert sky.looks() == ({offer_id: SOON} if met else {})


def test_an_answer_concerns_offers_of_its_hour_only(sky: Sky) -> None:
    sky.offer(trigger={"at": "14:00"})
    sky.offer(trigger={"limit": "35"})
    promote(sky.engine, sky.shop.merchant_id, FOUNDED, trigger="time")
    met = sky.offer()
    sky.note(HOT)
    assert sky.looks() == {met: SOON}


def test_nothing_to_keep_changes_nothing(sky: Sky) -> None:
    with sky.till.work() as session:
        assert forecasts.note(session, sky.shop.merchant_id, {}, SOON) == []


def test_in_the_heat_the_card_shows_the_offer_from_three_to_six_and_not_before(sky: Sky) -> None:
    card = sky.till.join()
    sky.offer()
    sky.note(HOT)
    assert sky.shows(card, SOON) == []
    assert sky.shows(card, THREE) == ["shown"]
    assert sky.shows(card, SIX) == ["over"]


@pytest.mark.parametrize("answer", [MILD, LATE, None], ids=["mild", "silence", "never asked"])
def test_without_the_weather_or_without_an_answer_the_card_shows_nothing(sky: Sky, answer: Told | None) -> None:
    card = sky.till.join()
    sky.offer()
    if answer:
        sky.note(answer)
    for minutes in range(-15, 200, 20):
        assert sky.shows(card, THREE + minutes * MINUTE) == []


def test_an_answer_that_comes_late_still_shows_the_offer(sky: Sky) -> None:
    card = sky.till.join()
    sky.offer()
    sky.note(LATE)
    assert sky.shows(card, THREE) == []
    sky.note(HOT, THREE + 20 * MINUTE)
    assert sky.shows(card, THREE + 20 * MINUTE) == ["shown"]


def test_an_offer_written_anew_waits_for_its_new_hour(sky: Sky) -> None:
    offer_id = sky.offer()
    sky.note(MILD)
    changed = an_offer(trigger={"kind": "weather", "at": "16:00"})
    rewrite(sky.engine, sky.shop.merchant_id, offer_id, changed, SOON)
    assert sky.hours(THREE + 50 * MINUTE) == [THREE + timedelta(hours=1)]


def test_while_it_is_silent_the_merchant_reads_so(sky: Sky) -> None:
    sky.offer()
    sky.note("503")
    assert sky.trouble(SOON) == (
        "There is no forecast for 15 Jul 2026, 15:00 yet (status 503). The weather service is asked again every minute;"
        " until it answers, nobody is shown this offer."
    )


def test_when_the_hours_are_over_the_merchant_reads_what_was_missed(sky: Sky) -> None:
    sky.offer()
    sky.note(LATE)
    text = (
        "There was no forecast for 15 Jul 2026, 15:00 (no answer in time), so nobody was shown this offer on that day."
    )
    assert sky.trouble(SIX) == sky.trouble(SOON + DAY) == text
    assert sky.trouble(SIX + 2 * DAY) is None


@pytest.mark.parametrize("answer", [HOT, MILD], ids=["hot", "mild"])
def test_with_an_answer_there_is_no_trouble(sky: Sky, answer: Weather) -> None:
    sky.offer()
    sky.note(LATE, SOON - DAY, THREE - DAY)
    sky.note(LATE)
    sky.note(answer, THREE)
    assert sky.trouble(THREE) is None


def test_another_hour_s_silence_is_no_trouble(sky: Sky) -> None:
    sky.note(LATE)
    assert sky.trouble(SOON, at="16:00", until="18:00") is None
    assert sky.trouble(FOUNDED) is None


def test_without_a_place_the_merchant_reads_what_to_do(sky: Sky) -> None:
    sky.move(None, None)
    text = (
        "No shop of this offer has coordinates, so there is no forecast and nobody is shown it. Give them to the shop."
    )
    assert sky.trouble(SOON) == text


def test_offers_without_weather_have_no_such_trouble(sky: Sky) -> None:
    sky.note(LATE)
    with sky.till.work() as session:
        assert forecasts.trouble(session, an_offer(), sky.shop.merchant_id, ENGLISH, SOON) is None


@pytest.mark.parametrize("answer", [*WHY])
def test_every_word_for_silence_is_said_in_both_languages(answer: str) -> None:
    english, german = (forecasts.why_said(answer, words) for words in (ENGLISH, GERMAN))
    assert answer not in (english, german)
    assert english != german


@pytest.mark.parametrize(("answer", "told"), [(HOT, "28.1 °C are forecast, so it runs"), (MILD, "so it does not run")])
def test_the_merchant_is_told_what_is_forecast_for_today_and_what_follows(sky: Sky, answer: Weather, told: str) -> None:
    offer = an_offer(trigger={"kind": "weather"})
    with sky.till.work() as session:
        assert forecasts.foretelling(session, offer, sky.shop.merchant_id, ENGLISH, THREE) is None
    sky.note(answer)
    with sky.till.work() as session:
        assert told in (forecasts.foretelling(session, offer, sky.shop.merchant_id, ENGLISH, THREE) or "")
        assert forecasts.foretelling(session, offer, sky.shop.merchant_id, ENGLISH, THREE + DAY) is None
        assert forecasts.foretelling(session, an_offer(), sky.shop.merchant_id, ENGLISH, THREE) is None
