"""What Google shows beyond a face: the values of its classes and its objects that no other channel knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from passes.extras import Place

Texts = Mapping[str, str]
"""One text by language: {"de": …, "en": …}."""


class Ended(StrEnum):
    """Why a voided card is over, in Google's word for its state. Each moves the card to "Expired passes"."""

    USED = "COMPLETED"
    OVER = "EXPIRED"
    REVOKED = "INACTIVE"


@dataclass(frozen=True)
class Link:
    """A line to tap in the details. `uri` is a web, tel or mailto address, `label` what stands there."""

    key: str
    uri: str
    label: Texts


@dataclass(frozen=True)
class Message:
    """A text among the details, from `at` on. `until`, if it goes by itself. Both with their offset from UTC."""

    key: str
    at: datetime
    header: Texts
    body: Texts
    until: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    """How many rewards wait on the card, 0 too, and what they are called ("Rewards")."""

    count: int
    label: Texts


@dataclass(frozen=True)
class GoogleClass:
    """What a class says beyond a face, to all cards of it.

    `class_id` is "ISSUER.suffix"; pictures are addresses that Google fetches, `callback_url` one that it calls when a
    card is saved or removed; `places` are at most ten near which a card comes up.
    """

    class_id: str
    name: Texts
    logo_url: str
    wide_logo_url: str | None = None
    callback_url: str | None = None
    homepage: Link | None = None
    links: tuple[Link, ...] = ()
    messages: tuple[Message, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class GoogleProgram(GoogleClass):
    """A program, called `name`.

    `tier` is one text for all of its cards (what there is to reach): a card's own tier is a line of its face.
    """

    account_id_label: Texts | None = None
    account_name_label: Texts | None = None
    tier: Texts | None = None
    tier_label: Texts | None = None


@dataclass(frozen=True)
class GoogleOffers(GoogleClass):
    """The vouchers of a program, all titled `name` ("Voucher"): what one of them is worth is a line of its face.

    `rows` are keys of lines, by row of the front. They are given, as a class is the same whatever voucher it is made
    from.
    """

    short_name: Texts | None = None
    details: Texts | None = None
    fine_print: Texts | None = None
    rows: tuple[tuple[str, ...], ...] = (("offer",), ("until",))


@dataclass(frozen=True)
class GoogleObject:
    """What an object says beyond a face. Both ids are "ISSUER.suffix" of one issuer; `hero_url` shows the
    stamps, or the band of a card without them.

    `messages` are all that shall stand there, of which the ten newest go out. `places` are at most ten, the nearest.
    `ended` counts where the face is voided.
    """

    object_id: str
    class_id: str
    hero_url: str
    links: tuple[Link, ...] = ()
    messages: tuple[Message, ...] = ()
    places: tuple[Place, ...] = ()
    ended: Ended = Ended.REVOKED


@dataclass(frozen=True)
class GoogleCard(GoogleObject):
    """A card."""

    account_id: str | None = None
    account_name: str | None = None
    waiting: Waiting | None = None


@dataclass(frozen=True)
class GoogleVoucher(GoogleObject):
    """A voucher, good from `starts_at` on; when it ends is said by its face."""

    starts_at: datetime | None = None
