"""Open-Meteo is asked with places only, never waited for for long, and what makes no sense is no forecast."""

import gzip
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

from issuer.forecasts import GARBLED, HOUR_MISSING, LATE, NO_CONNECTION, Place, Weather
from sandbox.weather import WeatherService, add_weather
from worker.weather import MOST_BYTES, OpenMeteo

NOW = datetime(2026, 7, 15, 12, 50, tzinfo=UTC)
HOUR = datetime(2026, 7, 15, 13, tzinfo=UTC)
BERLIN, MUNICH = Place(52.5, 13.39), Place(48.14, 11.58)
EPOCH = int(HOUR.timestamp())
GOOD = {"time": [EPOCH, EPOCH + 3600], "temperature_2m": [30.5, 31], "precipitation": [7.5, 0.2]}
Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers as a test wants it. ``asked``: paths with their questions."""

    def __init__(self) -> None:
        self.asked, self.answer = list[str](), bodied(b"")
        outer, self.ended = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                with suppress(OSError):
                    outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()


def bodied(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def told(*hourly: Any) -> Answer:
    each = [{"hourly": one} for one in hourly]
    return bodied(json.dumps(each if len(each) > 1 else each[0]).encode())


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def ask(url: str, *places: Place) -> list[object]:
    """What is said of the hour in each place."""
    meteo = OpenMeteo(url, patience=(1.0, 0.3), longest=0.6)
    found = meteo.ask(places or (BERLIN,))
    meteo.close()
    assert tuple(found) == (places or (BERLIN,))
    return [one if isinstance(one, str) else one.at(HOUR) for one in found.values()]


@pytest.fixture
def sandbox() -> Iterator[tuple[str, WeatherService]]:
    app, service = Flask(__name__), WeatherService(lambda: NOW)
    add_weather(app, service)
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    made = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}/weather", service
    made.shutdown()
    made.server_close()


def test_the_sandbox_is_asked_as_open_meteo_is_and_tells_warmth_and_rain(sandbox: tuple[str, WeatherService]) -> None:
    url, service = sandbox
    service.change({"temperature": 31.5, "rain": 0.2})
    weather = Weather(Decimal("31.50"), Decimal("0.20"))
    assert ask(url) == [weather]
    assert ask(url, BERLIN, MUNICH) == [weather, weather]


@pytest.mark.parametrize(
    "hour", [NOW.replace(hour=0), NOW.replace(hour=23), NOW - timedelta(hours=20)], ids=["first", "last", "yesterday"]
)
def test_hours_around_midnight_are_told_too(sandbox: tuple[str, WeatherService], hour: datetime) -> None:
    outlook = OpenMeteo(sandbox[0]).ask([BERLIN])[BERLIN]
    assert not isinstance(outlook, str)
    assert isinstance(outlook.at(hour.replace(minute=0)), Weather)


@pytest.mark.parametrize(("answer", "word"), [("none", NO_CONNECTION), ("error", "503"), ("garbled", GARBLED)])
def test_a_sandbox_in_trouble_gives_no_forecast(sandbox: tuple[str, WeatherService], answer: str, word: str) -> None:
    sandbox[1].change({"answer": answer})
    assert ask(sandbox[0], BERLIN, MUNICH) == [word, word]


def test_rain_is_what_falls_in_the_hour_and_stands_at_its_end(server: Server) -> None:
    server.answer = told(GOOD)
    assert ask(server.url) == [Weather(Decimal("30.50"), Decimal("0.20"))]


def test_nothing_but_places_to_the_hundredth_leaves(server: Server) -> None:
    server.answer = told(GOOD, GOOD)
    ask(f"{server.url}/meteo/?apikey=k%201", BERLIN, Place(-48.1, 11.5))
    parts = urlsplit(server.asked[0])
    assert parts.path == "/meteo/v1/forecast"
    assert parse_qs(parts.query) == {
        "latitude": ["52.50,-48.10"],
        "longitude": ["13.39,11.50"],
        "hourly": ["temperature_2m,precipitation"],
        "timeformat": ["unixtime"],
        "past_days": ["1"],
        "forecast_days": ["2"],
        "apikey": ["k 1"],
    }


@pytest.mark.parametrize("status", [204, 400, 401, 429, 500, 503])
def test_another_status_than_200_is_told_by_its_number(server: Server, status: int) -> None:
    server.answer = bodied(b'{"error": true, "reason": "x"}', status)
    assert ask(server.url) == [str(status)]
    assert len(server.asked) == 1


def test_nobody_is_sent_elsewhere(server: Server) -> None:
    server.answer = bodied(b"", 302, Location=f"{server.url}/elsewhere")
    assert ask(server.url) == ["302"]
    assert len(server.asked) == 1


def test_nobody_listening_is_no_connection(server: Server) -> None:
    server.stop()
    assert ask(server.url) == [NO_CONNECTION]


@pytest.mark.parametrize("pause", [0.05, 30], ids=["bytes now and then", "nothing"])
def test_a_server_that_takes_its_time_is_left(server: Server, pause: float) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.ended.wait(pause):
            handler.wfile.write(b" ")

    server.answer = drip
    began = monotonic()
    assert ask(server.url) == [LATE]
    assert monotonic() - began < 2


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_answer_without_end_is_not_read_to_its_end(server: Server, packed: bool) -> None:
    body = b" " * (20 * MOST_BYTES)
    server.answer = bodied(gzip.compress(body), Content_Encoding="gzip") if packed else bodied(body)
    assert ask(server.url) == [GARBLED]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<h1>It rains</h1>",
        b"null",
        b"[]",
        b"7",
        b'"warm"',
        b"{}",
        b'{"hourly": null}',
        b'{"hourly": [1]}',
        b'{"hourly": {}}',
        b'{"hourly": {"time": 1, "temperature_2m": 2, "precipitation": 3}}',
        b'{"hourly": {"time": [1], "temperature_2m": [2], "precipitation": []}}',
        b'[{"hourly": {}}, {"hourly": {}}]',
        b"\xff\xfe",
        b"[" * 100_000,
        b"9" * 10_000,
    ],
    ids=range(16),
)
def test_what_makes_no_sense_is_no_forecast(server: Server, body: bytes) -> None:
    server.answer = bodied(body)
    assert ask(server.url) == [GARBLED]


@pytest.mark.parametrize(
    "changes",
    [
        {"time": [EPOCH - 7200, EPOCH - 3600]},
        {"time": [str(EPOCH), str(EPOCH + 3600)]},
        {"time": [True, None]},
        {"time": [EPOCH, float(EPOCH + 3600)]},
        {"temperature_2m": [None, None]},
        {"temperature_2m": ["30", "30"]},
        {"temperature_2m": [True, True]},
        {"temperature_2m": [1e300, 1]},
        {"temperature_2m": [-101, 1]},
        {"temperature_2m": [float("nan"), 1]},
        {"precipitation": [1, None]},
        {"precipitation": [1, -0.1]},
        {"precipitation": [1, float("inf")]},
        {"time": [], "temperature_2m": [], "precipitation": []},
    ],
    ids=str,
)
def test_an_hour_without_both_values_is_missing(server: Server, changes: dict[str, list[object]]) -> None:
    server.answer = told(GOOD | changes)
    assert ask(server.url) == [HOUR_MISSING]


def test_a_number_too_fine_for_any_weather_is_rounded(server: Server) -> None:
    server.answer = bodied(json.dumps({"hourly": GOOD}).replace("30.5", "1e-999999").encode())
    assert ask(server.url) == [Weather(Decimal(0), Decimal("0.20"))]


def test_trouble_in_one_place_is_none_in_another(server: Server) -> None:
    server.answer = told(None, GOOD)
    assert ask(server.url, BERLIN, MUNICH) == [GARBLED, Weather(Decimal("30.50"), Decimal("0.20"))]


@pytest.mark.parametrize("count", [1, 3])
def test_answers_for_other_places_than_asked_are_for_none(server: Server, count: int) -> None:
    server.answer = told(*[GOOD] * count)
    assert ask(server.url, BERLIN, MUNICH) == [GARBLED, GARBLED]
