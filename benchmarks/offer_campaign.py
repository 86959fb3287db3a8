"""Stamping while an offer goes round to the phones: `python -m benchmarks.offer_campaign`, or `make bench`.

Quiet times and times of the campaign take turns in one run, so that whatever else the machine does meets both.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import click
import psycopg
from sqlalchemy import Engine

from benchmarks import phones, report
from benchmarks.in_use import MOST, STAMPS_A_SECOND, Pockets, in_use, p95, stamps
from benchmarks.phones import Held
from benchmarks.shop import Shop, found_shop, own_server, plain
from issuer import offering
from issuer.database import make_engine, transaction
from issuer.offering import Through
from issuer.offers.offer import Offer
from issuer.schema import Offer as Row
from sandbox.apns import Apns
from signing.envelope import seal

STAMPED = 300
"""Cards that come to the till; the others only are on phones."""

WARM_UP_SECONDS, CALM_SECONDS = 10.0, 3.0
OFFER = Offer.model_validate(
    {
        "name": "Bench",
        "trigger": {"kind": "time"},
        "content": {"de": {"card": "Kaffee und Croissant 3,90"}, "en": {"card": "Coffee and croissant 3.90"}},
    }
)
# Like the first card of the shop, each somebody else's and on a phone of its own.
CLONES = """
    CREATE TEMP TABLE made AS
        SELECT gen_random_uuid() AS card, gen_random_uuid() AS customer, gen_random_uuid() AS pass,
            gen_random_uuid() AS device, md5('serial' || n) AS serial, n
        FROM generate_series(1, %(count)s) AS n;
    CREATE TEMP TABLE first AS SELECT * FROM card ORDER BY id LIMIT 1;
    INSERT INTO customer (id, merchant_id, created_at) SELECT made.customer, merchant_id, created_at FROM made, first;
    INSERT INTO card SELECT (
        jsonb_populate_record(first, jsonb_build_object('id', card, 'customer_id', customer, 'invite', NULL))
    ).* FROM first, made;
    INSERT INTO pass (id, merchant_id, card_id, pass_type, serial, token_sealed, created_at)
        SELECT pass, merchant_id, card, %(type)s, serial, '', created_at FROM made, first;
    INSERT INTO card_code (code, short_code, merchant_id, card_id, pass_id, created_at)
        SELECT 'code' || n, 'short' || n, merchant_id, card, pass, created_at FROM made, first;
    INSERT INTO device (id, library_id, pass_type, push_token, token_at)
        SELECT device, serial, %(type)s, serial, created_at FROM made, first;
    INSERT INTO registration (device_id, pass_id, merchant_id, created_at)
        SELECT device, pass, merchant_id, created_at FROM made, first;
    INSERT INTO publication (pass_id, channel, merchant_id, wanted_version, reason, priority)
        SELECT pass, 'apple', merchant_id, version, 'joined', 0 FROM made, first
