"""The pictures of a pass: PNG that unfolds, in Apple's sizes (Human Interface Guidelines, "Wallet")."""

import io
import re
import struct
from collections.abc import Iterator, Mapping

from PIL import Image

from passes.lint.findings import Finding, Name, found

_ICONS = ("icon.png", "icon@2x.png", "icon@3x.png")
_NAME = re.compile(r"(?P<stem>[A-Za-z]+)(?:@(?P<scale>[123])x)?\.png", re.ASCII)
POINTS = {
    "icon": (38, 38),
    "logo": (160, 50),
    "strip": (375, 144),
    "thumbnail": (90, 90),
    "background": (343, 503),
    "footer": (286, 15),
    "artwork": (358, 448),
    "primaryLogo": (126, 30),
    "secondaryLogo": (135, 12),
    "personalizationLogo": (150, 40),
}
"""Largest width and height by name; a point is 1, 2 or 3 pixels."""

_PNG, _LAST = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND"
_MOST_PIXELS = 20 * 1_000_000
"""Of all pictures of a pass together, unfolded in less than a second; every picture in every scale is five million."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, KeyError, TypeError, MemoryError)


def picture_faults(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Row 10, for pictures at the top level and in folders of languages."""
    icons = [name for name in _ICONS if name in files]
    if not icons:
        yield found("icon-missing")
    left = _MOST_PIXELS
    for name, data in files.items():
        if not name.endswith(".png"):
            continue
        width, height = header_of(data)
        left -= width * height
        if left < 0:
            yield found("image-too-large", name=Name(name), width=width, height=height, most=_MOST_PIXELS // 1_000_000)
        elif why := _why_unreadable(data):
            yield found("icon-unreadable" if name in _ICONS else "image-unreadable", name=Name(name), why=Name(why))


def picture_doubts(files: Mapping[str, bytes], style: str) -> Iterator[Finding]:
    """Scales that are missing, and pictures larger than Wallet shows them."""
    if any(name in files for name in _ICONS):
        yield from (found("icon-scale", name=Name(name)) for name in _ICONS if name not in files)
    for name, data in files.items():
        match = _NAME.fullmatch(name.rpartition("/")[2])
        if match is None or match["stem"] not in POINTS:
            continue
        size, most = header_of(data), _largest(match["stem"], int(match["scale"] or 1), style)
        if size[0] > most[0] or size[1] > most[1]:
            shown = Name(f"{most[0]} x {most[1]}")
            yield found("image-size", name=Name(name), width=size[0], height=size[1], most=shown)


def is_picture_name(name: str) -> bool:
    """Is it one that Wallet looks for?"""
    match = _NAME.fullmatch(name)
    return match is not None and match["stem"] in POINTS


def header_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels as a PNG's first chunk says (ISO/IEC 15948, 11.2.2); zeros for what is none."""
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        return 0, 0
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _largest(stem: str, scale: int, style: str) -> tuple[int, int]:
    width, height = POINTS[stem]
    if stem == "strip" and style == "eventTicket":
        height = 98
    return width * scale, height * scale


def _why_unreadable(data: bytes) -> str:
    """Empty if it can be read."""
    if not data.startswith(_PNG):
        return "it does not begin as one" if data else "it is empty"
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.size != header_of(data):
                # A second header, so that the first one would not tell how much unfolds.
                return "it is damaged or cut off"
            picture.load()
    except (*_BROKEN, Image.DecompressionBombError):
        return "it is damaged or cut off"
    # Pillow takes a picture whose last chunks are missing.
    return "" if _LAST in data else "it is cut off"
