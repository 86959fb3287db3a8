"""Cards on which nothing is stamped, cards with several counters, and cards that have ended."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from passes.band import band_strip
from passes.face import Face, FaceRefused, Issue, Line, Stamps
from passes.google import loyalty_class, loyalty_object
from passes.google_checks import check_card
from passes.google_face import GoogleCard, GoogleProgram
from passes.google_front import cuts
from sandbox.google_schema import violations
from tests.passes.whole import apple_files

PROGRAM = GoogleProgram("3388.program-7", {"de": "Punkte sammeln"}, "https://karten.example/logo.png")
CARD = GoogleCard("3388.01jdc4v8w2", "3388.program-7", "https://karten.example/77aa.png")
END = datetime(2027, 3, 31, 23, 59, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture(scope="module")
def points(face: Face) -> Face:
    """120 points, Gold, 340 points short of Platinum."""
    return replace(
        face,
        description="Punktekarte: 1 € ist 1 Punkt",
        header=(Line("points", "Punkte", 120, "Du hast jetzt %@ Punkte."),),
        secondary=(Line("tier", "Stufe", "Gold"),),
        auxiliary=(Line("worth", "Wert", "1,20 €"), Line("next", "Bis Platin", 340)),
        stamps=None,
    )


def content(face: Face, issue: Issue) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(apple_files(face, issue)["pass.json"])
    return parsed


def test_a_card_without_a_grid_shows_the_band_at_every_scale(points: Face, issue: Issue) -> None:
    files = apple_files(points, issue)
    assert [files[f"strip{scale}.png"] for scale in ("", "@2x", "@3x")] == [
        band_strip(points.look, scale) for scale in (1, 2, 3)
    ]


def test_the_balance_stays_visible_while_the_card_is_collapsed(points: Face, issue: Issue) -> None:
    assert content(points, issue)["storeCard"]["headerFields"] == [
        {"key": "points", "label": "Punkte", "value": 120, "changeMessage": "Du hast jetzt %@ Punkte."}
    ]


def test_another_balance_changes_the_text_alone(points: Face, issue: Issue) -> None:
    before, after = (
        apple_files(replace(points, header=(Line("points", "Punkte", balance),)), issue) for balance in (120, 0)
    )
    assert {name for name in before if before[name] != after[name]} == {"pass.json"}


def test_a_second_counter_is_a_line_beside_the_grid(face: Face, issue: Issue) -> None:
    both = replace(face, stamps=Stamps(10, 3), auxiliary=(Line("lunch", "Mittag", "1 / 5"),))
    card = content(both, issue)["storeCard"]
    assert card["auxiliaryFields"] == [{"key": "lunch", "label": "Mittag", "value": "1 / 5"}]
    assert apple_files(both, issue)["strip.png"] != band_strip(both.look, 1)


def test_google_shows_the_balance_as_points(points: Face) -> None:
    body = loyalty_object(points, CARD)
    assert body["loyaltyPoints"] == {"label": "Punkte", "balance": {"string": "120"}}
    assert body["heroImage"]["contentDescription"]["defaultValue"]["value"] == "Punkte: 120"
    assert [text["id"] for text in body["textModulesData"]] == ["tier", "worth", "next", "contact"]
    assert violations("LoyaltyObject", body) == []
    assert cuts(body) == ()


def test_a_balance_of_nothing_is_said_too(points: Face) -> None:
    poor = replace(points, header=(Line("points", "Punkte", 0),))
    assert loyalty_object(poor, CARD)["loyaltyPoints"]["balance"] == {"string": "0"}


def test_a_balance_too_long_for_a_small_android_phone_is_told(points: Face) -> None:
    rich = replace(points, header=(Line("credit", "Guthaben", "1.234,56 €"),))
    assert [cut.place for cut in cuts(loyalty_object(rich, CARD))] == ["loyaltyPoints.balance.string"]


def test_a_voucher_without_a_count_has_no_points_and_a_picture_that_can_be_heard(points: Face) -> None:
    voucher = replace(points, header=(), description="Gutschein: ein Kaffee")
    body = loyalty_object(voucher, CARD)
    assert "loyaltyPoints" not in body
    assert body["heroImage"]["contentDescription"]["defaultValue"]["value"] == "Gutschein: ein Kaffee"
    assert violations("LoyaltyObject", body) == []


def test_the_class_is_the_same_whatever_the_points_are(points: Face) -> None:
    poor = replace(points, header=(Line("points", "Punkte", 0),), secondary=(Line("tier", "Stufe", "Silber"),))
    assert loyalty_class(poor, PROGRAM) == loyalty_class(points, PROGRAM)


@pytest.mark.parametrize(
    ("secondary", "auxiliary", "rows"),
    [(1, 0, [1]), (1, 1, [1, 1]), (1, 3, [1, 3]), (2, 2, [2, 2]), (3, 1, [3, 1]), (0, 3, [3]), (4, 0, [2, 2])],
)
def test_every_line_of_apples_row_stands_on_googles_front_in_three_rows_at_most(
    points: Face, secondary: int, auxiliary: int, rows: list[int]
) -> None:
    lines = [
        tuple(Line(f"{group}{n}", "L", n) for n in range(count))
        for group, count in zip("sa", (secondary, auxiliary), strict=True)
    ]
    body = loyalty_class(replace(points, secondary=lines[0], auxiliary=lines[1]), PROGRAM)
    _, *shown = body["classTemplateInfo"]["cardTemplateOverride"]["cardRowTemplateInfos"]
    assert [json.dumps(row).count("fieldPath") for row in shown] == rows
    said = json.dumps(shown)
    assert all(f"object.textModulesData['{line.key}']" in said for group in lines for line in group)
    assert violations("LoyaltyClass", body) == []


def test_an_ended_card_is_voided_and_shows_no_code(face: Face, issue: Issue) -> None:
    ended = content(replace(face, voided=True), issue)
    assert ended["voided"] is True
    assert "barcodes" not in ended
    assert ended["webServiceURL"] == issue.web_service_url
    assert ended["storeCard"] == content(face, issue)["storeCard"]


def test_a_living_card_is_not_called_voided(face: Face, issue: Issue) -> None:
    assert not {"voided", "expirationDate"} & content(face, issue).keys()


def test_an_ended_card_needs_no_code_at_all(face: Face, issue: Issue) -> None:
    assert content(replace(face, voided=True, code="", short_code=""), issue)["voided"] is True


def test_google_files_an_ended_card_away_without_its_code(face: Face) -> None:
    ended = loyalty_object(replace(face, voided=True), CARD)
    assert ended["state"] == "INACTIVE"
    assert "barcode" not in ended
    assert violations("LoyaltyObject", ended) == []
    assert loyalty_object(face, CARD)["state"] == "ACTIVE"


def test_an_end_is_said_with_its_offset_in_both_wallets(points: Face, issue: Issue) -> None:
    voucher = replace(points, expires_at=END)
    assert content(voucher, issue)["expirationDate"] == "2027-03-31T23:59:00+02:00"
    body = loyalty_object(voucher, CARD)
    assert body["validTimeInterval"] == {"end": {"date": "2027-03-31T23:59:00+02:00"}}
    assert violations("LoyaltyObject", body) == []


def test_an_end_in_utc_is_said_as_such_and_without_fractions(points: Face, issue: Issue) -> None:
    end = datetime(2027, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)
    assert content(replace(points, expires_at=end), issue)["expirationDate"] == "2027-01-01T00:00:00+00:00"


def test_a_card_without_an_end_has_none_at_google_either(face: Face) -> None:
    assert "validTimeInterval" not in loyalty_object(face, CARD)


def test_an_end_without_an_offset_is_refused_everywhere(points: Face, issue: Issue) -> None:
    naive = replace(points, expires_at=END.replace(tzinfo=None))
    with pytest.raises(FaceRefused, match=r"2027-03-31 23:59:00 has no offset from UTC; .*\.$"):
        apple_files(naive, issue)
    with pytest.raises(FaceRefused, match="no offset"):
        loyalty_object(naive, CARD)


@pytest.mark.parametrize("change", [{"voided": True}, {"expires_at": END}, {"stamps": Stamps(10, 1)}])
def test_two_languages_of_which_one_has_ended_are_two_cards(points: Face, change: dict[str, Any]) -> None:
    other: Face = replace(points, language="en", **change)
    with pytest.raises(FaceRefused, match="show two cards"):
        check_card((points, other), CARD)
