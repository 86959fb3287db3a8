"""What a card shows, in no vendor's terms: the values that every channel (Apple, web, paper) is made from."""

from dataclasses import dataclass
from datetime import datetime


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
    """One labelled value. `key` names it across versions; in `change_message` %@ stands for the new value."""

    key: str
    label: str
    value: str | int
    change_message: str | None = None


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
