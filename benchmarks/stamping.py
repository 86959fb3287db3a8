"""Stamping against pgbench running the same statements: `python -m benchmarks.stamping`, or `make bench`."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

import click

from benchmarks import long_card, pgbench, report, tills
from benchmarks.pgbench import Measured, Script, check_same, script_of
from benchmarks.recording import Answered, record, replay
from benchmarks.shop import Shop, amounts, breach, durability, found_shop, fresh_copy, logged, own_server

WARM_UP, ONE, OTHER = 2, 0, 1  # cards: 0 and 1 have had a different number of stamps


@dataclass
class Bench:
    """One run: the scripts that were made of what was recorded, and what each measurement wrote a stamp."""

    shop: Shop
    folder: Path
    clients: int
    seconds: float
    port: int
    layers: dict[str, list[Answered]] = field(default_factory=dict)
    scripts: dict[str, Script] = field(default_factory=dict)
    wrote: dict[str, dict[str, Fraction]] = field(default_factory=dict)

    def prepare(self) -> None:
        """Record a stamp by each layer, make it a script, and see that pgbench sends the same."""
        with fresh_copy(self.shop) as url:
            self._record("function", tills.by_function(self.shop, logged(url)))
        with fresh_copy(self.shop) as url, tills.web(self.shop, logged(url), self.port, processes=1) as port:
            self._record("http", tills.over_http(self.shop, port))

    def _record(self, layer: str, stampers: tills.Stampers) -> None:
        stamp = next(stampers)
        stamp(WARM_UP)
        sent = [record(self.shop.log_file, partial(stamp, card)) for card in (ONE, OTHER)]
        next(stampers, None)
        with fresh_copy(self.shop) as url:
            one, other = (replay(url, statements) for statements in sent)
        self.layers[layer] = one
        for mode in ("prepared", "simple"):
            script = self.scripts[f"{layer}, {mode}"] = script_of(one, other, prepared=mode == "prepared")
            with fresh_copy(self.shop) as url:
                once = partial(pgbench.run, script, url, self.shop.cards, self.folder)
                again = record(self.shop.log_file, once)
            check_same(sent[0], again)

    def round(self) -> dict[str, float]:
        """Stamps a second, one measurement after the other, each on a fresh copy."""
        rates = {name: self._measured(name, self._pgbench(script)) for name, script in self.scripts.items()}
        rates["function"] = self._measured("function", self._function)
        rates["http"] = self._measured("http", self._http)
        return rates

    def check_same_work(self) -> None:
        """A layer and its pgbench write the same rows a stamp, exactly."""
        for name in self.scripts:
            layer = name.partition(",")[0]
            if self.wrote[name] != self.wrote[layer]:
                raise click.ClickException(f"pgbench wrote {self.wrote[name]} a stamp, {layer} {self.wrote[layer]}")

    def _measured(self, name: str, work: Callable[[str], Measured]) -> float:
        with fresh_copy(self.shop) as url:
            before = amounts(url)
            measured = work(url)
            after = amounts(url)
            if wrong := breach(url):
                raise click.ClickException(f"{name}: {wrong}")
        more = {
            what: Fraction(after[what] - before[what], measured.done) for what in after if after[what] != before[what]
        }
        if self.wrote.setdefault(name, more) != more:
            raise click.ClickException(f"{name} wrote {self.wrote[name]} a stamp, and now {more}")
        return measured.rate

    def _pgbench(self, script: Script) -> Callable[[str], Measured]:
        return lambda url: pgbench.run(
            script, url, self.shop.cards, self.folder, clients=self.clients, seconds=self.seconds
        )

    def _function(self, url: str) -> Measured:
        return tills.stamp_with(tills.by_function, self.shop, url, clients=self.clients, seconds=self.seconds)

    def _http(self, url: str) -> Measured:
        with tills.web(self.shop, url, self.port) as port:
            return tills.stamp_with(tills.over_http, self.shop, port, clients=self.clients, seconds=self.seconds)


@click.command()
@click.option("--rounds", default=5, show_default=True, help="each measures everything once")
@click.option("--seconds", default=5, show_default=True, help="a measurement")
@click.option("--clients", default=8, show_default=True)
@click.option("--cards", default=3000, show_default=True)
@click.option("--port", default=9400, show_default=True, help="of the web process")
@click.option("--results", type=click.Path(path_type=Path), help="file whose section on stamping is written anew")
def main(rounds: int, seconds: int, clients: int, cards: int, port: int, results: Path | None) -> None:
    with own_server() as server, tempfile.TemporaryDirectory(prefix="treuepass-bench-") as folder:
        bench = Bench(found_shop(server, cards), Path(folder), clients, seconds, port)
        bench.prepare()
        rates = list[dict[str, float]]()
        for number in range(rounds):
            rates.append(bench.round())
            click.echo(f"round {number + 1}: " + ", ".join(f"{name} {rate:.0f}" for name, rate in rates[-1].items()))
        bench.check_same_work()
        lengths = long_card.measure(bench.shop)
        found = report.Stamping(
            rates, bench.layers, bench.wrote, lengths, clients, seconds, cards, durability(server.url)
        )
    text = report.stamping(found)
    click.echo(text)
    if results:
        report.write_section(results, "stamping", text)


if __name__ == "__main__":
    main()
