"""The sandbox's weather service answers as Open-Meteo does, under a sky that is set by hand."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.authority import Authority
from sandbox.server import Running, running
from tests.sandbox.google_parts import Clock

ASKED = {"latitude": "52.50", "longitude": "13.39", "hourly": "temperature_2m,precipitation", "timeformat": "unixtime"}
USUAL = {"temperature": 20.0, "rain": 0.0, "answer": "usual"}


class Weather:
    """The service and its control."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, **changes: str | None) -> requests.Response:
        query = {name: value for name, value in (ASKED | changes).items() if value is not None}
        return requests.get(f"{self.url}/v1/forecast", params=query, timeout=5)

    def tell(self, body: object) -> requests.Response:
        return requests.post(f"{self.url}/settings", json=body, timeout=5)

    def sky(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.url}/settings", timeout=5).json()
        return found

    def type(self, language: str = "en", **typed: str) -> requests.Response:
        sent = {"temperature": "20", "rain": "0", "answer": "usual"} | typed
        return requests.post(f"{self.url}/?lang={language}", data=sent, allow_redirects=False, timeout=5)


@pytest.fixture(scope="module")
def started(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weather]:
    folder = tmp_path_factory.mktemp("weather")
    with running(folder, phone_port=0, apns_port=0, authority=authority, now=Clock().now) as sandbox:
        yield Weather(sandbox.weather_url)


@pytest.fixture
def weather(started: Weather) -> Weather:
    started.tell(USUAL)
    return started


def test_each_hour_has_the_weather_that_was_set(weather: Weather) -> None:
    assert weather.tell({"temperature": 31.5, "rain": 2}).json() == {"temperature": 31.5, "rain": 2, "answer": "usual"}
    told = weather.ask(past_days="1", forecast_days="2").json()
    assert told["hourly_units"] == {"time": "unixtime", "temperature_2m": "°C", "precipitation": "mm"}
    hourly = told["hourly"]
    assert datetime.fromtimestamp(hourly["time"][0], UTC) == datetime(2026, 11, 21, tzinfo=UTC)
    assert [later - hour for hour, later in zip(hourly["time"], hourly["time"][1:], strict=False)] == [3600] * 71
    assert (hourly["temperature_2m"], hourly["precipitation"]) == ([31.5] * 72, [2] * 72)


def test_without_more_it_tells_seven_days_as_people_write_them(weather: Weather) -> None:
    hours = weather.ask(timeformat=None).json()["hourly"]["time"]
    assert (len(hours), hours[0], hours[-1]) == (168, "2026-11-22T00:00", "2026-11-28T23:00")


def test_one_place_is_an_object_and_several_are_a_list_in_their_order(weather: Weather) -> None:
    assert weather.ask().json()["latitude"] == 52.5
    told = weather.ask(latitude="52.5,48.14", longitude="13.39,11.58").json()
    assert [(one["latitude"], one["longitude"]) for one in told] == [(52.5, 13.39), (48.14, 11.58)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"latitude": None},
        {"latitude": "north"},
        {"latitude": "91"},
        {"longitude": "181"},
        {"longitude": "13.39,11.58"},
        {"hourly": "temperature_2m,sunshine"},
        {"forecast_days": "17"},
        {"forecast_days": "-1"},
        {"past_days": "93"},
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_answered_with_a_reason(
    weather: Weather, wrong: dict[str, str | None]
) -> None:
    answer = weather.ask(**wrong)
    assert answer.status_code == 400
    assert answer.json()["error"] is True
    assert answer.json()["reason"]


def test_it_hangs_up_when_told_to(weather: Weather) -> None:
    weather.tell({"answer": "none"})
    with pytest.raises(requests.ConnectionError):
        weather.ask()


def test_it_is_out_of_order_when_told_to(weather: Weather) -> None:
    weather.tell({"answer": "error"})
    answer = weather.ask()
    assert (answer.status_code, answer.json()["error"]) == (503, True)


def test_it_talks_nonsense_when_told_to(weather: Weather) -> None:
    weather.tell({"answer": "garbled"})
    with pytest.raises(requests.JSONDecodeError):
        weather.ask().json()


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"wind": 3},
        {"temperature": "hot"},
        {"temperature": 61},
        {"temperature": True},
        {"rain": -1},
        {"answer": "x"},
    ],
    ids=str,
)
def test_a_sky_that_cannot_be_is_refused_with_a_sentence_and_nothing_changes(weather: Weather, wrong: object) -> None:
    answer = weather.tell(wrong)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")
    assert weather.sky() == USUAL


def test_what_was_asked_can_be_read(weather: Weather) -> None:
    weather.ask(latitude="48.14")
    assert requests.get(f"{weather.url}/asked", timeout=5).json()["asked"][-1] == ASKED | {"latitude": "48.14"}


def test_people_set_the_sky_on_a_page(weather: Weather) -> None:
    answer = weather.type(temperature="31,5", rain="0.5", answer="none")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/weather/?set=yes")
    assert weather.sky() == {"temperature": 31.5, "rain": 0.5, "answer": "none"}
    page = requests.get(f"{weather.url}/?set=yes&lang=en", timeout=5).text
    assert 'role="status">Saved.' in page
    assert 'value="31.5"' in page
    assert '<option value="none" selected>it hangs up</option>' in page


@pytest.mark.parametrize(
    "typed", [{"temperature": "warm"}, {"rain": ""}, {"temperature": "nan"}, {"answer": "x"}], ids=str
)
def test_the_page_says_what_cannot_be_and_keeps_what_was_typed(weather: Weather, typed: dict[str, str]) -> None:
    answer = weather.type("de", **typed)
    assert answer.status_code == 422
    assert "Das Wetter blieb, wie es war" in answer.text
    assert "Gespeichert" not in answer.text
    if "temperature" in typed:
        assert f'value="{typed["temperature"]}"' in answer.text
    assert weather.sky() == USUAL


def test_the_page_says_saved_only_after_it_was_sent(weather: Weather) -> None:
    assert "Saved." not in requests.get(f"{weather.url}/?lang=en", timeout=5).text


def test_after_a_restart_the_weather_is_what_it_was(authority: Authority, tmp_path: Path) -> None:
    def start() -> AbstractContextManager[Running]:
        return running(tmp_path, phone_port=0, apns_port=0, authority=authority, now=Clock().now)

    with start() as first:
        Weather(first.weather_url).type(temperature="31,5", rain="2", answer="error")
    with start() as second:
        kept = Weather(second.weather_url)
        assert kept.sky() == {"temperature": 31.5, "rain": 2.0, "answer": "error"}
        assert kept.tell({"temperature": 99}).status_code == 422
    with start() as third:
        assert Weather(third.weather_url).sky()["temperature"] == 31.5


def test_the_phone_shows_the_way_to_the_weather(weather: Weather) -> None:
    page = requests.get(f"{weather.url.removesuffix('/weather')}/phone/1/", timeout=5).text
    assert 'href="/weather/"' in page
