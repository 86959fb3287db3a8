"""Icon and logo: fitted, never cropped or bent."""

import io
import zlib

import pytest
from PIL import Image

from passes.face import FaceRefused
from passes.images import icon_set, logo_set


def png(size: tuple[int, int], mode: str = "RGBA", colour: object = None) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour if colour is not None else 0).save(out, "PNG")
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGBA")


@pytest.mark.parametrize(
    ("original", "at_three"),
    [
        ((512, 512), (150, 150)),
        ((1600, 500), (480, 150)),
        ((2000, 200), (480, 48)),
        ((100, 400), (38, 150)),
        ((16, 5), (480, 150)),
        ((4000, 2), (480, 1)),
    ],
)
def test_a_logo_keeps_its_proportions(original: tuple[int, int], at_three: tuple[int, int]) -> None:
    logos = logo_set(png(original, colour=(9, 9, 9, 255)))
    assert set(logos) == {"logo.png", "logo@2x.png", "logo@3x.png"}
    width, height = opened(logos["logo@3x.png"]).size
    assert abs(width - at_three[0]) <= 1
    assert abs(height - at_three[1]) <= 1


def test_an_icon_that_is_not_square_is_padded_not_cropped() -> None:
    icon = opened(icon_set(png((200, 100), colour=(200, 30, 30, 255)))["icon@2x.png"])
    assert icon.size == (76, 76)
    assert icon.getpixel((38, 2)) == (0, 0, 0, 0)
    assert icon.getpixel((1, 38))[3] == 255
    assert icon.getpixel((74, 38))[3] == 255


def test_transparency_survives_the_palette() -> None:
    icon = opened(icon_set(png((64, 64), colour=(10, 200, 30, 0)))["icon.png"])
    assert icon.getextrema()[3] == (0, 0)


def test_a_flat_image_becomes_small() -> None:
    assert len(icon_set(png((512, 512), colour=(74, 36, 21, 255)))["icon@3x.png"]) < 1500


def test_a_photograph_keeps_its_colours() -> None:
    photograph = Image.merge("RGB", [Image.radial_gradient("L"), *[Image.linear_gradient("L")] * 2])
    photograph.putpixel((0, 0), (0, 255, 0))
    out = io.BytesIO()
    photograph.resize((256, 256)).rotate(30).save(out, "PNG")
    assert Image.open(io.BytesIO(logo_set(out.getvalue())["logo@3x.png"])).mode == "RGBA"


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "LA", "1", "I;16"])
def test_any_kind_of_png_is_taken(mode: str) -> None:
    assert opened(icon_set(png((40, 40), mode))["icon.png"]).size == (38, 38)


def other_format(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 60)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP", "WEBP"])
def test_another_format_is_refused(kind: str) -> None:
    with pytest.raises(FaceRefused, match="save it as PNG"):
        icon_set(other_format(kind))


@pytest.mark.parametrize("kept", [0, 8, 33, 60, 400])
def test_a_png_that_is_cut_off_is_refused(kept: int) -> None:
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 60).save(whole, "PNG")
    with pytest.raises(FaceRefused, match="no readable PNG"):
        logo_set(whole.getvalue()[:kept])


def test_a_png_with_a_flipped_byte_in_its_header_is_refused() -> None:
    data = bytearray(png((64, 64)))
    data[20] ^= 0xFF
    with pytest.raises(FaceRefused):
        icon_set(bytes(data))


def header_only(width: int, height: int) -> bytes:
    body = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + bytes([8, 6, 0, 0, 0])
    chunk = (13).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + zlib.crc32(b"IDAT").to_bytes(4)


@pytest.mark.parametrize("size", [(4097, 4096), (20000, 20000), (60000, 60000)])
def test_a_small_file_that_unfolds_to_gigabytes_is_refused_unread(size: tuple[int, int]) -> None:
    with pytest.raises(FaceRefused, match=r"make it smaller|no readable PNG"):
        logo_set(header_only(*size))
