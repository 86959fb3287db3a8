"""What Google shows beyond a face: the values of its class and its object that no other channel knows."""

from collections.abc import Mapping
from dataclasses import dataclass

Texts = Mapping[str, str]
"""One text by language: {"de": …, "en": …}."""


@dataclass(frozen=True)
class Link:
    """A line to tap in the details. `uri` is a web, tel or mailto address, `label` what stands there."""

    key: str
    uri: str
    label: Texts


@dataclass(frozen=True)
class Waiting:
    """How many rewards wait on the card, 0 too, and what they are called ("Rewards")."""

    count: int
    label: Texts


@dataclass(frozen=True)
class GoogleProgram:
    """What a class says beyond a face. `class_id` is "ISSUER.suffix"; pictures are addresses that Google fetches."""

    class_id: str
    name: Texts
    logo_url: str
    wide_logo_url: str | None = None
    account_id_label: Texts | None = None
    account_name_label: Texts | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class GoogleCard:
    """What an object says beyond a face. Both ids are "ISSUER.suffix" of one issuer; `hero_url` shows the
    stamps, or the band of a card without them."""

    object_id: str
    class_id: str
    hero_url: str
    account_id: str | None = None
    account_name: str | None = None
    waiting: Waiting | None = None
    links: tuple[Link, ...] = ()
