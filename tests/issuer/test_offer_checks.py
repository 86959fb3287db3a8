"""What an offer may name, and when it may run: refused in one sentence, by the path of the field."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from issuer import offering
from issuer.editing import Objection
from issuer.offer_checks import warnings
from issuer.program_changes import Plan, create_program
from issuer.rules import Rules
from issuer.schema import Brand, Location
from issuer.schema import Offer as Row
from tests.issuer.counting import Till
from tests.issuer.test_offering import author, done, drafted, live, offer, refused, row_of

PLACE = {"kind": "place"}
STRANGE = [
    ({"audience": {"programs": ["{program_id}"]}}, "audience.programs.0"),
    ({"audience": {"locations": ["{location_id}"]}}, "audience.locations.0"),
    ({"trigger": {"kind": "time", "locations": ["{location_id}"]}}, "trigger.locations.0"),
    ({"trigger": {"kind": "place", "locations": ["{location_id}"]}}, "trigger.locations.0"),
    ({"trigger": {"kind": "visit", "locations": ["{location_id}"]}}, "trigger.locations.0"),
    ({"trigger": {"kind": "weather", "location": "{location_id}"}}, "trigger.location"),
    ({"audience": {"tiers": ["gold"]}}, "audience.tiers.0"),
    ({"trigger": {"kind": "tier", "tier": "gold"}}, "trigger.tier"),
]


def put(till: Till, latitude: float | None) -> None:
    """Give the shop coordinates, or take them away."""
    with till.work() as session:
        session.execute(update(Location).values(latitude=latitude, longitude=latitude))


def _filled(value: Any, till: Till) -> Any:
    """With the ids of this till's merchant."""
    if isinstance(value, dict):
        return {key: _filled(one, till) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, till) for one in value]
    ids = {"program_id": till.shop.program_id, "location_id": till.shop.location_id}
    return value.format(**ids) if isinstance(value, str) else value


@pytest.mark.parametrize(("more", "about"), STRANGE)
def test_what_the_merchant_does_not_have_is_refused_even_in_a_draft(
    till: Till, other_till: Till, more: dict[str, Any], about: str
) -> None:
    strange, offer_id = offer(**_filled(more, other_till)), live(till)
    with till.work() as session:
        revision = session.get_one(Row, offer_id).revision
        for outcome in (
            offering.create(session, till.shop.merchant_id, strange, till.now),
            offering.save(session, offer_id, strange, revision, author(till)),
            offering.change(session, offer_id, strange, author(till)),
        ):
            assert isinstance(outcome, Objection)
            assert outcome.about == about
            assert outcome.sentence("de") != outcome.sentence("en")
    assert row_of(till, offer_id).draft is None


@pytest.mark.parametrize(("more", "about"), STRANGE[:6])
def test_ones_own_shops_and_programs_can_be_named(till: Till, more: dict[str, Any], about: str) -> None:
    assert drafted(till, **_filled(more, till)), about


def test_a_tier_that_a_program_has_can_be_named_and_that_of_another_program_not(till: Till) -> None:
    tier = {"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 100}
    parts = [{"kind": "points", "points": 1, "per_cents": 100}, {"kind": "tiers", "tiers": [tier]}]
    names = {"de": "Punkte", "en": "Points"}
    with till.work() as session:
        brand = session.scalars(select(Brand)).one()
        create_program(session, brand, Plan(names, Rules.read({"parts": parts})), uuid4().hex, till.now)
    drafted(till, audience={"tiers": ["gold"]})
    drafted(till, trigger={"kind": "tier", "tier": "gold"})
    stamps = {"tiers": ["gold"], "programs": [str(till.shop.program_id)]}
    with till.work() as session:
        assert isinstance(offering.create(session, till.shop.merchant_id, offer(audience=stamps), till.now), Objection)


@pytest.mark.parametrize(
    ("trigger", "about"),
    [
        (PLACE, "trigger.kind"),
        (PLACE | {"locations": ["{location_id}"]}, "trigger.locations.0"),
        ({"kind": "weather"}, "trigger.kind"),
        ({"kind": "weather", "location": "{location_id}"}, "trigger.location"),
    ],
)
def test_without_coordinates_no_place_and_no_weather(till: Till, trigger: dict[str, Any], about: str) -> None:
    offer_id = drafted(till, trigger=_filled(trigger, till))
    assert refused(till, "publish", offer_id).about == about
    put(till, 52.5)
    done(till, "publish", offer_id)
    done(till, "pause", offer_id)
    put(till, None)
    assert refused(till, "resume", offer_id).about == about


def test_the_last_day_is_a_day_of_the_shops_calendar(till: Till) -> None:
    late = type(till)(till.engine, till.keys, till.shop, till.now.replace(hour=22, minute=30))
    here = (late.now + timedelta(hours=24)).date()
    offer_id = drafted(late, window={"last": str(here - timedelta(days=2))})
    assert refused(late, "publish", offer_id).about == "window.last"
    done(late, "publish", drafted(late, window={"last": str(here)}))


@pytest.mark.parametrize(("zone", "days"), [("Pacific/Kiritimati", 0), ("Pacific/Pago_Pago", -1)])
def test_where_one_shop_is_named_it_is_a_day_of_its_own_calendar(till: Till, zone: str, days: int) -> None:
    """By the merchant's, the first would never be shown to anybody, and the second not go live while it still could."""
    early = replace(till, now=till.now.replace(hour=10 if days == 0 else 5, minute=30))
    last = early.now.date() + timedelta(days=days)
    with till.work() as session:
        session.execute(update(Location).values(zone=zone))
    here = {"kind": "time", "locations": [str(till.shop.location_id)]}
    named, unnamed = (drafted(early, window={"last": str(last)}, trigger=one) for one in (here, {"kind": "time"}))
    over, runs = (named, unnamed) if days == 0 else (unnamed, named)
    assert refused(early, "publish", over).about == "window.last"
    done(early, "publish", runs)


def test_a_running_offer_is_not_moved_into_the_past(till: Till) -> None:
    offer_id = live(till)
    with till.work() as session:
        gone = offering.change(session, offer_id, offer(window={"last": date(2001, 1, 1)}), author(till))
    assert isinstance(gone, Objection)
    assert row_of(till, offer_id).draft is None


def test_where_nobody_spends_an_audience_by_money_is_warned_of(till: Till) -> None:
    spenders = offer(audience={"money": {"least": 4}})
    with till.work() as session:
        assert [one.about for one in warnings(session, spenders)] == ["audience.money"]
        assert warnings(session, offer()) == []
    assert live(till, audience={"money": {"least": 4}})
    till.bought(till.join(), 500)
    with till.work() as session:
        assert warnings(session, spenders) == []


@pytest.mark.parametrize(
    ("worth", "about"), [({"cents": 300}, []), ({"percent": "10"}, ["limits.value"]), (None, ["limits.value"])]
)
def test_a_limit_of_worth_without_an_amount_is_warned_of(till: Till, worth: Any, about: list[str]) -> None:
    cake = {"de": "Kuchen", "en": "Cake"}
    unlocks = {"kind": "voucher", "names": cake, "worth": worth} if worth else None
    with till.work() as session:
        found = warnings(session, offer(unlocks=unlocks, limits={"value": 1000}))
    assert [one.about for one in found] == about
