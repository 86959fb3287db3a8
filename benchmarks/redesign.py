"""Stamping while a brand's new colours go round to the phones: `python -m benchmarks.redesign`, or `make bench`.

Everything is there as in production, on the same cores: web, relay, worker, PostgreSQL, Redis; Apple's push service is
the sandbox, and each phone that is woken fetches its pass.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import click
import psycopg

from benchmarks import phones, report
from benchmarks.in_use import MOST, STAMPS_A_SECOND, in_use, p95, stamps
from benchmarks.rollout import redesign
from benchmarks.shop import found_shop, own_server, plain
from issuer.database import make_engine

# Cards on a phone each that the window does not come to: they make the brand as large as it is to be.
CLONES = """
    WITH card_made AS (
        INSERT INTO card SELECT (
            jsonb_populate_record(card, jsonb_build_object('id', gen_random_uuid(), 'invite', NULL))
        ).* FROM card, generate_series(1, %(count)s) AS n WHERE card.id = (SELECT id FROM card ORDER BY id LIMIT 1)
        RETURNING id, merchant_id
    ), pass_made AS (
        INSERT INTO pass (id, merchant_id, card_id, pass_type, serial, token_sealed, created_at)
        SELECT gen_random_uuid(), merchant_id, id, %(type)s, replace(id::text, '-', ''), '', now() FROM card_made
        RETURNING id, merchant_id, serial
    ), device_made AS (
        INSERT INTO device (id, library_id, pass_type, push_token, token_at)
        SELECT gen_random_uuid(), serial, %(type)s, serial, now() FROM pass_made RETURNING id, library_id
    ), registered AS (
        INSERT INTO registration (device_id, pass_id, merchant_id, created_at)
        SELECT device_made.id, pass_made.id, merchant_id, now() FROM pass_made JOIN device_made ON library_id = serial
    )
    INSERT INTO publication (pass_id, channel, merchant_id, wanted_version, reason, priority)
    SELECT id, 'apple', merchant_id, 1, 'joined', 0 FROM pass_made
"""


@dataclass(frozen=True)
class Found:
    """Milliseconds of each stamp, in the halves of the quiet time and while the design went round; what that did."""

    idle: tuple[Sequence[float], Sequence[float]]
    busy: Sequence[float]
    pushed: int
    fetched: int
    cards: int
    rate: int
    seconds: float

    @property
    def ratio(self) -> float:
        return p95(self.busy) / p95([*self.idle[0], *self.idle[1]])


def measure(window: int, brand: int, seconds: float, rate: int, port: int) -> Found:
    draw = Random(1)  # noqa: S311 (a draw, no secret)
    with ExitStack() as stack:
        server = stack.enter_context(own_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treuepass-bench-")))
        shop, now = found_shop(server, window), datetime.now(UTC)
        held = phones.equip(shop, phones.certificate(folder, now))
        with psycopg.connect(plain(server.url)) as connection:
            connection.execute(CLONES, {"type": phones.PASS_TYPE, "count": brand - window})
        apns, pockets = stack.enter_context(in_use(server, shop, held, folder, rate=rate, port=port))
        stamps(shop, port, 10, draw)
        idle = stamps(shop, port, seconds / 2, draw), stamps(shop, port, seconds / 2, draw)
        before = len(apns.pushes()), pockets.fetched
        _publish(server.url, shop.merchant_id)
        busy = stamps(shop, port, seconds, draw)
        pushed, fetched = len(apns.pushes()) - before[0], pockets.fetched - before[1]
    return Found(idle, busy, pushed, fetched, brand, rate, seconds)


def _publish(url: str, merchant_id: UUID) -> None:
    engine = make_engine(url)
    redesign(engine, merchant_id)
    engine.dispose()


def section(found: Found) -> str:
    """As Markdown."""
    halves = " and ".join(f"{p95(half):.1f}" for half in found.idle)
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}.",
        "",
        f"A brand with {found.cards:,} cards on a phone each, {found.rate} of them a second"
        f" (TREUEPASS_CAMPAIGN_RATE); {STAMPS_A_SECOND} stamps a second over HTTP meanwhile, a window of"
        f" {found.seconds:g} s. In it {found.pushed} pushes went out and {found.fetched} passes were fetched.",
        "",
        "| stamping, 95 of 100 under | quiet | a new design going round | ratio | asked |",
        "|---|---|---|---|---|",
        f"| ms | {p95([*found.idle[0], *found.idle[1]]):.1f} (halves {halves}) | {p95(found.busy):.1f}"
        f" | {found.ratio:.2f} | below {MOST:g} |",
        "",
        f"All {found.cards:,} cards take {found.cards / found.rate / 60:.0f} minutes at this pace.",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--cards", default=20_000, show_default=True, help="of the brand, each on a phone")
@click.option("--seconds", default=40, show_default=True, help="the quiet time, and the window")
@click.option("--rate", default=20, show_default=True, help="TREUEPASS_CAMPAIGN_RATE")
@click.option("--port", default=9420, show_default=True, help="of the web process")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on a redesign is written anew")
def main(cards: int, seconds: int, rate: int, port: int, results: Path | None) -> None:
    window = min(cards, int(seconds * rate * 1.25) + 100)
    text = section(measure(window, cards, seconds, rate, port))
    click.echo(text)
    if results:
        report.write_section(results, "redesign", text)


if __name__ == "__main__":
    main()
