"""Merchants to act for. Most tests share one database and found a merchant of their own in it: that takes milliseconds.

Tests that look at all merchants at once ask for `own_till`, which stands alone in a database.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine

from issuer.database import make_engine
from issuer.keys import Keys
from tests.conftest import TEMPLATE, Servers, named, plain
from tests.issuer.counting import Till, found
from tests.issuer.promoting import Stage


@pytest.fixture(scope="session")
def shared_url(servers: Servers) -> Iterator[str]:
    """A migrated database for everybody in this folder, as its owner sees it."""
    name = f"shared_{uuid4().hex}"
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield named(servers.database, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared_engine(shared_url: str) -> Iterator[Engine]:
    engine = make_engine(shared_url, pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(codes=b"c" * 32, encryption=b"k" * 32, mail=b"m" * 32)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


Founder = Callable[[], Till]


@pytest.fixture
def another(shared_engine: Engine, keys: Keys, now: datetime) -> Founder:
    """Founds one merchant after the other."""
    return lambda: found(shared_engine, keys, now)


@pytest.fixture
def till(another: Founder) -> Till:
    return another()


@pytest.fixture
def other_till(another: Founder) -> Till:
    """Somebody else's merchant."""
    return another()


@pytest.fixture
def own_till(engine: Engine, keys: Keys, now: datetime) -> Till:
    """A merchant alone in a database."""
    return found(engine, keys, now)


@pytest.fixture
def stage(till: Till) -> Stage:
    """The till with the worker of offers beside it, at the same moment."""
    return Stage(till, till.now)
