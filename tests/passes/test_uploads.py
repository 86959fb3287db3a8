"""One upload becomes icon, logo and stamp; what none can be made of is refused with what it was and what to do."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops, ImageCms, ImageStat, PngImagePlugin

from passes.contrast import contrast
from passes.uploads import MOST_BYTES, WARNINGS, UploadRefused, icon_from, logo_from, read_upload, stamp_from
from tests.passes.pictures import drawn, file_of, header_only, opened, photograph

BROWN = "#4a2415"


def refused(data: bytes) -> str:
    with pytest.raises(UploadRefused) as caught:
        read_upload(data)
    error = caught.value
    assert str(error) == (error.message % error.values if error.values else error.message)
    assert str(error).endswith(".")
    return str(error)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_three_formats_are_taken(kind: str) -> None:
    upload = read_upload(file_of(photograph(), kind))
    assert (upload.mode, upload.size) == ("RGBA", (400, 300))
    assert opened(logo_from(upload).png).size == (400, 300)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_any_kind_of_png_is_taken(mode: str) -> None:
    assert read_upload(file_of(drawn((80, 80)).convert(mode))).size == (80, 80)


def test_a_png_of_sixteen_bits_keeps_its_greys() -> None:
    grey = Image.new("I;16", (50, 50), 0x8000)
    grey.putpixel((0, 0), 0)
    upload = read_upload(file_of(grey))
    assert upload.getpixel((20, 20)) == (128, 128, 128, 255)


def test_a_palette_with_a_transparent_colour_stays_transparent() -> None:
    picture = Image.new("P", (60, 60), 0)
    picture.putpalette([255, 0, 255, 0, 120, 0])
    picture.paste(1, (20, 20, 40, 40))
    upload = read_upload(file_of(picture, transparency=0))
    assert upload.getpixel((0, 0)) == (0, 0, 0, 0)
    assert opened(stamp_from(upload).png).getpixel((10, 10)) == (0, 120, 0, 255)


def test_a_jpeg_from_the_print_shop_keeps_its_red() -> None:
    red = Image.new("CMYK", (60, 60), (0, 255, 255, 0))
    red.paste((0, 0, 0, 0), (20, 20, 40, 40))
    red_channel, green, blue, _ = read_upload(file_of(red, "JPEG", quality=95)).getpixel((5, 5))
    assert red_channel > 200
    assert max(green, blue) < 60


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [drawn((90, 90), ink) for ink in ("#ff0000", "#0000ff")]
    for kind in ("WEBP", "PNG"):
        data = file_of(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert read_upload(data).getpixel((45, 45)) == (255, 0, 0, 255), kind


def with_exif(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Kamera von Frau Lindner"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return file_of(picture, "JPEG", exif=exif, quality=95)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_taken_sideways_stands_upright(orientation: int) -> None:
    upright = photograph()
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    # What the camera stores is the upright picture turned back.
    stored = upright.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else upright
    upload = read_upload(with_exif(stored, orientation)).convert("RGB")
    assert upload.size == upright.size
    assert max(ImageStat.Stat(ImageChops.difference(upload, upright)).mean) < 4


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int) -> None:
    assert read_upload(with_exif(photograph(), orientation)).size == (400, 300)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_photo_whose_exif_is_damaged_is_taken() -> None:
    data = file_of(photograph(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\1\2\3")
    assert read_upload(data).size == (400, 300)


@pytest.mark.parametrize("make", [logo_from, stamp_from, lambda upload: icon_from(upload, BROWN)])
def test_nothing_of_the_original_but_what_is_seen_survives(make) -> None:  # type: ignore[no-untyped-def]
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Frau Lindner")
    texts.add_itxt("XML:com.adobe.xmp", "<x>Lindner</x>")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sources = [
        file_of(drawn((300, 200)), pnginfo=texts, icc_profile=profile, dpi=(300, 300), exif=Image.Exif().tobytes()),
        with_exif(photograph(), 6),
        file_of(photograph(), "WEBP", xmp=b"<x>Lindner</x>", icc_profile=profile),
    ]
    for source in sources:
        png = make(read_upload(source)).png
        picture = Image.open(io.BytesIO(png))
        picture.load()
        assert picture.info == {}
        assert not picture.getexif()
        assert b"Lindner" not in png
        chunks = {png[at : at + 4] for at in _chunk_names(png)}
        assert chunks <= {b"IHDR", b"IDAT", b"IEND"}


def _chunk_names(png: bytes) -> list[int]:
    places, at = [], 8
    while at < len(png):
        places.append(at + 4)
        at += 12 + int.from_bytes(png[at : at + 4])
    return places


def test_what_was_erased_but_left_below_transparency_is_gone() -> None:
    picture = Image.new("RGBA", (100, 100), (12, 34, 56, 0))
    picture.paste((200, 0, 0, 255), (30, 30, 70, 70))
    picture.putpixel((0, 0), (9, 9, 9, 255))
    assert (12, 34, 56, 0) not in [
        colour for _, colour in opened(logo_from(read_upload(file_of(picture))).png).getcolors()
    ]


def swapped_profile() -> bytes:
    """sRGB with red and green exchanged (ICC.1: the tag table begins at 128, twelve bytes an entry)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * profile[131], 12)}
    red, green = entries[b"rXYZ"] + 4, entries[b"gXYZ"] + 4
    profile[red : red + 8], profile[green : green + 8] = profile[green : green + 8], profile[red : red + 8]
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_another_colour_space_is_brought_to_that_of_the_web(mode: str) -> None:
    data = file_of(Image.new(mode, (60, 60), "#ff0000"), icc_profile=swapped_profile())
    red, green, blue, alpha = read_upload(data).getpixel((30, 30))
    assert (red < 8, green > 247, blue < 8, alpha) == (True, True, True, 255)


