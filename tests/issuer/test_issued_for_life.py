"""What a phone or a till knows a pass by never changes once it is issued: cause 23 of docs/apple-rules.md."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.programs import program_view
from issuer.registrations import pass_token
from issuer.resealing import SEALED, reseal
from issuer.schema import CardCode, Pass
from signing.envelope import KeyRing, seal
from tests.conftest import PASS_TYPE, Cafe, plain

OLD, NEW = b"o" * 32, b"n" * 32
Issue = Callable[[], Pass]


@pytest.fixture
def old_keys(keys: Keys) -> Keys:
    return replace(keys, encryption=OLD)


@pytest.fixture
def issue(engine: Engine, old_keys: Keys, cafe: Cafe, certificate: None, now: object) -> Issue:
    """A card's pass, with its pass type."""

    def issued() -> Pass:
        with transaction(engine, cafe.merchant_id) as session:
            program = program_view(session, cafe.program_id)
            assert program is not None
            card = join(session, old_keys, program.program, Joining("de", "api"), now)
            return session.scalars(select(Pass).where(Pass.card_id == card.id)).one()

    return issued


CHANGES = {
    "serial": "UPDATE pass SET serial = 'another' WHERE id = %s",
    "serial cut": "UPDATE pass SET serial = left(serial, 31) WHERE id = %s",
    "pass type": "UPDATE pass SET pass_type = 'pass.example.other' WHERE id = %s",
    "pass type taken": "UPDATE pass SET pass_type = NULL WHERE id = %s",
    "token": "UPDATE pass SET token_sealed = set_byte(token_sealed, 65, get_byte(token_sealed, 65) # 1) WHERE id = %s",
    "token's end": "UPDATE pass SET token_sealed = substr(token_sealed, 1, length(token_sealed) - 1) WHERE id = %s",
    "token taken": "UPDATE pass SET token_sealed = '' WHERE id = %s",
    "code": "UPDATE card_code SET code = 'T1ANOTHER' WHERE pass_id = %s",
    "short code": "UPDATE card_code SET short_code = 'ANOTHER' WHERE pass_id = %s",
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_it_even_to_its_owner(issue: Issue, database_url: str, change: str) -> None:
    issued = issue()
    refused = pytest.raises(psycopg.errors.RestrictViolation, match="keeps what it was issued with: revoke it")
    with psycopg.connect(plain(database_url), autocommit=True) as connection, refused:
        connection.execute(CHANGES[change], [issued.id])


def test_a_new_token_is_refused_to_the_application(issue: Issue, engine: Engine, old_keys: Keys) -> None:
    issued = issue()
    another = seal(OLD, pass_token(issued, old_keys)[::-1].encode(), purpose=f"pass token {issued.id}")
    with pytest.raises(IntegrityError, match="pass keeps what it was issued with"), transaction(engine) as session:
        session.get_one(Pass, issued.id).token_sealed = another
    with transaction(engine) as session:
        assert pass_token(session.get_one(Pass, issued.id), old_keys) == pass_token(issued, old_keys)


def test_the_token_of_another_pass_is_refused(issue: Issue, engine: Engine) -> None:
    mine, yours = issue(), issue()
    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.get_one(Pass, mine.id).token_sealed = yours.token_sealed


def test_under_a_new_key_it_is_the_same_token(issue: Issue, engine: Engine, old_keys: Keys) -> None:
    issued = issue()
    with transaction(engine) as session:
        before = {row.id: pass_token(row, old_keys) for row in session.scalars(select(Pass))}
    tokens = next(sealed for sealed in SEALED if sealed.row is Pass)
    new_keys = replace(old_keys, encryption=NEW)
    with transaction(engine) as session:
        assert reseal(session, replace(old_keys, encryption=KeyRing(NEW, (OLD,))), tokens, None, 100).done == 1
    with transaction(engine) as session:
        row = session.get_one(Pass, issued.id)
        assert row.token_sealed[:65] != issued.token_sealed[:65]
        assert {row.id: pass_token(row, new_keys)} == before


def test_a_pass_of_before_the_first_certificate_gets_its_type_once(
    issue: Issue, engine: Engine, database_url: str
) -> None:
    issued = issue()
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        connection.execute("ALTER TABLE pass DISABLE TRIGGER as_issued")
        connection.execute("UPDATE pass SET pass_type = NULL")
        connection.execute("ALTER TABLE pass ENABLE TRIGGER as_issued")
    with transaction(engine) as session:
        session.get_one(Pass, issued.id).pass_type = PASS_TYPE
    with pytest.raises(DBAPIError), transaction(engine) as session:
        session.get_one(Pass, issued.id).pass_type = "pass.example.other"


def test_what_happens_to_a_pass_may_be_noted(issue: Issue, engine: Engine) -> None:
    issued = issue()
    with transaction(engine) as session:
        session.execute(text("UPDATE pass SET revoked_at = now(), downloaded_version = 3, downloaded_at = now()"))
        session.execute(text("UPDATE card_code SET revoked_at = now()"))
        assert session.get_one(Pass, issued.id).serial == issued.serial
        assert session.scalars(select(CardCode).where(CardCode.pass_id == issued.id)).one().revoked_at is not None
