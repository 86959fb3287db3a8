"""Each cause of docs/apple-rules.md that pass.json can show, in a pass that has exactly that fault."""

import json
from typing import Any

import pytest

from passes.apple import apple_content, apple_pictures
from passes.face import Face, FaceRefused, Issue
from passes.lint.findings import Finding, Name, shown
from passes.lint.keys import Certified
from passes.lint.rules import ERROR, RULES, WARNING
from passes.lint.whole import MOST_FINDINGS, check_files, refuse_content_faults, refuse_file_faults
from tests.passes.linting import CARD, CERTIFIED, NOW, card, codes, files, lint, png, with_field
from tests.passes.whole import apple_files

LONG = "Two coffees and a slice of the cake of the day"


def _barcode(**changes: Any) -> dict[str, Any]:
    usual = CARD["barcodes"][0] | changes
    return card({"barcodes": [{key: value for key, value in usual.items() if value is not None}]})


def _style(**groups: Any) -> dict[str, Any]:
    return card({"storeCard": CARD["storeCard"] | groups})


def test_nothing_is_said_of_a_pass_that_is_right() -> None:
    assert lint() == []
    refuse_file_faults(files())
    refuse_content_faults(card(), CERTIFIED)


def test_a_card_of_ours_has_no_error_and_no_doubt(face: Face, issue: Issue) -> None:
    found = check_files(apple_files(face, issue), now=NOW, certified=Certified(issue.pass_type, issue.team_id))
    refuse_content_faults(apple_content(face, issue), Certified(issue.pass_type, issue.team_id))
    refuse_file_faults(apple_pictures(face.icon, face.logo, face.look, face.stamps))
    # Whether the shop says where it is, is its own affair.
    assert [one.code for one in found if one.code != "contact-missing"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"passTypeIdentifier": "pass.example.other"}, "pass-type-other"),
        ({"passTypeIdentifier": "ABCDE12345.pass.example.morgenrot"}, "pass-type-form"),
        ({"passTypeIdentifier": "pass."}, "pass-type-form"),
        ({"teamIdentifier": "ZZZZZ99999"}, "team-other"),
        ({"teamIdentifier": "Morgenrot"}, "team-form"),
        ({"formatVersion": "1"}, "format-version"),
        ({"formatVersion": 2}, "format-version"),
        ({"formatVersion": True}, "format-version"),
        ({"formatVersion": None}, "key-missing"),
        ({"passTypeIdentifier": None}, "key-missing"),
        ({"teamIdentifier": None}, "key-missing"),
        ({"serialNumber": None}, "key-missing"),
        ({"organizationName": ""}, "key-missing"),
        ({"description": None}, "key-missing"),
        ({"serialNumber": 7}, "key-type"),
        ({"voided": "true"}, "key-type"),
        ({"maxDistance": "100"}, "key-type"),
        ({"barcodes": CARD["barcodes"][0]}, "key-type"),
        ({"storeCard": None}, "style-missing"),
        ({"coupon": {}}, "style-several"),
        ({"expirationDate": "2027-12-24"}, "date-form"),
        ({"expirationDate": "2027-12-24T18:00"}, "date-form"),
        ({"expirationDate": "2027-12-24T18:00+0100"}, "date-form"),
        ({"expirationDate": "2027-02-30T18:00Z"}, "date-form"),
        ({"expirationDate": "24.12.2027 18:00"}, "date-form"),
        ({"backgroundColor": "#4a2415"}, "colour-form"),
        ({"labelColor": "rgb(0, 0, 256)"}, "colour-form"),
        ({"foregroundColor": "rgba(0, 0, 0, 1.0)"}, "colour-form"),
        ({"webServiceURL": "http://cards.example/apple"}, "web-service-url"),
        ({"webServiceURL": "cards.example"}, "web-service-url"),
        ({"webServiceURL": "https://cards.example/apple?x=1"}, "web-service-url"),
        ({"webServiceURL": "https://[cards.example"}, "web-service-url"),
        ({"webServiceURL": "https://cards.example/apple/v1"}, "web-service-version"),
        ({"webServiceURL": "https://cards.example/v1/"}, "web-service-version"),
        ({"webServiceURL": None}, "web-service-half"),
        ({"authenticationToken": None}, "web-service-half"),
        ({"authenticationToken": "0123456789abcde"}, "token-short"),
        ({"locations": CARD["locations"] * 11}, "locations-many"),
        ({"locations": [{"latitude": "52.5", "longitude": 13.4}]}, "location-form"),
        ({"locations": [{"latitude": 52.5}]}, "location-form"),
        ({"locations": [{"latitude": 13.4, "longitude": 180.1}]}, "location-form"),
        ({"locations": [{"latitude": 1, "longitude": 1, "altitude": "12"}]}, "location-form"),
        ({"locations": ["Berlin"]}, "location-form"),
        ({"beacons": [{"proximityUUID": str(number)} for number in range(11)]}, "beacons-many"),
        ({"beacons": [{"major": 1}]}, "beacon-form"),
        ({"beacons": [{"proximityUUID": "F8F5", "minor": 65536}]}, "beacon-form"),
        ({"beacons": [{"proximityUUID": "F8F5", "major": 1.5}]}, "beacon-form"),
        ({"nfc": {"message": "x", "encryptionPublicKey": "MDkw"}}, "nfc-certificate"),
        ({"groupingIdentifier": "all"}, "grouping-misplaced"),
        ({"appLaunchURL": "morgenrot://"}, "launch-url-alone"),
        ({"relevantDate": "2026-12-24T18:00Z", "relevantDates": [{"date": "2026-12-24T18:00Z"}]}, "date-ignored"),
        ({"expirationDate": "2026-11-22T11:59Z"}, "expiration-past"),
        ({"serialNumber": "a-1"}, "serial-form"),
        ({"logotext": "Morgenrot"}, "key-unknown"),
        ({"barcodes": None, "barcode": CARD["barcodes"][0]}, "barcode-deprecated"),
        ({"barcodes": None}, "barcode-missing"),
        ({"webServiceURL": "http://127.0.0.1:8000/apple"}, "web-service-local"),
    ],
)  # fmt: skip
def test_one_change_at_the_top_level_is_found_as_just_that(changes: dict[str, Any], code: str) -> None:
    assert set(codes(card(changes))) == {code}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_barcode(format="QR"), "barcode-format"),
        (_barcode(format=None), "barcode-format"),
        (_barcode(message=None), "barcode-message"),
        (_barcode(message=""), "barcode-message"),
        (_barcode(message=4711), "barcode-message"),
        (_barcode(messageEncoding=None), "barcode-encoding"),
        (_barcode(messageEncoding="klingon"), "barcode-encoding"),
        (_barcode(messageEncoding="punycode"), "barcode-encoding"),
        (_barcode(messageEncoding="hex"), "barcode-encoding"),
        (_barcode(message="Café ☕"), "barcode-unencodable"),
        (_barcode(message="\ud800", messageEncoding="utf-8"), "barcode-unencodable"),
        (_barcode(message="x" * 2954), "barcode-too-long"),
        (_barcode(message="é" * 600, messageEncoding="utf-8", format="PKBarcodeFormatPDF417"), "barcode-too-long"),
        (_barcode(message="9" * 1_000_000), "json-too-big"),
        (_barcode(format="PKBarcodeFormatEAN13"), "barcode-new"),
        (card({"barcodes": ["x"]}), "key-type"),
    ],
)  # fmt: skip
def test_a_code_that_would_not_show_is_found(content: dict[str, Any], code: str) -> None:
    assert set(codes(content)) == {code}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (with_field("backFields", key=""), "field-key"),
        (with_field("backFields", key=7), "field-key"),
        (with_field("backFields", value=None), "field-value"),
        (with_field("backFields", value=["x"]), "field-value"),
        (with_field("backFields", value=True), "field-value"),
        (with_field("backFields", key="stamps"), "field-twice"),
        (_style(headerFields=[*CARD["storeCard"]["headerFields"], "x"]), "field-form"),
        (_style(auxiliaryFields={"key": "x", "value": 1}), "field-form"),
        (with_field("backFields", numberStyle="PKNumberStyleDecimal"), "number-style-on-text"),
        (with_field("backFields", value="4.50", currencyCode="EUR"), "number-style-on-text"),
        (with_field("backFields", value=4.5, currencyCode="euro"), "currency-unknown"),
        (with_field("backFields", textAlignment="PKTextAlignmentLeft"), "alignment-misplaced"),
        (with_field("primaryFields", textAlignment="PKTextAlignmentLeft"), "alignment-misplaced"),
        (with_field("auxiliaryFields", textAlignment="left"), "choice-unknown"),
        (with_field("backFields", value="2026-12-24T18:00Z", dateStyle="short"), "choice-unknown"),
        (with_field("backFields", value=1, numberStyle="Decimal"), "choice-unknown"),
        (with_field("backFields", dataDetectorTypes=["Phone"]), "choice-unknown"),
        (with_field("backFields", dataDetectorTypes="PKDataDetectorTypeLink"), "key-type"),
        (with_field("backFields", label=7), "key-type"),
        (with_field("backFields", changeMessage="New!"), "change-message"),
        (with_field("backFields", changeMessage=""), "change-message"),
        (with_field("backFields", value="24.12.2026", dateStyle="PKDateStyleShort"), "date-form"),
        (with_field("backFields", value="2026-12-24", timeStyle="PKDateStyleShort"), "date-form"),
        (with_field("backFields", changemessage="%@"), "key-unknown"),
        (_style(headerField=[]), "key-unknown"),
        (_style(headerFields=[]), "header-missing"),
        (_style(backFields=[{"key": "about", "label": "About", "value": "We bake."}]), "contact-missing"),
        (_style(backFields=[]), "contact-missing"),
        (_style(headerFields=[{"key": f"h{number}", "value": number} for number in range(4)]), "fields-many"),
        (_style(primaryFields=[{"key": f"p{number}", "value": number} for number in range(2)]), "fields-many"),
        (_style(auxiliaryFields=[{"key": f"a{number}", "value": number} for number in range(4)]), "fields-many"),
        (_style(auxiliaryFields=[{"key": "a", "value": LONG}, {"key": "b", "value": LONG}]), "front-too-long"),
        (_style(secondaryFields=[{"key": "a", "value": LONG}], auxiliaryFields=[]), "front-too-long"),
        (card({"logoText": "Café und Backstube Morgenrot am Markt"}), "front-too-long"),
    ],
)  # fmt: skip
def test_one_change_in_the_fields_is_found_as_just_that(content: dict[str, Any], code: str) -> None:
    assert set(codes(content)) == {code}


