"""Which tables row-level security does not hold, by name, and what those may contain."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import plain

# Found before the merchant is known (docs/decisions.md): ids, hashes, versions and times; nothing about a customer.
DIRECTORY = {
    "users", "membership", "login_session", "api_key", "program_slug", "card_key", "pass", "card_code", "device",
    "registration", "publication", "rollout", "till", "till_enrolment", "invitation", "certificate",
    "certificate_request", "job_run", "heartbeat", "due", "push_stop", "google_class", "google_object",
    "google_root_keys", "google_nonce", "agenda", "sweep", "alembic_version",
}  # fmt: skip
PERSONAL = ("name", "mail", "phone", "birth", "address", "contact", "note", "gender")
# The names of machines and of those who sign in are no customer's.
EXCUSED = {
    ("users", "email"),
    ("invitation", "email"),
    ("till", "name"),
    ("api_key", "name"),
    ("heartbeat", "name"),
    ("job_run", "name"),
}
APPEND_ONLY = {"posting", "entry", "event", "consent"}
ROLE = "treuepass_app"


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        yield connection


def _tables(connection: psycopg.Connection, condition: str) -> set[str]:
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND "
    return {name for (name,) in connection.execute(tables + condition)}


def test_only_directory_tables_are_seen_by_all(connection: psycopg.Connection) -> None:
    assert _tables(connection, "NOT relrowsecurity") == DIRECTORY


def test_row_level_security_holds_for_owners_too(connection: psycopg.Connection) -> None:
    assert _tables(connection, "relrowsecurity AND NOT relforcerowsecurity") == set()


def test_every_protected_table_has_one_policy_for_reading_and_writing(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT tablename, cmd, roles, qual, with_check FROM pg_policies").fetchall()
    assert sorted(row[0] for row in rows) == sorted(_tables(connection, "relrowsecurity"))
    for table, command, roles, seen, written in rows:
        assert (command, roles, seen) == ("ALL", ["public"], written), table
        assert "treuepass.merchant" in seen, table


def test_every_protected_table_names_its_merchant(connection: psycopg.Connection) -> None:
    query = "SELECT table_name FROM information_schema.columns WHERE column_name = 'merchant_id' AND is_nullable = 'NO'"
    named = {name for (name,) in connection.execute(query)}
    assert _tables(connection, "relrowsecurity") - named == {"merchant"}


def test_directory_tables_say_nothing_about_a_customer(connection: psycopg.Connection) -> None:
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    found = {
        (table, column)
        for table, column in connection.execute(query)
        if table in DIRECTORY and any(word in column for word in PERSONAL)
    }
    assert found <= EXCUSED


def test_without_a_merchant_protected_tables_are_empty_and_closed(connection: psycopg.Connection) -> None:
    connection.execute(f"SET ROLE {ROLE}")
    for table in _tables(connection, "relrowsecurity"):
        assert connection.execute(f"TABLE {table}").fetchall() == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            "INSERT INTO merchant (id, name, zone, currency, contact, created_at)"
            " VALUES (gen_random_uuid(), 'x', 'UTC', 'EUR', '{}', now())"
        )


def test_the_application_owns_nothing_and_is_nobody(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s",
        [ROLE],
    ).fetchone()
    assert row == (False, False, False, False, False)
    assert connection.execute("SELECT count(*) FROM pg_tables WHERE tableowner = %s", [ROLE]).fetchone() == (0,)


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize("deed", ["UPDATE {} SET merchant_id = merchant_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_history_cannot_be_changed_even_by_its_owner(connection: psycopg.Connection, table: str, deed: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(deed.format(table))


def test_the_application_cannot_pretend_another_schema(connection: psycopg.Connection) -> None:
    connection.execute(f"SET ROLE {ROLE}")
    assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE alembic_version SET version_num = 'x'")
