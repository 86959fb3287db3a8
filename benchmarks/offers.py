"""Does a tick of offers cost what is due, or what there is? `python -m benchmarks.offers`."""

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import psycopg
from sqlalchemy import Engine

from benchmarks import report
from benchmarks.shop import environ, named, plain
from cli.postgresql import PostgreSQL
from issuer import migrating, offering
from issuer.branding import load_branding
from issuer.brands import create_brand
from issuer.database import transaction
from issuer.merchants import NewMerchant, create_merchant
from issuer.offering import Through
from issuer.offers.offer import Offer
from issuer.program_changes import create_stamp_program
from issuer.schema import Offer as Row
from issuer.settings import load_settings
from worker.offers import show_offers
from worker.office import Office

AIM = 20
DUE = 1000
TICKS, WARM_UP = 10, 3
"""Each finds other cards, spread evenly over all. A connection that was at work before has its memory mapped."""
AHEAD = 40
"""Ticks of the many before. After a checkpoint a page goes whole into the log when it is first changed: the few have
that behind them after a tick, and a shop where cards come due every second after a minute."""

NO_REDIS = "redis://127.0.0.1:1/0"
SEVEN = datetime(2026, 6, 2, 5, tzinfo=UTC)
"""When the shops in Berlin open."""
TEXTS = {"de": {"card": "Kaffee und Croissant 3,90"}, "en": {"card": "Coffee and croissant 3.90"}}
TRIGGERS: Sequence[dict[str, Any]] = (
    {"kind": "time", "hours": {"start": "07:00", "end": "10:00"}},
    {"kind": "nearly"},
    {"kind": "quiet", "days": 30},
    {"kind": "birthday"},
)
# In the pages of rows that were changed before there is room, so that nearly every change of a card stays in its page.
# A card each: joined in April, a stamp two weeks ago, shown the morning's offer yesterday, to be looked at tomorrow.
ROWS = """
    ALTER TABLE card SET (fillfactor = 90); ALTER TABLE publication SET (fillfactor = 90);
    ALTER TABLE agenda SET (fillfactor = 90);
    CREATE TEMP TABLE made AS SELECT n, md5('customer' || n)::uuid AS customer, md5('card' || n)::uuid AS card,
        md5('pass' || n)::uuid AS pass, md5('posting' || n)::uuid AS posting, md5('account' || n)::uuid AS account,
        %(seven)s::timestamptz - interval '45 days' + n * interval '1 second' AS joined,
        %(seven)s::timestamptz - interval '14 days' - n %% 86400 * interval '1 second' AS came
    FROM generate_series(1, %(cards)s) AS n;
    INSERT INTO customer (id, merchant_id, created_at) SELECT customer, %(merchant)s, joined FROM made;
    INSERT INTO card (id, merchant_id, customer_id, program_id, program_version, language, state, version, web_key,
            created_at)
        SELECT card, %(merchant)s, customer, %(program)s, 1, 'de', 'active', 2, 'key' || n, joined FROM made;
    INSERT INTO pass (id, merchant_id, card_id, serial, token_sealed, created_at)
        SELECT pass, %(merchant)s, card, 'serial' || n, '', joined FROM made;
    INSERT INTO card_code (code, short_code, merchant_id, card_id, pass_id, created_at)
        SELECT 'code' || n, 'short' || n, %(merchant)s, card, pass, joined FROM made;
    INSERT INTO publication (pass_id, channel, merchant_id, wanted_version, reason, priority)
        SELECT pass, 'apple', %(merchant)s, 2, 'stamp', 0 FROM made;
    INSERT INTO account (id, merchant_id, program_id, card_id, unit, role, balance)
        SELECT account, %(merchant)s, %(program)s, card, 'stamps', 'card', 1 FROM made;
    INSERT INTO posting (id, merchant_id, card_id, version, program_version, cause, actor, occurred_at, recorded_at)
        SELECT posting, %(merchant)s, card, 2, 1, 'stamp', 'api', came, came FROM made;
    INSERT INTO entry (id, merchant_id, posting_id, account_id, card_id, unit, amount, cause)
        SELECT md5('entry' || n)::uuid, %(merchant)s, posting, account, card, 'stamps', 1, 'stamp' FROM made;
    INSERT INTO showing (offer_id, card_id, turn, merchant_id, customer_id, version, arm, state, opens_at, closes_at,
            decided_at, shown_at, ended_at, ended, ambient)
        SELECT %(offer)s, card, '2026-06-01', %(merchant)s, customer, 1, 'a', 'over', came, came, came, came, came,
            'closed', true FROM made;
    INSERT INTO agenda (card_id, merchant_id, due_at)
        SELECT card, %(merchant)s, %(seven)s::timestamptz + interval '1 day' FROM made;
    DELETE FROM sweep;
    DROP TABLE made
"""
SPREAD = """
    UPDATE agenda SET due_at = %(now)s WHERE card_id IN (
        SELECT md5('card' || one * %(step)s - %(shift)s)::uuid FROM generate_series(1, %(due)s) AS one
    )
"""


@dataclass
class Moments:
    """A clock that goes on when it is told to; each second, one worker works."""

    at: datetime = SEVEN

    def now(self) -> datetime:
        return self.at


