"""Colours for a card, proposed from its logo."""

import colorsys
from collections.abc import Callable, Iterator
from dataclasses import replace

from PIL import Image

from passes.contrast import ENOUGH, at_lightness, contrast, hex_of, lightness, repaired
from passes.face import Colours
from passes.images import read_png
from passes.visibility import VISIBLE, Tones, colours_of, own_ground, tones_of

# Mean contrast and share lost, from what a ground of our choosing should give to what it must give at least.
_WISHED = ((2.2, 0.15), (2.2, 1.0), (VISIBLE, 1.0))
_LEAST = ((VISIBLE, 1.0),)
# Span of the channels, of 1, below which a colour looks grey.
_GREYEST = 0.09
_NEUTRAL = "#2f2c2a"
_LIGHT_INK, _DARK_INK = 0.97, 0.13
_TINT = 0.94
_STEPS = 100


def visible_on(logo_png: bytes, background: str) -> bool:
    """Whether a logo can be made out on the background: a mean contrast ratio of its visible pixels of 1.5 or more.

    Raises FaceRefused for no readable PNG or a colour not written "#rrggbb".
    """
    return tones_of(read_png(logo_png)).contrast_with(background) >= VISIBLE


def proposed(logo_png: bytes, fallback: Colours) -> tuple[Colours, ...]:
    """Three palettes: the logo's strongest colour below light text, a tint of it below dark text, and `fallback`.

    All text on them passes 4.5, no two are the same, and the logo stays visible wherever any ground of that hue
    makes it so. Raises FaceRefused for no readable PNG.
    """
    picture = read_png(logo_png)
    tones, strong = tones_of(picture), strongest(picture)
    deep = _palette(strong, strong, _LIGHT_INK, picture)
    tint = _palette(at_lightness(_softened(strong), _TINT), strong, _DARK_INK, picture)
    taken = (deep.background, tint.background)
    own = _nearest(fallback.background, lambda ground: ground not in taken, tones, _LEAST)
    return deep, tint, repaired(replace(fallback, background=own))


def strongest(picture: Image.Image) -> str:
    """The colour that a logo is remembered by, "#rrggbb": frequent and vivid; anthracite when all of it is grey."""
    counted = colours_of(picture)
    vivid = {colour: count * _vividness(colour) for colour, count in counted.items() if _vividness(colour) > _GREYEST}
    if sum(counted[colour] for colour in vivid) < counted.total() * 0.02 or not vivid:
        return _NEUTRAL
    red, green, blue = max(vivid, key=lambda colour: sum(vivid[near] for near in vivid if _alike(colour, near)))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _vividness(colour: tuple[int, int, int]) -> float:
    return (max(colour) - min(colour)) / 255


def _alike(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 32


def _nearest(
    colour: str, fits: Callable[[str], bool], tones: Tones, wished: tuple[tuple[float, float], ...] = _WISHED
) -> str:
    """The nearest lightness of the colour that fits and shows the logo as wished; else what shows it best."""
    fitting = [ground for ground in _by_nearness(colour) if fits(ground)]
    for least, most_lost in wished:
        for ground in fitting:
            if tones.contrast_with(ground) >= least and tones.lost_on(ground) <= most_lost:
                return ground
    return max(fitting, key=tones.contrast_with)


def _by_nearness(colour: str) -> Iterator[str]:
    yield colour
    own = lightness(colour)
    for step in sorted((n / _STEPS for n in range(_STEPS + 1)), key=lambda step: abs(step - own)):
        yield at_lightness(colour, step)


def _palette(wanted: str, strong: str, light: float, picture: Image.Image) -> Colours:
    """Text of the lightness `light` on the ground that is wanted, or on the nearest that shows the logo."""
    ink = at_lightness(_softened(strong), light)

    def fits(ground: str) -> bool:
        return contrast(ink, ground) >= ENOUGH

    # On a ground of the colour it brings along, the logo is no box but part of the card.
    own = own_ground(picture)
    blends = own is not None and fits(own)
    ground = _nearest(own if own and blends else wanted, fits, tones_of(picture), _LEAST if blends else _WISHED)
    return repaired(Colours(ground, ink, at_lightness(strong, 0.78 if light > 0.5 else 0.34)))


def _softened(colour: str) -> str:
    """Half as saturated: a pale tint of full saturation glares."""
    hue, light, saturation = colorsys.rgb_to_hls(*(int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)))
    return hex_of(*colorsys.hls_to_rgb(hue, light, saturation * 0.6))
