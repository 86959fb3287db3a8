"""`treuepass lint`: what is wrong with a .pkpass, before a phone says nothing about it."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click

from passes.lint.findings import Finding
from passes.lint.keys import Certified
from passes.lint.whole import check_files
from signing.inspection import APPLE_ROOT, RootUnreadable, bundled, inspect_pass
from signing.inspection_archive import MOST_BYTES
from signing.inspection_rules import Fault, fault
from signing.pkpasses import MOST_PASSES

CLEAN, FAULTY, NO_PASS = 0, 1, 2


@dataclass(frozen=True)
class Verdict:
    """Of one pass: what it is called, what was found, errors first, and whether it is a pass at all."""

    name: str
    findings: tuple[Fault | Finding, ...]
    is_pass: bool

    @property
    def code(self) -> int:
        """What the command answers for it."""
        if not self.is_pass:
            return NO_PASS
        return FAULTY if any(one.severity == "error" for one in self.findings) else CLEAN


def judge(name: str, data: bytes, now: datetime, root_pem: bytes = APPLE_ROOT) -> Iterator[Verdict]:
    """The verdict on a .pkpass, or on each one in a .pkpasses."""
    inside = bundled(data)
    if len(inside) > MOST_PASSES:
        yield Verdict(name, (fault("bundle-many", count=len(inside)),), is_pass=True)
    for part, content in islice(inside.items(), MOST_PASSES):
        yield _judged(f"{name}: {part}", content, now, root_pem)
    if not inside:
        yield _judged(name, data, now, root_pem)


def _judged(name: str, data: bytes, now: datetime, root_pem: bytes) -> Verdict:
    seal = inspect_pass(data, now=now, root_pem=root_pem)
    if seal.files is None:
        return Verdict(name, seal.faults, is_pass=False)
    certified = Certified(seal.pass_type, seal.team_id, seal.for_nfc) if seal.pass_type else None
    both: list[Fault | Finding] = [*seal.faults, *check_files(seal.files, now=now, certified=certified)]
    return Verdict(name, tuple(sorted(both, key=lambda one: one.severity)), is_pass=True)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="for machines: one object with the findings of each file")
@click.option(
    "--root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="certificate (PEM) to trust instead of Apple's, as for a pass of the demo",
)
def lint(files: tuple[Path, ...], as_json: bool, root: Path | None) -> None:
    """Say what Wallet would refuse, hide or drop in each .pkpass or .pkpasses of FILES.

    Exit code 0: no error (there may be warnings), 1: at least one error, 2: something is no pass at all.
    docs/apple-rules.md explains the codes.
    """
    root_pem, now = _read(root) if root else APPLE_ROOT, datetime.now(UTC)
    try:
        # Libraries warn of oddities in certificates and pictures in their own words; what matters is in the findings.
        with warnings.catch_warnings(action="ignore"):
            verdicts = [verdict for path in files for verdict in judge(str(path), _read(path), now, root_pem)]
    except RootUnreadable as error:
        raise click.ClickException(str(error)) from error
    click.echo(_as_json(verdicts) if as_json else "\n".join(line for one in verdicts for line in _told(one)))
    raise SystemExit(max(verdict.code for verdict in verdicts))


def _read(path: Path) -> bytes:
    """A byte more than is allowed tells that there are too many; a file need not have an end."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}.") from error


def _told(verdict: Verdict) -> Iterator[str]:
    counts = {kind: sum(one.severity == kind for one in verdict.findings) for kind in ("error", "warning")}
    what = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count)
    name = verdict.name if verdict.name.isprintable() else ascii(verdict.name)
    yield f"{name}: {(what or 'nothing to complain of') if verdict.is_pass else 'no pass'}"
    for one in verdict.findings:
        yield f"  {one.severity:7}  {one.code}  {one.what} {one.remedy}"


def _as_json(verdicts: list[Verdict]) -> str:
    return json.dumps({"files": [_shaped(one) for one in verdicts]}, indent=2)


def _shaped(verdict: Verdict) -> dict[str, Any]:
    keys = ("code", "severity", "cause", "what", "remedy")
    return {
        "file": verdict.name,
        "exit_code": verdict.code,
        "findings": [{key: getattr(one, key) for key in keys} for one in verdict.findings],
    }


COMMANDS = (lint,)
