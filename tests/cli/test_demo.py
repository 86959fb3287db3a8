"""`treuepass demo` with real servers and certificates, and with tiny children in place of the service."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.answering import page_answers
from cli.processes import alive, pids_with, wait_until
from tests.ports import free_port

NAMES = {"postgresql", "redis", "web", "worker", "relay", "scheduler", "sandbox"}
CONTRACT = {
    "ready", "public_url", "api_url", "api_key", "console_url", "console_email", "console_password",
    "till_url", "staff_pin", "join_url", "program_id", "location_id", "sandbox_url", "apns_url",
    "google_wallet_url", "ca_file", "pids",
}  # fmt: skip


class Demo:
    """A demo in a process of its own."""

    def __init__(self, folder: Path, port: int, *options: str, environ: Mapping[str, str] | None = None) -> None:
        self.folder, self.port = folder, port
        self.file = folder / "demo.json"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TREUEPASS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.stand_in", str(port), str(folder), *options],
            env={**clean, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def facts(self) -> dict[str, Any]:
        """Waits for demo.json."""
        assert wait_until(lambda: self.file.exists() or self.process.poll() is not None, 60)
        assert self.file.exists(), self.process.communicate()[0]
        return dict(json.loads(self.file.read_text()))

    def refused(self) -> str:
        """What it said before it ended with status 1."""
        said, _nothing = self.process.communicate(timeout=60)
        assert self.process.returncode == 1
        return said

    def stop(self) -> str:
        self.process.terminate()
        return self.process.communicate(timeout=60)[0]

    def ours(self) -> list[int]:
        """Everything that runs because of this demo."""
        note = self.folder / "run.json"
        run_id = json.loads(note.read_text())["run_id"] if note.exists() else str(self.folder)
        places = [str(self.folder), run_id, *(path.read_text() for path in self.folder.rglob("elsewhere"))]
        return [pid for place in places for pid in pids_with(place) if alive(pid) and pid != self.process.pid]


@pytest.fixture
def demo(data_dir: Path) -> Iterator[Demo]:
    demo = Demo(data_dir, free_port())
    yield demo
    if demo.process.poll() is None:
        demo.stop()


def test_demo_json_says_what_the_contract_names(demo: Demo) -> None:
    facts = demo.facts()
    assert set(facts) == CONTRACT
    assert facts["ready"] is True
    assert set(facts["pids"]) == NAMES
    assert all(alive(pid) for pid in facts["pids"].values())
    assert facts["public_url"] == f"http://127.0.0.1:{demo.port}"
    assert page_answers(demo.port, "/readyz")
    assert "BEGIN CERTIFICATE" in Path(facts["ca_file"]).read_text()
    assert demo.file.stat().st_mode & 0o077 == 0
    assert (demo.folder / "secrets.json").stat().st_mode & 0o077 == 0
    assert (demo.folder / "running.json").stat().st_mode & 0o077 == 0


def test_a_stop_leaves_no_process_and_no_trace_of_running(demo: Demo) -> None:
    pids = demo.facts()["pids"]
    assert "Stopped" in demo.stop()
    assert demo.process.returncode == 0
    assert not [name for name, pid in pids.items() if alive(pid)]
    assert demo.ours() == []
    assert not {"demo.json", "running.json", "run.json"} & {path.name for path in demo.folder.iterdir()}


@pytest.mark.parametrize("name", ["web", "redis", "postgresql"])
def test_a_killed_process_is_back_within_seconds_and_told(demo: Demo, name: str) -> None:
    before = demo.facts()["pids"][name]
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: demo.facts()["pids"][name] != before, 10)
    assert alive(demo.facts()["pids"][name])


def test_after_kill_9_the_next_start_works_with_the_same_secrets(demo: Demo) -> None:
    before = demo.facts()
    demo.process.kill()
    demo.process.communicate()
    again = Demo(demo.folder, demo.port)
    assert wait_until(lambda: not demo.file.exists(), 10)
    after = again.facts()
    assert after["api_key"] == before["api_key"]
    assert after["pids"]["postgresql"] == before["pids"]["postgresql"]
    assert not [name for name in NAMES - {"postgresql", "redis"} if alive(before["pids"][name])]
    again.stop()
    assert again.ours() == []


def test_the_children_of_a_killed_demo_end_by_themselves(demo: Demo) -> None:
    pids = demo.facts()["pids"]
    demo.process.kill()
    demo.process.communicate()
    children = [pids[name] for name in NAMES - {"postgresql", "redis"}]
    assert wait_until(lambda: not any(alive(pid) for pid in children), 10)
    demo.file.unlink()
    again = Demo(demo.folder, demo.port)
    again.facts()
    again.stop()


def test_a_second_demo_of_one_folder_is_refused_and_harms_nothing(demo: Demo) -> None:
    pids = demo.facts()["pids"]
    said = Demo(demo.folder, free_port()).refused()
    assert f"already running in {demo.folder}: http://127.0.0.1:{demo.port}" in said
    assert demo.facts()["pids"] == pids
    assert all(alive(pid) for pid in pids.values())


def test_two_demos_run_side_by_side(demo: Demo) -> None:
    other = Demo(demo.folder / "other", free_port())
    try:
        pids = set(demo.facts()["pids"].values()), set(other.facts()["pids"].values())
        assert not pids[0] & pids[1]
    finally:
        other.stop()
    assert page_answers(demo.port, "/readyz")


def test_ctrl_c_before_it_is_ready_stops_it_cleanly(demo: Demo) -> None:
    assert wait_until((demo.folder / "run.json").exists, 20)
    demo.process.send_signal(signal.SIGINT)
    said = demo.process.communicate(timeout=60)[0]
    assert "Stopped" in said
    assert "Traceback" not in said
    assert demo.ours() == []


def test_a_taken_port_is_refused_with_the_remedy(data_dir: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        said = Demo(data_dir, port).refused()
    assert said.startswith(f"Port {port} is taken: name another one, as in `make demo ARGS=")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TREUEPASS_COLOUR", "blue", "TREUEPASS_COLOUR is no setting of treuepass"),
        ("TREUEPASS_CLOCK", "tomorrow", "TREUEPASS_CLOCK is 'tomorrow'"),
        ("APNS_URL", "apple", "APNS_URL is 'apple'"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_started(
    data_dir: Path, name: str, value: str, sentence: str
) -> None:
    assert sentence in Demo(data_dir, free_port(), environ={name: value}).refused()
    assert not (data_dir / "postgresql").exists()


def test_spoiled_secrets_are_refused_and_kept(data_dir: Path) -> None:
    (data_dir / "secrets.json").write_text("{}")
    assert "secrets.json cannot be read" in Demo(data_dir, free_port()).refused()
    assert (data_dir / "secrets.json").read_text() == "{}"


def test_another_versions_data_folder_stops_the_demo_with_one_sentence(demo: Demo) -> None:
    demo.facts()
    demo.stop()
    for version in [*demo.folder.rglob("PG_VERSION"), *_elsewhere(demo.folder)]:
        if version.parent.name == "cluster":
            version.write_text("16\n")
    said = Demo(demo.folder, demo.port).refused()
    assert "was written by PostgreSQL 16 and PostgreSQL 18 is needed" in said
    assert "Traceback" not in said
    assert demo.ours() == []


def _elsewhere(folder: Path) -> list[Path]:
    return [path for note in folder.rglob("elsewhere") for path in Path(note.read_text()).rglob("PG_VERSION")]


def test_named_servers_and_push_service_are_used_and_not_started(demo: Demo, data_dir: Path) -> None:
    demo.facts()
    running = json.loads((demo.folder / "running.json").read_text())
    given = {name: running[name] for name in ("DATABASE_URL", "REDIS_URL")} | {"APNS_URL": "https://127.0.0.1:9"}
    other = Demo(data_dir / "other", free_port(), environ=given)
    facts = other.facts()
    other.stop()
    assert facts["pids"]["postgresql"] is facts["pids"]["redis"] is None
    assert facts["apns_url"] == "https://127.0.0.1:9"
    assert alive(demo.facts()["pids"]["postgresql"])


def test_all_children_share_one_start_of_the_demos_clock(data_dir: Path) -> None:
    demo = Demo(data_dir, free_port(), environ={"TREUEPASS_CLOCK": "2026-12-24T09:00:00+01:00"})
    demo.facts()
    logs = [data_dir / "log" / f"{name}.log" for name in ("web", "worker", "relay", "scheduler")]
    wait_until(lambda: all(log.exists() and "\n" in log.read_text() for log in logs), 30)
    demo.stop()
    said = {log.read_text().splitlines()[0].partition("clock ")[2] for log in logs}
    assert len(said) == 1
    assert "T" in said.pop()


def test_an_empty_demo_has_no_merchant_but_somebody_who_may_found_one(data_dir: Path) -> None:
    demo = Demo(data_dir, free_port(), "--empty")
    facts = demo.facts()
    said = demo.stop()
    assert f"{facts['console_email']}   {facts['console_password']}" in said
    assert facts["join_url"] is facts["api_key"] is facts["till_url"] is None
    assert facts["console_url"].endswith("/console")
