"""What cannot be in an offer over the API: refused by its path, with the remedy."""

from typing import Any

import pytest

from tests.conftest import Cafe
from tests.web.asking import Api, refused
from tests.web.test_api_offers import CONTENT, HELLO

NOBODY = "0190c2f4-6a1e-7c3b-9d20-3f5b8a7e1c44"
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"trigger": {}}, "trigger.kind", "This has no kind: choose one."),
    ({"trigger": {"kind": "moon"}}, "trigger.kind", "“moon” is not possible here: choose one of time, place"),
    ({"trigger": "quiet"}, "trigger", "Fields with names belong here, and “quiet” has none."),
    ({"trigger": {"kind": "quiet", "days": 0}}, "trigger.days", "“0” is too small: write at least 1."),
    ({"trigger": {"kind": "quiet", "dais": 3}}, "trigger.dais", "There is no field “dais” here: take it away."),
    ({"trigger": {"kind": "time", "hours": {"start": "seven"}}}, "trigger.hours.start", "“seven” is not a time"),
    ({"trigger": {"kind": "time", "hours": {"start": "07:00Z"}}}, "trigger.hours.start", "“07:00:00+00:00” is no time"),
    ({"trigger": {"kind": "time", "hours": {"start": 25200}}}, "trigger.hours.start", "“25200” is no time of a shop's"),
    ({"trigger": {"kind": "time", "hours": {"weekdays": [7]}}}, "trigger.hours.weekdays.0", "“7” is too large"),
    ({"trigger": {"kind": "time", "hours": {"weekdays": []}}}, "trigger.hours.weekdays", "This list is too short"),
    ({"trigger": {"kind": "time", "locations": ["x"]}}, "trigger.locations.0", "“x” is not one of yours"),
    ({"trigger": {"kind": "weather", "until": "09:00"}}, "trigger.until", "The offer ends at 09:00"),
    ({"trigger": {"kind": "weather", "until": "18:00+02:00"}}, "trigger.until", "“18:00:00+02:00” is no time"),
    ({"trigger": {"kind": "weather", "limit": "NaN"}}, "trigger.limit", "“NaN” is not a number"),
    ({"trigger": {"kind": "event", "name": "Order Shipped"}}, "trigger.name", "“Order Shipped” is not the name of an"),
    ({"trigger": {"kind": "tier", "tier": "platinum"}}, "trigger.tier", "“platinum” is no tier of these programs"),
    ({"audience": {"recency": {"least": 4, "most": 2}}}, "audience.recency.most", "From 4 to 2 holds nobody"),
    ({"audience": {"segments": ["rich"]}}, "audience.segments.0", "“rich” is not possible here: choose one of new"),
    ({"audience": {"tiers": ["Gold!"]}}, "audience.tiers.0", "“Gold!” is not a key"),
    ({"content": {"de": {"card": "Hallo"}}}, "content.en", "This is missing: fill it in."),
    ({"content": CONTENT | {"en": {"card": "x" * 41}}}, "content.en.card", "“xxxx"),
    ({"content": CONTENT | {"en": {"card": "a\u202eb"}}}, "content.en.card", "This holds characters that cannot be"),
    ({"content": CONTENT | {"en": {"card": "a", "back": "a\u0000b"}}}, "content.en.back", "This holds characters"),
    (
        {"unlocks": {"kind": "car"}},
        "unlocks.kind",
        "“car” is not possible here: choose one of voucher, multiplier, words.",
    ),
    ({"unlocks": {"kind": "multiplier", "factor": "1"}}, "unlocks.factor", "“1” is too small: write more than 1."),
    ({"unlocks": {"kind": "voucher", "names": {"de": "A", "en": "A"}, "worth": {}}}, "unlocks.worth", "A voucher is"),
    ({"window": {"first": "2027-02-01", "last": "2027-01-01"}}, "window.last", "The last day 2027-01-01 lies before"),
    ({"window": {"first": "soon"}}, "window.first", "“soon” is not a day: write it like"),
    ({"window": {"last": "0001-01-01"}}, "window.last", "“0001-01-01” is too small: write at least 2000-01-01."),
    ({"limits": {"cards": 0}}, "limits.cards", "“0” is too small: write at least 1."),
    ({"trial": {"hold_out": 51}}, "trial.hold_out", "“51” is too large: write at most 50."),
    ({"lasts_days": "long"}, "lasts_days", "“long” is not a whole number: write digits only."),
    ({"window": {"first": 1767225600}}, "window.first", "“1767225600” is not a day: write it like"),
    ({"window": {"last": "4102444800"}}, "window.last", "“4102444800” is not a day: write it like"),
    ({"window": {"last": True}}, "window.last", "“True” is not a day: write it like"),
    ({"window": {"last": ""}}, "window.last", "“” is not a day: write it like"),
    ({"limits": {"cards": True}}, "limits.cards", "“True” is not a whole number: write digits only."),
    ({"limits": {"cards": "1_000"}}, "limits.cards", "“1_000” is not a whole number: write digits only."),
    ({"limits": {"cards": float("inf")}}, "limits.cards", "“inf” is not a whole number: write digits only."),
    (
        {"limits": {"cards": "9" * 5000}},
        "limits.cards",
        "“9999999999999999999999999999999999999999” has too many digits",
    ),
    ({"limits": {"value": True}}, "limits.value", "“True” is not a whole number"),
    ({"lasts_days": True}, "lasts_days", "“True” is not a whole number"),
    ({"trial": {"hold_out": True}}, "trial.hold_out", "“True” is not a whole number"),
    ({"trigger": {"kind": "quiet", "days": True}}, "trigger.days", "“True” is not a whole number"),
    ({"trigger": {"kind": "time", "hours": {"weekdays": [True]}}}, "trigger.hours.weekdays.0", "“True” is not a whole"),
    ({"trigger": {"kind": "time", "hours": {"end": "24:00"}}}, "trigger.hours.end", "“24:00” is no time of a shop's"),
    ({"audience": {"recency": {"least": True}}}, "audience.recency.least", "“True” is not a whole number"),
    ({"audience": {"segments": ["new"] * 60_000}}, "audience.segments", "This list is too long: write at most 3."),
    ({"audience": {"languages": ["de"] * 3}}, "audience.languages", "This list is too long: write at most 2."),
    ({"audience": {"tiers": ["gold"] * 1001}}, "audience.tiers", "This list is too long: write at most 1000."),
    ({"audience": {"programs": [NOBODY] * 16_000}}, "audience.programs", "This list is too long: write at most 1000."),
    ({"audience": {"locations": [NOBODY] * 1001}}, "audience.locations", "This list is too long"),
    ({"sounds": "loudly"}, "sounds", "“loudly” is neither yes nor no"),
    ({"name": ""}, "name", "This is"),
    ({"colour": "red"}, "colour", "There is no field “colour” here: take it away."),
]


