"""Do passes say what the ledger says? Draws cards of a running demo at random: `python -m benchmarks.history`."""

import io
import json
import random
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import click

from benchmarks.running import Demo


@click.command()
@click.option("--data-dir", default="var", type=click.Path(path_type=Path), help="of the running demo")
@click.option("--draw", default=50, help="how many cards")
@click.option("--seed", default=1, help="for the same draw again")
def main(data_dir: Path, draw: int, seed: int) -> None:
    demo = Demo(data_dir)
    cards = _all(demo, "/cards")
    stamps = sum(card["balances"]["stamps"] for card in cards)
    rewards = sum(reward["count"] for card in cards for reward in card["rewards"])
    click.echo(f"{len(cards)} cards, {stamps} stamps standing, {rewards} rewards waiting")
    drawn = random.Random(seed).sample(cards, min(draw, len(cards)))  # noqa: S311 (a draw, no secret)
    wrong = [card["short_code"] for card in drawn if not _agrees(demo, card, Path(demo.facts["ca_file"]))]
    click.echo(f"{len(drawn) - len(wrong)} of {len(drawn)} passes drawn show what the ledger says")
    if wrong:
        raise click.ClickException(f"these do not: {', '.join(wrong)}")


def _all(demo: Demo, path: str) -> list[dict[str, Any]]:
    page = demo.get(path, limit=200)
    items = list(page["items"])
    while page["next"]:
        page = demo.get(path, limit=200, after=page["next"])
        items += page["items"]
    return items


def _agrees(demo: Demo, card: dict[str, Any], root: Path) -> bool:
    """The pass is signed under the demo's root, and its count is the sum of the card's entries."""
    with zipfile.ZipFile(io.BytesIO(demo.download(card))) as files:
        _verify(files, root)
        content = json.loads(files.read("pass.json"))
    booked = sum(entry["amount"] for entry in _all(demo, f"/cards/{card['id']}/entries") if entry["unit"] == "stamps")
    waiting = any(reward["count"] for reward in card["rewards"])
    expected = 10 if waiting and not booked else booked
    return bool(content["storeCard"]["headerFields"][0]["value"] == f"{expected} / 10")


def _verify(files: zipfile.ZipFile, root: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("manifest.json", "signature"):
            (Path(folder) / name).write_bytes(files.read(name))
        command = "openssl cms -verify -binary -inform DER -in signature -content manifest.json -purpose any -CAfile"
        subprocess.run(
            [*command.split(), str(root.resolve()), "-out", "/dev/null"], cwd=folder, check=True, capture_output=True
        )


if __name__ == "__main__":
    main()
