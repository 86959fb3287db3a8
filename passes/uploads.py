"""One uploaded picture, made into the icon, the logo or the stamp of a card.

What comes out is drawn anew: a PNG of known size with nothing of the original but what is seen.
"""

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image, ImageChops, ImageCms, ImageStat

from passes.face import FaceRefused
from passes.images import check_pixels, fitted, rgba
from passes.visibility import SAME_COLOUR, VISIBLE, own_ground, tones_of

MOST_BYTES = 2_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
LOGO_SIZE = (960, 300)
ICON_SIDE = STAMP_SIDE = 512
# Pixels and points at which the sharpest phone shows them (passes/images.py, passes/imprint.py).
_LOGO_SHOWN, _ICON_SHOWN = (480, 150), (120, 120)
_MOST_ENLARGED = 3
_THINNEST = 36
_ICON_MARGIN = 0.1
# Of the square around it, that must be painted before a picture counts as one that brings its own ground.
_FULL = 0.85
_BREATH = 0.04


def N_(message: str) -> str:  # noqa: N802
    """Mark a sentence for the catalogue; whoever shows it translates it."""
    return message


class UploadRefused(FaceRefused):
    """This file is no picture a card can show; str(error) is the sentence in English.

    To say it in another language, translate `message` and fill it with `values`.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values: Mapping[str, object] = values


@dataclass(frozen=True)
class Fitted:
    """A PNG original for the card, and codes (keys of `WARNINGS`) of what the merchant should know about it."""

    png: bytes
    warnings: tuple[str, ...] = field(default=())


WARNINGS = {
    "small": N_("The picture is small, so it will look blurred on a phone; a larger one looks better."),
    "thin": N_("The picture is very long and thin: hardly anything of it is seen on a phone. Use a fuller one."),
    "boxed": N_("The logo brings its own ground, which shows as a box; a PNG with a transparent ground looks better."),
    "ground": N_("The picture can hardly be seen on the card's background, so the icon was given another one."),
}

_HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim")
_KINDS = (
    (b"GIF8", "GIF"),
    (b"%PDF", "PDF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"%!PS", "EPS"),
    (b"PK\x03\x04", "ZIP"),
    (b"\0\0\x01\0", "ICO"),
)
_OURS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def read_upload(data: bytes) -> Image.Image:
    """Decode an uploaded PNG, JPEG or WebP to RGBA: upright, in sRGB, of an animation the first frame.

    Raises UploadRefused for anything else, for more than 2 MB or 4096 x 4096 pixels, and for what is broken.
    Source: PNG, JPEG and WebP signatures; Exif 2.32, tag 0x0112 (Orientation).
    """
    _check_kind(data)
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        check_pixels(picture.size)
        picture.load()
        return _upright(_in_srgb(picture), _orientation(picture))
    except FaceRefused as error:
        message = N_("The picture has %(width)s x %(height)s pixels; make it smaller, 4096 x 4096 are enough.")
        raise UploadRefused(message, width=picture.width, height=picture.height) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        message = N_("The picture has far more pixels than a phone can show; make it smaller, 4096 x 4096 are enough.")
        raise UploadRefused(message) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError) as error:
        message = N_("The picture is damaged or cut off; save it anew as PNG and upload that.")
        raise UploadRefused(message) from error


def _check_kind(data: bytes) -> None:
    if not data:
        raise UploadRefused(N_("The file is empty; choose a picture as PNG, JPEG or WebP."))
    if len(data) > MOST_BYTES:
        message = N_("The file has %(size)s kB; make the picture smaller, 2000 kB are enough.")
        raise UploadRefused(message, size=len(data) // 1000)
    if data.startswith(_OURS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return
    kind = _kind(data)
    if kind is None:
        raise UploadRefused(N_("The file is no picture; choose one as PNG, JPEG or WebP."))
    raise UploadRefused(N_("The file is of the kind %(kind)s; save the picture as PNG and upload that."), kind=kind)


def _kind(data: bytes) -> str | None:
    """What a file that is none of ours is, by its first bytes."""
    if data[4:8] == b"ftyp":
        return "AVIF" if data[8:12] in (b"avif", b"avis") else "HEIC" if data[8:12] in _HEIC else "MP4"
    if b"<svg" in data[:4096].lower():
        return "SVG"
    return next((kind for start, kind in _KINDS if data.startswith(start)), None)


def _in_srgb(picture: Image.Image) -> Image.Image:
    """In the colours of the web, since the profile that says otherwise is not kept."""
    profile = picture.info.get("icc_profile")
    plain = rgba(picture)
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK"):
        return plain
    try:
        source = picture if picture.mode != "RGBA" else plain.convert("RGB")
        target = ImageCms.createProfile("sRGB")
        seen = ImageCms.profileToProfile(source, io.BytesIO(profile), target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return plain
    if seen is None:
        return plain
    seen.putalpha(plain.getchannel("A"))
    return seen


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _orientation(picture: Image.Image) -> Any:
    # A picture whose EXIF is damaged is still a picture, so this does not refuse it.
    try:
        return picture.getexif().get(ExifTags.Base.Orientation)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error, EOFError):
        return None


def _upright(picture: Image.Image, orientation: Any) -> Image.Image:
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    turned = picture if turn is None else picture.transpose(turn)
    # Drawing programs leave what was erased below full transparency; a new sheet leaves it behind, and every tag.
    sheet = Image.new("RGBA", turned.size, (0, 0, 0, 0))
    sheet.paste(turned, mask=turned.getchannel("A").point(lambda alpha: 255 if alpha else 0))
    return sheet


def logo_from(upload: Image.Image) -> Fitted:
    """A logo of at most 960 x 300 pixels, empty margins cut off, never enlarged.

    Raises UploadRefused when there is nothing to see.
    """
    picture, ground = _trimmed(upload)
    small = picture if _fits(picture, LOGO_SIZE) else fitted(picture, LOGO_SIZE)
    return Fitted(_png(small), (*_doubts(picture, _LOGO_SHOWN), *(("boxed",) if ground else ())))


def icon_from(upload: Image.Image, background: str) -> Fitted:
    """An icon of 512 pixels square, opaque, the whole picture in it.

    What is transparent stands on `background` ("#rrggbb") if it can be seen there, else on white or black.
    Raises UploadRefused when there is nothing to see.
    """
    picture, own = _trimmed(upload)
    ground, warnings = (own, ()) if own else _ground_for(picture, background)
    inner = ICON_SIDE if _is_full(picture, own) else round(ICON_SIDE * (1 - 2 * _ICON_MARGIN))
    icon = Image.new("RGBA", (ICON_SIDE, ICON_SIDE), ground)
    _centred(icon, fitted(picture, (inner, inner)))
    return Fitted(_png(icon.convert("RGB")), (*_doubts(picture, _ICON_SHOWN), *warnings))


def stamp_from(upload: Image.Image) -> Fitted:
    """A stamp image on 512 pixels square, the whole picture in it; what is transparent stays so.

    Raises UploadRefused when there is nothing to see.
    """
    picture, _ = _trimmed(upload)
    side = min(STAMP_SIDE, max(picture.size))
    stamp = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    _centred(stamp, fitted(picture, (side, side)))
    return Fitted(_png(stamp), _doubts(picture, _ICON_SHOWN))


def _trimmed(upload: Image.Image) -> tuple[Image.Image, str | None]:
    """The picture without empty margins, and the colour around it if it stands on one of its own."""
    seen = upload.getchannel("A").getbbox()
    if seen is None or upload.size == (1, 1) or _is_one_colour(upload):
        raise UploadRefused(N_("There is nothing to see in the picture; choose another one."))
    picture = upload.crop(seen)
    ground = own_ground(picture)
    if ground is None:
        return picture, None
    drawn = _apart_from(picture, ground).getbbox()
    if drawn is None:
        # A plain rectangle on transparent ground is what was drawn.
        return picture, None
    return picture.crop(_with_breath(drawn, picture.size)), ground


def _is_one_colour(picture: Image.Image) -> bool:
    return picture.getcolors(1) is not None


def _apart_from(picture: Image.Image, ground: str) -> Image.Image:
    """A mask of what differs from the colour."""
    plain = Image.new("RGBA", picture.size, ground)
    bands = ImageChops.difference(picture, plain).split()
    most = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), ImageChops.lighter(bands[2], bands[3]))
    return most.point(lambda value: 255 if value > SAME_COLOUR else 0)


def _with_breath(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A little of the ground is kept, or letters would touch the edge of their box."""
    air = round(max(box[2] - box[0], box[3] - box[1]) * _BREATH)
    return max(box[0] - air, 0), max(box[1] - air, 0), min(box[2] + air, size[0]), min(box[3] + air, size[1])


