"""Offers over the API: every trigger as the document shows it, their states, and what sets them off elsewhere."""

import html
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from issuer import api_keys, offering
from issuer.database import set_merchant, transaction
from issuer.offering import Through
from issuer.offers.triggers import KINDS
from issuer.schema import Agenda, Card, Event, Location, Merchant, OfferVersion, Showing
from issuer.web.api.offer_examples import OFFERS
from tests.conftest import Cafe
from tests.web.asking import Api, refused

CONTENT = {"de": {"card": "Hallo"}, "en": {"card": "Hello"}}
HELLO: dict[str, Any] = {"name": "Hello", "trigger": {"kind": "quiet", "days": 30}, "content": CONTENT}


def _made(api: Api, **more: Any) -> dict[str, Any]:
    return api.made("/offers", HELLO | more)


def _move(api: Api, offer: dict[str, Any], state: str) -> dict[str, Any]:
    return api.patched(f"/offers/{offer['id']}", {"state": state})


def _no(api: Api, offer: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The first error of a change that must be refused."""
    answer = api.send("PATCH", f"/offers/{offer['id']}", json=change)
    return refused(answer, 422, "invalid_body")["errors"][0]


def _differs(sent: Any, came: Any, where: str = "") -> list[str]:
    """Where what came back is not what was sent; what was not sent may be there besides."""
    if isinstance(sent, dict) and isinstance(came, dict):
        return [one for key in sent for one in _differs(sent[key], came.get(key), f"{where}.{key}")]
    return [] if sent == came else [where]


def test_the_document_has_an_offer_for_every_trigger(api: Api) -> None:
    content = api.document["paths"]["/api/v1/offers"]["post"]["requestBody"]["content"]
    examples = content["application/json"]["examples"]
    assert set(examples) == set(KINDS)
    assert all(example["value"]["trigger"]["kind"] == kind for kind, example in examples.items())
    assert all(example["summary"] for example in examples.values())


def test_the_page_shows_them_all(api: Api) -> None:
    page = html.unescape(api.client.get("/api/v1/docs").text)
    assert all(summary in page and f'"kind": "{kind}"' in page for kind, (summary, _) in OFFERS.items())


@pytest.mark.parametrize("kind", OFFERS)
def test_every_offer_of_the_document_is_taken_and_comes_back_the_same(api: Api, kind: str) -> None:
    sent = OFFERS[kind][1]
    made = api.made("/offers", sent)
    assert _differs(sent, made) == []
    assert (made["state"], made["version"], made["live_at"]) == ("draft", 0, None)
    assert made["sentence"]["de"] != made["sentence"]["en"]
    assert api.found(f"/offers/{made['id']}") == made
    said = {name: made[name] for name in ("trigger", "audience", "content", "unlocks", "window", "limits", "trial")}
    again = api.made("/offers", said | {"name": made["name"], "sounds": made["sounds"]})
    assert {name: again[name] for name in said} == said


def test_the_five_sentences_read_back_in_both_languages(api: Api) -> None:
    told = {
        kind: api.made("/offers", OFFERS[kind][1])["sentence"] for kind in ("birthday", "place", "quiet", "weather")
    }
    assert "Kuchen" in told["birthday"]["de"]
    assert "7:00" in told["place"]["en"]
    assert "30" in told["quiet"]["de"]
    assert "40" in told["weather"]["en"]


def test_an_offer_goes_live_is_paused_resumed_and_ended(api: Api) -> None:
    offer = _made(api)
    assert _move(api, offer, "live")["version"] == 1
    assert _move(api, offer, "paused")["state"] == "paused"
    assert _move(api, offer, "live")["version"] == 1
    ended = _move(api, offer, "ended")
    assert (ended["state"], ended["version"], ended["ended_at"] is None) == ("ended", 1, False)


def test_the_same_state_again_changes_nothing(api: Api) -> None:
    offer = _made(api)
    for state in ("live", "paused", "ended"):
        assert _move(api, offer, state) == _move(api, offer, state)


@pytest.mark.parametrize("change", [{"state": "live"}, {"state": "paused"}, {"name": "Other"}, {"sounds": True}])
def test_what_has_ended_is_not_revived(api: Api, change: dict[str, Any]) -> None:
    offer = _move(api, _made(api), "ended")
    assert _no(api, offer, change)["field"] == "state"


def test_what_never_ran_is_not_paused(api: Api) -> None:
    assert _no(api, _made(api), {"state": "paused"})["field"] == "state"


def test_a_change_of_a_live_offer_is_a_new_version_at_once(api: Api) -> None:
    offer = _move(api, _made(api), "live")
    changed = api.patched(f"/offers/{offer['id']}", {"lasts_days": 3, "limits": {"cards": 40}})
    assert (changed["version"], changed["lasts_days"], changed["limits"]["cards"]) == (2, 3, 40)
    assert (changed["name"], changed["live_at"]) == (offer["name"], offer["live_at"])
    assert api.patched(f"/offers/{offer['id']}", {"lasts_days": 3}) == changed


def test_neither_a_change_nor_a_state_touches_what_somebody_writes_in_the_console(
    alone: Api, engine: Engine, now: datetime
) -> None:
    offer = _move(alone, _made(alone), "live")
    with _of(alone, engine, now) as session:
        view = offering.offer_view(session, UUID(offer["id"]))
        assert view is not None
        draft = view.valid.model_copy(update={"name": "Written for an hour"})
        offering.save(session, view.row.id, draft, view.row.revision, Through(view.row.merchant_id, now))
    for change, version in (
        ({"name": "Hello"}, 1),
        ({"state": "paused"}, 1),
        ({"state": "live"}, 1),
        ({"name": "B"}, 2),
    ):
        changed = alone.patched(f"/offers/{offer['id']}", change)
        assert (changed["version"], changed["unpublished"]) == (version, True)
    assert changed["name"] == "B"
    with _of(alone, engine, now) as session:
        after = offering.offer_view(session, UUID(offer["id"]))
        assert after is not None
        assert after.draft == draft


def test_a_change_of_a_draft_makes_no_version(api: Api) -> None:
    offer = _made(api)
    changed = api.patched(f"/offers/{offer['id']}", {"name": "Other"})
    assert (changed["name"], changed["version"], changed["unpublished"]) == ("Other", 0, False)


def test_one_call_may_change_an_offer_and_let_it_go_live(api: Api) -> None:
    changed = api.patched(f"/offers/{_made(api)['id']}", {"name": "Other", "state": "live"})
    assert (changed["name"], changed["state"], changed["version"]) == ("Other", "live", 1)


def test_what_is_refused_leaves_all_as_it_was(api: Api) -> None:
    offer = _move(api, _made(api), "live")
    assert _no(api, offer, {"name": "Other", "window": {"last": "2001-01-01"}})["field"] == "window.last"
    assert _no(api, _made(api), {"name": "Other", "state": "paused"})["field"] == "state"
    assert api.found(f"/offers/{offer['id']}") == offer


def test_null_takes_away_what_an_offer_unlocks_and_nothing_else(api: Api) -> None:
    offer = _made(api, unlocks={"kind": "multiplier", "factor": "2"})
    changed = api.patched(f"/offers/{offer['id']}", {"unlocks": None, "name": None})
    assert (changed["unlocks"], changed["name"]) == (None, offer["name"])


@pytest.mark.parametrize("change", [{}, {"name": None}, {"state": None}, None])
def test_a_change_of_nothing_is_refused(api: Api, change: Any) -> None:
    refused(api.send("PATCH", f"/offers/{_made(api)['id']}", json=change), 422, "invalid_body")


def test_near_a_shop_needs_a_shop_with_coordinates(alone: Api, engine: Engine, now: datetime) -> None:
    offer = alone.made("/offers", OFFERS["place"][1])
    assert _no(alone, offer, {"state": "live"})["field"] == "trigger.kind"
    with _of(alone, engine, now) as session:
        session.execute(update(Location).values(latitude=52.5, longitude=13.4))
    assert _move(alone, offer, "live")["state"] == "live"


def test_offers_are_listed_from_the_newest_in_pages(alone: Api) -> None:
    made = [_made(alone)["id"] for _ in range(3)]
    page = alone.found("/offers", limit=2)
    rest = alone.found("/offers", limit=2, after=page["next"])
    assert [offer["id"] for offer in (*page["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None


def test_another_merchants_shops_and_programs_are_none_of_an_offers(
    api: Api, cafe: Cafe, other_cafe: Cafe, other_api: Api
) -> None:
    offer = _made(api)
    for field, change in (
        ("audience.programs.1", {"audience": {"programs": [str(cafe.program_id), str(other_cafe.program_id)]}}),
        ("audience.locations.0", {"audience": {"locations": [str(other_cafe.location_id)]}}),
        ("trigger.locations.0", {"trigger": {"kind": "visit", "locations": [str(other_cafe.location_id)]}}),
        ("trigger.location", {"trigger": {"kind": "weather", "location": str(other_cafe.location_id)}}),
    ):
        assert _no(api, offer, change)["field"] == field
        assert refused(api.post("/offers", HELLO | change), 422, "invalid_body")["errors"][0]["field"] == field
        other = change | {"audience": {}} if field == "audience.programs.1" else change
        assert other_api.made("/offers", HELLO | other)


def test_spending_that_nobody_knows_is_warned_of(alone: Api) -> None:
    offer = _made(alone, audience={"money": {"least": 5}})
    assert [one["field"] for one in offer["warnings"]] == ["audience.money"]
    assert _made(alone)["warnings"] == []


def test_the_same_key_makes_one_offer(alone: Api) -> None:
    first, second = (alone.post("/offers", HELLO, key="one") for _ in range(2))
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(alone.found("/offers")["items"]) == 1
    refused(alone.post("/offers", HELLO | {"name": "Other"}, key="one"), 422, "idempotency_key_reused")


def test_who_may_only_look_changes_no_offer(api: Api, engine: Engine, cafe: Cafe, now: datetime) -> None:
    offer = _made(api)
    with transaction(engine, cafe.merchant_id) as session:
        api_keys.create_api_key(session, cafe.merchant_id, "looks", ["read"], now)
        api_keys.create_api_key(session, cafe.merchant_id, "acts", ["write"], now)
    looks, acts = Api(api.client, "looks"), Api(api.client, "acts")
    assert looks.found("/offers")["items"]
    assert looks.found(f"/offers/{offer['id']}/results")
    mine = f"/offers/{offer['id']}"
    for method, path in (("POST", "/offers"), ("PATCH", mine), ("POST", f"{mine}/preview")):
        refused(looks.send(method, path, json=HELLO), 403, "scope_missing")
    refused(acts.get(f"/offers/{offer['id']}"), 403, "scope_missing")


def test_the_key_that_let_an_offer_run_is_kept_in_mind(api: Api, engine: Engine, cafe: Cafe) -> None:
    offer = _move(api, _made(api), "live")
    with transaction(engine, cafe.merchant_id) as session:
        events = session.scalars(select(Event).where(Event.kind == "offer_published"))
        (event,) = [event for event in events if event.data["offer_id"] == offer["id"]]
        assert event.data["key_id"]
        assert session.get_one(OfferVersion, (offer["id"], 1)).published_by is None


def test_a_preview_says_who_would_get_it(alone: Api) -> None:
    program = alone.found("/programs")["items"][0]["id"]
    cards = {alone.made("/cards", {"program_id": program})["id"] for _ in range(3)}
    everybody = _made(alone, trigger={"kind": "time"})
    seen = alone.made(f"/offers/{everybody['id']}/preview")
    assert (seen["reach"], seen["cards"], seen["looked_at"]) == (3, 3, 3)
    assert {card["id"] for card in seen["sample"]} == cards
    assert all(card["links"]["web"].startswith("http") for card in seen["sample"])
    nobody = _made(alone, trigger={"kind": "milestone", "visits": 2})
    assert alone.made(f"/offers/{nobody['id']}/preview")["reach"] == 0


def test_what_an_offer_brought_is_counted_by_arms(alone: Api, engine: Engine, now: datetime) -> None:
    program = alone.found("/programs")["items"][0]["id"]
    cards = [alone.made("/cards", {"program_id": program})["id"] for _ in range(3)]
    offer = _move(alone, _made(alone, trigger={"kind": "time"}), "live")
    empty = {"arms": [], "differences": [], "held_back": []}
    assert alone.found(f"/offers/{offer['id']}/results") == empty
    with _of(alone, engine, now) as session:
        merchant = session.scalars(select(Merchant.id)).one()
        for card_id, state, arm in zip(cards, ("shown", "out", "held"), ("a", "out", "a"), strict=True):
            session.add(
                Showing(
                    offer_id=offer["id"],
                    card_id=card_id,
                    turn="always",
                    merchant_id=merchant,
                    customer_id=session.get_one(Card, card_id).customer_id,
                    version=1,
                    arm=arm,
                    state=state,
                    reason="weekly" if state == "held" else None,
                    opens_at=now,
                    closes_at=now + timedelta(days=1),
                    decided_at=now,
                    shown_at=now if state == "shown" else None,
                    redeemed_at=now if state == "shown" else None,
                )
            )
    told = alone.found(f"/offers/{offer['id']}/results")
    assert {arm["arm"]: (arm["reached"], arm["redeemed"]) for arm in told["arms"]} == {"a": (1, 1), "out": (1, 0)}
    assert told["held_back"] == [{"reason": "weekly", "count": 1}]
    assert [(one["what"], one["arms"]) for one in told["differences"]] == [("visited", ["shown", "out"])]


@contextmanager
def _of(caller: Api, engine: Engine, now: datetime) -> Iterator[Session]:
    """A transaction of the merchant whose key this is."""
    with transaction(engine) as session:
        found = api_keys.api_key_of(session, caller.token, now)
        assert found is not None
        set_merchant(session, found.merchant_id)
        yield session


def test_a_check_in_is_kept_and_the_card_comes_back(api: Api, card: dict[str, Any], cafe: Cafe, engine: Engine) -> None:
    answer = api.made(f"/cards/{card['id']}/visits", {"location_id": str(cafe.location_id)})
    assert answer == card
    assert _kept(engine, cafe, card, "visited") == [{"location_id": str(cafe.location_id)}]


def test_what_happened_elsewhere_is_kept(api: Api, card: dict[str, Any], cafe: Cafe, engine: Engine) -> None:
    assert api.made(f"/cards/{card['id']}/events", {"name": "order.delivered"}) == card
    assert _kept(engine, cafe, card, "happened") == [{"name": "order.delivered"}]


def test_the_same_key_tells_once(api: Api, card: dict[str, Any], cafe: Cafe, engine: Engine) -> None:
    for path, body in (("visits", {"location_id": str(cafe.location_id)}), ("events", {"name": "survey"})):
        first, second = (api.post(f"/cards/{card['id']}/{path}", body, key=path) for _ in range(2))
        assert first.get_json() == second.get_json()
        refused(api.send("POST", f"/cards/{card['id']}/{path}", json=body), 400, "idempotency_key_required")
    assert len(_kept(engine, cafe, card, "visited")) == len(_kept(engine, cafe, card, "happened")) == 1


def test_where_an_offer_runs_the_card_is_looked_at_and_else_not(alone: Api, engine: Engine) -> None:
    program = alone.found("/programs")["items"][0]["id"]
    card = alone.made("/cards", {"program_id": program})["id"]
    alone.made(f"/cards/{card}/events", {"name": "survey"})
    assert _planned(engine, card) == 0
    _move(alone, _made(alone), "live")
    alone.made(f"/cards/{card}/events", {"name": "survey"})
    assert _planned(engine, card) == 1


@pytest.mark.parametrize("path", ["visits", "events"])
def test_a_card_that_is_not_active_takes_nothing(
    api: Api, card: dict[str, Any], cafe: Cafe, engine: Engine, path: str
) -> None:
    other = api.made("/cards", {"program_id": str(cafe.program_id)})
    api.made(f"/cards/{other['id']}/merge", {"from": card["id"]})
    body = {"location_id": str(cafe.location_id)} if path == "visits" else {"name": "survey"}
    refused(api.post(f"/cards/{card['id']}/{path}", body), 409, "card_blocked")
    assert _kept(engine, cafe, card, "visited") == _kept(engine, cafe, card, "happened") == []


@pytest.mark.parametrize("body", [{}, {"location_id": None}, {"location_id": 7}, {"place": "x"}])
def test_a_check_in_names_a_shop(api: Api, card: dict[str, Any], body: dict[str, Any]) -> None:
    refused(api.post(f"/cards/{card['id']}/visits", body), 422, "invalid_body")


@pytest.mark.parametrize("name", ["", "Order", ".x", "a b", "a" * 61, "ä", "x\n", 7, None])
def test_an_event_has_a_plain_name(api: Api, card: dict[str, Any], name: object) -> None:
    error = refused(api.post(f"/cards/{card['id']}/events", {"name": name}), 422, "invalid_body")["errors"][0]
    assert error["field"] == "name"


def _kept(engine: Engine, cafe: Cafe, card: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    with transaction(engine, cafe.merchant_id) as session:
        return list(session.scalars(select(Event.data).where(Event.card_id == card["id"], Event.kind == kind)))


def _planned(engine: Engine, card: str) -> int:
    with transaction(engine) as session:
        return len(session.scalars(select(Agenda).where(Agenda.card_id == card)).all())
