"""A design read from rows and from forms: what cannot be used is named, what was right is kept."""

from dataclasses import replace
from itertools import pairwise

import pytest

from issuer.branding import load_branding
from issuer.design import CHANGES, SHAPE_NAMES, Change, Design, differences, read_colour, read_form
from issuer.language import LANGUAGES, translator
from passes.contrast import ENOUGH, pairs
from passes.extras import NO_EXTRAS, Extras, Place
from passes.face import Colours
from passes.stamps import SHAPES

BEFORE = Design(
    colours=Colours("#4a2415", "#fff4e2", "#f0b35a"),
    shape="round",
    texts={"de": "Stempelkarte", "en": "Stamp card"},
    back={"de": "", "en": "Open all day"},
    show_name=True,
)
FORM = {
    "background": "#102030",
    "foreground": "#ffffff",
    "label": "#eeeeee",
    "shape": "square",
    "text_de": "Unsere Karte",
    "text_en": "Our card",
    "back_de": "Montag zu",
    "back_en": "",
    "show_name": "0",
    "shareable": "0",
}
AS_TYPED = Design(
    colours=Colours("#102030", "#ffffff", "#eeeeee"),
    shape="square",
    texts={"de": "Unsere Karte", "en": "Our card"},
    back={"de": "Montag zu", "en": ""},
    show_name=False,
    wallet=Extras(shareable=False),
)


@pytest.mark.parametrize(
    ("typed", "colour"),
    [
        ("#4a2415", "#4a2415"),
        ("4A2415", "#4a2415"),
        ("#ABC", "#aabbcc"),
        ("abc", "#aabbcc"),
        ("  #Abc\n", "#aabbcc"),
    ],
)
def test_a_colour_is_read_as_people_type_it(typed: str, colour: str) -> None:
    assert read_colour(typed) == colour


@pytest.mark.parametrize(
    "typed", ["", "#", "red", "#ab", "#abcd", "#abcde", "#abcdeff", "##abc", "rgb(1,2,3)", "#ab c", "#１２３", "#abc;x"]
)
def test_anything_else_is_no_colour(typed: str) -> None:
    assert read_colour(typed) is None


def test_a_whole_form_is_the_design_as_typed() -> None:
    assert read_form(FORM, BEFORE) == (AS_TYPED, {})


def test_an_empty_form_changes_nothing() -> None:
    assert read_form({}, BEFORE) == (BEFORE, {})


@pytest.mark.parametrize("field", FORM)
def test_a_missing_field_keeps_what_was(field: str) -> None:
    rest = {name: value for name, value in FORM.items() if name != field}
    found, problems = read_form(rest, BEFORE)
    assert problems == {}
    assert read_form({field: FORM[field]}, found) == (AS_TYPED, {})
    assert found != AS_TYPED


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("background", "red"),
        ("foreground", ""),
        ("label", "#12345"),
        ("shape", "heart"),
        ("shape", ""),
        ("text_de", ""),
        ("text_en", " \n\t "),
        ("text_de", "x" * 101),
        ("text_en", "null\0byte"),
        ("text_de", "\N{RIGHT-TO-LEFT OVERRIDE}turned"),
        ("text_en", "half a pair \ud83d"),
        ("back_de", "x" * 501),
        ("back_en", "bell\a"),
        ("back_de", "fine\nturned \N{LEFT-TO-RIGHT ISOLATE}"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_field_and_the_rest_is_kept(field: str, typed: str) -> None:
    found, problems = read_form(FORM | {field: typed}, BEFORE)
    assert list(problems) == [field]
    assert read_form({field: FORM[field]}, found) == (AS_TYPED, {})
    assert read_form(FORM | {field: _kept(field)}, BEFORE)[0] == found


def _kept(field: str) -> str:
    """What the design before says in a field."""
    name, _, language = field.partition("_")
    if language:
        return {"text": BEFORE.texts, "back": BEFORE.back}[name][language]
    return BEFORE.shape if name == "shape" else str(getattr(BEFORE.colours, name))


def test_every_field_may_be_wrong_at_once() -> None:
    wrong = dict.fromkeys(FORM, "\0")
    found, problems = read_form(wrong, BEFORE)
    assert set(problems) == set(FORM) - {"show_name", "shareable"}
    assert found == replace(BEFORE, show_name=False, wallet=Extras(shareable=False))


def test_every_sentence_about_a_field_can_be_said_in_german_with_what_was_typed() -> None:
    longer = FORM | {"text_de": "x" * 101, "back_de": "x" * 501, "text_en": ""}
    for form in (longer, dict.fromkeys(FORM, "100 %")):
        for sentence in read_form(form, BEFORE)[1].values():
            german = translator("de").gettext(sentence)
            assert german != sentence
            assert (german % {"given": "100 %"}).endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "Kaffeehaus-Stempelkarte der Familie Meyer",
        "قهوة مجانية",
        "כרטיס \N{RIGHT-TO-LEFT MARK}קפה",
        "Kaffee 👩\N{ZERO WIDTH JOINER}🍳 🇩🇪 ☕\N{VARIATION SELECTOR-16}",
        "<b>&amp;</b> 100 % {0}",
    ],
)
@pytest.mark.parametrize("field", ["text_de", "back_en"])
def test_long_names_every_script_and_emoji_are_taken_as_they_are(field: str, text: str) -> None:
    found, problems = read_form(FORM | {field: text}, BEFORE)
    assert problems == {}
    assert (found.texts["de"] if field == "text_de" else found.back["en"]) == text


