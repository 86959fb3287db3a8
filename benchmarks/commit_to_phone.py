"""From a committed stamp to the new pass on the sandbox phone: `python -m benchmarks.commit_to_phone`."""

import statistics
import time
from pathlib import Path
from uuid import uuid4

import click

from benchmarks.running import BrowserPhone, Demo

PATIENCE_SECONDS = 30.0


@click.command()
@click.option("--data-dir", default="var", type=click.Path(path_type=Path), help="of the running demo")
@click.option("--stamps", default=30, help="how many to give, one after another")
@click.option("--cards", default=3, help="on how many cards in turn")
def main(data_dir: Path, stamps: int, cards: int) -> None:
    demo = Demo(data_dir)
    phone = BrowserPhone(demo, f"bench-{uuid4().hex[:8]}")
    made = [demo.post("/cards", {"program_id": demo.facts["program_id"], "language": "en"}) for _ in range(cards)]
    for card in made:
        phone.add(card["links"]["apple"])
        _until(lambda serial=card["serial"]: bool(phone.shown(serial)))
    times = sorted(_one_stamp(demo, phone, made[number % cards]) for number in range(stamps))
    tenth = times[int(len(times) * 0.9)]
    click.echo(
        f"{stamps} stamps on {cards} cards, commit to phone: median {statistics.median(times):.2f} s,"
        f" nine in ten under {tenth:.2f} s, slowest {times[-1]:.2f} s"
    )


def _one_stamp(demo: Demo, phone: BrowserPhone, card: dict[str, str]) -> float:
    before = phone.shown(card["serial"])
    demo.post(f"/cards/{card['id']}/stamps", {})
    committed = time.monotonic()
    _until(lambda: phone.shown(card["serial"]) != before)
    return time.monotonic() - committed


def _until(holds) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise click.ClickException(f"nothing changed within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
