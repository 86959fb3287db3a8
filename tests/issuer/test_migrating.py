"""Who may migrate, and what a database of another release is told."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, text

from issuer import migrating
from issuer.database import check_role, make_engine, transaction
from tests.conftest import Servers, named, plain


@pytest.fixture
def modest_owner(servers: Servers) -> Iterator[str]:
    """The address of an empty database whose owner is no superuser but may create roles."""
    name = f"modest_{uuid4().hex[:12]}"
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE")
        connection.execute(f"GRANT treuepass_app TO {name} WITH ADMIN OPTION")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        yield named(servers.database, name).replace("treuepass@", f"{name}@")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {name}")


def test_an_owner_that_is_no_superuser_migrates_and_steps_down(modest_owner: str) -> None:
    migrating.upgrade(modest_owner)
    engine = make_engine(modest_owner)
    with transaction(engine) as session:
        check_role(session)
        assert session.scalar(text("SELECT current_user")) == "treuepass_app"
        assert session.scalar(text("SELECT count(*) FROM card")) == 0
    engine.dispose()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrating.upgrade(database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert migrating.current(connection) == migrating.head()
    engine.dispose()


def test_a_database_of_a_newer_release_is_refused_with_what_to_do(database_url: str) -> None:
    with psycopg.connect(plain(database_url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrating.SchemaNewer, match="9999, which this release does not know"):
        migrating.upgrade(database_url)
