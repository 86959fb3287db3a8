"""Each minute the worker asks for the forecasts that offers wait for: once, for all shops together."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import make_server

from issuer.database import transaction
from issuer.merchants import create_location
from issuer.schema import Forecast, JobRun, Location, Merchant, Sweep
from issuer.settings import Settings
from sandbox.weather import WeatherService, add_weather
from tests.conftest import Cafe
from tests.issuer.promoting import promote
from worker.app import make_celery
from worker.foretelling import KEPT, ask_weather
from worker.office import Office
from worker.weather import MOST_PLACES, OpenMeteo

FOUNDED = datetime(2026, 7, 1, 8, tzinfo=UTC)
THREE = datetime(2026, 7, 15, 13, tzinfo=UTC)
"""15:00 in Berlin."""
MINUTE, SOON = timedelta(minutes=1), THREE - timedelta(minutes=10)
HEAT = {"kind": "weather"}


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = SOON

    def now(self) -> datetime:
        return self.at


class Watch:
    """A worker that asks the sandbox, minute after minute."""

    def __init__(self, office: Office, hands: Hands, service: WeatherService, url: str) -> None:
        self.office, self.hands, self.service = office, hands, service
        self.meteo = OpenMeteo(url, patience=(1.0, 1.0))

    def turn(self, at: datetime) -> int:
        """How many hours were answered."""
        self.hands.at = at
        return ask_weather(self.office, self.meteo)

    def places(self) -> list[tuple[str, str]]:
        return [(asked["latitude"], asked["longitude"]) for asked in self.service.asked()]

    def put(self, cafe: Cafe, latitude: float, longitude: float) -> None:
        with transaction(self.office.engine, cafe.merchant_id) as session:
            shop = session.get_one(Location, cafe.location_id)
            shop.latitude, shop.longitude = latitude, longitude

    def offer(self, cafe: Cafe, **trigger: str) -> UUID:
        return promote(self.office.engine, cafe.merchant_id, FOUNDED, trigger=HEAT | trigger)

    def kept(self, cafe: Cafe) -> list[str | None]:
        """What was answered of each hour: nothing is an answer."""
        with transaction(self.office.engine, cafe.merchant_id) as session:
            return list(session.scalars(select(Forecast.answer).order_by(Forecast.hour)))


@pytest.fixture
def now() -> datetime:
    return FOUNDED


@pytest.fixture
def watch(office: Office, cafe: Cafe) -> Iterator[Watch]:
    hands = Hands()
    office.__dict__["clock"] = hands
    app, service = Flask(__name__), WeatherService(hands.now)
    add_weather(app, service)
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    made = Watch(office, hands, service, f"http://127.0.0.1:{server.server_port}/weather")
    made.put(cafe, 52.50241, 13.39494)
    yield made
    made.meteo.close()
    server.shutdown()
    server.server_close()


def test_the_heat_is_asked_for_once_and_sets_the_offer_off(watch: Watch, cafe: Cafe) -> None:
    offer_id = watch.offer(cafe)
    watch.service.change({"temperature": 31})
    assert watch.turn(THREE - 16 * MINUTE) == 0
    assert watch.turn(SOON) == 1
    assert [watch.turn(SOON + number * MINUTE) for number in range(1, 5)] == [0, 0, 0, 0]
    assert watch.places() == [("52.50", "13.39")]
    with transaction(watch.office.engine, cafe.merchant_id) as session:
        assert session.get_one(Forecast, (cafe.location_id, THREE)).temperature == 31
        assert session.get_one(Sweep, offer_id).began_at == SOON


def test_without_offers_by_weather_nobody_is_asked_anything(watch: Watch, cafe: Cafe) -> None:
    promote(watch.office.engine, cafe.merchant_id, FOUNDED, trigger="time")
    assert watch.turn(SOON) == 0
    assert watch.places() == []


def test_two_workers_in_one_minute_ask_once(watch: Watch, cafe: Cafe) -> None:
    watch.offer(cafe)
    watch.service.change({"answer": "error"})
    for seconds in (0, 1, 59):
        watch.turn(SOON + timedelta(seconds=seconds))
    assert len(watch.places()) == 1
    watch.turn(SOON + MINUTE)
    assert len(watch.places()) == 2


def test_two_shops_in_one_neighbourhood_are_one_place(watch: Watch, cafe: Cafe, other_cafe: Cafe) -> None:
    watch.put(other_cafe, 52.4951, 13.3949)
    watch.offer(cafe)
    watch.offer(other_cafe)
    assert watch.turn(SOON) == 2
    assert watch.places() == [("52.50", "13.39")]
    assert watch.kept(cafe) == watch.kept(other_cafe) == [None]


def test_many_shops_are_asked_about_some_at_a_time(watch: Watch, cafe: Cafe) -> None:
    with transaction(watch.office.engine, cafe.merchant_id) as session:
        merchant = session.get_one(Merchant, cafe.merchant_id)
        shops = [create_location(session, merchant, f"{number}", FOUNDED).id for number in range(MOST_PLACES + 1)]
        for number, shop_id in enumerate(shops):
            shop = session.get_one(Location, shop_id)
            shop.latitude, shop.longitude = 40 + number / 10, 13.4
    for shop_id in shops:
        watch.offer(cafe, location=str(shop_id))
    assert watch.turn(SOON) == MOST_PLACES + 1
    assert [asked.count(",") + 1 for asked, _ in watch.places()] == [MOST_PLACES, 1]


@pytest.mark.parametrize(
    ("answer", "word", "said"),
    [("none", "no_connection", "no connection"), ("error", "503", "status 503"), ("garbled", "garbled", "no sense")],
)
def test_silence_is_said_once_in_the_log_and_asked_again_until_it_ends(
    watch: Watch, cafe: Cafe, caplog: pytest.LogCaptureFixture, answer: str, word: str, said: str
) -> None:
    watch.offer(cafe)
    watch.service.change({"answer": answer})
    for number in range(3):
        assert watch.turn(SOON + number * MINUTE) == 0
    warned = [one.getMessage() for one in caplog.records if one.name == "worker.foretelling"]
    assert len(warned) == 1
    assert said in warned[0]
    assert "apikey" not in warned[0]
    assert (watch.kept(cafe), len(watch.places())) == ([word], 3)
    watch.service.change({"answer": "usual"})
    assert watch.turn(SOON + 3 * MINUTE) == 1
    assert watch.kept(cafe) == [None]


def test_the_silence_of_another_day_is_said_anew(watch: Watch, cafe: Cafe, caplog: pytest.LogCaptureFixture) -> None:
    watch.offer(cafe)
    watch.service.change({"answer": "error"})
    for days in range(2):
        watch.turn(SOON + timedelta(days=days))
    assert len([one for one in caplog.records if one.name == "worker.foretelling"]) == 2


def test_when_the_hours_are_over_nobody_asks_any_more(watch: Watch, cafe: Cafe) -> None:
    watch.offer(cafe)
    watch.service.change({"answer": "error"})
    watch.turn(THREE + timedelta(hours=3))
    assert watch.places() == []


def test_a_merchant_in_trouble_keeps_no_other_from_its_forecast(
    watch: Watch, cafe: Cafe, other_cafe: Cafe, caplog: pytest.LogCaptureFixture
) -> None:
    watch.put(other_cafe, 48.14, 11.58)
    watch.offer(cafe)
    watch.offer(other_cafe)
    with transaction(watch.office.engine, cafe.merchant_id) as session:
        session.get_one(Merchant, cafe.merchant_id).policy = {"lapsed_days": "many"}
    assert watch.turn(SOON) == 1
    assert watch.kept(other_cafe) == [None]
    assert str(cafe.merchant_id) in caplog.text


def test_minutes_long_past_are_forgotten(watch: Watch) -> None:
    for number in range(3):
        watch.turn(SOON + number * (KEPT + MINUTE))
    with transaction(watch.office.engine) as session:
        assert session.scalars(select(func.count()).where(JobRun.name == "weather")).one() == 1


def test_the_scheduler_asks_every_minute(settings: Settings) -> None:
    entry = make_celery(settings).conf.beat_schedule["ask_weather"]
    assert (entry["task"], entry["schedule"], entry["options"]) == ("ask_weather", 60.0, {"expires": 60})
