"""Every key that a pass of ours can bear, and where it stands; docs/apple-content.md is the same as a table."""

import ast
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from pydantic import ValidationError

from passes.apple import apple_content, apple_pictures
from passes.band import _band, band_strip, thumbnail_of
from passes.extras import Beacon, Extras, Place, Window
from passes.face import Face, FaceRefused, Issue, Line, Sort, Stamps
from passes.fitting import fitted_primary, primary_is_cut
from passes.images import _icons, _logos
from passes.lint.whole import content_faults
from passes.stamps import _strip
from passes.typed import Moment, Money, Number

ROOT = Path(__file__).parents[2]
AT = datetime(2027, 3, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=2)))
SHOP = UUID("8f3f6f0e-0b1a-4c58-9b5e-0d8f2a3c4b5d")
PLACE = Place(latitude=52.5, longitude=13.4, altitude=34.0, text="Lindenstraße 3")
ALL = Extras(
    shareable=False,
    places=(PLACE,),
    radius=50,
    beacons=(Beacon(uuid=SHOP, major=1, minor=0, text="Lindenstraße 3"),),
    windows=(Window(start=AT), Window(start=AT, end=AT + timedelta(hours=3))),
    apps=(123456789,),
    app_url="morgenrot://card",
    app_data={"shop": "3"},
    align="Right",
    phone_formats=True,
)
INSIDE = {
    **dict.fromkeys(("storeCard", "coupon", "generic"), "style"),
    **dict.fromkeys((f"{name}Fields" for name in ("header", "primary", "secondary", "auxiliary", "back")), "field"),
    "barcodes": "barcode",
    "locations": "location",
    "beacons": "beacon",
    "relevantDates": "relevantDate",
    "semantics": "semantics",
    "balance": "balance",
}


@pytest.fixture(scope="module")
def voucher(face: Face) -> Face:
    """A coupon, good until the end of March."""
    until = Line("until", "Gültig bis", "31. März 2027", typed=Moment(AT, own_zone=True, is_relative=True))
    return replace(
        face,
        sort=Sort.VOUCHER,
        header=(Line("voucher", "Gutschein", "15 %", typed=Number(Decimal(15) / 100, "Percent")),),
        primary=(Line("offer", "Willkommen", "15 % Rabatt"),),
        auxiliary=(until,),
        stamps=None,
        expires_at=AT,
    )


@pytest.fixture(scope="module")
def member(face: Face) -> Face:
    return replace(face, sort=Sort.MEMBERSHIP, primary=(Line("name", "", "Yogakarte"),), stamps=None)


def fullest(face: Face, voucher: Face, member: Face) -> Iterator[Face]:
    """One of each sort, with everything that it can say."""
    credit = Line("credit", "Guthaben", "2,50 €", "Jetzt %@", Money(250, "EUR"))
    web = Line("web", "Im Web", "https://karten.example/card/a?b&c", link="Karte <öffnen>", detect=("Link", "Address"))
    yield replace(face, header=(credit,), back=(web,), extras=ALL, expires_at=AT)
    yield replace(voucher, extras=ALL, voided=True)
    yield replace(member, extras=ALL)


def keys_of(value: Any, where: str = "pass") -> Iterator[str]:
    for key, inner in value.items():
        yield f"{where}: {key}"
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict) and key in INSIDE:
                yield from keys_of(one, INSIDE[key])


def table() -> list[str]:
    return re.findall(r"^\| `(\w+: \w+)` \| \S", (ROOT / "docs/apple-content.md").read_text(), re.MULTILINE)


def test_the_table_lists_every_key_that_a_pass_can_bear_once_and_no_other(
    face: Face, voucher: Face, member: Face, issue: Issue
) -> None:
    said = {key for one in fullest(face, voucher, member) for key in keys_of(apple_content(one, issue))}
    assert sorted(table()) == sorted(said)


def test_no_key_of_apples_stands_in_the_code_that_the_table_leaves_out() -> None:
    known = {key.partition(": ")[2] for key in table()}
    # What wallet-py3k brings and is taken out again, or is renamed by it.
    known |= {"suppressStripShine"}
    for name in ("apple.py", "wallet_models.py"):
        for node in ast.walk(ast.parse((ROOT / "passes" / name).read_text())):
            text = node.value if isinstance(node, ast.Constant) else getattr(node, "attr", None)
            if isinstance(text, str) and re.fullmatch(r"[a-z]+([A-Z]+[a-z]*)+", text):
                assert text in known, f"{name} says {text}"


def test_the_fullest_passes_have_no_fault_that_the_validator_knows(
    face: Face, voucher: Face, member: Face, issue: Issue
) -> None:
    for one in fullest(face, voucher, member):
        assert list(content_faults(apple_content(one, issue), None)) == []


