"""`treuepass key`: keys for who has no browser at hand."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select

from cli.main import main
from issuer import api_keys
from issuer.database import transaction
from issuer.schema import ApiKey, Event
from tests.conftest import Cafe


@pytest.fixture(autouse=True)
def _settings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, ["key", *words])


def _create(*words: str) -> dict[str, str]:
    result = _run("create", *words)
    assert result.exit_code == 0, result.output
    api, key_id, token = (line.split()[-1] for line in result.output.splitlines())
    assert api == "http://127.0.0.1:8000/api/v1"
    return {"id": key_id, "token": token}


def _key(engine: Engine, token: str, now: datetime) -> ApiKey | None:
    with transaction(engine) as session:
        caller = api_keys.api_key_of(session, token, now)
        return session.get_one(ApiKey, caller.id) if caller else None


def test_a_key_is_printed_once_and_may_read_and_write(engine: Engine, cafe: Cafe, now: datetime) -> None:
    made = _create("--name", "Till 2")
    row = _key(engine, made["token"], now)
    assert row is not None
    assert (str(row.id), row.merchant_id, row.name) == (made["id"], cafe.merchant_id, "Till 2")
    assert row.scopes == ["read", "write"]
    assert made["token"] not in _run("list").output


def test_scopes_are_those_that_were_named(engine: Engine, cafe: Cafe, now: datetime) -> None:
    row = _key(engine, _create("--scope", "programs", "--scope", "read")["token"], now)
    assert row is not None
    assert row.scopes == ["read", "programs"]


@pytest.mark.parametrize("words", [("--scope", "admin"), ("--name", "x" * 61), ("--name", "a\nb\x00")])
def test_what_cannot_be_a_key_is_refused(cafe: Cafe, words: tuple[str, ...]) -> None:
    assert _run("create", *words).exit_code != 0
    assert len(_run("list").output.splitlines()) == 1


def test_the_list_names_each_key(cafe: Cafe) -> None:
    made = _create("--name", "Till 2")
    (line,) = [line for line in _run("list").output.splitlines() if made["id"] in line]
    for part in (f"…{made['token'][-4:]}", "read,write", "never used", "Till 2"):
        assert part in line


def test_a_revoked_key_opens_nothing(engine: Engine, cafe: Cafe, now: datetime) -> None:
    made = _create()
    assert _run("revoke", made["id"]).exit_code == 0
    assert _key(engine, made["token"], now) is None
    (line,) = [line for line in _run("list").output.splitlines() if made["id"] in line]
    assert "revoked" in line
    again = _run("revoke", made["id"])
    assert (again.exit_code, "no live key" in again.output) == (1, True)


def test_one_of_several_merchants_has_to_be_named(engine: Engine, cafe: Cafe, other_cafe: Cafe, now: datetime) -> None:
    for words in (["create"], ["list"], ["revoke", str(uuid4())]):
        assert "several merchants" in _run(*words).output
    row = _key(engine, _create("--merchant-id", str(other_cafe.merchant_id))["token"], now)
    assert row is not None
    assert row.merchant_id == other_cafe.merchant_id


def test_another_merchants_key_is_not_revoked(engine: Engine, cafe: Cafe, other_cafe: Cafe, now: datetime) -> None:
    made = _create("--merchant-id", str(cafe.merchant_id))
    assert _run("revoke", made["id"], "--merchant-id", str(other_cafe.merchant_id)).exit_code == 1
    assert _key(engine, made["token"], now) is not None


def test_what_a_command_did_is_remembered(engine: Engine, cafe: Cafe) -> None:
    made = _create("--name", "Till 2")
    _run("revoke", made["id"])
    with transaction(engine, cafe.merchant_id) as session:
        mine = select(Event.kind).where(Event.data["key_id"].astext == made["id"]).order_by(Event.at)
        assert session.scalars(mine).all() == ["api_key_made", "api_key_revoked"]
        assert session.get_one(ApiKey, UUID(made["id"])).created_by is None