@pytest.mark.parametrize(("more", "field", "message"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_in_an_offer_is_named_by_its_path_with_the_remedy(
    api: Api, more: dict[str, Any], field: str, message: str
) -> None:
    (error,) = refused(api.post("/offers", HELLO | more), 422, "invalid_body")["errors"]
    assert error["field"] == field
    assert error["message"].startswith(message)


def test_what_is_named_twice_is_kept_once(api: Api, cafe: Cafe) -> None:
    shops, programs = [str(cafe.location_id)] * 2, [str(cafe.program_id)] * 1000
    audience = {"programs": programs, "locations": shops, "segments": ["new", "lapsed", "new"]}
    made = api.made("/offers", HELLO | {"audience": audience, "trigger": {"kind": "visit", "locations": shops}})
    kept = {"programs": programs[:1], "locations": shops[:1], "segments": ["new", "lapsed"]}
    assert {name: made["audience"][name] for name in kept} == kept
    assert made["trigger"]["locations"] == shops[:1]


def test_every_wrong_value_of_an_offer_is_named_at_once(api: Api) -> None:
    body = {"name": 7, "trigger": {"kind": "quiet", "days": "x"}, "limits": {"value": -1}, "window": []}
    named = {error["field"] for error in refused(api.post("/offers", body), 422, "invalid_body")["errors"]}
    assert named == {"name", "trigger.days", "limits.value", "window", "content"}
