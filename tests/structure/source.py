"""The repository as text and as syntax."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("passes", "signing", "issuer", "worker", "sandbox", "cli")
NOT_OURS = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "node_modules", "var"}
VENDOR = Path("issuer/web/static/vendor")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository, relative to its root; caches and what others wrote under their own names aside."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name not in NOT_OURS | {"__pycache__"} and not name.endswith(".egg-info")
        ]
        found += [(Path(folder) / name).relative_to(ROOT) for name in names]
    return tuple(sorted(found))


def written_by_us(*suffixes: str) -> list[Path]:
    return [path for path in files() if path.suffix in suffixes and VENDOR not in path.parents]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), str(path))


def python(package: str = "") -> list[Path]:
    """Python files of a package or folder; of all when none is named."""
    return [path for path in written_by_us(".py") if not package or Path(package) in path.parents]


@dataclass(frozen=True)
class Import:
    """A module that another imports, and where."""

    path: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def imports(path: Path) -> Iterator[Import]:
    """What a file imports, anywhere in it. ``from issuer import cards`` counts as issuer.cards."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(path, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            for name in node.names:
                yield Import(path, node.lineno, f"{node.module}.{name.name}")


def dotted(node: ast.expr) -> str:
    """``os.environ.get`` as it is written; empty for what is no plain name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def names_used(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            yield node.lineno, dotted(node)
