"""`treuepass lint`: what it prints and answers for passes, and for what is none."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from passes.lint import rules
from signing import inspection_rules
from tests.passes.linting import card, files
from tests.signing.inspecting import manifest_of, pack, signed
from tests.signing.throwaway import Authority, make_authority

PASS_TYPE, TEAM_ID = "pass.example.morgenrot", "ABCDE12345"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority()


@pytest.fixture
def root(authority: Authority, tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(authority.root.pem)
    return path


def _sealed(authority: Authority, content: dict[str, Any] | None = None, **others: bytes | None) -> bytes:
    inside = files(content, **others)
    manifest = manifest_of(inside)
    leaf = authority.issue(uid=PASS_TYPE, team=TEAM_ID)
    return pack({**inside, "manifest.json": manifest, "signature": signed(manifest, leaf, authority.intermediate)})


def _lint(root: Path, *passes: bytes, options: tuple[str, ...] = ()) -> Result:
    paths = []
    for number, data in enumerate(passes):
        path = root.parent / f"{number}.pkpass"
        path.write_bytes(data)
        paths.append(str(path))
    return CliRunner().invoke(main, ["lint", "--root", str(root), *options, *paths])


def test_a_pass_that_is_right_is_passed_by(authority: Authority, root: Path) -> None:
    result = _lint(root, _sealed(authority))
    assert (result.exit_code, result.output) == (0, f"{root.parent}/0.pkpass: nothing to complain of\n")


def test_doubts_are_told_and_do_no_harm(authority: Authority, root: Path) -> None:
    result = _lint(root, _sealed(authority, card({"barcodes": None})))
    assert result.exit_code == 0
    first, second = result.output.splitlines()
    assert first.endswith("0.pkpass: 1 warning")
    assert second.startswith("  warning  barcode-missing  The pass has no barcode. Give it one,")


def test_errors_of_seal_and_content_are_told_together(authority: Authority, root: Path) -> None:
    content = card({"passTypeIdentifier": "pass.example.other", "backgroundColor": "#4a2415"})
    inside = {**files(content), "manifest.json": b"{}"}
    result = _lint(root, pack(inside))
    assert result.exit_code == 1
    for code in ("manifest-unlisted", "signature-missing", "colour-form"):
        assert f"  error    {code}  " in result.output
    assert "pass-type-other" not in result.output
    assert "  error    pass-type-other  " in _lint(root, _sealed(authority, content)).output


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b'{"error": 1}', b"PK\3\4", b"\x89PNG\r\n\x1a\n", b"\0" * 1000],
    ids=["empty", "page", "JSON", "cut off", "picture", "zeros"],
)
def test_what_is_no_pass_gets_a_sentence_and_no_trace(root: Path, data: bytes) -> None:
    result = _lint(root, data)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    first, second = result.output.splitlines()
    assert first.endswith("0.pkpass: no pass")
    assert second.startswith("  error    ")


def test_a_bomb_gets_a_sentence(root: Path) -> None:
    result = _lint(root, pack({"pass.json": bytes(40 * 2**20)}, method=zipfile.ZIP_DEFLATED))
    assert (result.exit_code, "zip-too-big" in result.output) == (2, True)


def test_any_archive_is_a_pass_with_errors(root: Path) -> None:
    result = _lint(root, pack({"notes.txt": b"x"}))
    assert (result.exit_code, "pass-json-missing" in result.output) == (1, True)


def test_a_folder_around_the_files_is_one_error(authority: Authority, root: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(_sealed(authority))) as archive:
        wrapped = {f"Morgenrot.pass/{name}": archive.read(name) for name in archive.namelist()}
    told = [line.split()[1] for line in _lint(root, pack(wrapped)).output.splitlines()[1:]]
    assert told == ["zip-folder"]


def test_the_worst_of_several_files_is_the_answer(authority: Authority, root: Path) -> None:
    good, bad = _sealed(authority), _sealed(authority, card({"labelColor": "red"}))
    assert [_lint(root, *some).exit_code for some in ((good, good), (good, bad), (bad, b"", good))] == [0, 1, 2]


def test_each_pass_of_a_bundle_is_told_by_its_name(authority: Authority, root: Path) -> None:
    bad = _sealed(authority, card({"labelColor": "red"}))
    result = _lint(root, pack({"card.pkpass": _sealed(authority), "welcome.pkpass": bad}))
    assert result.exit_code == 1
    assert "0.pkpass: card.pkpass: nothing to complain of" in result.output
    assert "0.pkpass: welcome.pkpass: 1 error" in result.output


def test_no_more_passes_of_a_bundle_are_looked_at_than_a_phone_would(authority: Authority, root: Path) -> None:
    one = _sealed(authority)
    result = _lint(root, pack({f"{number}.pkpass": one for number in range(11)}))
    assert (result.exit_code, result.output.count("nothing to complain of")) == (1, 10)
    assert "The bundle holds 11 passes." in result.output


def test_the_name_of_a_file_cannot_steer_a_terminal_or_end_the_command(authority: Authority, root: Path) -> None:
    named = pack({"\x1b[31m.pkpass": _sealed(authority)})
    assert "\x1b" not in _lint(root, named).output
    odd = root.parent / "\udcff.pkpass"
    odd.write_bytes(named)
    for options in ((), ("--json",)):
        result = CliRunner().invoke(main, ["lint", "--root", str(root), *options, str(odd)])
        assert result.exit_code == 0, result.output


def test_machines_get_an_object(authority: Authority, root: Path) -> None:
    result = _lint(root, _sealed(authority, card({"labelColor": "red"})), b"", options=("--json",))
    faulty, none = json.loads(result.output)["files"]
    assert (faulty["exit_code"], none["exit_code"]) == (1, 2)
    assert faulty["findings"] == [
        {
            "code": "colour-form",
            "severity": "error",
            "cause": "15",
            "what": "labelColor is 'red'.",
            "remedy": "Write colours as rgb(47, 93, 80), each number from 0 to 255, without alpha.",
        }
    ]


def test_a_root_or_file_that_is_none_is_refused(root: Path) -> None:
    missing = CliRunner().invoke(main, ["lint", str(root.parent / "none.pkpass")])
    assert (missing.exit_code, "does not exist" in missing.output) == (2, True)
    root.write_bytes(b"no certificate")
    result = _lint(root, b"PK")
    assert (result.exit_code, "give the file of one" in result.output) == (1, True)


def test_a_file_without_end_is_not_read_to_its_end(root: Path) -> None:
    result = CliRunner().invoke(main, ["lint", "/dev/zero"])
    assert (result.exit_code, "zip-too-big" in result.output) == (2, True)


def test_a_pass_of_the_demo_is_told_not_to_be_apples(authority: Authority, root: Path) -> None:
    path = root.parent / "demo.pkpass"
    path.write_bytes(_sealed(authority))
    result = CliRunner().invoke(main, ["lint", str(path)])
    assert (result.exit_code, "authority-unknown" in result.output) == (1, True)


def test_no_code_means_two_things() -> None:
    assert not rules.RULES.keys() & inspection_rules.RULES.keys()
