"""A shop with numbered cards on a PostgreSQL of its own, and fresh copies of it for every measurement.

The server is the demo's, with the durability of production: fsync, full_page_writes and synchronous_commit are on.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from cli.postgresql import PostgreSQL
from cli.valkey import Valkey
from issuer import api_keys, audit, brands, counter, migrating
from issuer.branding import load_branding
from issuer.cards import locked_card
from issuer.database import make_engine, transaction
from issuer.joining import Joining, join
from issuer.keys import keys_of
from issuer.ledger import Actor
from issuer.merchants import NewMerchant, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.schema import Program
from issuer.settings import load_settings
from issuer.visits import Visit

FIRST_NUMBER = 100_000
STAMPS_NEEDED = 30
API_KEY = "tp_key-of-the-benchmark"
ENVIRON = {
    "SECRET_KEY": "secret of the benchmark, 32 characters or more",
    "KEY_ENCRYPTION_KEY": "YmVuY2htYXJrLWJlbmNobWFyay1iZW5jaG1hcmstISE=",
    "PUBLIC_URL": "http://127.0.0.1:9400",
    "TREUEPASS_API_RATE": "10000000",
    "TREUEPASS_MODE": "test",
}
# What a card owns one of. Each gets an id that ends in the card's number, so that pgbench can name it.
NUMBERED = """
    CREATE TEMP TABLE numbered ON COMMIT DROP AS
    WITH card_number AS (SELECT id, 99999 + row_number() OVER (ORDER BY created_at, id) AS n FROM card),
    owned AS (
        SELECT id, 1 AS kind, n FROM card_number
        UNION ALL SELECT pass.id, 2, n FROM pass JOIN card_number ON card_number.id = card_id
        UNION ALL SELECT account.id, 2 + row_number() OVER (PARTITION BY card_id ORDER BY unit), n
            FROM account JOIN card_number ON card_number.id = card_id
    )
    SELECT id, format('00000000-0000-4000-8%s-000000%s', lpad(kind::text, 3, '0'), n)::uuid AS told FROM owned
"""
UUID_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
    USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type = 'uuid'
"""


@dataclass(frozen=True)
class Shop:
    """Where the shop's database is, and who is in it. ``cards``: numbered from `FIRST_NUMBER`."""

    url: str
    log_file: Path
    redis_url: str
    merchant_id: UUID
    api_key_id: UUID
    cards: int

    @property
    def actor(self) -> Actor:
        return Actor("api", self.api_key_id)


@dataclass(frozen=True)
class Server:
    """A running cluster: SQLAlchemy URL of its database, and its log. A Redis beside it."""

    url: str
    log_file: Path
    redis_url: str


def environ(url: str, redis_url: str) -> dict[str, str]:
    """The settings of a web process over this database."""
    return ENVIRON | {"DATABASE_URL": url, "REDIS_URL": redis_url}


def card_id(number: int) -> UUID:
    """Of the card with this number, from 0."""
    return UUID(f"00000000-0000-4000-8001-000000{FIRST_NUMBER + number}")


def plain(url: str) -> str:
    """The address as psycopg wants it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def named(url: str, database: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return f"{head.rpartition('/')[0]}/{database}?{tail}"


def logged(url: str) -> str:
    """The same database over connections whose every statement the server writes to its log."""
    return f"{url}&options={quote('-c log_statement=all')}"


@contextmanager
def own_server() -> Iterator[Server]:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    database, broker = PostgreSQL(), Valkey()
    with tempfile.TemporaryDirectory(prefix="treuepass-bench-") as folder:
        try:
            url, redis_url = (server.ensure(Path(folder), lambda _sentence: None).url for server in (database, broker))
            yield Server(url, Path(folder) / "log" / "postgresql.log", redis_url)
        finally:
            for server in (broker, database):
                server.discard()


def found_shop(server: Server, cards: int) -> Shop:
    """A merchant whose cards have one or two stamps each, so that a stamp meets accounts that are open."""
    migrating.upgrade(server.url)
    engine, now = make_engine(server.url), datetime.now(UTC)
    branding, keys = load_branding("cafe"), keys_of(load_settings(environ(server.url, server.redis_url), {}))
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant("Bench"), now)
        brand = brands.create_brand(session, merchant, branding, now)
        program_id = create_stamp_program(session, brand, branding, "bench", now, STAMPS_NEEDED).id
        api_key = api_keys.create_api_key(session, merchant.id, API_KEY, ["read", "write"], now)
    visit = Visit(Actor("api", api_key.id), now)
    for begin in range(0, cards, 100):
        with transaction(engine, merchant.id) as session:
            program = session.get_one(Program, program_id)
            for number in range(begin, min(begin + 100, cards)):
                later = now + timedelta(microseconds=number)  # by which they are numbered
                made = join(session, keys, program, Joining("de", "api"), later).id
                for _ in range(1 + number % 2):
                    _stamp(session, made, visit)
    engine.dispose()
    _number(server.url)
    return Shop(server.url, server.log_file, server.redis_url, merchant.id, api_key.id, cards)


def _stamp(session: Session, card: UUID, visit: Visit) -> None:
    locked = locked_card(session, card)
    if locked is None or not hasattr(counter.stamp(session, locked, 1, visit), "entries"):
        raise RuntimeError(f"card {card} took no stamp")


def _number(url: str) -> None:
    with psycopg.connect(plain(url)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(NUMBERED)
        connection.execute("CREATE INDEX ON numbered (id)")
        connection.execute("ANALYZE numbered")
        for table, column in connection.execute(UUID_COLUMNS).fetchall():
            mine = f'"{table}"."{column}"'
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = numbered.told FROM numbered WHERE {mine} = numbered.id'  # noqa: S608
            )
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("VACUUM FULL")
        connection.execute("ANALYZE")


@contextmanager
def fresh_copy(shop: Shop) -> Iterator[str]:
    """URL of a database that is the shop as it was founded; checkpointed, so that no measurement pays for the copy."""
    name = f"copy_{uuid4().hex[:12]}"
    with psycopg.connect(plain(named(shop.url, "postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE {name} TEMPLATE "treuepass" STRATEGY file_copy')
        connection.execute("CHECKPOINT")
        try:
            yield named(shop.url, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def amounts(url: str) -> dict[str, int]:
    """Rows by table, and the sums that a stamp raises."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    sums = {
        "balances": "SELECT sum(balance) FROM account",
        "versions": "SELECT sum(version) FROM card",
        "wanted": "SELECT sum(wanted_version) FROM publication",
    }
    with psycopg.connect(plain(url)) as connection:
        names = [name for (name,) in connection.execute(tables)]
        sums |= {name: f'SELECT count(*) FROM "{name}"' for name in names}  # noqa: S608
        return {name: int((connection.execute(query).fetchone() or [0])[0]) for name, query in sums.items()}


def durability(url: str) -> str:
    """What the server does before it says that a commit is safe."""
    with psycopg.connect(plain(url)) as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
        return ", ".join(f"{name} {(connection.execute(f'SHOW {name}').fetchone() or ['?'])[0]}" for name in names)


def breach(url: str) -> str | None:
    """What `treuepass audit` would say."""
    engine = create_engine(url)
    with Session(engine) as session:
        found = audit.first_breach(session)
    engine.dispose()
    return found
