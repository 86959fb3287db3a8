"""The bodies of a Google card: what the class says once and the object says of each card."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from passes.face import Face, Line, Stamps
from passes.google import loyalty_class, loyalty_object
from passes.google_face import GoogleCard, GoogleProgram, Link, Waiting
from sandbox.google_schema import schemas, violations

WEB = "https://karten.example/card/3fQ"
NAMES = [
    "Café Morgenrot",
    "Bäckerei Großmann und Töchter am Marktplatz",
    "مقهى الصباح",
    "בית קפה שקד 12",
    "☕️👩🏽‍🍳🇩🇪",
    'A"\\<b>&amp;',
]


def english(face: Face) -> Face:
    return replace(
        face,
        language="en",
        description="Stamp card: ten stamps, one coffee",
        header=(Line("stamps", "Stamps", face.header[0].value, "You have %@ stamps now."),),
        secondary=(Line("reward", "Reward", "Coffee"),),
        auxiliary=(Line("left", "Left", face.auxiliary[0].value),),
        back=(Line("contact", "Contact", "Café Morgenrot, Lindenstraße 3"),),
    )


def called(face: Face, name: str) -> Face:
    back = (*face.back, Line("shop", "Laden", name))
    return replace(face, organization=name, logo_text=name, back=back)


@pytest.fixture
def program() -> GoogleProgram:
    return GoogleProgram(
        class_id="3388000000012345678.program-7",
        name={"de": "Zehn Stempel, ein Kaffee", "en": "Ten stamps, one coffee"},
        logo_url="https://karten.example/pictures/9f2c.png",
        account_name_label={"de": "Name", "en": "Name"},
    )


@pytest.fixture
def card() -> GoogleCard:
    return GoogleCard(
        object_id="3388000000012345678.01jdc4v8w2",
        class_id="3388000000012345678.program-7",
        hero_url="https://karten.example/pictures/77aa.png",
        waiting=Waiting(0, {"de": "Prämien", "en": "Rewards"}),
        links=(Link("web", WEB, {"de": "Karte im Web", "en": "Card on the web"}),),
    )


@pytest.mark.parametrize(
    ("filled", "name", "both", "turned"), list(product((0, 5, 10), NAMES, (False, True), (False, True)))
)
def test_every_body_is_valid_against_googles_schema(
    face: Face, program: GoogleProgram, card: GoogleCard, filled: int, name: str, both: bool, turned: bool
) -> None:
    german = called(replace(face, stamps=Stamps(10, filled)), name)
    first, other = (english(face), face) if turned else (face, english(face))
    first, other = (called(replace(one, stamps=german.stamps), name) for one in (first, other))
    translations = (other,) if both else ()
    of_a_person = replace(card, account_name=name, account_id="K7QM-3FX")
    named = replace(program, name={"de": name, "en": name}, wide_logo_url="https://karten.example/wide.png")
    assert violations("LoyaltyClass", loyalty_class(first, named, *translations)) == []
    assert violations("LoyaltyObject", loyalty_object(first, of_a_person, *translations)) == []


def used_keys(kind: str, body: Any) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for key, value in body.items():
        schema = schemas()[kind]["properties"][key]
        yield key, schema, value
        items = value if isinstance(value, list) else [value]
        inner = schema.get("items", schema)
        for item in items:
            if "$ref" in inner:
                yield from used_keys(inner["$ref"], item)


def test_no_body_uses_a_key_that_google_has_retired(face: Face, program: GoogleProgram, card: GoogleCard) -> None:
    bodies = {
        "LoyaltyClass": loyalty_class(face, program, english(face)),
        "LoyaltyObject": loyalty_object(face, card, english(face)),
    }
    retired = [
        key for kind, body in bodies.items() for key, schema, _ in used_keys(kind, body) if schema.get("deprecated")
    ]
    assert retired == []


def test_the_class_is_the_same_whatever_the_card_has(face: Face, program: GoogleProgram) -> None:
    empty = loyalty_class(face, program)
    for filled in range(1, 11):
        stamped = replace(
            face,
            stamps=Stamps(10, filled),
            header=(Line("stamps", "Stempel", filled),),
            auxiliary=(Line("left", "Noch", 10 - filled),),
            code="T1OTHER",
            short_code="AAAA-BBB",
        )
        assert loyalty_class(stamped, program) == empty


def test_the_same_values_give_the_same_bytes(face: Face, program: GoogleProgram, card: GoogleCard) -> None:
    assert json.dumps(loyalty_class(face, program)) == json.dumps(loyalty_class(replace(face), replace(program)))
    assert json.dumps(loyalty_object(face, card)) == json.dumps(loyalty_object(replace(face), replace(card)))


def test_a_class_is_sent_for_review_every_time_and_made_for_one_person(face: Face, program: GoogleProgram) -> None:
    body = loyalty_class(face, program)
    assert body["reviewStatus"] == "UNDER_REVIEW"
    assert body["multipleDevicesAndHoldersAllowedStatus"] == "ONE_USER_ALL_DEVICES"
    assert body["hexBackgroundColor"] == "#4a2415"


def test_a_name_is_said_in_both_languages_and_the_first_is_the_fallback(face: Face, program: GoogleProgram) -> None:
    body = loyalty_class(english(face), program, face)
    assert body["programName"] == "Ten stamps, one coffee"
    assert body["localizedProgramName"] == {
        "defaultValue": {"language": "en", "value": "Ten stamps, one coffee"},
        "translatedValues": [{"language": "de", "value": "Zehn Stempel, ein Kaffee"}],
    }


def test_a_card_of_one_language_has_no_twins(face: Face, program: GoogleProgram, card: GoogleCard) -> None:
    assert not [key for key in loyalty_class(face, program) if key.startswith("localized")]
    assert loyalty_object(face, card)["loyaltyPoints"] == {"label": "Stempel", "balance": {"string": "0/10"}}


def test_the_balance_is_the_count_in_its_string_form(face: Face, card: GoogleCard) -> None:
    body = loyalty_object(replace(face, stamps=Stamps(10, 3)), card, replace(english(face), stamps=Stamps(10, 3)))
    assert body["loyaltyPoints"]["balance"] == {"string": "3/10"}
    assert body["loyaltyPoints"]["label"] == "Stempel"
    assert body["loyaltyPoints"]["localizedLabel"]["translatedValues"] == [{"language": "en", "value": "Stamps"}]


def test_no_waiting_reward_is_said_as_zero_since_a_patch_forgets_nothing(face: Face, card: GoogleCard) -> None:
    points = loyalty_object(face, card)["secondaryLoyaltyPoints"]
    assert points == {"label": "Prämien", "balance": {"string": "0"}}


def test_a_program_without_waiting_rewards_says_nothing_of_them(face: Face, card: GoogleCard) -> None:
    assert "secondaryLoyaltyPoints" not in loyalty_object(face, replace(card, waiting=None))


def test_a_nameless_customer_has_no_account(face: Face, card: GoogleCard) -> None:
    assert not {"accountId", "accountName"} & loyalty_object(face, card).keys()


def test_a_customer_who_gave_a_name_reads_it(face: Face, card: GoogleCard) -> None:
    body = loyalty_object(face, replace(card, account_name="Ada", account_id="K7QM-3FX"))
    assert (body["accountName"], body["accountId"]) == ("Ada", "K7QM-3FX")


def test_the_code_is_a_qr_with_the_short_code_below(face: Face, card: GoogleCard) -> None:
    assert loyalty_object(face, card)["barcode"] == {
        "type": "QR_CODE",
        "value": face.code,
        "alternateText": "K7QM-3FX",
    }


def test_the_stamps_are_a_picture_that_can_be_heard(face: Face, card: GoogleCard) -> None:
    hero = loyalty_object(replace(face, stamps=Stamps(10, 3)), card)["heroImage"]
    assert hero["sourceUri"] == {"uri": card.hero_url}
    assert hero["contentDescription"] == {"defaultValue": {"language": "de", "value": "Stempel: 3/10"}}


def test_every_line_but_the_count_becomes_a_text(face: Face, card: GoogleCard) -> None:
    texts = loyalty_object(face, card)["textModulesData"]
    assert [(text["id"], text["header"], text["body"]) for text in texts] == [
        ("reward", "Belohnung", "Kaffee"),
        ("left", "Noch", "10"),
        ("contact", "Kontakt", "Café Morgenrot, Lindenstraße 3"),
    ]


def test_the_number_zero_is_a_text_too(face: Face, card: GoogleCard) -> None:
    full = replace(face, auxiliary=(Line("left", "Noch", 0),))
    assert {"id": "left", "header": "Noch", "body": "0"} in loyalty_object(full, card)["textModulesData"]


def test_a_text_is_translated_by_its_key(face: Face, card: GoogleCard) -> None:
    reward = loyalty_object(face, card, english(face))["textModulesData"][0]
    assert reward["localizedBody"]["translatedValues"] == [{"language": "en", "value": "Coffee"}]
    assert reward["localizedHeader"]["defaultValue"] == {"language": "de", "value": "Belohnung"}


def test_a_line_without_a_label_has_no_header(face: Face, card: GoogleCard) -> None:
    bare = replace(face, back=(Line("note", "", "Danke"),))
    assert loyalty_object(bare, card)["textModulesData"][-1] == {"id": "note", "body": "Danke"}


def test_what_a_link_says_is_not_said_as_text_again(face: Face, card: GoogleCard) -> None:
    reachable = replace(face, back=(Line("web", "Im Web", WEB), Line("phone", "Telefon", "+49 30 1234")))
    linked = replace(card, links=(*card.links, Link("phone", "tel:+49301234", {"de": "Anrufen"})))
    body = loyalty_object(reachable, linked)
    assert [text["id"] for text in body["textModulesData"]] == ["reward", "left"]
    assert [uri["uri"] for uri in body["linksModuleData"]["uris"]] == [WEB, "tel:+49301234"]


def test_ten_texts_go_out_and_no_eleventh(face: Face, card: GoogleCard) -> None:
    crowded = replace(face, back=tuple(Line(f"b{n}", "Label", n) for n in range(40)))
    texts = loyalty_object(crowded, card)["textModulesData"]
    assert [text["id"] for text in texts] == ["reward", "left", *(f"b{n}" for n in range(8))]


@pytest.mark.parametrize("below", [0, 1, 2, 3, 4])
def test_the_front_shows_the_lines_that_apple_shows_below_its_strip(
    face: Face, program: GoogleProgram, below: int
) -> None:
    shown = replace(face, secondary=tuple(Line(f"s{n}", "Label", n) for n in range(below)), auxiliary=())
    body = loyalty_class(shown, program)
    rows = body["classTemplateInfo"]["cardTemplateOverride"]["cardRowTemplateInfos"]
    kinds = [next(iter(row)) for row in rows]
    expected = {0: [], 1: ["oneItem"], 2: ["twoItems"], 3: ["threeItems"], 4: ["twoItems", "twoItems"]}
    assert kinds == ["twoItems", *expected[below]]
    paths = [f"object.textModulesData['s{n}']" for n in range(below)]
    assert [path for path in paths if path not in json.dumps(rows)] == []
    assert violations("LoyaltyClass", body) == []


def test_a_face_without_a_header_shows_a_count_without_a_label(face: Face, card: GoogleCard) -> None:
    assert loyalty_object(replace(face, header=()), card)["loyaltyPoints"] == {"balance": {"string": "0/10"}}
