"""What Wallet would swallow without a word is refused with one."""

from dataclasses import replace
from typing import Any

import pytest

from passes.apple import apple_content
from passes.face import Colours, Face, FaceRefused, Issue, Line, Stamps
from passes.lint.whole import refuse_content_faults
from tests.passes.whole import apple_files


def lines(count: int, prefix: str = "k") -> tuple[Line, ...]:
    return tuple(Line(f"{prefix}{n}", "Label", n) for n in range(count))


def refused(face: Face, issue: Issue) -> str:
    with pytest.raises(FaceRefused) as caught:
        apple_files(face, issue)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_one_key_on_two_lines_is_refused_even_across_groups(face: Face, issue: Issue) -> None:
    twice = replace(face, back=(Line("stamps", "Stempel", 0),))
    assert "stamps" in refused(twice, issue)


def test_a_fourth_header_line_is_refused(face: Face, issue: Issue) -> None:
    assert "4 header lines" in refused(replace(face, header=lines(4)), issue)


def test_a_fifth_line_below_the_strip_is_refused(face: Face, issue: Issue) -> None:
    crowded = replace(face, secondary=lines(3, "s"), auxiliary=lines(2, "a"))
    assert "5 secondary and auxiliary" in refused(crowded, issue)


def test_four_lines_below_the_strip_and_forty_on_the_back_are_taken(face: Face, issue: Issue) -> None:
    full = replace(face, header=lines(3, "h"), secondary=lines(2, "s"), auxiliary=lines(2, "a"), back=lines(40, "b"))
    assert apple_files(full, issue)


def test_lines_too_long_for_their_row_are_refused_since_the_last_would_vanish(face: Face, issue: Issue) -> None:
    secondary = (Line("status", "Deine Karte", "Jetzt deins: Cappuccino, zweimal Apfelkuchen mit Sahne"),)
    long = replace(
        face, secondary=secondary, auxiliary=(Line("lunch", "Mittag", "1 / 5"), Line("tier", "Stufe", "Gold"))
    )
    sentence = refused(long, issue)
    assert "3 lines are too long" in sentence
    assert "Mittag 1 / 5" in sentence


def test_a_line_alone_in_its_row_may_be_as_long_as_it_is(face: Face, issue: Issue) -> None:
    assert apple_files(replace(face, secondary=(Line("status", "Deine Karte", "x" * 200),), auxiliary=()), issue)


def test_a_sentence_and_three_short_counters_share_a_row(face: Face, issue: Issue) -> None:
    counters = (Line("lunch", "Mittag", "1 / 5"), Line("tier", "Stufe", "Gold"), Line("points", "Punkte", 1200))
    status = (Line("status", "Deine Karte", "Noch 3 Stempel: Kaffee"),)
    assert apple_files(replace(face, secondary=status, auxiliary=counters), issue)


@pytest.mark.parametrize("message", ["Neuer Stempel", "", "Jetzt % @", "Jetzt %s"])
def test_a_change_message_without_its_place_for_the_value_is_refused(face: Face, issue: Issue, message: str) -> None:
    silent = replace(face, header=(Line("stamps", "Stempel", 1, message),))
    assert "%@" in refused(silent, issue)


def test_a_line_without_a_key_is_refused(face: Face, issue: Issue) -> None:
    assert "no key" in refused(replace(face, header=(Line("", "Stempel", 1),)), issue)


def test_a_line_without_a_value_is_refused(face: Face, issue: Issue) -> None:
    assert "'stamps' has no value" in refused(replace(face, header=(Line("stamps", "Stempel", ""),)), issue)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "rgb(1, 2, 3)", "123456", "#1234567", "", "#12345\n"])
@pytest.mark.parametrize("part", ["background", "foreground", "label"])
def test_a_colour_that_is_not_six_hex_digits_is_refused(face: Face, issue: Issue, colour: str, part: str) -> None:
    colours: Colours = replace(face.colours, **{part: colour})
    assert "#rrggbb" in refused(replace(face, colours=colours), issue)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("organization", "", "organization is empty"),
        ("description", "", "description is empty"),
        ("code", "", "code is empty"),
        ("code", "T1ABC€", "'T1ABC€'"),
        ("code", "カード", "ISO 8859-1"),
        ("short_code", "", "short code is empty"),
        ("stamps", Stamps(10, 11), "11 of 10"),
        ("stamps", Stamps(10, -1), "-1 of 10"),
        ("stamps", Stamps(0, 0), "not 0"),
        ("stamps", Stamps(31, 0), "not 31"),
        ("icon", b"", "no readable PNG"),
        ("logo", b"GIF89a", "no readable PNG"),
    ],
)
def test_a_face_that_a_wallet_cannot_show_is_refused(
    face: Face, issue: Issue, field: str, value: Any, says: str
) -> None:
    assert says in refused(replace(face, **{field: value}), issue)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("pass_type", "", "key-missing"),
        ("pass_type", "com.example.morgenrot", "pass-type-form"),
        ("pass_type", "pass.", "pass-type-form"),
        ("team_id", "", "key-missing"),
        ("team_id", "ABC 12345", "team-form"),
        ("serial", "", "key-missing"),
        ("token", "0123456789abcde", "token-short"),
        ("web_service_url", "karten.example/apple", "web-service-url"),
        ("web_service_url", "ftp://karten.example/apple", "web-service-url"),
        ("web_service_url", "https:///apple", "web-service-url"),
        ("web_service_url", "https://[karten/apple", "web-service-url"),
        ("web_service_url", "https://karten.example:port/apple", "web-service-url"),
        ("web_service_url", "http://karten.example/apple", "web-service-url"),
        ("web_service_url", "http://192.168.0.7:8000/apple", "web-service-url"),
        ("web_service_url", "http://localhost.example/apple", "web-service-url"),
        ("web_service_url", "https://karten.example/apple/v1", "web-service-version"),
        ("web_service_url", "https://karten.example/apple/v1/", "web-service-version"),
        ("web_service_url", "https://karten.example/apple?shop=1", "web-service-url"),
    ],
)
def test_an_issue_that_a_phone_would_not_add_or_update_is_refused(
    face: Face, issue: Issue, field: str, value: str, code: str
) -> None:
    with pytest.raises(FaceRefused, match=rf"\({code}\)$"):
        refuse_content_faults(apple_content(face, replace(issue, **{field: value})))


def test_a_refused_token_is_not_told(face: Face, issue: Issue) -> None:
    with pytest.raises(FaceRefused, match="token-short") as caught:
        refuse_content_faults(apple_content(face, replace(issue, token="secret")))
    assert "secret" not in str(caught.value)
