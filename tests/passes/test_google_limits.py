"""What Google refuses and its schema cannot say is known before it is sent."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.google_limits import ITS_OWN, LONGEST_ADDRESS, LONGEST_CODE, REQUIRED, RETIRED, faults
from sandbox.google_schema import KINDS, schemas

URL = "https://karten.example/x.png"
GOOD: dict[str, dict[str, Any]] = {
    "LoyaltyClass": {
        "id": "3388.program",
        "issuerName": "Café",
        "reviewStatus": "UNDER_REVIEW",
        "programName": "Ten stamps",
        "programLogo": {"sourceUri": {"uri": URL}},
    },
    "LoyaltyObject": {"id": "3388.card", "classId": "3388.program", "state": "ACTIVE"},
    "OfferClass": {
        "id": "3388.offers",
        "issuerName": "Café",
        "reviewStatus": "UNDER_REVIEW",
        "title": "Voucher",
        "provider": "Café",
        "redemptionChannel": "INSTORE",
    },
    "OfferObject": {"id": "3388.voucher", "classId": "3388.offers", "state": "COMPLETED"},
}
DE = {"language": "de", "value": "x"}


def _text(key: str) -> dict[str, str]:
    return {"id": key, "body": "x"}


def _place(latitude: Any, longitude: Any) -> dict[str, Any]:
    return {"merchantLocations": [{"latitude": latitude, "longitude": longitude}]}


def _lasting(**ends: str) -> dict[str, Any]:
    return {"validTimeInterval": {key: {"date": date} for key, date in ends.items()}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_body_has_no_fault(kind: str) -> None:
    assert faults(kind, GOOD[kind]) == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "card"}, "The object id 'card' is none of Google's"),
        ({"id": 3388}, "The object id 3388 is none"),
        ({"classId": "3388.a b"}, "The class id '3388.a b'"),
        ({"classId": "4499.program"}, "are of two issuers"),
        ({"state": " "}, "LoyaltyObject.state is empty"),
        ({"loyaltyPoints": {"label": "Stamps"}}, "loyaltyPoints has 0 balances"),
        ({"loyaltyPoints": {"balance": {"string": "3", "int": 3}}}, "loyaltyPoints has 2 balances"),
        ({"secondaryLoyaltyPoints": {"balance": {}}}, "secondaryLoyaltyPoints has 0 balances"),
        ({"heroImage": {"contentDescription": {"defaultValue": DE}}}, "heroImage has 0 sources"),
        ({"heroImage": {"sourceUri": {"uri": URL}, "privateImageId": "7"}}, "heroImage has 2 sources"),
        ({"heroImage": {"sourceUri": {"uri": "http://karten.example/x.png"}}}, "hero image is not https"),
        ({"heroImage": {"sourceUri": {}}}, "The address None of the hero image"),
        ({"heroImage": {"sourceUri": {"uri": URL + "a" * LONGEST_ADDRESS}}}, "longer than 2048 characters"),
        ({"imageModulesData": [{"id": "a"}, {"id": "b"}]}, "imageModulesData has 2 entries; Google takes 1"),
        ({"textModulesData": [_text(f"t{n}") for n in range(11)]}, "textModulesData has 11 entries; Google takes 10"),
        ({"textModulesData": [_text("a"), _text("a")]}, "The key a names two texts"),
        ({"textModulesData": [_text("a.b")]}, "The key 'a.b' of a line"),
        ({"textModulesData": [{"body": "x"}]}, "The key None of a line"),
        ({"textModulesData": [{"id": "a"}]}, "The text 'a' in LoyaltyObject.textModulesData says nothing"),
        ({"messages": [_text(f"m{n}") for n in range(11)]}, "messages has 11 entries; Google takes 10"),
        ({"messages": [_text("m"), _text("m")]}, "The key m names two messages"),
        ({"messages": [{"id": "m", "header": "x"}]}, "The message 'm' in LoyaltyObject.messages says nothing"),
        ({"messages": [_text("m") | {"displayInterval": {}}]}, "displayInterval has an end without date"),
        ({"linksModuleData": {"uris": [{"id": "web", "uri": "karten.example"}]}}, "leads nowhere"),
        ({"linksModuleData": {"uris": [{"uri": URL}]}}, "The key None of a link"),
        ({"linksModuleData": {"uris": [{"id": "a", "uri": URL}] * 2}}, "The key a names two links"),
        ({"merchantLocations": [{"latitude": 1, "longitude": 1}] * 11}, "merchantLocations has 11 entries"),
        (_place(90.1, 0), "the latitude 90.1; give degrees from -90 to 90"),
        (_place(0, -180.1), "the longitude -180.1; give degrees from -180 to 180"),
        (_place(float("nan"), 0), "the latitude nan"),
        ({"merchantLocations": [{"latitude": 1}]}, "the longitude None"),
        (_lasting(end="2027-03-31T23:59:00"), "an end without date or offset"),
        (_lasting(end="tomorrow"), "an end without date or offset"),
        (_lasting(start="2027-01-01", end="2027-03-31T00:00:00Z"), "an end without date or offset"),
        (_lasting(start="2027-03-31T00:00:00Z", end="2027-03-31T01:00:00+01:00"), "before it begins"),
        ({"validTimeInterval": {}}, "an end without date or offset"),
        ({"barcode": {"type": "QR_CODE"}}, "barcode lacks its type or its value"),
        ({"barcode": {"value": "T1"}}, "barcode lacks its type or its value"),
        ({"barcode": {"type": "QR_CODE", "value": "A" * (LONGEST_CODE + 1)}}, "longer than 2953 bytes"),
        ({"linkedObjectIds": ["3388.a"] * 51}, "linkedObjectIds has 51 entries; Google takes 50"),
        ({"locations": []}, "LoyaltyObject.locations is retired by Google"),
        ({"hasUsers": True}, "LoyaltyObject.hasUsers is written by Google"),
    ],
)  # fmt: skip
def test_what_an_object_must_not_say_is_told_in_a_sentence(changes: dict[str, Any], says: str) -> None:
    (found,) = faults("LoyaltyObject", GOOD["LoyaltyObject"] | changes)
    assert says in found
    assert found.endswith(".")
    assert "\n" not in found


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reviewStatus": "APPROVED"}, "LoyaltyClass.reviewStatus is 'APPROVED'"),
        ({"reviewStatus": "DRAFT"}, "as 'UNDER_REVIEW' only"),
        ({"issuerName": "\t"}, "LoyaltyClass.issuerName is empty"),
        ({"hexBackgroundColor": "brown"}, "The colour 'brown' in LoyaltyClass.hexBackgroundColor"),
        ({"hexBackgroundColor": "#12345"}, "The colour '#12345'"),
        ({"callbackOptions": {"url": "http://karten.example/cb"}}, "of the callback is not https; Google calls https"),
        ({"callbackOptions": {}}, "The address None of the callback"),
        ({"homepageUri": {"uri": "karten.example"}}, "leads nowhere"),
        ({"localizedProgramName": {"translatedValues": [DE]}}, "The language None is unknown"),
        ({"localizedProgramName": {"defaultValue": DE, "translatedValues": [DE]}}, "says something twice in one of de"),
        ({"localizedProgramName": {"defaultValue": {"language": "German", "value": "x"}}}, "The language 'German'"),
        ({"localizedProgramName": {"defaultValue": {"language": "de"}}}, "says nothing in 'de'"),
        ({"classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": [{"oneItem": {}}] * 4}}}, "4 entries"),
        ({"classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": [{}]}}}, "holds no items"),
    ],
)
def test_what_a_class_must_not_say_is_told_in_a_sentence(changes: dict[str, Any], says: str) -> None:
    found = " ".join(faults("LoyaltyClass", GOOD["LoyaltyClass"] | changes))
    assert says in found


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind in KINDS for key in REQUIRED[kind]])
def test_what_google_demands_is_missed_where_it_is_not_there_or_null(kind: str, key: str) -> None:
    lacking = {name: value for name, value in GOOD[kind].items() if name != key}
    for body in (lacking, lacking | {key: None}):
        assert f"{kind}.{key} is empty; Google demands it, so say it." in faults(kind, body)


def test_what_a_patch_takes_away_is_not_said() -> None:
    taken = {"barcode": None, "loyaltyPoints": {"balance": {"string": "3/10", "int": None}}, "heroImage": None}
    assert faults("LoyaltyObject", GOOD["LoyaltyObject"] | taken) == ()


def test_every_fault_is_told_at_once() -> None:
    assert len(faults("LoyaltyObject", {"id": "x", "classId": "y", "heroImage": {}})) == 4


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/a.png", "http://localhost/a.png", "http://[::1]:1/a.png"])
def test_a_stand_in_on_this_machine_serves_and_is_called_without_https(url: str) -> None:
    changes = {"programLogo": {"sourceUri": {"uri": url}}, "callbackOptions": {"url": url}}
    assert faults("LoyaltyClass", GOOD["LoyaltyClass"] | changes) == ()


@pytest.mark.parametrize("kind", ["", "Barcode", "loyaltyObject"])
def test_a_kind_that_is_none_is_a_mistake_of_the_caller(kind: str) -> None:
    with pytest.raises(ValueError, match="is none of LoyaltyClass"):
        faults(kind, {})


def test_what_google_has_retired_is_what_its_schema_calls_deprecated() -> None:
    retired = {
        key for kind in KINDS for key, schema in schemas()[kind]["properties"].items() if schema.get("deprecated")
    }
    assert set(RETIRED) == retired
    assert all(any(key in schemas()[kind]["properties"] for kind in KINDS) for key in ITS_OWN)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
known_keys = sorted({key for kind in schemas().values() for key in kind["properties"]})


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(known_keys),
        json_values | st.dictionaries(st.sampled_from(known_keys), json_values, max_size=4),
        max_size=6,
    ),
)
def test_whatever_stands_in_a_body_faults_are_told_and_never_raised(kind: str, body: dict[str, Any]) -> None:
    assert all(found.endswith(".") for found in faults(kind, body))
