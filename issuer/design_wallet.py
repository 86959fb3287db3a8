"""What a brand tells Apple Wallet alone: read from a form, written into one, compared."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from issuer.coordinates import coordinates_said, read_coordinates
from issuer.editing import one_line, printable, whole_number
from issuer.refusals import N_
from passes.extras import LONGEST_TEXT, MOST_BEACONS, MOST_PLACES, Beacon, Extras, Place, Window

Made = TypeVar("Made", Place, Beacon, Window)

MOST_ROWS = {"place": MOST_PLACES, "beacon": MOST_BEACONS, "window": 10}
"""Kinds of rows of the form, and how many of each there may be."""

ALIGNMENTS = ("Left", "Center", "Right", "Natural")
LONGEST_URL, MOST_APPS, MOST_DATA = 500, 10, 20
_FARTHEST, _LARGEST_MINOR = 100_000, 65_535
_LONGEST_WINDOW = timedelta(hours=24)
_ALONE = ("shareable", "phone_formats", "radius", "align", "apps", "app_url", "app_data")
_ROW = re.compile(r"(place|beacon|window)_([0-9]{1,3})_([a-z]+)")
_APP = re.compile(r"(?:https://apps\.apple\.com/\S*\bid)?([0-9]{1,15})(?:\?\S*)?")

NO_PLACE = N_("It is not said where this is: write latitude and longitude as maps give them, like 52.51628, 13.37771.")
LONG_TEXT = N_("This text is longer than the 100 characters that fit: shorten it.")
ODD_TEXT = N_("This text holds characters that no phone can show: type it anew.")
TOO_MANY = N_("Wallet takes ten at most: take another one out first.")
RADIUS = N_("“%(given)s” is no distance: write whole metres from 1 to 100000, or nothing.")
UUID_FORM = N_("“%(given)s” is no UUID: copy the 32 digits and letters that the beacon was set to.")
NO_UUID = N_("The UUID is missing: copy the 32 digits and letters that the beacon was set to.")
MINOR = N_("“%(given)s” cannot be: write a whole number from 0 to 65535, or nothing.")
TIME = N_("“%(given)s” is no time: choose a day and an hour.")
NO_START = N_("It is not said when this begins: choose a day and an hour.")
BACKWARDS = N_("This ends before it begins, or more than 24 hours later: choose a time within 24 hours.")
PLACE_FIRST = N_("Wallet looks at a time only near a place: add a place, or take the times out.")
APP = N_("“%(given)s” is no app: write its number in the App Store, or copy its address there. Ten at most.")
URL = N_("“%(given)s” opens no app: begin with the app's own scheme, as in shop://card.")
APP_FIRST = N_("An address opens nothing without an app: write the app's number in the App Store too.")
ALIGNMENT = N_("“%(given)s” is no alignment: choose one of those shown.")
DATA = N_("“%(given)s” tells an app nothing: write a line for each value, as in shop = 12. Twenty at most.")


def is_of_wallet(name: str) -> bool:
    """Whether a field of the form is one of `read_wallet`'s."""
    return name in _ALONE or _ROW.fullmatch(name) is not None


class _Reading:
    """One form being read, and what is wrong with its fields: field -> sentence."""

    def __init__(self, fields: Mapping[str, str], zone: str) -> None:
        self.fields, self.zone = fields, ZoneInfo(zone)
        self.problems: dict[str, str] = {}

    def rows(self, kind: str, read: Callable[[str], Made | None], before: tuple[Made, ...]) -> tuple[Made, ...]:
        """All rows of a kind; those that were there before, as long as one of the new ones cannot be used."""
        numbers = sorted({int(row[2]) for name in self.fields if (row := _ROW.fullmatch(name)) and row[1] == kind})
        if not numbers:
            return before
        filled = [number for number in numbers if self._is_filled(kind, number)]
        made = [read(f"{kind}_{number}_") for number in filled]
        if len(made) > MOST_ROWS[kind]:
            self.problems[f"{kind}_{filled[-1]}_{FIRST[kind]}"] = TOO_MANY
        return tuple(one for one in made if one is not None) if self.is_right(f"{kind}_") else before

    def _is_filled(self, kind: str, number: int) -> bool:
        return any(self.text(name) for name in self.fields if name.startswith(f"{kind}_{number}_"))

    def is_right(self, prefix: str) -> bool:
        """Whether nothing is wrong with any of the fields whose names begin so."""
        return not any(name.startswith(prefix) for name in self.problems)

    def text(self, name: str) -> str:
        return one_line(self.fields.get(name, ""))

    def wrong(self, name: str, sentence: str) -> None:
        self.problems.setdefault(name, sentence)

    def spoken(self, name: str) -> str:
        """A text for the lock screen."""
        text = self.text(name)
        if len(text) > LONGEST_TEXT:
            self.wrong(name, LONG_TEXT)
        elif not printable(text):
            self.wrong(name, ODD_TEXT)
        return text

    def number(self, name: str, least: int, most: int, sentence: str) -> int | None:
        text = self.text(name)
        number = whole_number(text)
        if text and (number is None or not least <= number <= most):
            self.wrong(name, sentence)
        return number

    def moment(self, name: str) -> datetime | None:
        """By the shop's clock."""
        text = self.text(name)
        try:
            moment = datetime.fromisoformat(text) if text else None
        except ValueError:
            moment = None
        # A year at either end of the calendar has no counterpart in other time zones.
        if text and (moment is None or "T" not in text or not 1970 < moment.year < 9000):
            self.wrong(name, TIME)
            return None
        if moment is None:
            return None
        # The distance of two times is another by the clock on a wall where that is put back between them.
        offset = moment.replace(tzinfo=self.zone).utcoffset()
        return moment.replace(tzinfo=timezone(offset or timedelta()))


