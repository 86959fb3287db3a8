"""A pass as the page shows it: the fields Wallet has room for, in the places where Wallet puts them.

Sources: Apple, "Creating a store card pass" (up to three header fields, secondary and auxiliary together in
one row of four), "Pass.Barcodes" (the first displayable code is used).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.fields import shown_value
from sandbox.memory import Happening, Held, Notice
from sandbox.pass_content import COLOURS
from sandbox.texts import say
from sandbox.wallet import OpenedPass

IMAGES = ("logo", "strip", "icon", "thumbnail")
QR = "PKBarcodeFormatQR"
CLOCK = "Phone-Clock"
_FALLBACK = {
    "backgroundColor": "rgb(60, 60, 67)",
    "foregroundColor": "rgb(255, 255, 255)",
    "labelColor": "rgb(235, 235, 245)",
}
_LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;)]|[\w.+-]+@[\w-]+\.[\w.-]*\w|\+\d[\d /()-]{5,}\d")


@dataclass(frozen=True)
class Part:
    """A piece of a back field's text; `href` where Wallet's data detectors would make it a link."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Line:
    """One field as shown."""

    key: str
    label: str
    value: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Card:
    """One pass as shown. `name` is unique on the page and stands in its addresses and class names."""

    name: str
    address: str
    mark: str
    title: str
    organization: str
    description: str
    images: frozenset[str]
    header: tuple[Line, ...]
    primary: tuple[Line, ...]
    row: tuple[Line, ...]
    back: tuple[Line, ...]
    code: str | None
    code_is_qr: bool
    code_text: str
    voided: bool


def clock_said(now: datetime) -> str:
    """ "07:00": what stands at the top of the screen."""
    return now.strftime("%H:%M")


def pass_name(opened: OpenedPass) -> str:
    """A short name for pass type and serial that fits in addresses and class names."""
    return hashlib.sha256(f"{opened.pass_type}\n{opened.serial}".encode()).hexdigest()[:12]


def card(opened: OpenedPass, *, name: str, address: str, language: str) -> Card:
    """The pass as shown under this address."""
    content = opened.content
    groups = content.get(opened.style, {})

    def lines(group: str) -> tuple[Line, ...]:
        return tuple(_line(field, language) for field in groups.get(group, ()))

    code = barcode(opened)
    return Card(
        name=name,
        address=address,
        mark=hashlib.sha256(opened.files["manifest.json"]).hexdigest()[:12],
        title=str(content.get("logoText", "")),
        organization=str(content["organizationName"]),
        description=str(content["description"]),
        images=frozenset(image for image in IMAGES if picture(opened, image)),
        header=lines("headerFields")[:3],
        primary=lines("primaryFields")[:1],
        row=(lines("secondaryFields") + lines("auxiliaryFields"))[:4],
        back=lines("backFields"),
        code=str(code["message"]) if code else None,
        code_is_qr=code is not None and code["format"] == QR,
        code_text=str(code.get("altText", "")) if code else "",
        voided=content.get("voided") is True,
    )


def barcode(opened: OpenedPass) -> Mapping[str, Any] | None:
    """The code that is shown: the first of `barcodes`, else the old single `barcode`."""
    codes = opened.content.get("barcodes") or [opened.content.get("barcode")]
    return codes[0] if isinstance(codes[0], dict) and "message" in codes[0] else None


def picture(opened: OpenedPass, image: str) -> bytes | None:
    """The largest scale of this image in the pass."""
    for scale in ("@3x", "@2x", ""):
        if f"{image}{scale}.png" in opened.files:
            return opened.files[f"{image}{scale}.png"]
    return None


def colours(name: str, opened: OpenedPass) -> str:
    """A rule of a stylesheet with the pass's three colours; checked forms only, so nothing else gets in."""
    value = {colour: opened.content.get(colour, _FALLBACK[colour]) for colour in COLOURS}
    return (
        f".pass-{name}{{--pass-background:{value['backgroundColor']};"
        f"--pass-foreground:{value['foregroundColor']};--pass-label:{value['labelColor']}}}\n"
    )


def notice_text(notice: Notice, language: str) -> str:
    """The changeMessage with the new value filled in."""
    return str(notice.field["changeMessage"]).replace("%@", shown_value(notice.field, language))


def happening_text(happening: Happening, language: str) -> str:
    """One sentence about what the phone did."""
    values = dict(happening.values)
    if "code" in values:
        values["why"] = say(language, f"refused.{values['code']}", **values)
    return say(language, f"did.{happening.what}", **values)


def state(passes: list[Held], language: str) -> list[dict[str, Any]]:
    """The passes for a program that looks on: fields by key as shown, the code, and what the server said."""
    return [
        {
            "name": pass_name(held.opened),
            "pass_type": held.opened.pass_type,
            "serial": held.opened.serial,
            "organization": held.opened.content["organizationName"],
            "registered": held.registered,
            "added_at": held.added_at,
            "updated_at": held.updated_at,
            "last_modified": held.last_modified,
            "code": (barcode(held.opened) or {}).get("message"),
            "fields": _values(held.opened, language),
        }
        for held in passes
    ]


def _values(opened: OpenedPass, language: str) -> dict[str, str]:
    groups = opened.content.get(opened.style, {})
    fields = [field for group in groups.values() if isinstance(group, list) for field in group]
    return {field["key"]: shown_value(field, language) for field in fields}


def _line(field: Mapping[str, Any], language: str) -> Line:
    value = shown_value(field, language)
    return Line(str(field["key"]), str(field.get("label", "")), value, _parts(value))


def _parts(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    end = 0
    for found in _LINK.finditer(text):
        parts += [Part(text[end : found.start()]), Part(found[0], _href(found[0]))]
        end = found.end()
    return tuple(part for part in [*parts, Part(text[end:])] if part.text)


def _href(text: str) -> str:
    if text.startswith("http"):
        return text
    return f"mailto:{text}" if "@" in text else f"tel:{re.sub(r'[^+0-9]', '', text)}"