@dataclass
class Shop:
    """A merchant with so many cards in a database of its own, of ``size`` MB, and its worker.

    ``ticks``: at most. ``took``: milliseconds of each.
    """

    url: str
    cards: int
    office: Office
    ticks: int
    moments: Moments = field(default_factory=Moments)
    took: list[float] = field(default_factory=list)
    size: int = 0

    def tick(self) -> None:
        """Other cards come due, and the worker looks at them."""
        self.moments.at += timedelta(seconds=10)
        step = self.cards // DUE
        values = {"now": self.moments.at, "step": step, "shift": len(self.took) * (step // self.ticks), "due": DUE}
        with psycopg.connect(plain(self.url)) as connection:
            connection.execute(SPREAD, values)
        begun = time.perf_counter()
        changed = show_offers(self.office)
        self.took.append(1000 * (time.perf_counter() - begun))
        if changed != DUE:
            raise click.ClickException(f"{changed} cards of {DUE} show an offer")


@contextmanager
def own_server(memory: str, log: str) -> Iterator[str]:
    """The address of a server with so much memory for pages and log between checkpoints, as PostgreSQL spells it."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    server = PostgreSQL()
    with tempfile.TemporaryDirectory(prefix="treuepass-bench-") as folder:
        try:
            url = server.ensure(Path(folder), lambda _sentence: None).url
            with psycopg.connect(plain(url), autocommit=True) as connection:
                connection.execute(f"ALTER SYSTEM SET shared_buffers = '{memory}'")
                connection.execute(f"ALTER SYSTEM SET max_wal_size = '{log}'")
            server.stop()
            yield server.ensure(Path(folder), lambda _sentence: None).url
        finally:
            server.discard()


@contextmanager
def shop(server_url: str, cards: int, ticks: int) -> Iterator[Shop]:
    """Founded by the service, filled by SQL: a million cards that join one by one would take hours."""
    url = named(server_url, f"cards_{cards}")
    with psycopg.connect(plain(server_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE cards_{cards}")
    migrating.upgrade(url)
    office = Office(load_settings(environ(url, NO_REDIS), {}))
    found = Shop(url, cards, office, ticks)
    office.__dict__["clock"] = found.moments
    merchant_id, program_id = _found(office.engine)
    offers = [_live(office.engine, merchant_id, trigger) for trigger in TRIGGERS]
    values = {"cards": cards, "merchant": merchant_id, "program": program_id, "offer": offers[0], "seven": SEVEN}
    with psycopg.connect(plain(url), autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        # Foreign keys are not looked up a million times: what refers to what is plain to see above.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute(ROWS, values)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        found.size = (connection.execute("SELECT pg_database_size(current_database()) >> 20").fetchone() or (0,))[0]
    yield found
    office.engine.dispose()


def _found(engine: Engine) -> tuple[UUID, UUID]:
    now, branding = SEVEN - timedelta(days=60), load_branding("cafe")
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant("Bench"), now)
        brand = create_brand(session, merchant, branding, now)
        return merchant.id, create_stamp_program(session, brand, branding, "bench", now).id


def _live(engine: Engine, merchant_id: UUID, trigger: dict[str, Any]) -> UUID:
    now = SEVEN - timedelta(days=30)
    offer = Offer.model_validate({"name": "Bench", "trigger": trigger, "content": TEXTS})
    with transaction(engine, merchant_id) as session:
        row = offering.create(session, merchant_id, offer, now)
        if not isinstance(row, Row):
            raise click.ClickException(row.sentence("en"))
        offering.publish_offer(session, row.id, Through(merchant_id, now))
        return row.id


def section(few: Shop, many: Shop, server: str) -> str:
    """As Markdown."""
    ratios = [100 * (long / short - 1) for short, long in zip(few.took, many.took, strict=True)]
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}.",
        "",
        f"{len(few.took)} ticks each, in turns, after {WARM_UP} to warm up, and {many.ticks - TICKS} of the many before"
        f" those: {DUE:,} cards come due, the worker looks"
        f" at them for {len(TRIGGERS)} offers and shows one. Every card has a row that is due tomorrow. Median (lowest"
        f" to highest). PostgreSQL with {server}.",
        "",
        "| cards | MB | a tick, ms |",
        "|---|---|---|",
        *(f"| {one.cards:,} | {one.size:,} | {report.spread(one.took, '{:.0f}')} |" for one in (few, many)),
        "",
        f"Turn by turn the many cost {report.spread(ratios, '{:+.0f}')} % more; within {AIM} % is asked.",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--rounds", default=6, show_default=True, help=f"at most {TICKS - WARM_UP}")
@click.option("--few", default=10_000, show_default=True)
@click.option("--many", default=1_000_000, show_default=True)
@click.option("--memory", default="3GB", show_default=True, help="shared buffers; less than all cards: pages are read")
@click.option("--log", default="8GB", show_default=True, help="max_wal_size: less, and checkpoints come in between")
@click.option("--ahead", default=AHEAD, show_default=True, help="ticks of the many before; 0: just after a checkpoint")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on offers is written anew")
def main(rounds: int, few: int, many: int, memory: str, log: str, ahead: int, results: Path | None) -> None:
    with (
        own_server(memory, log) as server,
        shop(server, few, TICKS) as small,
        shop(server, many, ahead + TICKS) as large,
    ):
        for _ in range(ahead):
            large.tick()
        for _ in range(WARM_UP + min(rounds, TICKS - WARM_UP)):
            for one in (small, large):
                one.tick()
        small.took, large.took = small.took[WARM_UP:], large.took[ahead + WARM_UP :]
        text = section(small, large, f"{memory} of shared buffers, checkpoints after {log} of log")
    click.echo(text)
    if results:
        report.write_section(results, "offers", text)


if __name__ == "__main__":
    main()