@pytest.mark.parametrize(
    ("sort", "style"), [("loyalty", "storeCard"), ("voucher", "coupon"), ("membership", "generic")]
)
def test_a_pass_has_the_one_style_of_its_sort(face: Face, issue: Issue, sort: str, style: str) -> None:
    content = apple_content(replace(face, sort=Sort(sort), stamps=None), issue)
    assert {"storeCard", "coupon", "generic", "eventTicket", "boardingPass"} & content.keys() == {style}


def test_a_plain_card_says_nothing_of_what_a_brand_may_add(face: Face, issue: Issue) -> None:
    content = apple_content(face, issue)
    assert not {"locations", "beacons", "sharingProhibited", "semantics", "userInfo", "maxDistance"} & content.keys()
    assert all(
        field.keys() <= {"key", "label", "value", "changeMessage"} for field in content["storeCard"]["backFields"]
    )


def test_a_coupon_says_its_worth_large_and_ends_by_itself(voucher: Face, issue: Issue) -> None:
    content = apple_content(voucher, issue)
    assert content["coupon"]["primaryFields"] == [{"key": "offer", "label": "Willkommen", "value": "15 % Rabatt"}]
    assert content["expirationDate"] == "2027-03-31T23:59:59+02:00"
    assert content["barcodes"]


def test_a_coupon_that_was_used_is_voided_and_shows_no_code(voucher: Face, issue: Issue) -> None:
    content = apple_content(replace(voucher, voided=True), issue)
    assert content["voided"] is True
    assert "barcodes" not in content


def test_a_time_is_said_on_a_membership_alone(face: Face, voucher: Face, member: Face, issue: Issue) -> None:
    told = [apple_content(one, issue).get("relevantDates") for one in fullest(face, voucher, member)]
    assert told == [None, None, [
        {"date": AT.isoformat(), "relevantDate": AT.isoformat()},
        {"startDate": AT.isoformat(), "endDate": "2027-04-01T02:59:59+02:00"},
    ]]  # fmt: skip


def test_amounts_stay_words_unless_the_phone_is_to_write_them(face: Face, issue: Issue) -> None:
    credit = replace(face, header=(Line("credit", "Guthaben", "2,50 €", typed=Money(250, "EUR")),))
    assert apple_content(credit, issue)["storeCard"]["headerFields"][0]["value"] == "2,50 €"
    by_phone = apple_content(replace(credit, extras=Extras(phone_formats=True)), issue)["storeCard"]["headerFields"][0]
    assert by_phone == {"key": "credit", "label": "Guthaben", "value": 2.5, "currencyCode": "EUR"}


def test_a_link_cannot_break_out_of_its_tag(face: Face, issue: Issue) -> None:
    line = Line("web", "Im Web", 'https://x.example/"><script>', link="<b>&")
    shown = apple_content(replace(face, back=(line,)), issue)["storeCard"]["backFields"][0]["attributedValue"]
    assert shown == '<a href="https://x.example/&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;</a>'


def test_an_alignment_never_stands_where_wallet_refuses_it(
    face: Face, voucher: Face, member: Face, issue: Issue
) -> None:
    for one in fullest(face, voucher, member):
        (style,) = {"storeCard", "coupon", "generic"} & (content := apple_content(one, issue)).keys()
        for group, fields in content[style].items():
            assert all(("textAlignment" in field) is (group[:3] in ("sec", "aux")) for field in fields)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"primary": (Line("a", "", "x"),)}, "printed across the stamps"),
    ({"sort": Sort.VOUCHER, "primary": (Line("a", "", "x"),)}, "printed across the stamps"),
    ({"sort": Sort.VOUCHER, "stamps": None, "primary": (Line("a", "", "x"), Line("b", "", "x"))}, "2 primary lines"),
    ({"sort": Sort.MEMBERSHIP}, "no picture to stamp on"),
    ({"header": (Line("stamps", "", 1), Line("contact", "", 1))}, "contact is used twice"),
    ({"header": (Line("a", "", "1 €", typed=Money(100, "Euro")),)}, "'Euro' of 'a' is none of ISO 4217"),
    ({"header": (Line("a", "", "1.1.", typed=Moment(datetime(2027, 1, 1))),)}, "no offset from UTC"),  # noqa: DTZ001
])  # fmt: skip
def test_what_a_style_cannot_show_is_refused(face: Face, issue: Issue, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FaceRefused, match=sentence):
        apple_content(replace(face, **change), issue)