FIRST = {"place": "at", "beacon": "uuid", "window": "start"}
"""The field of a row that says the most."""


def read_wallet(fields: Mapping[str, str], before: Extras, zone: str) -> tuple[Extras, dict[str, str]]:
    """What Apple Wallet shall be told, and what cannot be used: field -> sentence (with %(given)s).

    Fields that are missing or cannot be used keep what ``before`` says.

    :param fields: shareable and phone_formats ("1" or "0"), radius, align, apps, app_url, app_data, place_<n>_at and
        _text, beacon_<n>_uuid, _major, _minor and _text, window_<n>_start and _end; empty rows are none
    :param zone: in which the times were typed
    """
    reading = _Reading(fields, zone)
    heights = {(place.latitude, place.longitude): place.altitude for place in before.places}
    places = reading.rows("place", lambda row: _place(reading, row, heights), before.places)
    windows = reading.rows("window", lambda row: _window(reading, row), before.windows)
    if windows and not places:
        reading.wrong(next((name for name in fields if name.startswith("window_")), "place_0_at"), PLACE_FIRST)
        places, windows = before.places, before.windows
    wanted = {
        "shareable": _switch(fields, "shareable", before=before.shareable),
        "phone_formats": _switch(fields, "phone_formats", before=before.phone_formats),
        "places": places,
        "windows": windows,
        "beacons": reading.rows("beacon", lambda row: _beacon(reading, row), before.beacons),
        "radius": before.radius,
        "align": before.align,
        **_numbers(reading, before),
        **_app(reading, before),
    }
    return Extras(**wanted), reading.problems


def _switch(fields: Mapping[str, str], name: str, *, before: bool) -> bool:
    return fields[name] == "1" if name in fields else before


def _place(reading: _Reading, row: str, heights: Mapping[tuple[float, float], float | None]) -> Place | None:
    name = f"{row}at"
    typed, text = reading.text(name), reading.spoken(f"{row}text")
    at = read_coordinates(typed) if typed else NO_PLACE
    if isinstance(at, str):
        reading.wrong(name, at)
    elif reading.is_right(row):
        return Place(latitude=at[0], longitude=at[1], altitude=heights.get(at), text=text)
    return None


def _beacon(reading: _Reading, row: str) -> Beacon | None:
    name = f"{row}uuid"
    typed, text = reading.text(name), reading.spoken(f"{row}text")
    major, minor = (reading.number(f"{row}{part}", 0, _LARGEST_MINOR, MINOR) for part in ("major", "minor"))
    uuid = _uuid(typed)
    if uuid is None:
        reading.wrong(name, UUID_FORM if typed else NO_UUID)
        return None
    return Beacon(uuid=uuid, major=major, minor=minor, text=text) if reading.is_right(row) else None


def _uuid(typed: str) -> UUID | None:
    try:
        uuid = UUID(typed)
    except ValueError:
        return None
    # Signs, underscores and other scripts' digits would be read as another number than the one that stands there.
    return uuid if uuid.hex in typed.replace("-", "").lower() else None


def _window(reading: _Reading, row: str) -> Window | None:
    start, end = reading.moment(f"{row}start"), reading.moment(f"{row}end")
    if start is None:
        reading.wrong(f"{row}start", NO_START)
        return None
    if end is not None and not timedelta() < end - start <= _LONGEST_WINDOW:
        reading.wrong(f"{row}end", BACKWARDS)
    return Window(start=start, end=end) if reading.is_right(row) else None


