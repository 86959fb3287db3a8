"""What a brand tells Apple Wallet beyond what its cards show: places, times, an app, who may share a card.

Each model refuses what Wallet would drop or mistake (pydantic.ValidationError). Sources: Apple, "Pass", "Showing a Pass
on the Lock Screen", "Pass.RelevantDates".
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

MOST_PLACES, MOST_BEACONS = 10, 10
LONGEST_TEXT = 100
_LONGEST_WINDOW = timedelta(hours=24)

_Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
_Number16 = Annotated[int, Field(ge=0, le=65535)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Value):
    """Near here the card comes to the lock screen. Degrees, north and east positive; ``altitude`` in metres.

    ``text``: where that is ("Lindenstraße 3"), without the shop's name and without an order to come, 100 signs.
    """

    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    altitude: Annotated[float, Field(allow_inf_nan=False)] | None = None
    text: _Text = ""


class Beacon(_Value):
    """The same for a Bluetooth beacon. ``major`` and ``minor`` from 0 to 65535; without them every one of ``uuid``."""

    uuid: UUID
    major: _Number16 | None = None
    minor: _Number16 | None = None
    text: _Text = ""


class Window(_Value):
    """A moment, or what lies between two at most 24 hours apart."""

    start: AwareDatetime
    end: AwareDatetime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and not timedelta() < self.end - self.start <= _LONGEST_WINDOW:
            raise ValueError("a window ends after it begins, and within 24 hours")
        return self

    def moments(self) -> dict[str, datetime]:
        """By Apple's names. A single moment is called otherwise since iOS 26, so it stands there twice."""
        if self.end is None:
            return {"date": self.start, "relevantDate": self.start}
        return {"startDate": self.start, "endDate": self.end}


class Extras(_Value):
    """All of it, none of it by default.

    ``shareable``: the pass has a Share button; without it the file can still be passed on. ``places``: at most 10.
    ``radius``: metres, may only shrink the 100 or so that Wallet takes. ``beacons``: at most 10 different UUIDs.
    ``windows``: looked at on a membership near one of its places only, and said on no other pass.
    ``apps``: App Store ids, of which the first that runs on the phone is linked on the back. ``app_url``: what
    it is opened with, needs one. ``app_data``: what it is told. ``align``: of the fields below the picture.
    ``phone_formats``: amounts, numbers and days are written by the customs of the phone's region, else in the card's
    language, like all its other words.
    """

    shareable: bool = True
    places: Annotated[tuple[Place, ...], Field(max_length=MOST_PLACES)] = ()
    radius: Annotated[int, Field(ge=1, le=100_000)] | None = None
    beacons: tuple[Beacon, ...] = ()
    windows: Annotated[tuple[Window, ...], Field(max_length=100)] = ()
    apps: tuple[Annotated[int, Field(ge=1)], ...] = ()
    app_url: str = ""
    app_data: dict[str, str] = {}
    align: Literal["Left", "Center", "Right", "Natural"] | None = None
    phone_formats: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len({beacon.uuid for beacon in self.beacons}) > MOST_BEACONS:
            raise ValueError(f"Wallet listens for {MOST_BEACONS} different beacons; share a UUID between shops")
        if self.windows and not self.places:
            raise ValueError("Wallet looks at a time only near a place; add a place or take the times out")
        if self.app_url and not self.apps:
            raise ValueError("an address to open an app with needs the App Store id of one; add it to apps")
        if self.app_url and not urlsplit(self.app_url).scheme:
            raise ValueError(f"{self.app_url!r} opens no app; begin it with the app's scheme, as in shop://card")
        return self


NO_EXTRAS = Extras()
