"""Ready card designs by trade: data under ``templates/branding/<name>/``, read, never run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "templates" / "branding"


@dataclass(frozen=True)
class Branding:
    """``design``: colours and stamp shape. Pictures are PNG originals. Names: language to text."""

    design: dict[str, Any]
    program_names: dict[str, str]
    reward_names: dict[str, str]
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
    folder = FOLDER / name
    names = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
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
        program_names=by_language("program"),
        reward_names=by_language("reward"),
        icon=(folder / data["icon"]).read_bytes(),
        logo=(folder / data["logo"]).read_bytes(),
        stamp=(folder / data["stamp"]["image"]).read_bytes(),
    )