NO_JSON = {
    "empty": (b"", "json-syntax"),
    "no object": (b"[]", "json-syntax"),
    "no key": (b"{,}", "json-syntax"),
    "comma at the end": (b'{"a": 1,}', "json-syntax"),
    "comment": (b'{"a": 1} // no', "json-syntax"),
    "NaN": (b'{"a": NaN}', "json-syntax"),
    "deep": (b"[" * 100_000, "json-syntax"),
    "endless number": (b'{"a": ' + b"9" * 5000 + b"}", "json-syntax"),
    "UTF-8 with mark": (b"\xef\xbb\xbf{}", "json-bom"),
    "UTF-16": (json.dumps(CARD).encode("utf-16"), "json-bom"),
    "Latin-1": (b'{"a": "\xff"}', "json-encoding"),
    "big": (b" " * 1_000_001, "json-too-big"),
}


@pytest.mark.parametrize(("data", "code"), NO_JSON.values(), ids=NO_JSON)
def test_json_that_is_not_strict_is_found_and_nothing_else_is_guessed(data: bytes, code: str) -> None:
    assert set(codes(data)) == {code}


def test_numbers_and_codes_of_no_kind_are_found_and_leave_no_trace() -> None:
    assert codes(card({"locations": [{"latitude": 1, "longitude": 1, "altitude": 10**400}]})) == ["location-form"]
    assert "barcode-format" in codes(_barcode(format=[]))


