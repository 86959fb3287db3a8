"""Ready designs are data: complete, in both languages, readable on the card."""

import re
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import func, select

from issuer import schema
from issuer.branding import FOLDER, UnknownBranding, artworks, brandings, load_branding
from issuer.brands import create_brand
from issuer.issuing import look_of
from issuer.language import LANGUAGES
from issuer.merchants import NameRefused, NewMerchant, UnknownZone, create_merchant
from issuer.programs import find_slug
from passes.shapes import SHAPES
from tests.issuer.counting import Till

NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_there_is_a_design_to_begin_with() -> None:
    assert "cafe" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_design_speaks_both_languages(name: str) -> None:
    branding = load_branding(name)
    spoken = (branding.trade_names, branding.program_names, branding.reward_names, branding.design["texts"])
    for texts in spoken:
        assert set(texts) == set(LANGUAGES)
        assert all(text.strip() for text in texts.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_designs_colours_can_be_read(name: str) -> None:
    colours = load_branding(name).design["colours"]
    assert set(colours) == {"background", "foreground", "label"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours.values())
    for text in ("foreground", "label"):
        assert _contrast(colours[text], colours["background"]) >= 4.5


@pytest.mark.parametrize("name", NAMES)
def test_a_designs_pictures_are_large_enough_for_the_sharpest_screen(name: str) -> None:
    branding = load_branding(name)
    sizes = {"icon": (114, 114), "logo": (1, 150), "stamp": (1, 120)}
    for picture, (width, height) in sizes.items():
        with Image.open(BytesIO(getattr(branding, picture))) as image:
            assert image.format == "PNG"
            assert (image.width >= width, image.height >= height) == (True, True), (picture, image.size)
            assert picture != "stamp" or image.mode in ("RGBA", "LA", "P")
    assert branding.design["shape"] in SHAPES


def test_all_designs_and_their_artwork_are_there_to_choose_from() -> None:
    assert list(brandings()) == list(artworks()) == NAMES
    for name in NAMES:
        assert brandings()[name] == load_branding(name)
        assert artworks()[name] == load_branding(name).stamp


def test_what_is_read_once_for_all_cannot_be_changed_by_one() -> None:
    with pytest.raises(TypeError):
        artworks()["cafe"] = b""  # type: ignore[index]


@pytest.mark.parametrize("name", NAMES)
def test_a_trade_proposes_a_round_that_a_card_can_show(name: str) -> None:
    assert 2 <= load_branding(name).stamps_needed <= 30


@pytest.mark.parametrize("name", ["", "no-such", "..", "../branding/cafe", "cafe/../cafe", "Cafe", "/etc"])
def test_an_unknown_design_is_refused_naming_those_there_are(name: str) -> None:
    with pytest.raises(UnknownBranding, match="cafe"):
        load_branding(name)


def test_a_brand_keeps_its_own_copy_of_the_design(till: Till) -> None:
    branding = load_branding("cafe")
    with till.work() as session:
        look = look_of(session, till.shop.program_id)
    assert (look.icon, look.logo, look.stamp) == (branding.icon, branding.logo, branding.stamp)
    assert look.design.colours.background == branding.design["colours"]["background"]
    assert (look.design.shape, look.design.texts) == (branding.design["shape"], branding.design["texts"])


def test_a_picture_used_twice_is_stored_once(till: Till) -> None:
    with till.work() as session:
        create_brand(session, session.scalars(select(schema.Merchant)).one(), load_branding("cafe"), till.now)
        assert session.scalar(select(func.count()).select_from(schema.Brand)) == 2
        assert session.scalar(select(func.count()).select_from(schema.Image)) == 3


def test_two_merchants_do_not_share_pictures(till: Till, other_till: Till) -> None:
    for one in (till, other_till):
        with one.work() as session:
            assert session.scalar(select(func.count()).select_from(schema.Image)) == 3


@pytest.mark.parametrize("zone", ["Berlin", "", "../../etc/passwd", "Europe/Atlantis", "UTC+1"])
def test_a_merchant_in_no_time_zone_is_refused_with_a_remedy(till: Till, zone: str) -> None:
    with till.work() as session, pytest.raises(UnknownZone, match="use a name like Europe/Berlin"):
        create_merchant(session, NewMerchant("Café Nirgendwo", zone), till.now)


def test_a_join_page_is_found_by_slug_or_program_id_only(till: Till) -> None:
    shop = till.shop
    with till.work() as session:
        for name in (shop.slug, str(shop.program_id)):
            row = find_slug(session, name)
            assert row is not None
            assert (row.merchant_id, row.program_id) == (shop.merchant_id, shop.program_id)
        for wrong in ("", shop.slug.upper() + "x", str(shop.merchant_id), "0"):
            assert find_slug(session, wrong) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\tb", "a\u202eb", "\udcff", "a\x00b"])
def test_a_shop_whose_name_no_pass_can_show_is_not_founded(till: Till, name: str) -> None:
    with till.work() as session, pytest.raises(NameRefused, match="1 to 100 printable characters"):
        create_merchant(session, NewMerchant(name), till.now)