def _ground_for(picture: Image.Image, background: str) -> tuple[str, tuple[str, ...]]:
    tones = tones_of(picture)
    if _is_opaque(picture) or tones.contrast_with(background) >= VISIBLE:
        return background, ()
    return max(("#ffffff", "#000000"), key=tones.contrast_with), ("ground",)


def _is_opaque(picture: Image.Image) -> bool:
    return picture.getchannel("A").getextrema()[0] == 255


def _is_full(picture: Image.Image, own_ground: str | None) -> bool:
    if own_ground:
        return False
    painted = ImageStat.Stat(picture.getchannel("A")).mean[0] / 255 * picture.width * picture.height
    return painted / max(picture.size) ** 2 >= _FULL


def _doubts(picture: Image.Image, shown: tuple[int, int]) -> tuple[str, ...]:
    enlarged = min(shown[0] / picture.width, shown[1] / picture.height)
    codes = {"small": enlarged > _MOST_ENLARGED, "thin": enlarged * min(picture.size) < _THINNEST}
    return tuple(code for code, holds in codes.items() if holds)


def _fits(picture: Image.Image, size: tuple[int, int]) -> bool:
    return picture.width <= size[0] and picture.height <= size[1]


def _centred(sheet: Image.Image, picture: Image.Image) -> None:
    corner = (sheet.width - picture.width) // 2, (sheet.height - picture.height) // 2
    sheet.alpha_composite(picture, corner)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
