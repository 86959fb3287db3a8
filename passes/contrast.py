"""Whether text on a card can be read, and the nearest colours with which it can.

Source: WCAG 2.2, "contrast ratio", "relative luminance", success criterion 1.4.3. A ratio has no unit, 1 to 21.
"""

import colorsys
from dataclasses import dataclass, replace

from passes.checks import rgb
from passes.face import Colours

ENOUGH = 4.5
"""The least ratio of text that is neither large nor bold."""

# Finer than the eighth bit of a channel, so that the nearest colour is among the steps.
_STEPS = 1024


@dataclass(frozen=True)
class Pair:
    """One text of a card on what lies behind it; `name` is "values" or "labels", `ratio` from 1 to 21."""

    name: str
    ink: str
    ground: str
    ratio: float

    @property
    def readable(self) -> bool:
        """Whether the ratio, not rounded, is enough."""
        return self.ratio >= ENOUGH


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white). Raises FaceRefused unless `colour` is "#rrggbb"."""
    red, green, blue = (_linear(channel / 255) for channel in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def ratio(first: float, second: float) -> float:
    """The contrast ratio of two relative luminances, in either order."""
    darker, lighter = sorted((first, second))
    return (lighter + 0.05) / (darker + 0.05)


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, in either order. Raises FaceRefused unless both are "#rrggbb"."""
    return ratio(luminance(first), luminance(second))


def pairs(colours: Colours) -> tuple[Pair, ...]:
    """Every text of a card with what lies behind it: values and labels. Raises FaceRefused as `contrast` does."""
    inks = {"values": colours.foreground, "labels": colours.label}
    ground = colours.background
    return tuple(Pair(name, ink, ground, contrast(ink, ground)) for name, ink in inks.items())


def repaired(colours: Colours) -> Colours:
    """The same palette with every text readable: what falls short is made lighter or darker, whichever is less.

    Hue and saturation stay, so does a colour that already passes, to the letter. One of black and white passes on
    any ground (at least 4.58), so there always is an answer. Raises FaceRefused unless all three are "#rrggbb".
    """
    ground = luminance(colours.background)
    return replace(
        colours,
        foreground=_readable(colours.foreground, ground),
        label=_readable(colours.label, ground),
    )


def _readable(ink: str, ground: float) -> str:
    if ratio(luminance(ink), ground) >= ENOUGH:
        return ink
    own = lightness(ink)
    nearest_first = sorted((step / _STEPS for step in range(_STEPS + 1)), key=lambda step: abs(step - own))
    moved = (at_lightness(ink, step) for step in nearest_first)
    return next(colour for colour in moved if ratio(luminance(colour), ground) >= ENOUGH)


def lightness(colour: str) -> float:
    """HSL lightness, 0 (black) to 1 (white). Raises FaceRefused unless `colour` is "#rrggbb"."""
    channels = rgb(colour)
    return (max(channels) + min(channels)) / 510


def at_lightness(colour: str, wanted: float) -> str:
    """The colour of the same hue and saturation (HSL) whose lightness is `wanted`, 0 to 1, as "#rrggbb"."""
    hue, _, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in rgb(colour)))
    return hex_of(*colorsys.hls_to_rgb(hue, wanted, saturation))


def hex_of(red: float, green: float, blue: float) -> str:
    """Channels from 0 to 1 as "#rrggbb"."""
    return "#" + "".join(f"{round(min(max(channel, 0), 1) * 255):02x}" for channel in (red, green, blue))