"""
# What is left of the campaign waits no more.
HALT = "DELETE FROM sweep; DELETE FROM agenda"


@dataclass
class Found:
    """Milliseconds of each stamp by round, quietly and while the offer went round, and what that did."""

    cards: int
    rate: int
    seconds: float
    idle: list[Sequence[float]] = field(default_factory=list)
    busy: list[Sequence[float]] = field(default_factory=list)
    pushed: int = 0
    fetched: int = 0

    @property
    def ratio(self) -> float:
        return p95(_all(self.busy)) / p95(_all(self.idle))


def _all(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [took for one in rounds for took in one]


@dataclass(frozen=True)
class Campaign:
    """An offer that is let go round, and halted, as often as it is measured."""

    engine: Engine
    merchant_id: UUID
    offer_id: UUID
    url: str

    def go(self) -> None:
        now = datetime.now(UTC)
        with transaction(self.engine, self.merchant_id) as session:
            offering.resume(session, self.offer_id, Through(self.merchant_id, now))

    def halt(self) -> None:
        """Whoever shows it keeps it; no other card is looked at."""
        now = datetime.now(UTC)
        with transaction(self.engine, self.merchant_id) as session:
            offering.pause(session, self.offer_id, Through(self.merchant_id, now))
        with psycopg.connect(plain(self.url)) as connection:
            connection.execute(HALT)
        time.sleep(CALM_SECONDS)


def put_on_phones(shop: Shop, count: int) -> list[Held]:
    """Further cards, so many that joining one by one would take long."""
    keys, held = phones.shop_keys(shop), list[Held]()
    with psycopg.connect(plain(shop.url), cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(CLONES, {"type": phones.PASS_TYPE, "count": count})
        for pass_id, serial in connection.execute("SELECT pass, serial FROM made").fetchall():
            token = f"token of pass {serial}"
            sealed = seal(keys.encryption, token.encode(), purpose=f"pass token {pass_id}")
            connection.execute("UPDATE pass SET token_sealed = %s WHERE id = %s", [sealed, pass_id])
            held.append(Held(f"/apple/v1/passes/{phones.PASS_TYPE}/{serial}", token, "", ""))
    with psycopg.connect(plain(shop.url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return held


def measure(cards: int, seconds: float, rounds: int, rate: int, port: int) -> Found:
    with ExitStack() as stack:
        server = stack.enter_context(own_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treuepass-bench-")))
        shop = found_shop(server, STAMPED)
        held = [
            *phones.equip(shop, phones.certificate(folder, datetime.now(UTC))),
            *put_on_phones(shop, cards - STAMPED),
        ]
        engine = make_engine(shop.url)
        stack.callback(engine.dispose)
        campaign = Campaign(engine, shop.merchant_id, _drafted(engine, shop.merchant_id), shop.url)
        heard = stack.enter_context(in_use(server, shop, held, folder, rate=rate, port=port))
        return _in_turns(shop, campaign, heard, Found(cards, rate, seconds), rounds, port)


def _drafted(engine: Engine, merchant_id: UUID) -> UUID:
    with transaction(engine, merchant_id) as session:
        row = offering.create(session, merchant_id, OFFER, datetime.now(UTC))
        if not isinstance(row, Row):
            raise click.ClickException(row.sentence("en"))
        return row.id


def _in_turns(
    shop: Shop, campaign: Campaign, heard: tuple[Apns, Pockets], found: Found, rounds: int, port: int
) -> Found:
    draw, (apns, pockets) = Random(1), heard  # noqa: S311 (a draw, no secret)
    stamps(shop, port, WARM_UP_SECONDS, draw)
    for _ in range(rounds):
        found.idle.append(stamps(shop, port, found.seconds, draw))
        before = len(apns.pushes()), pockets.fetched
        campaign.go()
        found.busy.append(stamps(shop, port, found.seconds, draw))
        found.pushed += len(apns.pushes()) - before[0]
        found.fetched += pockets.fetched - before[1]
        campaign.halt()
    return found


def section(found: Found) -> str:
    """As Markdown."""
    idle, busy = ([f"{p95(one):.1f}" for one in times] for times in (found.idle, found.busy))
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}.",
        "",
        f"A shop with {found.cards:,} cards on a phone each; an offer that lies on every card goes live, {found.rate}"
        f" cards a second (TREUEPASS_CAMPAIGN_RATE); {STAMPS_A_SECOND} stamps a second over HTTP meanwhile."
        f" {len(found.idle)} quiet times and as many of the campaign in turns, {found.seconds:g} s each. In these"
        f" {found.pushed} pushes went out and {found.fetched} passes were fetched.",
        "",
        "| stamping, 95 of 100 under | quiet | an offer going round | ratio | asked |",
        "|---|---|---|---|---|",
        f"| ms | {p95(_all(found.idle)):.1f} (in turns {', '.join(idle)}) | {p95(_all(found.busy)):.1f}"
        f" (in turns {', '.join(busy)}) | {found.ratio:.2f} | below {MOST:g} |",
        "",
        f"All {found.cards:,} cards take {found.cards / found.rate / 60:.0f} minutes at this pace.",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--cards", default=20_000, show_default=True, help="of the shop, each on a phone")
@click.option("--seconds", default=20, show_default=True, help="each quiet time, and each of the campaign")
@click.option("--rounds", default=3, show_default=True, help="of both")
@click.option("--rate", default=20, show_default=True, help="TREUEPASS_CAMPAIGN_RATE")
@click.option("--port", default=9430, show_default=True, help="of the web process")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on a campaign is written anew")
def main(cards: int, seconds: int, rounds: int, rate: int, port: int, results: Path | None) -> None:
    text = section(measure(cards, seconds, rounds, rate, port))
    click.echo(text)
    if results:
        report.write_section(results, "offer campaign", text)


if __name__ == "__main__":
    main()