def _numbers(reading: _Reading, before: Extras) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "radius" in reading.fields:
        found["radius"] = reading.number("radius", 1, _FARTHEST, RADIUS)
    if "align" in reading.fields:
        found["align"] = reading.text("align") or None
        if found["align"] not in (None, *ALIGNMENTS):
            reading.wrong("align", ALIGNMENT)
    return {name: value if reading.is_right(name) else getattr(before, name) for name, value in found.items()}


def _app(reading: _Reading, before: Extras) -> dict[str, Any]:
    found = {"apps": before.apps, "app_url": before.app_url, "app_data": before.app_data}
    for name, read in (("apps", _apps), ("app_url", _url), ("app_data", _data)):
        if name in reading.fields and (value := read(reading, name)) is not None:
            found[name] = value
    if found["app_url"] and not found["apps"]:
        reading.wrong("app_url", APP_FIRST)
        found["apps"], found["app_url"] = before.apps, before.app_url
    return found


def _apps(reading: _Reading, name: str) -> tuple[int, ...] | None:
    matches = [_APP.fullmatch(part) for part in re.split(r"[\s,;]+", reading.text(name)) if part]
    apps = tuple(int(match[1]) for match in matches if match)
    if len(apps) < len(matches) or len(apps) > MOST_APPS or 0 in apps:
        reading.wrong(name, APP)
        return None
    return apps


def _url(reading: _Reading, name: str) -> str | None:
    url = reading.text(name)
    try:
        opens = not url or bool(urlsplit(url).scheme)
    except ValueError:
        opens = False
    if not opens or " " in url or not printable(url) or len(url) > LONGEST_URL:
        reading.wrong(name, URL)
        return None
    return url


def _data(reading: _Reading, name: str) -> dict[str, str] | None:
    lines = [line.partition("=") for line in reading.fields[name].splitlines() if line.strip()]
    found = {one_line(key): one_line(value) for key, _, value in lines}
    sound = all(sign and key.strip() and len(key + value) <= LONGEST_URL for key, sign, value in lines)
    if not sound or len(lines) > MOST_DATA or not all(map(printable, (*found, *found.values()))):
        reading.wrong(name, DATA)
        return None
    return found


def typed_as(extras: Extras, zone: str) -> dict[str, str]:
    """The fields of `read_wallet` that say this; times as the clocks of the zone show them."""
    return {
        "shareable": "1" if extras.shareable else "0",
        "phone_formats": "1" if extras.phone_formats else "0",
        "radius": str(extras.radius or ""),
        "align": extras.align or "",
        "apps": ", ".join(map(str, extras.apps)),
        "app_url": extras.app_url,
        "app_data": _lines(f"{name} = {value}" for name, value in extras.app_data.items()),
        **_numbered("place", ({"at": coordinates(one), "text": one.text} for one in extras.places)),
        **_numbered("beacon", map(_beacon_typed, extras.beacons)),
        **_numbered(
            "window", ({"start": _clock(one.start, zone), "end": _clock(one.end, zone)} for one in extras.windows)
        ),
    }


def _numbered(kind: str, rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {f"{kind}_{number}_{part}": text for number, row in enumerate(rows) for part, text in row.items()}


def _beacon_typed(beacon: Beacon) -> dict[str, str]:
    numbers = {"major": beacon.major, "minor": beacon.minor}
    said = {name: "" if number is None else str(number) for name, number in numbers.items()}
    return {"uuid": str(beacon.uuid), **said, "text": beacon.text}


def coordinates(place: Place) -> str:
    """As maps give them: "52.51628, 13.37771"."""
    return coordinates_said(place.latitude, place.longitude)


def _clock(moment: datetime | None, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") if moment else ""


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def wallet_differences(before: Extras, after: Extras) -> Iterator[tuple[str, str, str]]:
    """What differs, by the names of `issuer.design.CHANGES`, as it was and as it is."""
    old, new = _told(before), _told(after)
    yield from ((what, old[what], new[what]) for what in old if old[what] != new[what])


def _told(extras: Extras) -> dict[str, str]:
    plain = typed_as(extras, "UTC")
    return {
        "sharing": str(extras.shareable),
        "places": _lines(f"{coordinates(one)} {one.text}".strip() + _height(one) for one in extras.places),
        "radius": f"{extras.radius} m" if extras.radius else "",
        "beacons": _lines(" ".join(filter(None, _beacon_typed(one).values())) for one in extras.beacons),
        "windows": _lines(map(_window_told, extras.windows)),
        **{name: plain[name] for name in ("apps", "app_url", "app_data", "align")},
        "phone_formats": str(extras.phone_formats),
    }


def _window_told(window: Window) -> str:
    """By the clock that it was typed by."""
    return " – ".join(f"{at:%Y-%m-%d %H:%M}" for at in (window.start, window.end) if at)


def _height(place: Place) -> str:
    return "" if place.altitude is None else f" ({place.altitude:g} m)"
