"""Sizes and names that keep the code readable."""

import ast
from pathlib import Path

import pytest

from tests.structure.source import ROOT, VENDOR, python, tree, written_by_us

LONGEST_FILE = 400
LONGEST_FUNCTION, SHORT_FUNCTION = 40, 25
TOO_GENERAL = {
    "utils",
    "util",
    "helpers",
    "helper",
    "base",
    "manager",
    "managers",
    "service",
    "services",
    "common",
    "misc",
}


def _functions(paths: list[Path]) -> list[tuple[int, str]]:
    """Lines from ``def`` to the last one, decorators aside, and where."""
    return [
        ((node.end_lineno or 0) - node.lineno + 1, f"{path}:{node.lineno} {node.name}")
        for path in paths
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_files_stay_under_400_lines() -> None:
    counted = {
        path: len((ROOT / path).read_text().splitlines())
        for path in written_by_us(".py", ".html", ".css", ".js", ".mjs", ".sql", ".sh", ".md")
        if path.name != "CHANGELOG.md"
    }
    assert {path: lines for path, lines in counted.items() if lines >= LONGEST_FILE} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    assert [where for lines, where in _functions(python()) if lines > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("package", ["passes", "signing", "issuer", "worker", "sandbox", "cli", "tests"])
def test_nine_in_ten_functions_stay_under_25_lines(package: str) -> None:
    sizes = [lines for lines, _ in _functions(python(package))]
    assert sum(lines < SHORT_FUNCTION for lines in sizes) >= 0.9 * len(sizes)


def test_half_of_all_functions_stay_under_10_lines() -> None:
    sizes = sorted(
        lines for package in ("issuer", "passes", "signing", "worker") for lines, _ in _functions(python(package))
    )
    assert sizes[len(sizes) // 2] < 10


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    for path in written_by_us(".py", ".js", ".mjs"):
        assert path.stem not in TOO_GENERAL, path
        assert not TOO_GENERAL & {folder.lower() for folder in path.parts[:-1]}, path


def test_no_signature_leaves_a_type_out() -> None:
    for package in ("passes", "signing", "issuer", "worker", "sandbox", "cli", "tests"):
        for path in python(package):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    assert node.returns is not None or _excused(path, node), f"{path}:{node.lineno} {node.name}"


def _excused(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Where the type checker is told why."""
    return "no-untyped-def" in (ROOT / path).read_text().splitlines()[node.lineno - 1]


def test_what_others_wrote_stands_under_their_names_only() -> None:
    assert (ROOT / VENDOR).is_dir()
    minified = [path for path in written_by_us(".js", ".css") if path.stem.endswith(".min")]
    assert minified == []
