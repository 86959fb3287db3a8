"""Open-Meteo's forecasts: where it will be how warm and wet. Only places leave, to the hundredth of a degree.

Source: Open-Meteo, "Weather Forecast API": hourly values by Unix time in UTC; ``temperature_2m`` is of that instant,
``precipitation`` the sum of the hour before it, rain, showers and snow; several places make a list of answers.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from issuer.forecasts import GARBLED, HOUR_MISSING, LATE, NO_CONNECTION, Place, Told, Weather
from worker.google_wallet import new_session

PATH = "/v1/forecast"
CONNECT_SECONDS, READ_SECONDS, LONGEST_SECONDS = 5.0, 10.0, 20.0
MOST_PLACES, MOST_BYTES, CHUNK = 50, 1_000_000, 65536
HOUR = 3600
COLDEST, WARMEST, WETTEST = -100, 100, 1000
# Yesterday, for hours that are asked again after midnight; tomorrow, for what falls before it.
ASKED = {
    "hourly": "temperature_2m,precipitation",
    "timeformat": "unixtime",
    "past_days": "1",
    "forecast_days": "2",
}


@dataclass(frozen=True)
class Outlook:
    """What was foretold of one place, by seconds since 1970."""

    temperatures: Mapping[int, Decimal]
    rains: Mapping[int, Decimal]

    def at(self, hour: datetime) -> Told:
        begins = int(hour.timestamp())
        temperature, rain = self.temperatures.get(begins), self.rains.get(begins + HOUR)
        return HOUR_MISSING if temperature is None or rain is None else Weather(temperature, rain)


class OpenMeteo:
    """The service at one address. Nothing of the address is logged: a key may stand behind its question mark.

    :param patience: seconds for a connection, seconds between two pieces of an answer; ``longest`` for all of it
    """

    def __init__(
        self,
        url: str,
        *,
        patience: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        longest: float = LONGEST_SECONDS,
    ) -> None:
        parts = urlsplit(url)
        self._url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{PATH}"
        self._own, self._patience, self._longest = dict(parse_qsl(parts.query)), patience, longest
        self._session = new_session()

    def ask(self, places: Sequence[Place]) -> Mapping[Place, Outlook | str]:
        """One request for up to `MOST_PLACES` places; of each its outlook, or in a word why there is none.

        The words are those of `issuer.forecasts.Told`. Nothing is tried twice.
        """
        try:
            answer = self._fetch(places)
        except (requests.Timeout, ReadTimeoutError):
            answer = LATE
        except (requests.RequestException, HTTPError):
            answer = NO_CONNECTION
        if isinstance(answer, str):
            return dict.fromkeys(places, answer)
        return dict(zip(places, _outlooks(answer, len(places)), strict=True))

    def close(self) -> None:
        self._session.close()

    def _fetch(self, places: Sequence[Place]) -> bytes | str:
        query = self._own | ASKED
        query["latitude"] = ",".join(f"{place.latitude:.2f}" for place in places)
        query["longitude"] = ",".join(f"{place.longitude:.2f}" for place in places)
        ends = monotonic() + self._longest
        with self._session.get(
            self._url, params=query, timeout=self._patience, allow_redirects=False, stream=True
        ) as response:
            if response.status_code != requests.codes.ok:
                return str(response.status_code)
            body = bytearray()
            # Whatever has arrived, at once: a server that sends a byte now and then is found out in time.
            while piece := response.raw.read1(CHUNK, decode_content=True):
                body += piece
                if len(body) > MOST_BYTES:
                    return GARBLED
                if monotonic() > ends:
                    return LATE
        return bytes(body)


def _outlooks(body: bytes, count: int) -> list[Outlook | str]:
    """In the order of the places; of one place there is no list."""
    try:
        told = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return [GARBLED] * count
    each = told if isinstance(told, list) else [told]
    if len(each) != count:
        return [GARBLED] * count
    return [_outlook(one) for one in each]


def _outlook(told: Any) -> Outlook | str:
    hourly = told.get("hourly") if isinstance(told, dict) else None
    if not isinstance(hourly, dict):
        return GARBLED
    times, warm, wet = (hourly.get(name) for name in ("time", "temperature_2m", "precipitation"))
    if not (isinstance(times, list) and isinstance(warm, list) and isinstance(wet, list)):
        return GARBLED
    if not len(times) == len(warm) == len(wet):
        return GARBLED
    return Outlook(dict(_numbers(times, warm, COLDEST, WARMEST)), dict(_numbers(times, wet, 0, WETTEST)))


def _numbers(times: Sequence[Any], values: Sequence[Any], least: int, most: int) -> Iterator[tuple[int, Decimal]]:
    """Only what can be: an hour without a value, or with one of no weather, has none."""
    for time, value in zip(times, values, strict=True):
        if type(time) is int and type(value) in (int, Decimal) and least <= value <= most:
            yield time, round(Decimal(value), 2)
