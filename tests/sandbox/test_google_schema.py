"""The sandbox knows a wrong body from a right one by Google's own schema."""

import json
from pathlib import Path
from typing import Any

import pytest

import sandbox
from sandbox.google_schema import KINDS, REQUIRED, schemas, violations

OBJECT: dict[str, Any] = {
    "id": "3388.card",
    "classId": "3388.program",
    "state": "ACTIVE",
    "loyaltyPoints": {"label": "Stamps", "balance": {"string": "3/10"}},
    "barcode": {"type": "QR_CODE", "value": "T1"},
    "merchantLocations": [{"latitude": 52.5, "longitude": 13}],
}
CLASS: dict[str, Any] = {
    "id": "3388.program",
    "issuerName": "Café",
    "reviewStatus": "UNDER_REVIEW",
    "programName": "Ten stamps",
    "programLogo": {"sourceUri": {"uri": "https://example.org/logo.png"}},
}
OFFER: dict[str, Any] = {
    "id": "3388.offer",
    "issuerName": "Café",
    "reviewStatus": "DRAFT",
    "title": "A coffee",
    "provider": "Café",
    "redemptionChannel": "INSTORE",
}
GOOD = {
    "LoyaltyObject": OBJECT,
    "LoyaltyClass": CLASS,
    "OfferClass": OFFER,
    "OfferObject": {"id": "3388.o", "classId": "3388.offer", "state": "COMPLETED"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_body_has_nothing_against_it(kind: str) -> None:
    assert violations(kind, GOOD[kind]) == []


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"stamps": 3}, "LoyaltyObject.stamps: Google knows no such key"),
        ({"loyaltyPoints": {"balance": {"str": "3"}}}, "LoyaltyObject.loyaltyPoints.balance.str: Google knows"),
        ({"loyaltyPoints": {"label": "x"}}, "LoyaltyObject.loyaltyPoints.balance: required"),
        ({"loyaltyPoints": {"balance": {"string": 3}}}, "3 is no string"),
        ({"loyaltyPoints": {"balance": {"int": "3"}}}, "'3' is no int32"),
        ({"loyaltyPoints": {"balance": {"int": 3.0}}}, "3.0 is no int32"),
        ({"loyaltyPoints": {"balance": {"int": True}}}, "True is no int32"),
        ({"loyaltyPoints": {"balance": {"int": 2**31}}}, "is no int32"),
        ({"loyaltyPoints": {"balance": {"money": {"micros": 5}}}}, "5 is no int64"),
        ({"loyaltyPoints": {"balance": {"money": {"micros": "5.0"}}}}, "'5.0' is no int64"),
        ({"loyaltyPoints": {"balance": {"money": {"micros": str(2**63)}}}}, "is no int64"),
        ({"loyaltyPoints": {"balance": {"money": {"micros": "٣"}}}}, "is no int64"),
        ({"loyaltyPoints": "3/10"}, "'3/10' is no LoyaltyPoints"),
        ({"state": "Active"}, "LoyaltyObject.state: 'Active' is none of Google's values"),
        ({"state": None}, "None is no string"),
        ({"notifyPreference": "NOTIFY"}, "'NOTIFY' is none of Google's values"),
        ({"barcode": {"type": "QR"}}, "LoyaltyObject.barcode.type: 'QR'"),
        ({"hasUsers": "true"}, "'true' is no boolean"),
        ({"hasUsers": 1}, "1 is no boolean"),
        ({"merchantLocations": {"latitude": 1.0}}, "is no array"),
        ({"merchantLocations": [1.0]}, "LoyaltyObject.merchantLocations[0]: 1.0 is no MerchantLocation"),
        ({"merchantLocations": [{"latitude": "52"}]}, "'52' is no double"),
        ({"merchantLocations": [{"latitude": float("nan")}]}, "is no double"),
        ({"merchantLocations": [{"latitude": False}]}, "False is no double"),
        ({"merchantLocations": [{}, {"radius": 100}]}, "merchantLocations[1].radius: Google knows no such key"),
        ({"linkedOfferIds": ["3388.a", 7]}, "LoyaltyObject.linkedOfferIds[1]: 7 is no string"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(changes: dict[str, Any], where: str) -> None:
    found = violations("LoyaltyObject", OBJECT | changes)
    assert len(found) == 1
    assert where in found[0]


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind in KINDS for key in REQUIRED[kind]])
def test_a_body_that_lacks_what_google_demands_is_told_so(kind: str, key: str) -> None:
    lacking = {name: value for name, value in GOOD[kind].items() if name != key}
    assert violations(kind, lacking) == [f"{kind}.{key}: required, but not there"]


@pytest.mark.parametrize("body", [None, [], "text", 3])
def test_what_is_no_object_is_no_body(body: object) -> None:
    assert violations("LoyaltyClass", body) == [f"LoyaltyClass: {body!r} is no LoyaltyClass"]


def test_every_fault_is_told_at_once() -> None:
    assert len(violations("LoyaltyObject", {"id": 1, "state": "x", "stamps": 1})) == 4


@pytest.mark.parametrize("kind", ["", "Barcode", "loyaltyObject", "LoyaltyObjects"])
def test_a_kind_that_is_none_is_a_mistake_of_the_caller(kind: str) -> None:
    with pytest.raises(ValueError, match="is none of LoyaltyClass"):
        violations(kind, {})


def test_the_schema_names_its_source_and_licence_and_is_whole() -> None:
    kept = json.loads((Path(sandbox.__file__).parent / "google_schema.json").read_text())
    assert "google-api-python-client 2.202.0" in kept["source"]
    assert kept["licence"].startswith("Apache-2.0")
    named = set(_references(kept["schemas"]))
    assert named | set(KINDS) == set(schemas())


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [ref for item in node for ref in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if "$ref" in node else []
    return own + [ref for value in node.values() for ref in _references(value)]
