"""Phones that hold the cards of a shop and fetch them as fast as they can. Each is a process."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy import select
from werkzeug.http import http_date

from benchmarks.shop import Shop, environ, plain
from benchmarks.tills import PATIENCE_SECONDS, Stampers
from issuer import certificates, registrations
from issuer.database import make_engine, set_merchant, transaction
from issuer.keys import Keys, keys_of
from issuer.schema import Card, Pass
from issuer.settings import load_settings
from sandbox.authority import ensure_authority
from signing.certificates import PassCertificate, read_pass_certificate
from signing.envelope import seal

PASS_TYPE, TEAM_ID = "pass.org.example.bench", "BENCH12345"


@dataclass(frozen=True)
class Held:
    """A card's pass as its phone knows it: where to ask, and the dates of the version before and of this one."""

    path: str
    token: str
    before: str
    current: str


@dataclass(frozen=True)
class Phones:
    """What the processes are told: the server, and all passes."""

    port: int
    held: tuple[Held, ...]


def shop_keys(shop: Shop) -> Keys:
    return keys_of(load_settings(environ(shop.url, shop.redis_url), {}))


def certificate(folder: Path, now: datetime) -> PassCertificate:
    """One of a throw-away authority laid out like Apple's."""
    made = ensure_authority(folder, pass_type=PASS_TYPE, team_id=TEAM_ID, now=now)
    files = [path.read_bytes() for path in (made.pass_certificate, made.pass_key, made.intermediate)]
    return read_pass_certificate(files, password=None, now=now)


def equip(shop: Shop, given: PassCertificate) -> tuple[Held, ...]:
    """Let the shop sign with this certificate, and put each of its cards onto a phone."""
    now, keys, engine = datetime.now(UTC), shop_keys(shop), make_engine(shop.url)
    with psycopg.connect(plain(shop.url)) as connection:
        connection.execute("ALTER TABLE pass DISABLE TRIGGER as_issued")
        connection.execute("UPDATE pass SET pass_type = %s", [PASS_TYPE])
    with transaction(engine) as session:
        certificates.store(session, keys, given, now)
    held = []
    with transaction(engine, shop.merchant_id) as session:
        for issue in session.scalars(select(Pass)):
            version, token = session.get_one(Card, issue.card_id).version, f"token of pass {issue.serial}"
            # The shop's passes were numbered, and a token opens under the id only that it was sealed for.
            issue.token_sealed = seal(keys.encryption, token.encode(), purpose=f"pass token {issue.id}")
            registrations.note_download(issue, version, now)
            registrations.register(session, issue, issue.serial, issue.serial, now)
            set_merchant(session, shop.merchant_id)
            path = f"/apple/v1/passes/{PASS_TYPE}/{issue.serial}"
            before, current = (http_date(registrations.last_modified(issue, one)) for one in (version - 1, version))
            held.append(Held(path, token, before, current))
    engine.dispose()
    return tuple(held)


def fetching_changed(_shop: Shop, phones: Phones) -> Stampers:
    """The pass, as a phone asks that shows the version before: 200 with the file."""
    return _asking(phones, lambda held: held.path, lambda held: _headers(held, held.before), 200)


def fetching_same(_shop: Shop, phones: Phones) -> Stampers:
    """The pass, as a phone asks that shows it already: 304."""
    return _asking(phones, lambda held: held.path, lambda held: _headers(held, held.current), 304)


def asking_nothing(_shop: Shop, phones: Phones) -> Stampers:
    """A view that answers without looking anywhere."""
    return _asking(phones, lambda _held: "/healthz", lambda _held: {}, 200)


def _headers(held: Held, date: str) -> dict[str, str]:
    return {"Authorization": f"ApplePass {held.token}", "If-Modified-Since": date}


def _asking(
    phones: Phones, path: Callable[[Held], str], headers: Callable[[Held], dict[str, str]], status: int
) -> Stampers:
    """A request each over one connection that is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", phones.port, timeout=PATIENCE_SECONDS)

    def ask(number: int) -> None:
        held = phones.held[number]
        connection.request("GET", path(held), headers=headers(held))
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{answer.status} instead of {status}: {said[:300]!r}")

    yield ask
    connection.close()
