"""Migrating twice, and what a database of another release is told."""

import psycopg
import pytest
from sqlalchemy import create_engine

from issuer import migrating
from tests.conftest import plain


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
