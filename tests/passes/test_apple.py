"""What a phone finds in an Apple pass."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from passes.face import Face, Issue, Line, Stamps
from tests.passes.whole import apple_files

GOLDEN = {
    "formatVersion": 1,
    "passTypeIdentifier": "pass.example.morgenrot",
    "teamIdentifier": "ABCDE12345",
    "serialNumber": "01jdc4v8w2",
    "organizationName": "Café Morgenrot",
    "description": "Stempelkarte: zehn Stempel, ein Kaffee",
    "logoText": "Café Morgenrot",
    "backgroundColor": "rgb(74, 36, 21)",
    "foregroundColor": "rgb(255, 244, 226)",
    "labelColor": "rgb(240, 179, 90)",
    "webServiceURL": "https://karten.example/apple",
    "authenticationToken": "0123456789abcdef",
    "barcodes": [
        {
            "format": "PKBarcodeFormatQR",
            "message": "T1ORSXG5BRORSXG5BRORSXG5BRORSXG5BRAB",
            "messageEncoding": "iso-8859-1",
            "altText": "K7QM-3FX",
        }
    ],
    "storeCard": {
        "headerFields": [
            {"key": "stamps", "label": "Stempel", "value": 0, "changeMessage": "Du hast jetzt %@ Stempel."}
        ],
        "secondaryFields": [{"key": "reward", "label": "Belohnung", "value": "Kaffee"}],
        "auxiliaryFields": [{"key": "left", "label": "Noch", "value": 10}],
        "backFields": [{"key": "contact", "label": "Kontakt", "value": "Café Morgenrot, Lindenstraße 3"}],
    },
}


def content(face: Face, issue: Issue) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(apple_files(face, issue)["pass.json"])
    return parsed


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def test_a_new_card_says_all_this_and_nothing_else(face: Face, issue: Issue) -> None:
    assert content(face, issue) == GOLDEN


def test_a_card_without_stamps_says_zero(face: Face, issue: Issue) -> None:
    assert content(face, issue)["storeCard"]["headerFields"][0]["value"] == 0


def test_nothing_is_null_and_nothing_is_empty(face: Face, issue: Issue) -> None:
    bare = replace(face, logo_text="", auxiliary=(), header=(Line("stamps", "", 0),))
    values = list(leaves(content(bare, issue)))
    assert None not in values
    assert "" not in values
    assert "logoText" not in content(bare, issue)
    assert "auxiliaryFields" not in content(bare, issue)["storeCard"]


def test_only_a_line_with_a_change_message_is_announced(face: Face, issue: Issue) -> None:
    card = content(face, issue)["storeCard"]
    announced = [field["key"] for fields in card.values() for field in fields if "changeMessage" in field]
    assert announced == ["stamps"]


def test_the_same_face_gives_the_same_bytes(face: Face, issue: Issue) -> None:
    assert apple_files(face, issue) == apple_files(replace(face), replace(issue))


def test_another_count_changes_the_text_and_the_strip_only(face: Face, issue: Issue) -> None:
    before = apple_files(face, issue)
    stamped = replace(face, stamps=Stamps(10, 1), header=(Line("stamps", "Stempel", 1),))
    after = apple_files(stamped, issue)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"pass.json", "strip.png", "strip@2x.png", "strip@3x.png"}


@pytest.mark.parametrize(("stem", "points"), [("icon", (38, 38)), ("logo", (50, 50)), ("strip", (375, 144))])
def test_every_image_comes_at_three_scales(face: Face, issue: Issue, stem: str, points: tuple[int, int]) -> None:
    files = apple_files(face, issue)
    for scale, suffix in ((1, ""), (2, "@2x"), (3, "@3x")):
        picture = Image.open(io.BytesIO(files[f"{stem}{suffix}.png"]), formats=["PNG"])
        picture.load()
        assert picture.size == (points[0] * scale, points[1] * scale)


def test_a_pass_holds_no_stray_file(face: Face, issue: Issue) -> None:
    images = {f"{stem}{scale}.png" for stem in ("icon", "logo", "strip") for scale in ("", "@2x", "@3x")}
    assert set(apple_files(face, issue)) == {"pass.json"} | images


def test_a_pass_stays_small_enough_for_a_bad_connection(face: Face, issue: Issue) -> None:
    full = replace(face, stamps=Stamps(10, 10))
    assert sum(len(data) for data in apple_files(full, issue).values()) < 130_000


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/apple", "http://[::1]:8000/apple", "http://localhost/apple"])
def test_plain_http_is_taken_on_loopback(face: Face, issue: Issue, url: str) -> None:
    assert content(face, replace(issue, web_service_url=url))["webServiceURL"] == url


@pytest.mark.parametrize("name", ["M" * 40, "مخبز الشمس", "בית קפה", "👩‍🍳 Bäckerei 🥐", "<b>&amp;</b>"])
def test_no_name_of_a_shop_breaks_a_pass(face: Face, issue: Issue, name: str) -> None:
    named = replace(face, organization=name, logo_text=name, back=(Line("shop", name, name),))
    content = json.loads(apple_files(named, issue)["pass.json"].decode())
    assert content["organizationName"] == content["logoText"] == name
    assert content["storeCard"]["backFields"] == [{"key": "shop", "label": name, "value": name}]
