"""Joining, finding and listing, as the contract writes them."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import Cafe
from tests.web.asking import Api, refused

CARD = {
    "id", "serial", "program_id", "state", "version", "language", "code", "short_code", "balances", "rewards", "links",
}  # fmt: skip
ENTRY = {"id", "unit", "amount", "cause", "reason", "reference", "occurred_at", "recorded_at", "by"}
PROGRAM = {"id", "name", "kind", "version", "sentence", "pause_seconds", "rule", "rewards"}
FURTHER = {"sentences", "extras", "join", "closed"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_a_new_card_has_every_field_of_the_contract_and_nothing_on_it(card: dict[str, Any], cafe: Cafe) -> None:
    assert set(card) == CARD
    assert (card["program_id"], card["state"], card["version"]) == (str(cafe.program_id), "active", 1)
    assert (card["balances"], card["rewards"], card["language"]) == ({"stamps": 0}, [], "de")


def test_joining_answers_201(api: Api, cafe: Cafe) -> None:
    body = {"program_id": str(cafe.program_id), "customer": None, "language": "en"}
    answer = api.post("/cards", body)
    assert (answer.status_code, answer.get_json()["language"]) == (201, "en")


def test_joining_needs_no_key_but_keeps_to_one_that_is_given(alone: Api) -> None:
    body, api = {"program_id": _program(alone)}, alone
    assert api.send("POST", "/cards", json=body).status_code == 201
    first, again = (api.post("/cards", body, key="one") for _ in range(2))
    assert first.get_json() == again.get_json()
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(api.found("/cards")["items"]) == 2


def test_what_a_customer_tells_is_optional_and_not_given_back(api: Api, cafe: Cafe) -> None:
    customer = {"name": "Frida", "mail": "frida@example.org", "birthday": "1990-02-28"}
    for given in ({}, {"name": "Frida"}, customer):
        made = api.made("/cards", {"program_id": str(cafe.program_id), "customer": given})
        assert set(made) == CARD


def test_links_are_absolute_and_lead_somewhere(api: Api, card: dict[str, Any]) -> None:
    assert set(card["links"]) == {"web", "apple", "google", "qr"}
    assert card["links"]["google"] is None
    for name in ("web", "apple", "qr"):
        link = card["links"][name]
        assert link.startswith("http://127.0.0.1:8000/")
        assert api.client.get(urlsplit(link).path).status_code == 200


def test_a_card_is_found_by_id(api: Api, card: dict[str, Any]) -> None:
    assert api.found(f"/cards/{card['id']}") == card


def test_a_card_is_found_by_its_code_however_it_was_typed(api: Api, card: dict[str, Any]) -> None:
    short = card["short_code"]
    typed = [card["code"], card["code"].lower(), short, short.lower(), short.replace("-", ""), f" {short} "]
    for code in typed:
        assert api.found("/cards", code=code) == {"items": [card], "next": None}


@pytest.mark.parametrize("code", ["", "K7QM-3FY", "hello", "T1AAAA", "\x00", "\ud800", "🎫" * 100, "%", "' OR 1=1"])
def test_a_code_that_names_no_card_finds_none(api: Api, card: dict[str, Any], code: str) -> None:
    query = code.encode("utf-8", "surrogatepass").decode("latin-1") if code == "\ud800" else code
    assert api.found("/cards", code=query) == {"items": [], "next": None}


def test_another_merchants_code_finds_none(api: Api, other_api: Api, card: dict[str, Any]) -> None:
    for code in (card["code"], card["short_code"]):
        assert other_api.found("/cards", code=code) == {"items": [], "next": None}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_show_every_card_once_newest_first(alone: Api, limit: int) -> None:
    made = _join(alone, 7)
    assert _all(alone, "/cards", limit) == list(reversed(made))


def test_cards_that_join_while_one_turns_pages_shift_nothing(alone: Api) -> None:
    made = _join(alone, 4)
    first = alone.found("/cards", limit=2)
    _join(alone, 1)
    second = alone.found("/cards", limit=2, after=first["next"])
    assert [card["id"] for card in first["items"] + second["items"]] == list(reversed(made))
    assert second["next"] is None


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_show_every_entry_once_newest_first(api: Api, card: dict[str, Any], limit: int) -> None:
    path = f"/cards/{card['id']}"
    made = [entry["id"] for _ in range(5) for entry in api.made(f"{path}/stamps", {"count": 1})["entries"]]
    assert _all(api, f"{path}/entries", limit) == list(reversed(made))


def test_programs_and_locations_are_listed_in_pages_too(api: Api, cafe: Cafe) -> None:
    assert _all(api, "/programs", 1) == [str(cafe.program_id)]
    assert api.found("/locations") == {"items": [{"id": str(cafe.location_id), "name": "Lindenstraße"}], "next": None}


@pytest.mark.parametrize("path", ["/cards", "/programs", "/locations", "/cards/{id}/entries"])
@pytest.mark.parametrize("after", ["x", "-1", "Zm9v", "9" * 30, "\x00", "é", "null"])
def test_a_place_that_is_no_page_is_refused(api: Api, card: dict[str, Any], path: str, after: str) -> None:
    body = refused(api.get(path.format(**card), after=after), 422, "invalid_body")
    assert body["errors"][0]["field"] == "after"


@pytest.mark.parametrize("path", ["/cards", "/programs", "/locations", "/cards/{id}/entries"])
@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "9" * 30, ""])
def test_a_page_has_1_to_200_items(api: Api, card: dict[str, Any], path: str, limit: str) -> None:
    body = refused(api.get(path.format(**card), limit=limit), 422, "invalid_body")
    assert body["errors"][0]["field"] == "limit"


def test_a_program_has_every_field_of_the_contract(api: Api, cafe: Cafe) -> None:
    program = api.found(f"/programs/{cafe.program_id}")
    assert set(program) == PROGRAM | FURTHER
    assert (program["kind"], program["rule"], program["pause_seconds"]) == ("stamps", {"stamps_needed": 10}, 0)
    assert set(program["sentence"]) == {"de", "en"}
    assert program["rewards"] == [{"id": str(cafe.reward_id), "name": program["rewards"][0]["name"]}]
    assert set(program["rewards"][0]["name"]) == {"de", "en"}


def test_the_pause_of_a_program_can_be_changed_without_a_new_version(alone: Api) -> None:
    api, path = alone, f"/programs/{_program(alone)}"
    changed = api.send("PATCH", path, json={"pause_seconds": 300})
    assert changed.status_code == 200
    assert changed.get_json() == api.found(path)
    assert (changed.get_json()["pause_seconds"], changed.get_json()["version"]) == (300, 1)


@pytest.mark.parametrize(
    "body", [{}, {"pause_seconds": -1}, {"pause_seconds": "5"}, {"pause_seconds": 10**9}, {"x": 1}]
)
def test_a_change_of_a_program_that_makes_no_sense_is_refused(api: Api, cafe: Cafe, body: object) -> None:
    refused(api.send("PATCH", f"/programs/{cafe.program_id}", json=body), 422, "invalid_body")
    assert api.found(f"/programs/{cafe.program_id}")["pause_seconds"] == 0


def test_an_entry_has_every_field_of_the_contract(api: Api, card: dict[str, Any]) -> None:
    body = {"reference": "bon 7", "occurred_at": "2026-01-31T12:00:00+01:00"}
    made = api.made(f"/cards/{card['id']}/stamps", body)["entries"][0]
    assert set(made) == ENTRY
    assert (made["unit"], made["amount"], made["cause"], made["reference"]) == ("stamps", 1, "stamp", "bon 7")
    assert datetime.fromisoformat(made["occurred_at"]) == datetime.fromisoformat("2026-01-31T12:00:00+01:00")
    assert datetime.fromisoformat(made["recorded_at"]).utcoffset() is not None
    assert api.found(f"/cards/{card['id']}/entries") == {"items": [made], "next": None}


def test_a_card_on_no_phone_is_in_sync_with_none(api: Api, card: dict[str, Any]) -> None:
    assert api.found(f"/cards/{card['id']}/sync") == {"card_id": card["id"], "version": 1, "wallets": []}


@pytest.mark.parametrize("program_id", [UNKNOWN, "demo", "\x7f"])
def test_nobody_joins_a_program_that_is_not_there(api: Api, program_id: str) -> None:
    answer = api.post("/cards", {"program_id": program_id})
    assert answer.status_code in (404, 422)


def _program(api: Api) -> str:
    return str(api.found("/programs")["items"][0]["id"])


def _join(api: Api, count: int) -> list[str]:
    """Ids of new cards, oldest first."""
    program_id = _program(api)
    return [api.made("/cards", {"program_id": program_id})["id"] for _ in range(count)]


def _all(api: Api, path: str, limit: int) -> list[str]:
    """Ids over all pages; every page but the last is full."""
    ids: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = api.found(path, limit=limit, **after)
        assert set(page) == {"items", "next"}
        ids += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return ids
        assert len(page["items"]) == limit
        after = {"after": page["next"]}
