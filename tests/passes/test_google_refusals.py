"""What Google would answer with a bare 400 is refused with a sentence before it is sent."""

from dataclasses import replace
from typing import Any

import pytest

from passes.face import Colours, Face, FaceRefused, Line, Stamps
from passes.google import loyalty_class, loyalty_object
from passes.google_face import GoogleCard, GoogleProgram, Link, Waiting

PROGRAM = GoogleProgram("3388.program-7", {"de": "Zehn Stempel"}, "https://karten.example/logo.png")
CARD = GoogleCard("3388.01jdc4v8w2", "3388.program-7", "https://karten.example/77aa.png")
LABEL = {"de": "Mehr"}


def sentence(caught: pytest.ExceptionInfo[FaceRefused]) -> str:
    said = str(caught.value)
    assert said.endswith(".")
    assert "\n" not in said
    return said


def class_refused(face: Face, program: GoogleProgram, *translations: Face) -> str:
    with pytest.raises(FaceRefused) as caught:
        loyalty_class(face, program, *translations)
    return sentence(caught)


def object_refused(face: Face, card: GoogleCard, *translations: Face) -> str:
    with pytest.raises(FaceRefused) as caught:
        loyalty_object(face, card, *translations)
    return sentence(caught)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("class_id", "", "class id ''"),
        ("class_id", "3388", "'3388'"),
        ("class_id", "3388.", "'3388.'"),
        ("class_id", "shop.program", "issuer's number"),
        ("class_id", "3388.café", "'3388.café'"),
        ("class_id", "3388.a/b", "'3388.a/b'"),
        ("class_id", "3388.a b", "'3388.a b'"),
        ("class_id", "3388.a\n", "class id"),
        ("class_id", "٣٣.a", "class id"),
        ("name", {}, "program name is empty in 'de'"),
        ("name", {"en": "Ten"}, "program name is empty in 'de'"),
        ("name", {"de": ""}, "program name is empty in 'de'"),
        ("name", {"de": " \t"}, "program name is empty in 'de'"),
        ("logo_url", "", "of the logo cannot be read"),
        ("logo_url", "http://karten.example/logo.png", "of the logo is not https"),
        ("logo_url", "ftp://karten.example/logo.png", "is not https"),
        ("logo_url", "/logo.png", "is not https"),
        ("logo_url", "https:///logo.png", "is not https"),
        ("logo_url", "data:image/png;base64,AAAA", "is not https"),
        ("logo_url", "http://127.0.0.1.example/logo.png", "is not https"),
        ("logo_url", "https://karten.example/my logo.png", "without spaces"),
        ("logo_url", "https://karten.example/logo.png\n", "cannot be read"),
        ("logo_url", "https://karten.example/käse.png", "cannot be read"),
        ("logo_url", "https://[karten/logo.png", "cannot be read"),
        ("logo_url", "https://karten.example:port/logo.png", "cannot be read"),
        ("wide_logo_url", "", "wide logo cannot be read"),
        ("wide_logo_url", "http://karten.example/w.png", "wide logo is not https"),
        ("account_id_label", {}, "account label is empty in 'de'"),
        ("account_name_label", {"de": ""}, "account label is empty in 'de'"),
        ("links", (Link("a.b", "https://karten.example", LABEL),), "'a.b'"),
    ],
)
def test_a_program_that_google_would_not_take_is_refused(face: Face, field: str, value: Any, says: str) -> None:
    assert says in class_refused(face, replace(PROGRAM, **{field: value}))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("object_id", "", "object id ''"),
        ("object_id", "01jdc4v8w2", "'01jdc4v8w2'"),
        ("object_id", "3388.01+jd", "'3388.01+jd'"),
        ("object_id", "4499.01jdc4v8w2", "two issuers"),
        ("class_id", "program-7", "class id 'program-7'"),
        ("hero_url", "http://karten.example/77aa.png", "hero image is not https"),
        ("hero_url", "", "hero image cannot be read"),
        ("account_id", "", "account id is empty"),
        ("account_name", "", "account name is empty"),
        ("account_name", "  ", "leave it out"),
        ("waiting", Waiting(-1, LABEL), "-1 rewards"),
        ("waiting", Waiting(1, {}), "waiting rewards is empty in 'de'"),
        ("waiting", Waiting(0, {"de": ""}), "waiting rewards is empty in 'de'"),
        ("links", (Link("", "https://karten.example", LABEL),), "key '' of a link"),
        ("links", (Link("web", "karten.example", LABEL),), "leads nowhere"),
        ("links", (Link("web", "javascript:alert(1)", LABEL),), "leads nowhere"),
        ("links", (Link("web", "https://", LABEL),), "leads nowhere"),
        ("links", (Link("web", "tel:", LABEL),), "leads nowhere"),
        ("links", (Link("web", "tel:+49 30 1234", LABEL),), "without spaces"),
        ("links", (Link("web", "https://karten.example", {}),), "label of the link 'web' is empty in 'de'"),
        ("links", (Link("a", "tel:1", LABEL), Link("a", "tel:2", LABEL)), "The key a names two"),
    ],
)
def test_a_card_that_google_would_not_take_is_refused(face: Face, field: str, value: Any, says: str) -> None:
    assert says in object_refused(face, replace(CARD, **{field: value}))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("organization", "", "organization is empty"),
        ("code", "", "code is empty"),
        ("short_code", "", "short code is empty"),
        ("stamps", Stamps(10, 11), "11 of 10"),
        ("colours", Colours("#fff", "#000000", "#000000"), "#rrggbb"),
        ("language", "", "language ''"),
        ("language", "Deutsch", "language 'Deutsch'"),
        ("back", (Line("back.page", "Label", "x"),), "'back.page'"),
        ("back", (Line("käse", "Label", "x"),), "'käse'"),
        ("back", (Line("stamps", "Label", "x"),), "used twice"),
    ],
)
def test_a_face_that_google_would_not_show_is_refused_in_class_and_object(
    face: Face, field: str, value: Any, says: str
) -> None:
    broken = replace(face, **{field: value})
    assert says in class_refused(broken, PROGRAM)
    assert says in object_refused(broken, CARD)


def test_two_faces_of_one_language_are_refused(face: Face) -> None:
    assert "speak 'de'" in class_refused(face, PROGRAM, face)
    assert "speak 'de'" in object_refused(face, CARD, face)


@pytest.mark.parametrize(
    "changes",
    [
        {"stamps": Stamps(10, 4)},
        {"code": "T1OTHER"},
        {"short_code": "AAAA-BBB"},
        {"colours": Colours("#000000", "#ffffff", "#ffffff")},
        {"back": ()},
        {"back": (Line("other", "Other", "x"),)},
    ],
)
def test_a_translation_of_another_card_is_refused(face: Face, changes: dict[str, Any]) -> None:
    other = replace(face, language="en", **changes)
    assert "two cards" in object_refused(face, CARD, other)


def test_a_name_that_lacks_the_second_language_is_refused(face: Face) -> None:
    assert "empty in 'en'" in class_refused(face, PROGRAM, replace(face, language="en"))


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
def test_pictures_of_this_machine_may_be_plain_http(face: Face, host: str) -> None:
    assert loyalty_class(face, replace(PROGRAM, logo_url=f"http://{host}/logo.png"))


@pytest.mark.parametrize(
    "uri", ["https://karten.example", "http://shop.example/a?b=c", "tel:+49301234", "mailto:a@b.de"]
)
def test_a_link_to_the_web_a_telephone_or_a_mailbox_is_taken(face: Face, uri: str) -> None:
    assert loyalty_object(face, replace(CARD, links=(Link("more", uri, LABEL),)))
