"""Merchants cannot see, write or count each other's rows, whatever the code above the database forgets."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from issuer.customers import Profile
from issuer.database import UnsafeRole, check_role, make_engine, set_merchant, transaction
from issuer.schema import Base, Card, Customer, Merchant
from tests.conftest import plain
from tests.issuer.counting import Till

# Found before the merchant is known; ids, hashes, versions and times, nothing about a person (decision 9).
DIRECTORY = {
    "agenda",
    "due",
    "api_key",
    "card_code",
    "card_key",
    "certificate",
    "certificate_request",
    "google_class",
    "google_object",
    "invitation",
    "login_session",
    "membership",
    "pass",
    "program_slug",
    "publication",
    "registration",
    "rollout",
    "sweep",
    "till",
    "till_enrolment",
}
WITHOUT_MERCHANT = {
    "alembic_version",
    "device",
    "google_nonce",
    "google_root_keys",
    "heartbeat",
    "job_run",
    "push_stop",
    "users",
}
TENANT = sorted(
    table.name for table in Base.metadata.sorted_tables if "merchant_id" in table.c and table.name not in DIRECTORY
)


@pytest.fixture(scope="module")
def owner(shared_url: str) -> Any:
    with psycopg.connect(plain(shared_url), autocommit=True) as connection:
        yield connection


@pytest.fixture
def busy(till: Till) -> Till:
    """A merchant with a row in every table of the counter."""
    card_id = till.join(Profile("Erika Muster", "erika@example.org"))
    till.stamped(card_id, 20, reference="bill 1")
    till.held(card_id)
    till.redeem(card_id)
    return till


def _count(session: Session, table: str) -> int:
    return session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) or 0


def test_every_table_with_a_merchant_forces_row_level_security_or_is_directory(owner: Any) -> None:
    rows = owner.execute(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, EXISTS (SELECT FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname = 'merchant_id' AND NOT a.attisdropped)"
        " FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    ).fetchall()
    unguarded = {name for name, forced, _ in rows if not forced}
    assert unguarded == DIRECTORY | WITHOUT_MERCHANT
    assert {name for name, _, has in rows if has} >= DIRECTORY
    assert not {name for name, _, has in rows if has} & WITHOUT_MERCHANT


def test_every_policy_guards_reading_and_writing_for_everybody(owner: Any) -> None:
    rows = owner.execute(
        "SELECT tablename, permissive, roles::text, cmd, qual = with_check FROM pg_policies WHERE schemaname = 'public'"
    ).fetchall()
    assert {row[0] for row in rows} == {*TENANT, "merchant"}
    assert {row[1:] for row in rows} == {("PERMISSIVE", "{public}", "ALL", True)}


def test_no_directory_table_has_a_word_about_a_person() -> None:
    telling = ("name", "mail", "phone", "birthday", "address", "language")
    exempt = {("till", "name"), ("api_key", "name"), ("users", "email"), ("invitation", "email")}
    found = {
        (table, column.name)
        for table in DIRECTORY | WITHOUT_MERCHANT - {"alembic_version", "heartbeat", "job_run"}
        for column in Base.metadata.tables[table].columns
        if any(word in column.name for word in telling)
    }
    assert found == exempt


def test_without_a_merchant_no_table_shows_a_row(busy: Till) -> None:
    with transaction(busy.engine) as session:
        assert {table for table in [*TENANT, "merchant"] if _count(session, table)} == set()


def test_with_the_merchant_set_its_own_rows_are_there(busy: Till) -> None:
    with busy.work() as session:
        filled = {table for table in TENANT if _count(session, table)}
    assert filled >= {"card", "customer", "personal_data", "consent", "purchase", "posting", "entry", "hold", "event"}


def test_with_another_merchant_set_none_of_the_first_ones_rows_are_there(busy: Till, other_till: Till) -> None:
    def strange(session: Session, table: str) -> bool:
        column = Base.metadata.tables[table].c.merchant_id
        return bool(session.scalar(select(func.count()).where(column != other_till.shop.merchant_id)))

    with other_till.work() as session:
        assert {table for table in TENANT if strange(session, table)} == set()


def test_a_merchant_sees_only_itself(busy: Till, other_till: Till) -> None:
    with other_till.work() as session:
        assert session.scalars(select(Merchant.id)).all() == [other_till.shop.merchant_id]
        assert session.get(Merchant, busy.shop.merchant_id) is None


def test_another_merchants_card_is_not_found_by_its_id(busy: Till, other_till: Till) -> None:
    card_id = busy.join()
    with other_till.work() as session:
        assert session.get(Card, card_id) is None


def test_nothing_is_written_in_another_merchants_name(till: Till, other_till: Till) -> None:
    row = {"id": uuid4(), "merchant_id": other_till.shop.merchant_id, "created_at": till.now}
    with pytest.raises(ProgrammingError, match="row-level security"), till.work() as session:
        session.execute(insert(Customer).values(row))


def test_nothing_is_written_without_a_merchant(till: Till) -> None:
    row = {"id": uuid4(), "merchant_id": till.shop.merchant_id, "created_at": till.now}
    with pytest.raises(ProgrammingError, match="row-level security"), transaction(till.engine) as session:
        session.execute(insert(Customer).values(row))


def test_no_row_is_moved_to_another_merchant(busy: Till, other_till: Till) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), busy.work() as session:
        session.execute(update(Customer).values(merchant_id=other_till.shop.merchant_id))


def test_another_merchants_rows_are_neither_changed_nor_deleted(busy: Till, other_till: Till) -> None:
    card_id = busy.join()
    with other_till.work() as session:
        assert session.execute(update(Card).values(state="blocked")).rowcount == 0
        assert session.execute(text("DELETE FROM idempotency_key")).rowcount == 0
    assert busy.view(card_id).state == "active"


def test_the_merchant_is_forgotten_when_the_transaction_ends(busy: Till, shared_url: str) -> None:
    engine = make_engine(shared_url, pool_size=1)
    with transaction(engine, busy.shop.merchant_id) as session:
        assert _count(session, "card") == 1
    with transaction(engine) as session:
        assert _count(session, "card") == 0
    engine.dispose()


def test_the_merchant_is_forgotten_when_the_transaction_fails(busy: Till, shared_url: str) -> None:
    engine = make_engine(shared_url, pool_size=1)
    with Session(engine) as session:
        set_merchant(session, busy.shop.merchant_id)
        session.rollback()
        assert _count(session, "card") == 0
    engine.dispose()


def test_the_applications_role_is_content_with_itself(till: Till) -> None:
    with transaction(till.engine) as session:
        check_role(session)
        assert session.scalar(text("SELECT current_user")) == "treuepass_app"


def test_a_superuser_is_refused(shared_url: str) -> None:
    engine = create_engine(shared_url)
    with Session(engine) as session, pytest.raises(UnsafeRole, match="can see past row-level security"):
        check_role(session)
    engine.dispose()


@pytest.mark.parametrize("trait", ["BYPASSRLS", "owner"])
def test_a_role_that_could_see_past_row_level_security_is_refused(shared_url: str, owner: Any, trait: str) -> None:
    name = f"role_{uuid4().hex}"
    owner.execute(f"CREATE ROLE {name} NOLOGIN {'BYPASSRLS' if trait == 'BYPASSRLS' else ''}")
    owner.execute(f"CREATE TABLE of_{name} ()")
    owner.execute(f"ALTER TABLE of_{name} OWNER TO {name if trait == 'owner' else 'current_user'}")
    engine = create_engine(shared_url)
    with Session(engine) as session:
        session.execute(text(f"SET ROLE {name}"))
        with pytest.raises(UnsafeRole, match=name):
            check_role(session)
    engine.dispose()
    owner.execute(f"DROP TABLE of_{name}")
    owner.execute(f"DROP ROLE {name}")


def test_even_the_tables_owner_sees_nothing_without_a_merchant(busy: Till, shared_url: str, owner: Any) -> None:
    name = f"role_{uuid4().hex}"
    with psycopg.connect(plain(shared_url)) as connection:
        connection.execute(f"CREATE ROLE {name} NOLOGIN")
        connection.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {name}")
        connection.execute(f"ALTER TABLE card OWNER TO {name}")
        connection.execute(f"SET LOCAL ROLE {name}")
        assert connection.execute("SELECT count(*) FROM card").fetchone() == (0,)
        connection.rollback()


def test_the_application_may_not_switch_row_level_security_off(till: Till) -> None:
    for statement in ("ALTER TABLE card DISABLE ROW LEVEL SECURITY", "DROP POLICY own_merchant ON card"):
        with pytest.raises(ProgrammingError, match="must be owner"), till.work() as session:
            session.execute(text(statement))


def test_the_application_cannot_pretend_another_schema(till: Till) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), till.work() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
