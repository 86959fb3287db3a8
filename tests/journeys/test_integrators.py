"""The examples for integrators and operators, run as they stand in the guides, against a demo."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.running import Demo

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.+?)^```", re.MULTILINE | re.DOTALL)
GUIDES = ("integrators.md", "integrators-rules.md", "integrators-offers.md")
TOOLS = ("bash", "curl", "jq", "openssl", "python3")
# Every answer's status beside what the reader of the guide sees.
WATCHED = "curl() { command curl -w '%{stderr}STATUS %{http_code}\\n' \"$@\"; }\n"


@pytest.fixture
def workshop(demo: Demo, tmp_path: Path) -> Path:
    """A folder with what the guide expects in the folder of the repository."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        message = f"the examples need {', '.join(missing)}"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    (tmp_path / "var").mkdir()
    shutil.copy(demo.folder / "demo.json", tmp_path / "var")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    return tmp_path


def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_example_of_the_guide_runs_as_it_stands(workshop: Path) -> None:
    blocks = [block for guide in GUIDES for block in BLOCK.findall((ROOT / "docs" / guide).read_text())]
    assert len(blocks) > 18
    done = _run(WATCHED + "\n".join(blocks), workshop)
    assert done.returncode == 0, done.stderr
    statuses = re.findall(r"STATUS (\d+)", done.stderr)
    assert [status for status in statuses if status not in ("200", "201")] == ["409"], done.stderr
    assert "to pay: 3.40 EUR" in done.stdout
    assert '"unit": "stamps"' in done.stdout


def test_the_till_to_copy_says_no_in_one_sentence(workshop: Path, demo: Demo) -> None:
    command = 'export TREUEPASS_API=%s TREUEPASS_KEY=%s; python3 docs/examples/till.py buy "XXXX-XXX" 3.40'
    done = _run(command % (demo["api_url"], demo["api_key"]), workshop)
    assert done.returncode == 1
    assert done.stderr == "No card has the code XXXX-XXX: scan it again, or ask for another card.\n"


def test_what_an_operator_runs_to_see_that_passes_arrive_as_they_were_sent(workshop: Path, demo: Demo) -> None:
    (block,) = [one for one in BLOCK.findall((ROOT / "docs" / "operators.md").read_text()) if "pkpass" in one]
    block = re.sub("(?m)^CARD=.*$", f"CARD={demo.new_card()['links']['web']}", block)
    block = block.replace("treuepass lint", f"{Path(sys.executable).parent}/treuepass lint --root {demo['ca_file']}")
    done = _run(block, workshop)
    assert done.returncode == 0, done.stdout + done.stderr
    headers = done.stdout.lower()
    assert "content-type: application/vnd.apple.pkpass\n" in headers
    assert "cache-control: no-store, no-transform\n" in headers
    assert f"content-length: {(workshop / 'card.pkpass').stat().st_size}\n" in headers
    assert "content-encoding" not in headers
