"""One place of a stamp card, drawn large: an open ring with its number, or a disc with the stamp on it."""

import math
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont, ImageOps

from passes.face import FaceRefused, StampLook
from passes.images import fitted, read_png
from passes.shapes import outline
from passes.visibility import own_ground, tones_of

TILE = 1.5
"""Width of a tile, in diameters of its circle: room for shadow, outer ring and star."""

# Drawn this much larger and reduced once, so that edges come out smooth at 1x too.
_FINER = 3
_STAR_POINTS = 5
# Widths of a drawing and of a photo on the stamp.
_ART, _PHOTO = 0.68, 0.88
# Pixels, and share of them, by which a drawing is judged.
_SAMPLED, _MOST_LOST = 128, 0.25

RGB = tuple[int, int, int]


class Imprint:
    """A transparent square around a circle of `side` pixels; lengths given to it are in circle diameters."""

    def __init__(self, look: StampLook, side: int) -> None:
        self._look = look
        self._side = side * _FINER
        self._width = round(side * TILE)
        # Read even where no stamp is set: a broken picture shows on the day it is uploaded.
        self._art = _art(look.stamp, round(self._side * _ART), round(self._side * _PHOTO))
        self.picture = Image.new("RGBA", (self._width * _FINER, self._width * _FINER), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.picture)
        self._background = _rgb(look.colours.background)
        self._foreground = _rgb(look.colours.foreground)
        self._label = _rgb(look.colours.label)

    def open_place(self, number: int) -> None:
        """A place still to be stamped."""
        self._outline(1.0, 0.028, _mixed(self._background, self._label, 0.7))
        size = 0.36 if number < 10 else 0.32
        font = ImageFont.load_default(size=size * self._side)
        self._draw.text((self._middle, self._middle), str(number), self._label, font, anchor="mm")

    def open_reward(self) -> None:
        """The last place: a double ring and a star say that this one brings the reward."""
        self._outline(1.08, 0.045, self._label)
        self._outline(0.9, 0.02, _mixed(self._background, self._label, 0.7))
        self._star(0.0, 0.02, 0.27, self._label)

    def stamped(self, angle: float) -> None:
        """The stamp on a disc, turned by `angle` degrees."""
        paper = _rgb(paper_of(self._look))
        self._shadow()
        self._shape(1.0, paper)
        if self._art.covers:
            self._cut_out(_PHOTO)
            return
        self._outline(0.9, 0.014, _mixed(paper, self._background, 0.22))
        art = self._art.picture.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        self.picture.alpha_composite(art, self._corner_of(art))

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
            self._draw.polygon(self._corners(width), fill=fill)

    def _outline(self, width: float, line: float, colour: RGB) -> None:
        pixels = max(round(line * self._side), _FINER)
        if self._look.shape == "round":
            self._draw.ellipse(self._box(0, 0, width), outline=colour, width=pixels)
        else:
            self._ring(width, width - 2 * pixels / self._side, colour)

    def _ring(self, outer: float, inner: float, colour: RGB) -> None:
        """What lies between two sizes of the shape: a polygon's own outline is ragged at its corners."""
        mask = Image.new("1", self.picture.size)
        cut = ImageDraw.Draw(mask)
        cut.polygon(self._corners(outer), fill=1)
        cut.polygon(self._corners(inner), fill=0)
        self.picture.paste(colour, mask=mask)

    def _cut_out(self, width: float) -> None:
        """The picture cut to the shape: a photo reads better on the whole of it than as a box in its middle."""
        mask = Image.new("L", self.picture.size)
        cut = ImageDraw.Draw(mask)
        if self._look.shape == "round":
            cut.ellipse(self._box(0, 0, width), fill=255)
        else:
            cut.polygon(self._corners(width), fill=255)
        sheet = Image.new("RGBA", self.picture.size)
        sheet.paste(self._art.picture, self._corner_of(self._art.picture))
        self.picture.paste(sheet, mask=mask)

    def _corner_of(self, art: Image.Image) -> tuple[int, int]:
        return round(self._middle - art.width / 2), round(self._middle - art.height / 2)

    def _corners(self, width: float) -> list[tuple[float, float]]:
        middle, side = self._middle - 0.5, self._side
        return [(middle + x * side, middle + y * side) for x, y in outline(self._look.shape, width)]

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


def between(first: str, second: str, share: float) -> str:
    """The colour ("#rrggbb") that lies `share`, 0 to 1, of the way from one to the other."""
    red, green, blue = _mixed(_rgb(first), _rgb(second), share)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _mixed(first: RGB, second: RGB, share: float) -> RGB:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@lru_cache(maxsize=64)
def paper_of(look: StampLook) -> str:
    """The colour ("#rrggbb") of a stamp's disc: the values' colour, unless the drawing would be lost on it.

    A drawing with a ground of its own has it all over. Raises FaceRefused when the stamp is no readable PNG.
    """
    art = _art(look.stamp, _SAMPLED, _SAMPLED)
    if art.ground:
        return art.ground
    tones = tones_of(art.picture)
    if art.covers or tones.lost_on(look.colours.foreground) <= _MOST_LOST:
        return look.colours.foreground
    return max((look.colours.label, "#ffffff", "#000000"), key=tones.contrast_with)


@lru_cache(maxsize=128)
def silhouette(look: StampLook, side: int, angle: float) -> Image.Image:
    """A mask of what is drawn on the stamp, `side` pixels high or wide, turned by `angle` degrees in room for that.

    Of a photo, which fills its stamp, it is the stamp's shape.

    Raises FaceRefused when the stamp is no readable PNG.
    """
    large, room = side * _FINER, round(side * TILE)
    mask = Image.new("L", (room * _FINER, room * _FINER))
    art = _art(look.stamp, large, large)
    drawn = _plain_shape(look.shape, large) if art.covers or art.ground else art.picture.getchannel("A")
    turned = drawn.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    mask.paste(turned, ((mask.width - turned.width) // 2, (mask.height - turned.height) // 2))
    return mask.resize((room, room), Image.Resampling.BOX)


def _plain_shape(shape: str, side: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    cut, width = ImageDraw.Draw(mask), side * 0.9
    if shape == "round":
        cut.ellipse(((side - width) / 2, (side - width) / 2, (side + width) / 2, (side + width) / 2), fill=255)
    else:
        cut.polygon([(side / 2 + x * width, side / 2 + y * width) for x, y in outline(shape, 1.0)], fill=255)
    return mask


@dataclass(frozen=True)
class _Art:
    """A stamp's picture; `ground` is what it brings along, `covers` says that it is a photo."""

    picture: Image.Image
    ground: str | None
    covers: bool


@lru_cache(maxsize=32)
def _art(stamp: bytes, side: int, photo_side: int) -> _Art:
    picture = read_png(stamp)
    drawn = picture.getchannel("A").getbbox()
    if drawn is None:
        raise FaceRefused("The stamp image is transparent all over; draw the stamp and upload it again.")
    whole = picture.crop(drawn)
    ground = own_ground(whole)
    if ground is None and whole.getchannel("A").getextrema()[0] == 255:
        # A little larger than the widest shape.
        room = round(photo_side * 1.1)
        return _Art(ImageOps.fit(whole, (room, room)), None, covers=True)
    # Empty margins would make one merchant's stamp smaller than another's; cut alike on all sides, because
    # a cup with a handle is centred by its cup.
    spare = min(drawn[0], drawn[1], picture.width - drawn[2], picture.height - drawn[3])
    art = fitted(ImageOps.crop(picture, spare), (side, side))
    return _Art(art, ground, covers=False)
