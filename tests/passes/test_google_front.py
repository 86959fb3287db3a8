"""What a small phone cuts off is known before anything is published."""

from dataclasses import replace

import pytest

from passes.face import Face, Line, Stamps
from passes.fitting import shortened
from passes.google import loyalty_class, loyalty_object
from passes.google_face import GoogleCard, GoogleProgram, Link, Waiting
from passes.google_front import RECOMMENDED, Cut, cuts
from sandbox.google_schema import KINDS, schemas

PROGRAM = GoogleProgram("3388.program-7", {"de": "Zehn Stempel"}, "https://karten.example/logo.png")
CARD = GoogleCard("3388.01jdc4v8w2", "3388.program-7", "https://karten.example/77aa.png")


@pytest.mark.parametrize("place", RECOMMENDED)
def test_the_numbers_are_googles_own(place: str) -> None:
    *path, last = place.split(".")
    first = path[0] if path else last
    kind = next(kind for kind in KINDS if first in schemas()[kind]["properties"])
    for key in path:
        schema = schemas()[kind]["properties"][key]
        kind = schema.get("items", schema)["$ref"]
    expected = schemas()[kind]["properties"][last].get("recommendedLength")
    # The prose gives the number of a balance at the object that holds it.
    assert RECOMMENDED[place] == (7 if place.endswith("balance.string") else expected)


def test_a_card_that_fits_is_not_cut(face: Face) -> None:
    short = replace(PROGRAM, name={"de": "Zehn Stempel", "en": "Ten stamps"})
    assert cuts(loyalty_class(face, short, replace(face, language="en"))) == ()
    assert cuts(loyalty_object(face, CARD)) == ()


def test_a_long_name_is_told_with_what_is_left_of_it(face: Face) -> None:
    long = replace(PROGRAM, name={"de": "Zehn Stempel, ein Kaffee"})
    assert cuts(loyalty_class(face, long)) == (
        Cut("programName", None, "Zehn Stempel, ein Kaffee", "Zehn Stempel, ein K…"),
    )


def test_each_language_is_cut_by_itself(face: Face) -> None:
    names = replace(PROGRAM, name={"de": "Zehn Stempel, ein Kaffee", "en": "Ten stamps"})
    found = cuts(loyalty_class(face, names, replace(face, language="en")))
    assert [(cut.place, cut.language) for cut in found] == [("programName", "de")]


def test_label_balance_text_and_link_are_cut_where_they_stand(face: Face) -> None:
    crowded = replace(
        face,
        stamps=Stamps(10, 10),
        header=(Line("stamps", "Kaffeestempel", 10),),
        back=(Line("long", "L" * 36, "x" * 501),),
    )
    card = replace(
        CARD,
        account_name="n" * 21,
        waiting=Waiting(12_345_678, {"de": "Belohnungen"}),
        links=(Link("web", "https://karten.example", {"de": "Deine Karte im Browser ansehen"}),),
    )
    assert {cut.place for cut in cuts(loyalty_object(crowded, card))} == {
        "accountName",
        "loyaltyPoints.label",
        "secondaryLoyaltyPoints.label",
        "secondaryLoyaltyPoints.balance.string",
        "textModulesData.header",
        "textModulesData.body",
        "linksModuleData.uris.description",
    }


def test_an_address_or_a_code_is_never_called_cut(face: Face) -> None:
    long = replace(CARD, hero_url="https://karten.example/" + "a" * 600)
    assert cuts(loyalty_object(replace(face, code="T" * 200), long)) == ()


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("", 5, ""),
        ("Kaffee", 6, "Kaffee"),
        ("Kaffees", 6, "Kaffe…"),
        ("Ein Kaffee", 5, "Ein…"),
        ("קפה שקד", 4, "קפה…"),
        ("abc\N{WOMAN}\N{ZERO WIDTH JOINER}\N{COOKING}", 6, "abc\N{WOMAN}\N{ZERO WIDTH JOINER}\N{COOKING}"),
        ("abc\N{WOMAN}\N{ZERO WIDTH JOINER}\N{COOKING}d", 6, "abc…"),
        ("abcd\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}x", 6, "abcd…"),
        ("abcdu\N{COMBINING DIAERESIS}x", 6, "abcd…"),
        ("abcd\U0001f1e9\U0001f1eax", 6, "abcd…"),
        ("\U0001f1e9\U0001f1ea\U0001f1e9\U0001f1ea", 3, "…"),
    ],
)
def test_a_text_is_shortened_between_letters_that_stand_alone(text: str, most: int, shown: str) -> None:
    assert shortened(text, most) == shown
    assert len(shown) <= most
