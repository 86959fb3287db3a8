"""What Wallet refuses in pass.json and the images."""

from typing import Any

import pytest

from sandbox import texts_de, texts_en, texts_google_de, texts_google_en
from sandbox.authority import Authority
from sandbox.refusal import PassRefused
from sandbox.wallet import open_pass
from tests.sandbox.making import make_pass, pack, pass_json, png, sealed, usual_files
from tests.sandbox.parts import machine_now


def _refused(data: bytes, authority: Authority) -> PassRefused:
    with pytest.raises(PassRefused) as caught:
        open_pass(data, authority.root.read_bytes(), machine_now())
    return caught.value


def _barcode(**changes: Any) -> list[dict[str, Any]]:
    usual = pass_json()["barcodes"][0] | changes
    return [{name: value for name, value in usual.items() if value is not None}]


def _card(*fields: Any) -> dict[str, Any]:
    return {"headerFields": list(fields)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"passTypeIdentifier": "pass.org.example.other"}, "pass_type_mismatch"),
        ({"teamIdentifier": "OTHERTEAM1"}, "team_mismatch"),
        ({"formatVersion": "1"}, "format_version"),
        ({"formatVersion": True}, "format_version"),
        ({"formatVersion": None}, "format_version"),
        ({"serialNumber": None}, "required_key"),
        ({"serialNumber": 7}, "required_key"),
        ({"organizationName": None}, "required_key"),
        ({"description": ""}, "required_key"),
        ({"storeCard": None}, "style"),
        ({"coupon": {}}, "style"),
        ({"storeCard": []}, "required_key"),
        ({"webServiceURL": "https://example.org/apple"}, "web_service_half"),
        ({"authenticationToken": "0123456789abcdef"}, "web_service_half"),
        ({"webServiceURL": "https://example.org", "authenticationToken": "short"}, "token_short"),
        ({"webServiceURL": "http://example.org", "authenticationToken": "a" * 16}, "web_service_url"),
        ({"webServiceURL": "ftp://127.0.0.1", "authenticationToken": "a" * 16}, "web_service_url"),
        ({"backgroundColor": "#2f5d50"}, "colour"),
        ({"labelColor": "rgb(0, 0, 256)"}, "colour"),
        ({"barcodes": {"format": "PKBarcodeFormatQR"}}, "barcode"),
        ({"barcodes": _barcode(format="QR")}, "barcode"),
        ({"barcodes": _barcode(messageEncoding=None)}, "barcode"),
        ({"barcodes": _barcode(message="日本")}, "barcode"),
        ({"barcodes": _barcode(messageEncoding="klingon")}, "barcode"),
        ({"storeCard": _card({"key": "a"})}, "field"),
        ({"storeCard": _card({"value": "a"})}, "field"),
        ({"storeCard": _card("a")}, "field"),
        ({"storeCard": {"headerFields": {}}}, "field"),
        ({"storeCard": _card({"key": "a", "value": 1}, {"key": "a", "value": 2})}, "field_twice"),
    ],
)
def test_a_pass_json_with_one_fault_is_refused_for_it(authority: Authority, changes: dict[str, Any], code: str) -> None:
    assert _refused(make_pass(authority, pass_json(**changes)), authority).code == code


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{,}",
        b"\xef\xbb\xbf{}",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": 1} // comment',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_json_that_is_not_strict_is_refused(authority: Authority, text: bytes) -> None:
    files = usual_files(pass_json()) | {"pass.json": text}
    assert _refused(pack(sealed(files, authority)), authority).code == "json_unreadable"


def test_a_pass_without_any_icon_is_refused(authority: Authority) -> None:
    files = {name: data for name, data in usual_files(pass_json()).items() if "icon" not in name}
    assert _refused(pack(sealed(files, authority)), authority).code == "icon_missing"


@pytest.mark.parametrize("icon", [b"", b"GIF89a", png()[:8]])
def test_an_icon_that_is_no_png_is_refused(authority: Authority, icon: bytes) -> None:
    files = usual_files(pass_json()) | {"icon.png": icon}
    assert _refused(pack(sealed(files, authority)), authority).code == "icon_unreadable"


def test_plain_http_is_taken_on_this_machine_only(authority: Authority) -> None:
    for url in ("http://127.0.0.1:8000/apple", "http://localhost:8000/apple", "https://example.org/apple"):
        content = pass_json(webServiceURL=url, authenticationToken="a" * 16)
        opened = open_pass(make_pass(authority, content), authority.root.read_bytes(), machine_now())
        assert (opened.web_service_url, opened.token) == (url, "a" * 16)


def test_a_zero_is_a_value(authority: Authority) -> None:
    content = pass_json(storeCard=_card({"key": "stamps", "value": 0}))
    open_pass(make_pass(authority, content), authority.root.read_bytes(), machine_now())


def test_a_refusal_says_why_in_both_languages(authority: Authority) -> None:
    refused = _refused(make_pass(authority, pass_json(teamIdentifier="OTHERTEAM1")), authority)
    assert str(refused) == "The pass says team OTHERTEAM1, but its certificate belongs to TEAM123456."
    assert refused.sentence("de").startswith("Der Pass nennt das Team OTHERTEAM1")


@pytest.mark.parametrize(
    ("german", "english"),
    [(texts_de.GERMAN, texts_en.ENGLISH), (texts_google_de.GERMAN, texts_google_en.ENGLISH)],
    ids=["apple", "google"],
)
def test_both_languages_have_the_same_sentences_with_the_same_gaps(
    german: dict[str, str], english: dict[str, str]
) -> None:
    def gaps(text: str) -> list[str]:
        return sorted(part.split("}")[0] for part in text.split("{")[1:])

    assert english.keys() == german.keys()
    assert [name for name in english if gaps(english[name]) != gaps(german[name])] == []
