"""Whatever card there is: its bodies are Google's by schema and by our table, and a PATCH forgets what it must."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passes.face import Face
from passes.google_limits import REQUIRED, faults
from passes.google_patches import KEYS, blanked, patch_of
from sandbox.google_schema import KINDS, schemas, violations
from sandbox.google_schema import REQUIRED as THEIRS
from tests.passes.google_cards import PICTURE, bodies, full_body, merged, unnulled, validator

often = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
POINTS = ("loyaltyPoints", "secondaryLoyaltyPoints")
PLACES = {"merchantLocations": [{"latitude": 52.5, "longitude": 13.4}]}
FOREIGN: dict[str, dict[str, Any]] = {
    "loyaltyPoints": {"balance": {"int": 3, "double": 3.5, "money": {"currencyCode": "EUR", "micros": "5"}}},
    "secondaryLoyaltyPoints": {"label": "Old", "balance": {"int": 1}},
    "validTimeInterval": {"start": {"date": "2020-01-01T00:00:00Z"}},
}


@pytest.mark.parametrize("kind", KINDS)
@often
@given(data=st.data())
def test_every_body_is_valid_to_two_readers_of_googles_schema_and_to_our_table(
    face: Face, kind: str, data: st.DataObject
) -> None:
    body = data.draw(bodies(kind, face, data.draw(st.booleans())))
    assert violations(kind, body) == []
    assert list(validator(kind).iter_errors(body)) == []
    assert faults(kind, body) == ()
    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize("kind", KINDS)
@often
@given(data=st.data())
def test_after_a_patch_the_whole_body_stands_there_whatever_stood_there_before(
    face: Face, kind: str, data: st.DataObject
) -> None:
    places_allowed = data.draw(st.booleans())
    before, after = (data.draw(bodies(kind, face, places_allowed)) for _ in range(2))
    foreign = {key: value for key, value in FOREIGN.items() if key in KEYS[kind]}
    stands = merged(before, foreign if data.draw(st.booleans()) else {})
    for body in (before, after):
        # It counts for the request that it rides on.
        stands.pop("notifyPreference", None)
        body.pop("notifyPreference", None)
    patch = patch_of(kind, after, places_allowed=places_allowed)
    assert merged(stands, patch) == after
    assert unnulled(patch) == after
    assert faults(kind, patch) == ()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("Object")])
@often
@given(data=st.data())
def test_nothing_of_a_retired_card_stands_there_any_more(face: Face, kind: str, data: st.DataObject) -> None:
    before = data.draw(bodies(kind, face, places_allowed=True))
    before.pop("notifyPreference", None)
    left = {"id": before["id"], "classId": before["classId"], "state": "INACTIVE"}
    patch = blanked(kind, before["id"], before["classId"], places_allowed=True)
    assert merged(before, patch) == left
    neutral = {"heroImage": {"sourceUri": {"uri": PICTURE}}}
    patch = blanked(kind, before["id"], before["classId"], PICTURE, places_allowed=True)
    assert merged(before, patch) == left | neutral
    assert faults(kind, patch) == ()
    assert violations(kind, unnulled(patch)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_patch_can_forget_each_key_that_a_full_body_has_and_no_other(face: Face, kind: str) -> None:
    foreign = {f"{points}.balance.{form}" for points in POINTS for form in ("int", "double", "money")}
    if kind == "LoyaltyObject":
        foreign |= {"validTimeInterval.start", "validTimeInterval.start.date"}
    of_its_own = {"notifyPreference", "merchantLocations"}
    assert set(_paths(KEYS[kind])) - foreign == set(_paths(full_body(kind, face))) - of_its_own


@pytest.mark.parametrize("kind", KINDS)
def test_a_patch_names_keys_that_google_knows_and_has_not_retired(kind: str) -> None:
    assert list(_strangers(KEYS[kind], kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_places_are_named_only_where_google_lets_the_issuer_name_them(kind: str) -> None:
    assert "merchantLocations" not in patch_of(kind, {"id": "1.a"})
    assert patch_of(kind, {"id": "1.a"}, places_allowed=True)["merchantLocations"] is None
    assert patch_of(kind, {"id": "1.a"} | PLACES, places_allowed=True)["merchantLocations"] == [
        {"latitude": 52.5, "longitude": 13.4}
    ]


@pytest.mark.parametrize("kind", ["LoyaltyClass", "OfferClass"])
def test_every_patch_of_a_class_sends_it_for_review(kind: str) -> None:
    assert patch_of(kind, {"id": "1.a", "reviewStatus": "APPROVED"})["reviewStatus"] == "UNDER_REVIEW"
    assert patch_of(kind, {"id": "1.a"})["reviewStatus"] == "UNDER_REVIEW"


def test_a_balance_in_another_form_is_taken_away() -> None:
    patch = patch_of("LoyaltyObject", {"loyaltyPoints": {"balance": {"string": "3/10"}}})
    assert patch["loyaltyPoints"] == {
        "label": None,
        "localizedLabel": None,
        "balance": {"string": "3/10", "int": None, "double": None, "money": None},
    }


@pytest.mark.parametrize("kind", ["LoyaltyClass", "OfferClass", "Pass", ""])
def test_only_an_object_can_be_retired(kind: str) -> None:
    with pytest.raises(ValueError, match="no kind of object"):
        blanked(kind, "1.a", "1.b")


@pytest.mark.parametrize("kind", ["LoyaltyObject", "OfferObject"])
def test_a_retired_object_keeps_its_class_and_no_key_of_a_person(kind: str) -> None:
    patch = blanked(kind, "1.card", "1.program")
    assert {key for key, value in patch.items() if value is not None} == {"id", "classId", "state"}
    assert {
        "barcode",
        "textModulesData",
        "messages",
        "linksModuleData",
        "heroImage",
        "validTimeInterval",
    } <= patch.keys()
    assert ({"accountName", "accountId", "loyaltyPoints"} <= patch.keys()) == (kind == "LoyaltyObject")


def test_both_tables_of_what_is_required_are_the_same() -> None:
    assert {kind: set(keys) for kind, keys in REQUIRED.items()} == {kind: set(THEIRS[kind]) for kind in KINDS}


def _paths(keys: Any, before: str = "") -> Iterator[str]:
    """Down to texts, which are replaced as a whole but for their translations, and to lists."""
    for key, inner in keys.items():
        yield f"{before}{key}"
        if isinstance(inner, dict) and key != "defaultValue":
            yield from _paths(inner, f"{before}{key}.")


def _strangers(keys: Any, kind: str) -> Iterator[str]:
    known = schemas()[kind]["properties"]
    for key, inner in keys.items():
        if key not in known or known[key].get("deprecated"):
            yield f"{kind}.{key}"
        elif inner:
            yield from _strangers(inner, known[key]["$ref"])