@pytest.mark.parametrize("profile", [b"no profile at all", swapped_profile()[:200]])
def test_a_damaged_colour_profile_changes_nothing(profile: bytes) -> None:
    data = file_of(Image.new("RGB", (60, 60), "#ff0000"), icc_profile=profile)
    assert read_upload(data).getpixel((30, 30)) == (255, 0, 0, 255)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"Zehn Stempel, ein Brot", "no picture"),
        (b"\0" * 5000, "no picture"),
        (b'<?xml version="1.0"?><!-- logo -->\n<SVG xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"<svg/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "MP4"),
        (b"8BPS\0\1", "Photoshop"),
        (b"PK\x03\x04", "ZIP"),
        (file_of(photograph(), "GIF"), "GIF"),
        (file_of(photograph(), "BMP"), "BMP"),
        (file_of(photograph(), "TIFF"), "TIFF"),
        (file_of(photograph((64, 64)), "ICO"), "ICO"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no picture"),
    ],
)
def test_a_file_of_another_kind_is_refused_naming_it_and_the_remedy(data: bytes, says: str) -> None:
    sentence = refused(data)
    assert says in sentence
    assert "PNG" in sentence


def test_a_file_of_over_two_megabytes_is_refused_with_its_size() -> None:
    assert "2100 kB" in refused(b"\x89PNG\r\n\x1a\n" + b"\0" * 2_100_000)
    assert "damaged" in refused(b"\x89PNG\r\n\x1a\n" + b"\0" * (MOST_BYTES - 8))


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("size", "says"), [((4097, 4096), "4097 x 4096"), ((12000, 12000), "4096 x 4096"), ((60000, 60000), "4096 x 4096")]
)
def test_a_small_file_that_unfolds_to_gigabytes_is_refused_unread(size: tuple[int, int], says: str) -> None:
    assert says in refused(header_only(*size))


def test_a_webp_that_unfolds_to_gigabytes_is_refused_unread() -> None:
    canvas = (16382).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + b"\0\0\0\0" + canvas
    assert refused(b"RIFF" + len(body).to_bytes(4, "little") + body)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_a_file_that_is_cut_off_is_refused(kind: str, share: float) -> None:
    whole = file_of(Image.effect_noise((120, 120), 70).convert("RGB"), kind)
    assert "save it anew as PNG" in refused(whole[: max(int(len(whole) * share), 12)])


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=6))
def test_a_damaged_file_is_taken_or_refused_but_nothing_else(kind: str, damage: list[tuple[float, int]]) -> None:
    data = bytearray(file_of(photograph((40, 30)), kind))
    for place, change in damage:
        data[int(place * (len(data) - 1))] ^= change
    with suppress(UploadRefused):
        assert read_upload(bytes(data)).mode == "RGBA"


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGBA", (1, 1), "#ff0000"),
        Image.new("RGBA", (200, 200), (255, 0, 0, 0)),
        Image.new("RGB", (200, 200), "#ffffff"),
    ],
)
@pytest.mark.parametrize("make", [logo_from, stamp_from, lambda upload: icon_from(upload, BROWN)])
def test_a_picture_with_nothing_to_see_is_refused(picture: Image.Image, make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UploadRefused, match="nothing to see"):
        make(read_upload(file_of(picture)))


def test_every_warning_is_a_sentence() -> None:
    assert all(sentence.endswith(".") for sentence in WARNINGS.values())


def test_same_upload_same_bytes() -> None:
    data = file_of(drawn((300, 200)))
    for make in (logo_from, stamp_from, lambda upload: icon_from(upload, BROWN)):
        assert make(read_upload(data)) == make(read_upload(data))


def test_readable_contrast_is_measured_on_what_was_made() -> None:
    icon = opened(icon_from(drawn((300, 300), "#ffffff"), "#f6f1e7").png)
    red, green, blue, _ = icon.getpixel((0, 0))
    assert contrast(f"#{red:02x}{green:02x}{blue:02x}", "#ffffff") > 4.5
