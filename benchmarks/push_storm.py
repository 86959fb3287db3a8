"""Thousands of phones to push to at once, some dead, some throttled, on a connection that keeps ending."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
import psycopg

from benchmarks import phones
from benchmarks.shop import Server, Shop, environ, found_shop, plain
from issuer import certificates
from issuer.database import transaction
from issuer.settings import load_settings
from sandbox.apns import Answer, Apns
from sandbox.authority import Authority, ensure_authority
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office

DEAD_EVERY, THROTTLED_EVERY, GOAWAY_EVERY = 20, 100, 1000
PATIENCE_SECONDS = 600
# So many passes of one card, each on a phone of its own and numbered, as the relay leaves them.
PHONES = """
    WITH made AS (
        INSERT INTO pass (id, merchant_id, card_id, pass_type, serial, token_sealed, created_at)
        SELECT gen_random_uuid(), card.merchant_id, card.id, %(type)s, 'storm-' || n, '', now()
        FROM card, generate_series(0, %(count)s - 1) AS n RETURNING id, merchant_id, substr(serial, 7)::int AS n
    ), device AS (
        INSERT INTO device (id, library_id, pass_type, push_token, token_at)
        SELECT gen_random_uuid(), 'storm-' || n, %(type)s, lpad(to_hex(n), 64, '0'), now() FROM made
        RETURNING id, substr(library_id, 7)::int AS n
    ), registered AS (
        INSERT INTO registration (device_id, pass_id, merchant_id, created_at)
        SELECT device.id, made.id, merchant_id, now() FROM made JOIN device USING (n)
    )
    INSERT INTO publication
        (pass_id, channel, merchant_id, wanted_version, reason, priority, tag, tagged_version, tagged_at, push_at)
    SELECT id, 'apple', merchant_id, 2, 'bench', 1, nextval('update_tag'), 2, now(), now() FROM made
"""


@dataclass(frozen=True)
class Storm:
    """``told``: phones that Apple took a push for; ``twice``: pushes that it took of a phone told before."""

    registrations: int
    dead: int
    throttled: int
    goaways: int
    told: int
    twice: int
    lost: int
    asked_again: int
    connections: int
    seconds: float

    def lines(self) -> list[str]:
        """As Markdown."""
        return [
            f"The storm: {self.registrations:,} registrations, {self.dead} dead (410), {self.throttled} throttled once"
            f" (429), {self.goaways} GOAWAYs, against our sandbox, with the database. {self.told:,} phones were told in"
            f" {self.seconds:.1f} s ({self.told / self.seconds:.0f} a second, sandbox and database on the same cores)."
            f" Lost: {self.lost}. Told twice: {self.twice}. Asked again after an answer: {self.asked_again}, which is"
            f" once for each throttled one. Connections: {self.connections}.",
        ]


def run_storm(server: Server, folder: Path, registrations: int) -> Storm:
    """
    :raises click.ClickException: a phone was lost, or told twice, or asked needlessly
    """
    shop, now = found_shop(server, 1), datetime.now(UTC)
    authority = ensure_authority(folder, pass_type=phones.PASS_TYPE, team_id=phones.TEAM_ID, now=now)
    with psycopg.connect(plain(server.url)) as connection:
        connection.execute("UPDATE publication SET due_at = NULL, push_at = NULL")
        connection.execute(PHONES, {"type": phones.PASS_TYPE, "count": registrations})
    with _apple(authority) as (apns, url):
        office = _office(shop, url, authority)
        with transaction(office.engine) as session:
            certificates.store(session, office.keys, phones.certificate(folder, now), now)
        dead, throttled, goaways = _script(apns, registrations)
        begun = time.monotonic()
        _push_all(office)
        took = time.monotonic() - begun
        office.engine.dispose()
        found = _found(apns, registrations, dead, throttled, goaways, took)
    if found.lost or found.twice or found.asked_again != found.throttled:
        raise click.ClickException(f"the storm did harm: {found}")
    return found


@contextmanager
def _apple(authority: Authority) -> Iterator[tuple[Apns, str]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        apns = Apns(authority, deliver=lambda _token, _topic: None, now=lambda: datetime.now(UTC))
        apns.start(listening)
        try:
            yield apns, f"https://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            apns.stop()


def _office(shop: Shop, url: str, authority: Authority) -> Office:
    settings = load_settings(environ(shop.url, shop.redis_url), {})
    return Office(replace(settings, apns_url=url, apns_ca_file=authority.root))


def _token(number: int) -> str:
    return f"{number:064x}"


def _script(apns: Apns, count: int) -> tuple[set[str], set[str], set[str]]:
    dead = {_token(number) for number in range(3, count, DEAD_EVERY)}
    throttled = {_token(number) for number in range(7, count, THROTTLED_EVERY)}
    goaways = {_token(number) for number in range(GOAWAY_EVERY // 2, count, GOAWAY_EVERY)}
    for tokens, answer in ((dead, Answer(410)), (throttled, Answer(429)), (goaways, Answer(goaway=True))):
        for token in tokens:
            apns.script(token, [answer])
    return dead, throttled, goaways


def _push_all(office: Office) -> None:
    """What relay and worker do, until nothing waits any more."""
    lines, deadline = Lines(office), time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(plain(office.settings.database_url), autocommit=True) as connection:
        while connection.execute("SELECT 1 FROM publication WHERE push_at IS NOT NULL LIMIT 1").fetchone():
            if time.monotonic() > deadline:
                raise click.ClickException(f"the storm is not over after {PATIENCE_SECONDS} s")
            if not push_waiting(office, lines, phones.PASS_TYPE):
                time.sleep(0.1)


def _found(apns: Apns, count: int, dead: set[str], throttled: set[str], goaways: set[str], seconds: float) -> Storm:
    pushes = apns.pushes()
    told = Counter(push.token for push in pushes if push.status == 200)
    asked = Counter(push.token for push in pushes if push.status is not None)
    living = {_token(number) for number in range(count)} - dead
    return Storm(
        registrations=count,
        dead=len(dead),
        throttled=len(throttled),
        goaways=len(goaways),
        told=len(told),
        twice=sum(told.values()) - len(told),
        lost=len(living - set(told)),
        asked_again=sum(asked.values()) - len(asked),
        connections=apns.connections()["ever"],
        seconds=seconds,
    )
