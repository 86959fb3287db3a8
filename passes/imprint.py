"""One place of a stamp card, drawn large: an open ring with its number, or a disc with the stamp on it."""

import math
from functools import lru_cache

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont, ImageOps

from passes.face import FaceRefused, StampLook
from passes.images import fitted, read_png

TILE = 1.5
"""Width of a tile, in diameters of its circle: room for shadow, outer ring and star."""

# Drawn this much larger and reduced once, so that edges come out smooth at 1x too.
_FINER = 3
_STAR_POINTS = 5
_SQUARE_CORNER = 0.2

RGB = tuple[int, int, int]


class Imprint:
    """A transparent square around a circle of `side` pixels; lengths given to it are in circle diameters."""

    def __init__(self, look: StampLook, side: int) -> None:
        self._look = look
        self._side = side * _FINER
        self._width = round(side * TILE)
        # Read even where no stamp is set: a broken picture shows on the day it is uploaded.
        self._art = _art(look.stamp, round(self._side * 0.68))
        self.picture = Image.new("RGBA", (self._width * _FINER, self._width * _FINER), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.picture)
        self._background = _rgb(look.colours.background)
        self._foreground = _rgb(look.colours.foreground)
        self._label = _rgb(look.colours.label)

    def open_place(self, number: int) -> None:
        """A place still to be stamped."""
        self._outline(1.0, 0.028, _between(self._background, self._label, 0.7))
        size = 0.36 if number < 10 else 0.32
        font = ImageFont.load_default(size=size * self._side)
        self._draw.text((self._middle, self._middle), str(number), self._label, font, anchor="mm")

    def open_reward(self) -> None:
        """The last place: a double ring and a star say that this one brings the reward."""
        self._outline(1.08, 0.045, self._label)
        self._outline(0.9, 0.02, _between(self._background, self._label, 0.7))
        self._star(0.0, 0.02, 0.27, self._label)

    def stamped(self, angle: float) -> None:
        """The stamp on a disc, turned by `angle` degrees."""
        self._shadow()
        self._shape(1.0, self._foreground)
        self._outline(0.9, 0.014, _between(self._foreground, self._background, 0.22))
        art = self._art.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        corner = round(self._middle - art.width / 2), round(self._middle - art.height / 2)
        self.picture.alpha_composite(art, corner)

    def earned(self) -> None:
        """What the last stamp gets on top: an outer ring and a star on its shoulder."""
        self._outline(1.13, 0.04, self._label)
        self._dot(0.37, -0.37, 0.21, self._background)
        self._dot(0.37, -0.37, 0.18, self._label)
        self._star(0.37, -0.365, 0.12, self._background)

    def reduced(self) -> Image.Image:
        """The finished tile, 1.5 times `side` wide."""
        return self.picture.resize((self._width, self._width), Image.Resampling.BOX)

    @property
    def _middle(self) -> float:
        return self.picture.width / 2

    def _box(self, x: float, y: float, width: float) -> tuple[float, float, float, float]:
        left, top = self._middle + (x - width / 2) * self._side, self._middle + (y - width / 2) * self._side
        return left, top, left + width * self._side - 1, top + width * self._side - 1

    def _shape(self, width: float, fill: RGB) -> None:
        if self._look.shape == "round":
            self._draw.ellipse(self._box(0, 0, width), fill=fill)
        else:
            self._draw.rounded_rectangle(self._box(0, 0, width), self._corner(width), fill=fill)

    def _outline(self, width: float, line: float, colour: RGB) -> None:
        pixels = max(round(line * self._side), _FINER)
        if self._look.shape == "round":
            self._draw.ellipse(self._box(0, 0, width), outline=colour, width=pixels)
        else:
            self._draw.rounded_rectangle(self._box(0, 0, width), self._corner(width), outline=colour, width=pixels)

    def _corner(self, width: float) -> float:
        # Concentric corners: the radius grows with the distance from the disc's own edge.
        return max((_SQUARE_CORNER + (width - 1) / 2) * self._side, 1)

    def _dot(self, x: float, y: float, radius: float, fill: RGB) -> None:
        self._draw.ellipse(self._box(x, y, 2 * radius), fill=fill)

    def _star(self, x: float, y: float, radius: float, fill: RGB) -> None:
        corners = []
        for n in range(2 * _STAR_POINTS):
            reach = radius * self._side * (1 if n % 2 == 0 else 0.45)
            turn = math.pi * n / _STAR_POINTS - math.pi / 2
            corners.append(
                (
                    self._middle + x * self._side + reach * math.cos(turn),
                    self._middle + y * self._side + reach * math.sin(turn),
                )
            )
        self._draw.polygon(corners, fill=fill)

    def _shadow(self) -> None:
        self._shape(1.0, (0, 0, 0))
        depth = self.picture.getchannel("A").point(lambda alpha: alpha * 2 // 5)
        soft = depth.filter(ImageFilter.BoxBlur(0.03 * self._side))
        self.picture.paste((0, 0, 0, 0), (0, 0, *self.picture.size))
        self.picture.putalpha(soft.transform(soft.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -0.03 * self._side)))
        self._draw = ImageDraw.Draw(self.picture)


def _rgb(colour: str) -> RGB:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def _between(first: RGB, second: RGB, share: float) -> RGB:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@lru_cache(maxsize=32)
def _art(stamp: bytes, side: int) -> Image.Image:
    picture = read_png(stamp)
    drawn = picture.getchannel("A").getbbox()
    if drawn is None:
        raise FaceRefused("The stamp image is transparent all over; draw the stamp and upload it again.")
    # Empty margins would make one merchant's stamp smaller than another's; cut alike on all sides, because
    # a cup with a handle is centred by its cup.
    spare = min(drawn[0], drawn[1], picture.width - drawn[2], picture.height - drawn[3])
    return fitted(ImageOps.crop(picture, spare), (side, side))
