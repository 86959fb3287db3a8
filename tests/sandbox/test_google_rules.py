"""What the schema cannot say of a body, rule by rule."""

from typing import Any

import pytest

from sandbox.google_rules import faults, merged, traps
from tests.sandbox.google_parts import class_body, image, object_body

CARD = object_body("3388000000099999999.program", id="3388000000099999999.card")
EXTRA = {"header": {"defaultValue": {"language": "de", "value": "Mehr"}}, "uri": "https://example.org"}
PROGRAM = class_body(id="3388000000099999999.program")


def test_right_bodies_have_nothing_against_them() -> None:
    assert faults("LoyaltyObject", CARD) == []
    assert faults("LoyaltyClass", PROGRAM) == []


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"id": "card"}, "Invalid resource ID"),
        ({"id": "3388.ä"}, "Invalid resource ID"),
        ({"id": "3388."}, "Invalid resource ID"),
        ({"id": "3388.a b"}, "Invalid resource ID"),
        ({"messages": [{}] * 11}, "messages: at most 10"),
        ({"merchantLocations": [{"latitude": 1, "longitude": 1}] * 11}, "merchantLocations: at most 10"),
        ({"valueAddedModuleData": [EXTRA] * 16}, "valueAddedModuleData: at most 15"),
        ({"merchantLocations": [{"latitude": 91, "longitude": 1}]}, "latitude"),
        ({"merchantLocations": [{"latitude": 1, "longitude": -181}]}, "longitude"),
        ({"merchantLocations": [{"latitude": 1}]}, "longitude"),
        ({"textModulesData": [{"id": "a.b"}]}, "the id 'a.b'"),
        ({"heroImage": {}}, "exactly one of sourceUri"),
        ({"heroImage": {"sourceUri": {"uri": "https://x.de/a.png"}, "privateImageId": "a"}}, "exactly one of"),
        ({"heroImage": {"sourceUri": {}}}, "no https address"),
        ({"heroImage": {"sourceUri": {"uri": "http://x.de/a.png"}}}, "no https address"),
        ({"heroImage": {"sourceUri": {"uri": "http://127.0.0.1.x.de/a.png"}}}, "no https address"),
        ({"heroImage": {"sourceUri": {"uri": "https://[x/a.png"}}}, "no https address"),
        ({"heroImage": {"sourceUri": {"uri": "data:image/png;base64,AA=="}}}, "no https address"),
        ({"linksModuleData": {"uris": [{"uri": "example.org"}]}}, "no scheme"),
        ({"linksModuleData": {"uris": [{"uri": "javascript:alert(1)"}]}}, "no scheme"),
        ({"linksModuleData": {"uris": [{}]}}, "no scheme"),
        ({"barcode": {"type": "QR_CODE"}}, "a type and a value"),
        ({"barcode": {"value": "x"}}, "a type and a value"),
        ({"rotatingBarcode": {"type": "CODE_128"}}, "cannot rotate"),
        ({"loyaltyPoints": {"balance": {}}}, "exactly one of string"),
        ({"validTimeInterval": {"end": {"date": "tomorrow"}}}, "no times of ISO 8601"),
        ({"validTimeInterval": {"end": {}}}, "no times of ISO 8601"),
        (
            {"validTimeInterval": {"start": {"date": "2026-01-01T00:00:00"}, "end": {"date": "2026-01-02T00:00:00Z"}}},
            "an offset on both",
        ),
        ({"messages": [{"messageType": "EXPIRATION_NOTIFICATION"}]}, "not supported"),
        ({"messages": [{"displayInterval": {"start": {"date": "?"}}}]}, "LoyaltyObject.messages[0].displayInterval"),
        ({"loyaltyPoints": {"localizedLabel": {}, "balance": {"string": "1"}}}, "a defaultValue"),
        (
            {"heroImage": image("https://x.de/a.png") | {"contentDescription": {"defaultValue": {"value": "x"}}}},
            "a language",
        ),
        ({"valueAddedModuleData": [{"uri": "https://x.de"}]}, "a header and a uri"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_object_against_the_rules_is_told_so(changes: dict[str, Any], about: str) -> None:
    found = faults("LoyaltyObject", CARD | changes)
    assert len(found) == 1, found
    assert about in found[0]


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"hexBackgroundColor": "green"}, "no #rgb"),
        ({"hexBackgroundColor": "#12345"}, "no #rgb"),
        ({"hexBackgroundColor": "#fff;color:red"}, "no #rgb"),
        ({"callbackOptions": {"url": "http://example.org/cb"}}, "no https address"),
        ({"callbackOptions": {"url": "ftp://example.org"}}, "no https address"),
        ({"classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": [{}] * 4}}}, "at most three rows"),
        ({"homepageUri": {"uri": "example.org"}}, "no scheme"),
    ],
    ids=str,
)
def test_a_class_against_the_rules_is_told_so(changes: dict[str, Any], about: str) -> None:
    found = faults("LoyaltyClass", PROGRAM | changes)
    assert len(found) == 1, found
    assert about in found[0]


@pytest.mark.parametrize(
    "address", ["https://x.de/a", "http://127.0.0.1:8000/a", "http://localhost/a", "http://[::1]/a"]
)
def test_pictures_may_come_from_this_machine_without_encryption(address: str) -> None:
    assert faults("LoyaltyObject", CARD | {"heroImage": image(address)}) == []


@pytest.mark.parametrize("uri", ["https://x.de", "tel:+49301234", "mailto:a@x.de", "geo:52.5,13.4"])
def test_a_link_leads_to_web_phone_mail_or_map(uri: str) -> None:
    assert faults("LoyaltyObject", CARD | {"linksModuleData": {"uris": [{"uri": uri}]}}) == []


@pytest.mark.parametrize(
    ("sent", "about"),
    [
        ({"hasUsers": True}, "hasUsers is set by Google"),
        ({"locations": [{"latitude": 1, "longitude": 1}]}, "deprecated"),
        ({"textModulesData": [{}] * 11}, "textModulesData: 10 are shown"),
        ({"imageModulesData": [{}] * 2}, "imageModulesData: 1 are shown"),
        ({"secondaryLoyaltyPoints": {"balance": {"int": 1, "string": "1"}}}, "two forms"),
    ],
    ids=str,
)
def test_what_is_taken_and_does_not_do_what_was_meant_is_noted(sent: dict[str, Any], about: str) -> None:
    (found,) = traps(sent, CARD | sent)
    assert about in found


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({}, {"a": {"b": 1, "c": [1, 2]}}),
        ({"a": {"b": 2}}, {"a": {"b": 2, "c": [1, 2]}}),
        ({"a": {"b": None}}, {"a": {"c": [1, 2]}}),
        ({"a": None}, {}),
        ({"a": {"c": [3]}}, {"a": {"b": 1, "c": [3]}}),
        ({"a": 1}, {"a": 1}),
        ({"d": {"e": None, "f": {"g": None}}}, {"a": {"b": 1, "c": [1, 2]}, "d": {"f": {}}}),
    ],
    ids=str,
)
def test_a_patch_is_merged_by_the_book(patch: dict[str, Any], result: dict[str, Any]) -> None:
    before = {"a": {"b": 1, "c": [1, 2]}}
    assert merged(before, patch) == result
    assert before == {"a": {"b": 1, "c": [1, 2]}}