def test_a_key_that_stands_twice_is_found_wherever_it_stands() -> None:
    text = json.dumps(CARD)
    assert codes(text.replace("{", '{"serialNumber": "x", ', 1).encode()) == ["json-duplicate-key"]
    assert codes(text.replace('"key": "mail"', '"key": "x", "key": "mail"').encode()) == ["json-duplicate-key"]


def test_other_styles_have_their_own_rules() -> None:
    assert codes(card({"expirationDate": None}, style="coupon")) == ["coupon-endless"]
    assert codes(card({"expirationDate": None}, style="generic")) == []
    moments = {"relevantDates": [{"date": "2026-12-24T18:00Z"}]}
    assert codes(card(moments, style="generic")) == []
    assert codes(card(moments, style="coupon")) == ["date-ignored"]
    assert codes(card({"relevantDate": "2026-12-24T18:00Z"}, style="generic")) == ["date-deprecated"]
    assert codes(card({"relevantDates": [{"date": "today"}]}, style="generic")) == ["date-form"]
    assert codes(card({"relevantDates": [{}]}, style="generic")) == ["date-form"]
    assert codes(card({"groupingIdentifier": "all"}, style="eventTicket"), **{"strip.png": None}) == []
    assert codes(card(style="eventTicket")) == ["image-size"]