@pytest.mark.parametrize("stored", [
    {"places": [{"latitude": 91, "longitude": 0}]},
    {"places": [{"latitude": "nan", "longitude": 0}]},
    {"places": [{"latitude": 0, "longitude": 0}] * 11},
    {"places": [{"latitude": 0, "longitude": 0, "text": "x" * 101}]},
    {"beacons": [{"uuid": "none"}]},
    {"beacons": [{"uuid": str(SHOP), "major": 65536}]},
    {"beacons": [{"uuid": str(UUID(int=n))} for n in range(11)]},
    {"radius": 0},
    {"windows": [{"start": "2027-03-31T10:00:00+02:00"}]},
    {"places": [{"latitude": 0, "longitude": 0}], "windows": [{"start": "2027-03-31T10:00:00"}]},
    {"places": [{"latitude": 0, "longitude": 0}],
     "windows": [{"start": "2027-03-31T10:00:00Z", "end": "2027-04-01T10:00:01Z"}]},
    {"app_url": "morgenrot://card"},
    {"apps": [1], "app_url": "card"},
    {"apps": [0]},
    {"align": "PKTextAlignmentLeft"},
    {"sharable": True},
])  # fmt: skip
def test_what_wallet_would_drop_cannot_be_kept(stored: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Extras.model_validate(stored)


def test_what_a_brand_adds_is_kept_as_it_was() -> None:
    kept = ALL.model_dump(mode="json", exclude_defaults=True)
    assert Extras.model_validate(kept) == ALL
    assert Extras().model_dump(mode="json", exclude_defaults=True) == {}
    assert ALL.windows[0].start.astimezone(UTC) == AT


@pytest.mark.parametrize("sort", [Sort.LOYALTY, Sort.VOUCHER, Sort.MEMBERSHIP])
def test_each_sort_has_its_pictures_at_three_scales_and_no_other(face: Face, sort: Sort) -> None:
    pictures = apple_pictures(face.icon, face.logo, face.look, None, sort)
    own = "thumbnail" if sort is Sort.MEMBERSHIP else "strip"
    assert set(pictures) == {f"{stem}{scale}.png" for stem in ("icon", "logo", own) for scale in ("", "@2x", "@3x")}


def test_a_vouchers_band_leaves_the_middle_to_the_text(face: Face) -> None:
    pictures = apple_pictures(face.icon, face.logo, face.look, None, Sort.VOUCHER)
    assert pictures["strip.png"] == band_strip(face.look, 1, marked=False) != band_strip(face.look, 1)


def test_a_voucher_with_stamps_shows_them(face: Face) -> None:
    stamped = Stamps(10, 3)
    assert apple_pictures(face.icon, face.logo, face.look, stamped, Sort.VOUCHER) == apple_pictures(
        face.icon, face.logo, face.look, stamped
    )


@pytest.mark.parametrize("sort", [Sort.VOUCHER, Sort.MEMBERSHIP])
def test_a_large_line_is_shortened_to_what_fits(sort: Sort) -> None:
    long = Line("offer", "", "2 × Stück Kuchen mit Sahne und Kaffee dazu am Nachmittag")
    fitted = fitted_primary(long, sort)
    assert str(fitted.value).endswith("…")
    assert not primary_is_cut(str(fitted.value), sort)
    assert fitted_primary(Line("offer", "", "15 %"), sort) == Line("offer", "", "15 %")


@pytest.mark.parametrize(("stamps", "sort"), [
    (Stamps(7, 3), Sort.LOYALTY), (None, Sort.LOYALTY), (None, Sort.VOUCHER), (None, Sort.MEMBERSHIP),
])  # fmt: skip
def test_what_was_drawn_for_one_card_is_not_drawn_for_the_next(face: Face, stamps: Stamps | None, sort: Sort) -> None:
    first = apple_pictures(face.icon, face.logo, face.look, stamps, sort)
    drawn = drawings()
    # As after another query: the same picture in other bytes.
    same = replace(face.look, stamp=bytes(bytearray(face.look.stamp)))
    again = apple_pictures(
        bytes(bytearray(face.icon)), bytes(bytearray(face.logo)), same, replace(stamps) if stamps else None, sort
    )
    assert again == first
    assert drawings() == drawn


def test_another_count_is_drawn_and_nothing_else(face: Face) -> None:
    apple_pictures(face.icon, face.logo, face.look, Stamps(9, 3))
    drawn = drawings()
    apple_pictures(face.icon, face.logo, face.look, Stamps(9, 4))
    assert drawings() == drawn + 3


def drawings() -> int:
    """Pictures that this process drew so far."""
    return sum(one.cache_info().misses for one in (_strip, _band, thumbnail_of, _icons, _logos))


@pytest.mark.parametrize("sort", [Sort.LOYALTY, Sort.VOUCHER, Sort.MEMBERSHIP])
def test_a_picture_in_a_palette_is_told_from_the_original_by_nobody(face: Face, sort: Sort) -> None:
    for name, data in apple_pictures(face.icon, face.logo, face.look, None, sort).items():
        picture = Image.open(io.BytesIO(data))
        assert picture.mode in ("P", "RGBA"), name
        if name.startswith("strip"):
            assert picture.mode == "P", name
            assert picture.convert("RGB").getpixel((0, 0)) == (0x4A, 0x24, 0x15)
