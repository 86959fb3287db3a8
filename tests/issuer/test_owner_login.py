"""The login that owns the tables may be an ordinary one, and the application may start from it."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from issuer import migrating
from issuer.database import check_role, make_engine, transaction
from tests.conftest import Servers, named, plain


@pytest.fixture
def owner_url(servers: Servers) -> Iterator[str]:
    """An empty database of a login that is no superuser and stands to the role as its creator does."""
    name = f"owner_{uuid4().hex}"
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE")
        connection.execute(f"GRANT treuepass_app TO {name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        yield named(servers.database, name).replace("//treuepass@", f"//{name}@")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {name}")


def test_a_login_that_created_the_role_may_step_down_to_it_after_the_migration(owner_url: str) -> None:
    migrating.upgrade(owner_url)
    engine = make_engine(owner_url, pool_size=1)
    with transaction(engine) as session:
        check_role(session)
    engine.dispose()