@pytest.mark.parametrize("value", ["Ten visits", LONG])
@pytest.mark.parametrize(
    ("style", "picture", "judged"),
    [
        ("coupon", "strip", True),
        ("storeCard", "strip", True),
        ("generic", "thumbnail", True),
        ("generic", "strip", False),
        ("eventTicket", "strip", False),
    ],
)
def test_the_large_line_is_measured_where_apple_tells_its_room(
    style: str, picture: str, judged: bool, value: str
) -> None:
    content = card(style=style)
    content[style]["primaryFields"] = [{"key": "offer", "value": value}]
    found = lint(content, **{"strip.png": None, f"{picture}.png": png(90, 90)})
    assert [one.what for one in found if one.code == "front-too-long"] == (
        [f"'{LONG}' will not fit in the large line."] if judged and value is LONG else []
    )


def test_a_poster_may_stand_beside_one_other_style_and_share_its_keys() -> None:
    poster = {"headerFields": CARD["storeCard"]["headerFields"]}
    assert codes(card({"posterGeneric": poster})) == []
    assert codes(card({"posterGeneric": poster, "coupon": {}})) == ["style-several"]


def test_a_pass_that_has_ended_needs_no_code() -> None:
    assert codes(card({"barcodes": None, "voided": True})) == []


def test_nfc_is_for_certificates_that_allow_it() -> None:
    able = Certified(CERTIFIED.pass_type, CERTIFIED.team_id, nfc=True)

    def found(**nfc: Any) -> list[str]:
        content = card({"nfc": {"message": "x", "encryptionPublicKey": "MDkw"} | nfc})
        return [one.code for one in check_files(files(content), now=NOW, certified=able)]

    assert found() == []
    assert found(message="x" * 65) == ["nfc-long"]
    assert found(message="") == found(encryptionPublicKey=7) == ["nfc-form"]


def test_nothing_is_compared_with_a_certificate_that_is_not_known() -> None:
    content = card({"passTypeIdentifier": "pass.example.other", "nfc": {"message": "x", "encryptionPublicKey": "M"}})
    assert check_files(files(content), now=NOW) == []


def test_a_pass_with_an_error_is_refused_with_value_remedy_and_code() -> None:
    with pytest.raises(FaceRefused, match=r"'#4a2415'.*Write colours as rgb.*\(colour-form\)"):
        refuse_content_faults(card({"backgroundColor": "#4a2415"}))
    with pytest.raises(FaceRefused, match=r"no icon.*\(icon-missing\)"):
        refuse_file_faults({"strip.png": png()})
    with pytest.raises(FaceRefused, match="pass-type-other"):
        refuse_content_faults(card(), Certified("pass.example.other", "ABCDE12345"))


def test_a_doubt_does_not_keep_a_pass_from_being_signed() -> None:
    refuse_content_faults(card({"barcodes": None, "logotext": "x"}))
    refuse_file_faults({"icon.png": png(500, 500), "iconx2.png": png()})


def test_errors_stand_before_doubts() -> None:
    found = lint(card({"logotext": "x", "backgroundColor": "red", "serialNumber": "a-1"}))
    assert [one.severity for one in found] == [ERROR, WARNING, WARNING]


def test_the_token_is_never_shown() -> None:
    for token in ("s3cret", 4711):
        found = lint(card({"authenticationToken": token}))
        assert found
        assert not any(str(token) in one.what + one.remedy for one in found)


def test_what_a_pass_says_cannot_steer_a_terminal_or_flood_it() -> None:
    for value in ("\x1b[2J", "\u202egnp", "x" * 100_000):
        for one in lint(card({"backgroundColor": value, value: 1})):
            assert one.what.isprintable()
            assert len(one.what) < 300
    assert shown(Name("\x1b")) == r"'\x1b'"


def test_no_more_is_told_than_can_be_read() -> None:
    assert len(lint(card({f"k{number}": 1 for number in range(5000)}))) == MOST_FINDINGS


def test_every_rule_says_what_is_wrong_and_what_to_do() -> None:
    for code, rule in RULES.items():
        assert code == code.lower().replace("_", "-")
        assert rule.severity in (ERROR, WARNING)
        assert rule.what.endswith(".")
        assert rule.remedy.endswith(".")
        assert "{" not in rule.remedy


def test_a_finding_names_the_row_of_its_cause() -> None:
    (one,) = lint(card({"backgroundColor": "red"}))
    assert isinstance(one, Finding)
    assert (one.cause, one.severity) == ("15", ERROR)
    assert one.what == "backgroundColor is 'red'."
