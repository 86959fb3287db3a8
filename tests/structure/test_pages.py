"""Templates hold no script and no style, and what others wrote is what they released."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.structure.source import ROOT, VENDOR, files, written_by_us

TEMPLATES = [path for path in written_by_us(".html", ".jinja", ".jinja2") if path.parts[0] in ("templates", "sandbox")]
INLINE = {
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "an inline stylesheet": re.compile(r"<style", re.IGNORECASE),
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE | re.DOTALL),
    "an event handler": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=\s*[\"'{]", re.IGNORECASE | re.DOTALL),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "a file of another site": re.compile(r"<(?:script|link|img|iframe|video)[^>]+(?:src|href)=[\"']?(?:https?:)?//"),
    "text that is not escaped": re.compile(r"\|\s*safe\b|autoescape\s+false"),
}
VENDORED = sorted(path.relative_to(ROOT) for path in (ROOT / VENDOR).iterdir())
HASHED = re.compile(r"^([0-9a-f]{64})\s+\*?(\S+)$", re.MULTILINE)
# In pieces, so that this file does not name them either.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("jsdelivr", "net"), ("unpkg", "com"), ("cdnjs", "cloudflare", "com"), ("docker", "io"), ("ghcr", "io"),
        ("quay", "io"), ("googleapis", "com/css"), ("crates", "io"), ("rubygems", "org"),
    )
]  # fmt: skip
PICTURES = {".png", ".wasm", ".jpg", ".ico", ".pkpass", ".woff2"}


def test_there_are_templates_to_look_at() -> None:
    assert len(TEMPLATES) > 10


@pytest.mark.parametrize("what", INLINE)
def test_no_template_holds(what: str) -> None:
    for path in TEMPLATES:
        found = INLINE[what].search((ROOT / path).read_text())
        assert found is None, f"{path} has {what}: {found[0][:80]}"


def test_every_image_says_what_it_shows() -> None:
    for path in TEMPLATES:
        for image in re.findall(r"<img\b[^>]*>", (ROOT / path).read_text()):
            assert " alt=" in image, f"{path}: {image}"


@pytest.mark.parametrize("folder", VENDORED, ids=str)
def test_what_others_wrote_is_unchanged_and_named_with_its_version(folder: Path) -> None:
    listed = dict(reversed(pair) for pair in HASHED.findall((ROOT / folder / "VERSION.txt").read_text()))
    there = {path.name for path in (ROOT / folder).iterdir()} - {"VERSION.txt"}
    assert set(listed) == there
    assert "LICENSE" in there
    for name, expected in listed.items():
        assert hashlib.sha256((ROOT / folder / name).read_bytes()).hexdigest() == expected, name


def test_what_others_wrote_says_its_version_and_licence() -> None:
    for folder in VENDORED:
        text = (ROOT / folder / "VERSION.txt").read_text()
        assert re.search(r"\d+\.\d+\.\d+", text), folder
        assert re.search(r"MIT|Apache-2.0|BSD|ISC|OFL", text), folder


def test_no_file_names_the_host_of_a_package_registry() -> None:
    for path in files():
        if path.suffix in PICTURES or VENDOR in path.parents:
            continue
        text = (ROOT / path).read_text(errors="replace")
        assert [host for host in REGISTRIES if host in text] == [], path
