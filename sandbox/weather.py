"""Open-Meteo as far as the issuer asks it, with a sky that people and tests set by hand.

Source: Open-Meteo, "Weather Forecast API": `/v1/forecast`, one place or several, hours by Unix time in UTC.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.apns import ScriptRefused
from sandbox.google_api import ConnectionDropped, hang_up

PREFIX = "/weather"
ANSWERS = ("usual", "none", "error", "garbled")
COLDEST, WARMEST, WETTEST = -60.0, 60.0, 200.0
VARIABLES = {"temperature_2m": "°C", "precipitation": "mm"}
DEFAULT_DAYS, MOST_DAYS, MOST_PAST_DAYS = 7, 16, 92
REMEMBERED = 100


@dataclass(frozen=True)
class Sky:
    """The same everywhere and at every hour: degrees Celsius, millimetres of rain an hour.

    `answer`: "usual"; "none" hangs up; "error" is a 503; "garbled" is no JSON.
    """

    temperature: float = 20.0
    rain: float = 0.0
    answer: str = "usual"


class QuestionRefused(Exception):
    """Open-Meteo's answer 400; the text is its reason."""


class WeatherService:
    """What it foretells, and what it was asked: the parameters of each question, the last 100. Thread-safe.

    `file` keeps the sky over a restart.
    """

    def __init__(self, now: Callable[[], datetime], file: Path | None = None) -> None:
        self._now, self._file, self._lock = now, file, threading.Lock()
        self._sky, self._asked = _kept(file), deque[dict[str, str]](maxlen=REMEMBERED)

    @property
    def sky(self) -> Sky:
        with self._lock:
            return self._sky

    def change(self, wanted: object) -> Sky:
        """Change some of the sky. Raises ScriptRefused with one sentence."""
        with self._lock:
            self._sky = _changed(self._sky, wanted)
            if self._file:
                _keep(self._sky, self._file)
            return self._sky

    def asked(self) -> list[dict[str, str]]:
        with self._lock:
            return list(self._asked)

    def foretell(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        """An answer for each place. Raises QuestionRefused."""
        with self._lock:
            self._asked.append(dict(asked))
            sky = self._sky
        north, east = _degrees(asked, "latitude", 90), _degrees(asked, "longitude", 180)
        if len(north) != len(east):
            raise QuestionRefused("Parameter 'latitude' and 'longitude' must have the same number of elements")
        wanted = [name for name in asked.get("hourly", "").split(",") if name]
        for name in wanted:
            if name not in VARIABLES:
                raise QuestionRefused(f"Cannot initialize from invalid String value {name} for key hourly")
        values = {"temperature_2m": sky.temperature, "precipitation": sky.rain}
        hours = self._hours(asked)
        hourly = {"time": hours, **{name: [values[name]] * len(hours) for name in wanted}}
        units = {"time": asked.get("timeformat", "iso8601"), **{name: VARIABLES[name] for name in wanted}}
        return [_answer(latitude, longitude, hourly, units) for latitude, longitude in zip(north, east, strict=True)]

    def _hours(self, asked: Mapping[str, str]) -> list[Any]:
        """From 0:00 UTC of the first day on."""
        past, ahead = (
            _days(asked, "past_days", 0, MOST_PAST_DAYS),
            _days(asked, "forecast_days", DEFAULT_DAYS, MOST_DAYS),
        )
        today = self._now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        hours = [today + timedelta(hours=number) for number in range(-24 * past, 24 * ahead)]
        if asked.get("timeformat") == "unixtime":
            return [int(hour.timestamp()) for hour in hours]
        return [f"{hour:%Y-%m-%dT%H:%M}" for hour in hours]


class WeatherPages:
    """The views: the service, its control, and a page with the same control for people."""

    def __init__(self, service: WeatherService) -> None:
        self._service = service

    def forecast(self) -> Response:
        """`GET /weather/v1/forecast`."""
        answer = self._service.sky.answer
        found = self._service.foretell(request.args)
        if answer == "none":
            raise ConnectionDropped
        if answer == "error":
            return _error("The sandbox was told to answer 503.", 503)
        if answer == "garbled":
            return Response("<h1>It rains</h1>", mimetype="text/html")
        return jsonify(found if len(found) > 1 else found[0])

    def settings(self) -> Response:
        """`GET /weather/settings`, and `POST` with some of `Sky`; answers them all."""
        sky = self._service.change(request.get_json()) if request.method == "POST" else self._service.sky
        return jsonify(asdict(sky))

    def asked(self) -> Response:
        """`GET /weather/asked`: the parameters of each question."""
        return jsonify(asked=self._service.asked())

    def page(self) -> str:
        """`GET /weather/`; with `?set=yes` it says that the form was heard."""
        sky = self._service.sky
        values = {"temperature": f"{sky.temperature:g}", "rain": f"{sky.rain:g}", "answer": sky.answer}
        return self._render(values, said="set" if "set" in request.args else None)

    def turn(self) -> AnyResponse | tuple[str, int]:
        """The form of that page. What cannot be is said, and stays as typed."""
        typed = {name: request.form.get(name, "") for name in asdict(self._service.sky)}
        try:
            self._service.change(typed | {name: _number(typed[name]) for name in ("temperature", "rain")})
        except ScriptRefused:
            return self._render(typed, said="wrong"), 422
        return redirect(url_for("weather_page", set="yes"), 303)

    def _render(self, values: Mapping[str, str], *, said: str | None) -> str:
        return render_template("weather.html", language=g.language, values=values, answers=ANSWERS, said=said)


def add_weather(app: Flask, service: WeatherService) -> None:
    """Add the service and its pages to the application."""
    pages = WeatherPages(service)
    views: list[tuple[str, Callable[[], Any], list[str]]] = [
        ("/v1/forecast", pages.forecast, ["GET"]),
        ("/settings", pages.settings, ["GET", "POST"]),
        ("/asked", pages.asked, ["GET"]),
        ("/", pages.page, ["GET"]),
        ("/", pages.turn, ["POST"]),
    ]
    for rule, view, methods in views:
        app.add_url_rule(f"{PREFIX}{rule}", f"weather_{view.__name__}", view, methods=methods)
    app.register_error_handler(ConnectionDropped, hang_up)
    app.register_error_handler(QuestionRefused, lambda error: _error(str(error), 400))


def _kept(file: Path | None) -> Sky:
    return Sky(**json.loads(file.read_text())) if file and file.exists() else Sky()


def _keep(sky: Sky, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(asdict(sky)))
    draft.replace(file)


def _changed(sky: Sky, wanted: object) -> Sky:
    known = asdict(sky)
    if not isinstance(wanted, dict) or not wanted.keys() <= known.keys():
        raise ScriptRefused(f"Send an object with some of {', '.join(known)}.")
    made = replace(sky, **wanted)
    if type(made.temperature) not in (int, float) or not COLDEST <= made.temperature <= WARMEST:
        raise ScriptRefused(f"A temperature is {COLDEST:g} to {WARMEST:g} °C, not {made.temperature!r}.")
    if type(made.rain) not in (int, float) or not 0 <= made.rain <= WETTEST:
        raise ScriptRefused(f"Rain is 0 to {WETTEST:g} mm, not {made.rain!r}.")
    if made.answer not in ANSWERS:
        raise ScriptRefused(f"An answer is one of {', '.join(ANSWERS)}, not {made.answer!r}.")
    return made


def _number(typed: str) -> object:
    """What a form sent, as a number if it is one; with a comma as in German."""
    try:
        return float(typed.replace(",", "."))
    except ValueError:
        return typed


def _degrees(asked: Mapping[str, str], name: str, most: float) -> list[float]:
    try:
        found = [float(one) for one in asked.get(name, "").split(",")]
    except ValueError as error:
        raise QuestionRefused(f"Value of type 'String' required for key '{name}'.") from error
    if not all(-most <= one <= most for one in found):
        raise QuestionRefused(f"{name.capitalize()} must be in range of -{most:g} to {most:g}°.")
    return found


def _days(asked: Mapping[str, str], name: str, usual: int, most: int) -> int:
    given = asked.get(name, str(usual))
    if not given.isdecimal() or int(given) > most:
        raise QuestionRefused(f"Parameter '{name}' is out of allowed range from 0 to {most}. Given {given}.")
    return int(given)


def _answer(latitude: float, longitude: float, hourly: Mapping[str, Any], units: Mapping[str, str]) -> dict[str, Any]:
    return {
        "latitude": latitude,
        "longitude": longitude,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "hourly_units": dict(units),
        "hourly": dict(hourly),
    }


def _error(reason: str, status: int) -> Response:
    answer = jsonify(error=True, reason=reason)
    answer.status_code = status
    return answer
