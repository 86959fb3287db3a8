"""Another merchant's ids are not found, on every route of the console there is: a new route is covered by itself."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine
from werkzeug.routing import Rule

from issuer import api_keys, paper, team, tills
from issuer.database import transaction
from issuer.editing import Author
from issuer.keys import Keys
from issuer.ledger import posting_of
from issuer.schema import Program
from tests.conftest import API_KEY, Cafe
from tests.web.asking import Api
from tests.web.belongings import Ids, belongings
from tests.web.members import Member, member
from tests.web.test_api_strangers import NOBODY, unconnected_app

CONSOLE = "/console"
# One's own sessions only: ending one that is not there, or not one's own, changes nothing and says so to nobody.
OWN = {"session_id"}
ID = re.compile(r"<(\w+_id)>")
CALLS = [
    (method, rule)
    for rule in unconnected_app().url_map.iter_rules()
    for method in sorted((rule.methods or set()) & {"GET", "POST"})
    if rule.rule.startswith(CONSOLE) and {name for name in rule.arguments if name.endswith("_id")} - OWN
]


def _name(value: object) -> str:
    return value.rule.removeprefix(CONSOLE) if isinstance(value, Rule) else str(value)


@pytest.fixture
def owner(app: OpenAPI, cafe: Cafe, now: datetime) -> Member:
    return member(app, now, (cafe.merchant_id, "owner"))


@pytest.fixture(scope="module")
def ids(app: OpenAPI, other_cafe: Cafe) -> Ids:
    """Of what the other merchant has made over the API."""
    return belongings(Api(app.test_client(), f"{API_KEY}-other"), other_cafe)


@pytest.fixture
def theirs(app: OpenAPI, engine: Engine, keys: Keys, ids: Ids, other_cafe: Cafe, now: datetime) -> dict[str, str]:
    """One id of each sort that the other merchant has."""
    colleague = member(app, now, (other_cafe.merchant_id, "manager"))
    author = Author(colleague.user_id, other_cafe.merchant_id, now)
    with transaction(engine, other_cafe.merchant_id) as session:
        program = session.get_one(Program, other_cafe.program_id)
        batch = paper.print_batch(session, keys, author, program, 1, "de")
        tills.invite_till(
            session, other_cafe.location_id, other_cafe.merchant_id, "link", now, expires_at=now + timedelta(hours=1)
        )
        enrolled = tills.enrol(session, "link", now)
        assert team.invite(session, author, "guest@cafe.example", "staff", "token") is None
        key = api_keys.create_api_key(session, other_cafe.merchant_id, colleague.email, api_keys.SCOPES, now)
        posting = posting_of(session, UUID(ids["entry_id"]))
        return ids | {
            "posting_id": str(posting.id),  # type: ignore[union-attr]
            "batch_id": str(batch.id),  # type: ignore[union-attr]
            "invitation_id": str(team.invitations(session, other_cafe.merchant_id, now)[0].id),
            "key_id": str(key.id),
            "staff_id": str(other_cafe.staff_id),
            "till_id": str(enrolled[0].id),  # type: ignore[index]
            "user_id": str(colleague.user_id),
        }


def _status(owner: Member, method: str, path: str) -> int:
    if method == "GET":
        return int(owner.browser.client.get(path).status_code)
    return int(owner.browser.submit(path, name="Mine", role="staff", pin="8025").status_code)


@pytest.mark.parametrize(("method", "rule"), CALLS, ids=_name)
def test_another_merchants_id_is_not_found(owner: Member, theirs: dict[str, str], method: str, rule: Rule) -> None:
    assert _status(owner, method, ID.sub(lambda found: theirs[found[1]], rule.rule)) == 404


@pytest.mark.parametrize(("method", "rule"), [call for call in CALLS if len(call[1].arguments) > 1], ids=_name)
def test_another_merchants_id_is_not_found_under_ones_own_card(
    owner: Member, card: dict[str, Any], theirs: dict[str, str], method: str, rule: Rule
) -> None:
    ids = theirs | {"card_id": card["id"]}
    assert _status(owner, method, ID.sub(lambda found: ids[found[1]], rule.rule)) == 404


def test_another_merchants_card_cannot_be_taken_over_by_its_code(
    owner: Member, card: dict[str, Any], other_api: Api, theirs: dict[str, str]
) -> None:
    code = other_api.found(f"/cards/{theirs['card_id']}")["code"]
    answer = owner.browser.submit(f"/console/cards/{card['id']}/merge", code=code)
    assert answer.status_code == 422
    assert other_api.found(f"/cards/{theirs['card_id']}")["state"] == "active"


@pytest.mark.parametrize(("method", "rule"), CALLS, ids=_name)
def test_an_id_of_nothing_is_not_found(owner: Member, method: str, rule: Rule) -> None:
    for nothing in (NOBODY, "7", "x" * 300, "null", "é"):
        assert _status(owner, method, ID.sub(nothing, rule.rule)) == 404


def test_there_are_routes_to_knock_at() -> None:
    assert len(CALLS) >= 24
