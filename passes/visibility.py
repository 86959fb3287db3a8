"""Whether a picture with transparency can be made out on a ground of one colour.

A picture is more than text, so it needs less than WCAG's ratios: what is asked is that it does not vanish.
"""

from collections import Counter
from dataclasses import dataclass

from PIL import Image

from passes.contrast import luminance, ratio

VISIBLE = 1.5
"""The least mean contrast ratio of a picture's pixels with their ground."""

SAME_COLOUR = 14
"""Channels this far apart (of 255) are what JPEG leaves of a colour that was one."""

_SAMPLE = 64
_SOLID = 128
_LEVELS = 16


@dataclass(frozen=True)
class Tones:
    """How light the visible pixels of a picture are: relative luminance and share, shares adding up to 1."""

    shares: tuple[tuple[float, float], ...]

    def contrast_with(self, background: str) -> float:
        """Mean contrast ratio, 1 to 21; 1 when nothing is visible. Raises FaceRefused unless "#rrggbb"."""
        ground = luminance(background)
        return sum(share * ratio(tone, ground) for tone, share in self.shares) or 1.0

    def lost_on(self, background: str) -> float:
        """Share of the visible pixels, 0 to 1, that vanish on this ground. Raises FaceRefused unless "#rrggbb"."""
        ground = luminance(background)
        return sum(share for tone, share in self.shares if ratio(tone, ground) < VISIBLE)


def colours_of(picture: Image.Image) -> Counter[tuple[int, int, int]]:
    """The colours of the pixels that can be seen, coarsely, and how often each is there."""
    small = picture.convert("RGBA")
    small.thumbnail((_SAMPLE, _SAMPLE), Image.Resampling.BOX)
    counted: Counter[tuple[int, int, int]] = Counter()
    red, green, blue, alpha = (band.tobytes() for band in small.split())
    for colour in zip(red, green, blue, alpha, strict=True):
        if colour[3] >= _SOLID:
            counted[_level(colour[0]), _level(colour[1]), _level(colour[2])] += 1
    return counted


def _level(channel: int) -> int:
    return round(round(channel / 255 * _LEVELS) / _LEVELS * 255)


def tones_of(picture: Image.Image) -> Tones:
    """The tones of a picture in RGBA, of any size."""
    counted: Counter[float] = Counter()
    for (red, green, blue), count in colours_of(picture).items():
        counted[round(luminance(f"#{red:02x}{green:02x}{blue:02x}"), 3)] += count
    return Tones(tuple((tone, count / counted.total()) for tone, count in sorted(counted.items())))


def own_ground(picture: Image.Image) -> str | None:
    """The colour ("#rrggbb") a picture in RGBA stands on: the one its four corners share, if they are opaque."""
    right, bottom = picture.width - 1, picture.height - 1
    places = ((0, 0), (right, 0), (0, bottom), (right, bottom))
    first, *others = (picture.crop((x, y, x + 1, y + 1)).tobytes() for x, y in places)
    for corner in (first, *others):
        if corner[3] < 255 or max(abs(a - b) for a, b in zip(corner, first, strict=True)) > SAME_COLOUR:
            return None
    return f"#{first[:3].hex()}"
