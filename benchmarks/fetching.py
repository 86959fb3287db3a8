"""Phones that fetch changed passes, over the bare sealing of them: `python -m benchmarks.fetching`, or `make bench`."""

import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from benchmarks import phones, report, tills
from benchmarks.phones import Held, Phones
from benchmarks.recording import record
from benchmarks.sealing import rate
from benchmarks.shop import Shop, card_id, found_shop, logged, own_server
from issuer.cards import view
from issuer.database import make_engine, transaction
from issuer.issuing import face_of, look_of
from issuer.schema import Card, Merchant
from passes.apple import apple_content, apple_pictures
from passes.face import Issue
from signing.certificates import PassCertificate
from signing.cms import Signer
from signing.pkpass import fixed_files, seal_pass

ASKED: dict[str, Callable[[Shop, Phones], tills.Stampers]] = {
    "changed": phones.fetching_changed,
    "same": phones.fetching_same,
    "trivial": phones.asking_nothing,
}
PUBLIC_URL = "https://cards.example"


@dataclass(frozen=True)
class Found:
    """``rates``: a second, by what was measured, a round each; ``sent``: statements; ``size``: bytes of a pass."""

    rates: Sequence[Mapping[str, float]]
    sent: Mapping[str, Sequence[str]]
    size: int
    clients: int
    seconds: float


def sealing(shop: Shop, given: PassCertificate) -> Callable[[int], tuple[bytes, bytes]]:
    """Seals a pass of the shop from what is known of its card: the rate that a fetch is held against."""
    engine = make_engine(shop.url)
    with transaction(engine, shop.merchant_id) as session:
        card = session.get_one(Card, card_id(1))
        merchant, look = session.get_one(Merchant, shop.merchant_id), look_of(session, card.program_id)
        face = face_of(session, view(session, card), merchant, look, PUBLIC_URL)
    engine.dispose()
    issue = Issue(given.pass_type, given.team_id, "0" * 32, "0" * 32, f"{PUBLIC_URL}/apple")
    content, fixed = (
        apple_content(face, issue),
        fixed_files(apple_pictures(face.icon, face.logo, face.look, face.stamps)),
    )
    signer = Signer(given)
    return lambda _number: seal_pass(content, fixed, signer, datetime.now(UTC))


def statements(shop: Shop, held: tuple[Held, ...], port: int) -> dict[str, list[str]]:
    """What each request sends to the database, once everything is remembered."""
    sent = {}
    with tills.web(shop, logged(shop.url), port, processes=1):
        for name, asking in ASKED.items():
            stampers = asking(shop, Phones(port, held))
            ask = next(stampers)
            for number in range(2):
                ask(number)
            sent[name] = [statement.sql for statement in record(shop.log_file, partial(ask, 0))]
            next(stampers, None)
    return sent


def section(found: Found) -> str:
    """As Markdown."""
    told = {name: [one[name] for one in found.rates] for name in found.rates[0]}
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}.",
        "",
        f"{found.clients} phones, {len(found.rates)} rounds; a round measures everything for {found.seconds:g} s, one"
        f" after the other. A pass has {found.size / 1024:.0f} KB. Median (lowest to highest).",
        "",
        "| | a second | over | ratio |",
        "|---|---|---|---|",
        _row(told, "changed", "seal", "a changed pass: `GET /apple/v1/passes/…` 200", "sealing it, one core"),
        _row(told, "same", "trivial", "the same, unchanged: 304", "`GET /healthz`"),
        f"| sealing it, one core | {report.spread(told['seal'], '{:.0f}')} | | |",
        f"| `GET /healthz` | {report.spread(told['trivial'], '{:.0f}')} | | |",
        "",
        *_where(told, found.sent),
    ]
    return "\n".join(lines)


def _row(told: Mapping[str, list[float]], name: str, over: str, title: str, against: str) -> str:
    ratios = [one / other for one, other in zip(told[name], told[over], strict=True)]
    return f"| {title} | {report.spread(told[name], '{:.0f}')} | {against} | {report.spread(ratios, '{:.2f}')} |"


def _where(told: Mapping[str, list[float]], sent: Mapping[str, Sequence[str]]) -> list[str]:
    """What a fetch takes, by subtraction: the cores are all busy, so a request takes all of them for its share."""
    cores = os.cpu_count() or 1
    took = {name: 1000 * cores / statistics.median(told[name]) for name in ASKED}
    sealed = 1000 / statistics.median(told["seal"])
    shares = {
        "taking a request and answering it, here and in the phone (`GET /healthz`)": took["trivial"],
        "finding the pass, comparing its token, noting who has fetched what": took["same"] - took["trivial"],
        "reading the card, saying it in words, sending the file": took["changed"] - took["same"] - sealed,
        "sealing": sealed,
    }
    lines = [f"A changed pass takes {took['changed']:.2f} ms of the {cores} cores:", ""]
    lines += [f"- {milliseconds:.2f} ms: {what}" for what, milliseconds in shares.items()]
    return [*lines, "", *(_told(name, sent[name]) for name in ("changed", "same"))]


def _told(name: str, sent: Sequence[str]) -> str:
    verbs = Counter(sql.split(None, 1)[0].upper() for sql in sent)
    return f"{name.capitalize()}: {len(sent)} statements ({', '.join(f'{n} {verb}' for verb, n in verbs.items())})."


@click.command()
@click.option("--rounds", default=5, show_default=True, help="each measures everything once")
@click.option("--seconds", default=4, show_default=True, help="a measurement")
@click.option("--clients", default=8, show_default=True)
@click.option("--cards", default=400, show_default=True)
@click.option("--port", default=9410, show_default=True, help="of the web process")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on fetching is written anew")
def main(rounds: int, seconds: int, clients: int, cards: int, port: int, results: Path | None) -> None:
    with own_server() as server, tempfile.TemporaryDirectory(prefix="treuepass-bench-") as folder:
        shop, given = found_shop(server, cards), phones.certificate(Path(folder), datetime.now(UTC))
        held = phones.equip(shop, given)
        seal, sent = sealing(shop, given), statements(shop, held, port)
        rates = list[dict[str, float]]()
        for number in range(rounds):
            rates.append({"seal": rate(seal, 1)})
            with tills.web(shop, shop.url, port):
                for name, asking in ASKED.items():
                    place = Phones(port, held)
                    rates[-1][name] = tills.stamp_with(asking, shop, place, clients=clients, seconds=seconds).rate
            click.echo(f"round {number + 1}: " + ", ".join(f"{name} {one:.0f}" for name, one in rates[-1].items()))
        text = section(Found(rates, sent, sum(map(len, seal(0))), clients, seconds))
    click.echo(text)
    if results:
        report.write_section(results, "fetching", text)


if __name__ == "__main__":
    main()
