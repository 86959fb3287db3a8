"""Texts and instants that the API takes, and those it does not."""

from typing import Any

import pytest

from tests.conftest import Cafe
from tests.web.asking import Api, refused


@pytest.mark.parametrize("name", ["Ana\u00a0Maria", "क्\u200dष", "👩\u200d🍳", "Zoë"])
def test_names_are_taken_as_people_write_them(api: Api, cafe: Cafe, name: str) -> None:
    api.made("/cards", {"program_id": str(cafe.program_id), "customer": {"name": name}})


@pytest.mark.parametrize("name", ["Ana\nMaria", "\x1b[31mred", "a\x00b"])
def test_names_with_control_characters_are_refused(api: Api, cafe: Cafe, name: str) -> None:
    answer = api.post("/cards", {"program_id": str(cafe.program_id), "customer": {"name": name}})
    refused(answer, 422, "invalid_body")


@pytest.mark.parametrize("at", [1763700000, 1.5, True, "yesterday", "2026-11-21", "2026-11-21T09:30:00"])
def test_an_instant_that_is_not_rfc_3339_with_offset_is_refused(api: Api, card: dict[str, Any], at: Any) -> None:
    answer = api.post(f"/cards/{card['id']}/stamps", {"occurred_at": at})
    refused(answer, 422, "invalid_body")
    assert answer.get_json()["errors"][0]["field"] == "occurred_at"


def test_unknown_addresses_of_the_api_speak_english_to_machines(api: Api) -> None:
    assert "Nothing is here" in api.get("/nowhere").get_json()["detail"]
