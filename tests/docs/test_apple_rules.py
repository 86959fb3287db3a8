"""The table of causes names every code there is, each in its row, and no other."""

import re
from pathlib import Path

from passes.lint.rules import RULES as CONTENT
from signing.inspection_rules import RULES as SEAL

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "apple-rules.md").read_text()
RULES = {**CONTENT, **SEAL}
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| ([^|]*) \|", re.MULTILINE)
CODE = re.compile(r"`([a-z]+(?:-[a-z]+)+)`")
NO_CODES = {"no-store"}


def _rows() -> dict[str, tuple[str, str]]:
    """By cause: the codes of errors, and those of warnings."""
    return {cause: tuple(cell.partition("warning")[::2]) for cause, cell in ROW.findall(PAGE)}  # type: ignore[misc]


def test_every_row_of_the_causes_stands_there_once() -> None:
    assert [cause for cause, _ in ROW.findall(PAGE)] == [str(number) for number in range(33)]


def test_every_code_stands_in_the_row_of_its_cause_as_what_it_is() -> None:
    for cause, (errors, warnings) in _rows().items():
        for cell, severity in ((errors, "error"), (warnings, "warning")):
            named = set(CODE.findall(cell)) - ({"not-a-zip"} if cause == "30" else set())
            assert named == {code for code, rule in RULES.items() if (rule.cause, rule.severity) == (cause, severity)}


def test_the_codes_below_the_table_are_the_rest() -> None:
    below = PAGE.partition("Below the table")[2].partition("##")[0]
    assert set(CODE.findall(below)) == {code for code, rule in RULES.items() if rule.cause == "more"}


def test_no_code_is_named_that_does_not_exist() -> None:
    assert set(CODE.findall(PAGE)) - NO_CODES == set(RULES)


def test_every_file_that_is_named_exists_and_what_no_file_shows_has_its_tests() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+)$", PAGE, re.MULTILINE))
    named = re.findall(r"`((?:tests|issuer|signing|passes|sandbox)/[\w./]+)`", PAGE)
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert all("`tests/" in rows[cause] for cause in ("3", "23", "30", "32"))
