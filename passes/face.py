"""What a card shows, in no vendor's terms: the values that every channel (Apple, web, paper) is made from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from passes.extras import NO_EXTRAS, Extras
from passes.typed import Typed

Detector = Literal["PhoneNumber", "Link", "Address", "CalendarEvent"]
"""What a phone looks for in a text on the back, to make it something to tap."""


class Sort(StrEnum):
    """What a card is to its holder: something collected on, something to be used up, a sign of belonging."""

    LOYALTY = "loyalty"
    VOUCHER = "voucher"
    MEMBERSHIP = "membership"


class FaceRefused(ValueError):
    """A wallet would drop or distort this in silence; str(error) is one sentence with value and remedy."""


@dataclass(frozen=True)
class Colours:
    """Three colours, each "#rrggbb": behind the text, of the values, of the labels."""

    background: str
    foreground: str
    label: str


@dataclass(frozen=True)
class Line:
    """One labelled value. `key` names it across versions; in `change_message` %@ stands for the new value.

    `typed` is what `value` says, for a phone that writes it itself. On the back, `link` makes of a value that is an
    address these words to tap, and `detect` says what else may become something to tap: None for everything.
    """

    key: str
    label: str
    value: str | int
    change_message: str | None = None
    typed: Typed | None = None
    link: str = ""
    detect: tuple[Detector, ...] | None = None


@dataclass(frozen=True)
class StampLook:
    """How a stamp grid looks. `stamp` is a PNG with alpha; `shape` is one of `passes.stamps.SHAPES`."""

    colours: Colours
    stamp: bytes
    shape: str


@dataclass(frozen=True)
class Stamps:
    """How far the round is: `filled` of `needed` stamps, `needed` from 1 to 30."""

    needed: int
    filled: int


@dataclass(frozen=True)
class Face:
    """All that one version of one card shows, in one language ("de", "en").

    `header` stays visible while the card is collapsed in the stack, so the count or the balance belongs there, first.
    `primary` is one large line at most: across the picture of a voucher, beside that of a membership, nowhere else.
    `icon` and `logo` are PNG originals of any size. `stamps` is None where nothing is stamped: points, credit, a
    voucher. `code` is what the QR holds, `short_code` what stands below it. A `voided` card has ended (used up, or
    moved to another phone) and shows no code. `expires_at`, with its offset from UTC, is when it ends by itself.
    """

    language: str
    organization: str
    description: str
    logo_text: str
    colours: Colours
    header: tuple[Line, ...]
    secondary: tuple[Line, ...]
    auxiliary: tuple[Line, ...]
    back: tuple[Line, ...]
    icon: bytes
    logo: bytes
    look: StampLook
    stamps: Stamps | None
    code: str
    short_code: str
    voided: bool = False
    expires_at: datetime | None = None
    sort: Sort = Sort.LOYALTY
    primary: tuple[Line, ...] = ()
    extras: Extras = NO_EXTRAS


@dataclass(frozen=True)
class Issue:
    """One issue of a card, fixed for its life: Apple never lets serial, type or token of a pass change.

    `web_service_url` stands without Apple's "/v1", which the phone appends itself.
    """

    pass_type: str
    team_id: str
    serial: str
    token: str
    web_service_url: str
