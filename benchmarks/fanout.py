"""Pushes over one connection, over what h2load reaches, and a storm: `python -m benchmarks.fanout`, or `make bench`.

The stand-in is Debian's nghttpd, none of ours. The storm goes to our sandbox, because it must answer as Apple does.
"""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks import phones, report
from benchmarks.push_storm import Storm, run_storm
from benchmarks.shop import own_server
from worker.apns import IN_FLIGHT, ApnsConnection

AIM = 0.5
TOOLS = {"nghttpd": "nghttp2-server", "h2load": "nghttp2-client"}
FINISHED = re.compile(r"finished in .*?, ([\d.]+) req/s")
HEADERS = (f"apns-topic: {phones.PASS_TYPE}", "apns-expiration: 1795000000")


def tools_or_what_to_do() -> None:
    """
    :raises click.ClickException: naming the packages that are missing
    """
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        raise click.ClickException(f"This needs a server and a client of others: apt-get install {' '.join(missing)}")


@contextmanager
def stand_in(folder: Path) -> Iterator[str]:
    """nghttpd, which takes a push's body and answers 200 with it; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "documents").mkdir()
    command = ["nghttpd", "--echo-upload", "--max-concurrent-streams=1000", "-d", str(folder / "documents")]
    child = subprocess.Popen([*command, str(port), str(folder / "server.key"), str(folder / "server.pem")])
    try:
        _wait_for(port)
        yield f"https://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise click.ClickException("nghttpd does not answer")


def by_h2load(url: str, tokens: Sequence[str], folder: Path) -> float:
    """Requests a second of the same kind: one connection, as many streams, as many different addresses."""
    (folder / "body").write_text("{}")
    (folder / "addresses").write_text("".join(f"{url}/3/device/{token}\n" for token in tokens))
    command = ["h2load", "-t", "1", "-c", "1", "-m", str(IN_FLIGHT), "-n", str(len(tokens))]
    command += ["-d", str(folder / "body"), "-i", str(folder / "addresses")]
    command += [part for header in HEADERS for part in ("-H", header)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = FINISHED.search(said)
    if found is None or f"status codes: {len(tokens)} 2xx" not in said:
        raise click.ClickException(f"h2load did not get through: {said}")
    return float(found[1])


def by_us(connection: ApnsConnection, tokens: Sequence[str]) -> float:
    """Pushes a second, as the worker makes them."""
    begun = time.monotonic()
    answers = connection.push(tokens, datetime.now(UTC))
    took = time.monotonic() - begun
    if any(not answer.accepted for answer in answers.values()):
        raise click.ClickException(f"pushes were refused: {Counter(map(str, answers.values()))}")
    return len(tokens) / took


def measure(rounds: int, pushes: int) -> list[dict[str, float]]:
    tokens, rates = [f"{number:064x}" for number in range(pushes)], list[dict[str, float]]()
    with tempfile.TemporaryDirectory(prefix="treuepass-bench-") as name:
        folder = Path(name)
        given = phones.certificate(folder, datetime.now(UTC))
        with stand_in(folder) as url:
            connection = ApnsConnection(url, str(folder / "ca.pem"), given)
            connection.push(tokens[:100], datetime.now(UTC))
            for _ in range(rounds):
                rates.append({"ours": by_us(connection, tokens), "h2load": by_h2load(url, tokens, folder)})
                click.echo(", ".join(f"{name} {rate:.0f}" for name, rate in rates[-1].items()))
    return rates


def section(rates: Sequence[Mapping[str, float]], pushes: int, storm: Storm) -> str:
    """As Markdown."""
    told = {name: report.spread([one[name] for one in rates], "{:.0f}") for name in rates[0]}
    ratio = report.spread([one["ours"] / one["h2load"] for one in rates], "{:.2f}")
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {report.machine()}.",
        "",
        f"{len(rates)} rounds, {pushes:,} pushes each, one connection with {IN_FLIGHT} streams, one after the other on"
        " the same nghttpd. Median (lowest to highest).",
        "",
        "| pushes a second | h2load | ratio | asked |",
        "|---|---|---|---|",
        f"| {told['ours']} | {told['h2load']} | {ratio} | {AIM} |",
        "",
        *storm.lines(),
    ]
    return "\n".join(lines)


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--pushes", default=10_000, show_default=True, help="of a round")
@click.option("--registrations", default=10_000, show_default=True, help="in the storm")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on pushes is written anew")
def main(rounds: int, pushes: int, registrations: int, results: Path | None) -> None:
    tools_or_what_to_do()
    rates = measure(rounds, pushes)
    with own_server() as server, tempfile.TemporaryDirectory(prefix="treuepass-bench-") as folder:
        storm = run_storm(server, Path(folder), registrations)
    text = section(rates, pushes, storm)
    click.echo(text)
    if results:
        report.write_section(results, "fanout", text)


if __name__ == "__main__":
    main()
