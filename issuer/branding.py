"""Ready card designs by trade: data under ``templates/branding/<name>/``, read, never run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FOLDER = Path(__file__).parents[1] / "templates" / "branding"


@dataclass(frozen=True)
class Branding:
    """``design``: colours and stamp shape. Pictures are PNG originals. Names: language to text.

    ``stamps_needed`` is what the trade usually asks for its reward.
    """

    design: dict[str, Any]
    trade_names: dict[str, str]
    program_names: dict[str, str]
    reward_names: dict[str, str]
    stamps_needed: int
    icon: bytes
    logo: bytes
    stamp: bytes


class UnknownBranding(Exception):
    """No ready design of that name: choose one of those in the message."""


def load_branding(name: str) -> Branding:
    """Read a ready design.

    :param name: folder below ``templates/branding``
    :raises UnknownBranding: naming those there are
    """
    folder, names = FOLDER / name, _names()
    if name not in names:
        raise UnknownBranding(f"{name!r} is no ready design: choose one of {', '.join(names)}.")
    data = json.loads((folder / "brand.json").read_text(encoding="utf-8"))
    wording = data["wording"]

    def by_language(key: str) -> dict[str, str]:
        return {language: texts[key] for language, texts in wording.items()}

    return Branding(
        design={
            "colours": data["colours"],
            "shape": data["stamp"]["shape"],
            "texts": by_language("description"),
        },
        trade_names=by_language("trade"),
        program_names=by_language("program"),
        reward_names=by_language("reward"),
        stamps_needed=data["stamps_needed"],
        icon=(folder / data["icon"]).read_bytes(),
        logo=(folder / data["logo"]).read_bytes(),
        stamp=(folder / data["stamp"]["image"]).read_bytes(),
    )


@cache
def brandings() -> Mapping[str, Branding]:
    """Every ready design by its name, read once a process."""
    return MappingProxyType({name: load_branding(name) for name in _names()})


@cache
def artworks() -> Mapping[str, bytes]:
    """The stamp drawing of every trade, a PNG by the design's name: any brand may choose any of them."""
    return MappingProxyType({name: branding.stamp for name, branding in brandings().items()})


def _names() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob("*/brand.json"))