@pytest.mark.parametrize(("field", "longest"), [("text_de", 100), ("back_de", 500)])
def test_a_text_may_be_as_long_as_fits_blanks_around_it_not_counted(field: str, longest: int) -> None:
    assert read_form({field: f"  {'x' * longest}\r\n"}, BEFORE)[1] == {}
    assert list(read_form({field: "x" * (longest + 1)}, BEFORE)[1]) == [field]


def test_a_description_is_one_line_and_the_back_keeps_its_lines() -> None:
    typed = " Zehn\tStempel,\r\nein Kaffee\N{NO-BREAK SPACE} "
    found, problems = read_form({"text_de": typed, "back_de": typed}, BEFORE)
    assert problems == {}
    assert found.texts["de"] == "Zehn Stempel, ein Kaffee"
    assert found.back["de"] == "Zehn Stempel,\nein Kaffee"


@pytest.mark.parametrize("field", ["brand_id", "text_fr", "colours", "back"])
def test_fields_that_no_design_has_are_passed_over(field: str) -> None:
    assert read_form({field: "x"}, BEFORE) == (BEFORE, {})


def test_what_is_stored_is_read_again() -> None:
    for design in (BEFORE, AS_TYPED):
        assert Design.read(design.stored()) == design


def test_what_a_form_does_not_name_of_the_wallet_is_kept() -> None:
    near = replace(BEFORE, wallet=Extras(places=(Place(latitude=52.5, longitude=13.4),), align="Right"))
    found, _ = read_form(FORM, Design.read(near.stored()))
    assert found.wallet == near.wallet.model_copy(update={"shareable": False})


def test_a_ready_design_is_read_whole() -> None:
    stored = load_branding("cafe").design
    design = Design.read(stored)
    assert (design.texts, design.shape) == (stored["texts"], stored["shape"])
    assert (design.back, design.show_name) == ({"de": "", "en": ""}, True)


@pytest.mark.parametrize(
    ("without", "meaning"),
    [
        ("shape", "round"),
        ("texts", {"de": "Stempelkarte", "en": "Stamp card"}),
        ("back", {"de": "", "en": ""}),
        ("show_name", True),
        ("wallet", NO_EXTRAS),
    ],
)
def test_what_a_first_design_does_not_say_has_its_plain_meaning(without: str, meaning: object) -> None:
    stored = AS_TYPED.stored()
    del stored[without]
    assert getattr(Design.read(stored), without) == meaning


def test_a_language_that_a_design_does_not_speak_has_its_plain_meaning() -> None:
    stored = AS_TYPED.stored() | {"texts": {"de": "Nur Deutsch"}, "back": {"en": "English only"}}
    design = Design.read(stored)
    assert design.texts == {"de": "Nur Deutsch", "en": "Stamp card"}
    assert design.back == {"de": "", "en": "English only"}


def test_a_pair_below_the_limit_is_too_faint_and_its_repair_is_not() -> None:
    faint = replace(BEFORE, colours=Colours("#777777", "#888888", "#ffffff"))
    assert [pair.name for pair in faint.too_faint()] == ["values", "labels"]
    mended = faint.with_repaired_colours()
    assert mended.too_faint() == ()
    assert mended.colours.background == "#777777"
    assert replace(mended, colours=faint.colours) == faint


def test_colours_that_can_be_read_are_never_touched() -> None:
    assert BEFORE.too_faint() == ()
    assert BEFORE.with_repaired_colours() == BEFORE


def test_a_hair_under_the_limit_is_too_faint() -> None:
    """#767676 on white is 4.54, the next lighter grey 4.48."""
    greys = [replace(BEFORE, colours=Colours("#ffffff", grey, "#000000")) for grey in ("#767676", "#777777")]
    ratios = [pairs(design.colours)[0].ratio for design in greys]
    assert all(lighter < ENOUGH < darker for darker, lighter in pairwise(ratios))
    assert [len(design.too_faint()) for design in greys] == [0, 1]


def test_a_design_does_not_differ_from_itself() -> None:
    assert list(differences(BEFORE, BEFORE)) == []


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("background", Change("background", "#4a2415", "#102030")),
        ("foreground", Change("foreground", "#fff4e2", "#ffffff")),
        ("label", Change("label", "#f0b35a", "#eeeeee")),
        ("shape", Change("shape", "round", "square")),
        ("text_de", Change("text", "Stempelkarte", "Unsere Karte")),
        ("text_en", Change("text", "Stamp card", "Our card")),
        ("back_de", Change("back", "", "Montag zu")),
        ("back_en", Change("back", "Open all day", "")),
        ("show_name", Change("name", "True", "False")),
        ("shareable", Change("sharing", "True", "False")),
    ],
)
def test_one_field_that_changed_is_one_difference(field: str, change: Change) -> None:
    after, _ = read_form({field: FORM[field]}, BEFORE)
    assert list(differences(BEFORE, after)) == [change]


def test_everything_that_changed_is_listed_once_with_before_and_after() -> None:
    found = list(differences(BEFORE, AS_TYPED))
    assert [change.what for change in found] == [
        *("background", "foreground", "label", "shape", "name", "sharing"),
        *("text", "text", "back", "back"),
    ]
    turned = [Change(change.what, change.after, change.before) for change in found]
    assert list(differences(AS_TYPED, BEFORE)) == turned


def test_everything_that_can_differ_and_every_shape_has_a_name_in_each_language() -> None:
    assert set(SHAPE_NAMES) == set(SHAPES)
    for language in LANGUAGES:
        for name in (*CHANGES.values(), *SHAPE_NAMES.values()):
            said = translator(language).gettext(name)
            assert said if language == "en" else said != name or name in SAME_IN_GERMAN


SAME_IN_GERMAN = {"Logo", "Icon", "Ticket"}
