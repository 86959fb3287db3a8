"""What keeps a demo's processes alive, and what ends them."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.processes import LOG_CAP, StartRefused, alive, open_log, wait_until
from cli.supervisor import (
    AlreadyRunning,
    Command,
    Server,
    Supervisor,
    die_with_parent,
    end_leftovers,
    only_demo,
    write_private,
)
from tests.cli.apart import Apart

SLEEP = "import time; time.sleep(600)"
STUBBORN = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
{SLEEP}
"""
PARENT = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "{SLEEP}"]).pid, flush=True)
{SLEEP}
"""


class Stage:
    """A supervisor with what it said and told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said, self.told = folder, list[str](), list[dict[str, int]]()
        self.supervisor = Supervisor(self.said.append, self.told.append)

    def start(self, name: str, script: str, patience: float = 5) -> int:
        log_file = self.folder / "log" / f"{name}.log"
        self.supervisor.start(name, Command([sys.executable, "-c", script], os.environ, log_file, patience))
        return self.supervisor.pids()[name]

    def printed(self, name: str) -> str:
        log_file = self.folder / "log" / f"{name}.log"
        assert wait_until(lambda: log_file.read_text().endswith("\n"), 10)
        return log_file.read_text().strip()

    def look_until(self, condition: Callable[[], bool], seconds: float = 10) -> bool:
        def looked() -> bool:
            self.supervisor.look()
            return condition()

        return wait_until(looked, seconds)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.supervisor.stop([])


def test_a_killed_child_is_started_again_at_once_and_told(stage: Stage) -> None:
    first = stage.start("web", SLEEP)
    os.kill(first, signal.SIGKILL)
    assert stage.look_until(lambda: bool(stage.told), 1)
    assert stage.told[-1]["web"] == stage.supervisor.pids()["web"] != first
    assert stage.said == ["web has ended (signal 9); it is started again."]


def test_a_child_that_dies_again_and_again_is_started_more_and_more_rarely(stage: Stage) -> None:
    stage.start("worker", "raise SystemExit(3)")
    begin = time.monotonic()
    assert stage.look_until(lambda: stage.supervisor.failures("worker") == 3)
    assert time.monotonic() - begin >= 1
    assert "(exit status 3); it is started again in 2 s." in stage.said[-1]


def test_one_that_cannot_be_started_again_is_said_and_tried_later(stage: Stage) -> None:
    answers = iter([1])

    def ensure() -> int:
        try:
            return next(answers)
        except StopIteration:
            raise StartRefused("The disk is full.") from None

    stage.supervisor.start("postgresql", Server(ensure, lambda: False, lambda: None))
    stage.supervisor.look()
    assert stage.said[-1] == "postgresql could not be started again: The disk is full."
    assert stage.told == []


def test_what_a_dead_child_left_in_its_group_is_ended_before_the_next(stage: Stage) -> None:
    first = stage.start("web", PARENT)
    grandchild = int(stage.printed("web"))
    os.kill(first, signal.SIGKILL)
    assert stage.look_until(lambda: bool(stage.told))
    assert wait_until(lambda: not alive(grandchild), 5)


def test_a_stop_ends_grandchildren_too(stage: Stage) -> None:
    stage.start("web", PARENT)
    grandchild = int(stage.printed("web"))
    stage.supervisor.stop(["web"])
    assert wait_until(lambda: not alive(grandchild), 5)


def test_a_child_that_ignores_the_stop_is_killed_after_the_patience(stage: Stage) -> None:
    pid = stage.start("worker", STUBBORN, patience=0.3)
    stage.printed("worker")
    stage.supervisor.stop(["worker"])
    assert not alive(pid)


def test_the_stop_keeps_its_order_and_forgets_none(stage: Stage) -> None:
    stopped: list[str] = []
    for name in ("postgresql", "extra", "web"):
        stage.supervisor.start(name, Server(lambda: 1, lambda: True, lambda name=name: stopped.append(name)))
    stage.supervisor.stop(["web", "absent", "postgresql"])
    assert stopped == ["web", "postgresql", "extra"]


def test_a_command_that_does_not_exist_is_refused_in_one_sentence(tmp_path: Path) -> None:
    command = Command([str(tmp_path / "nothing")], {}, tmp_path / "log" / "nothing.log")
    with pytest.raises(StartRefused, match="cannot be started: No such file"):
        command.start()


def test_a_child_does_not_outlive_its_killed_parent() -> None:
    def work() -> str:
        middle = os.getpid()
        child = os.fork()
        if child == 0:
            die_with_parent(middle)
            time.sleep(600)
        return str(child)

    parent = Apart(work)
    child = int(parent.said())
    assert alive(child)
    parent.kill()
    assert wait_until(lambda: not alive(child), 5)


def test_leftovers_of_an_earlier_run_are_ended_and_nothing_else(tmp_path: Path) -> None:
    run_id = "0123456789abcdef" * 2
    ours = Command([sys.executable, "-c", SLEEP, run_id], os.environ, tmp_path / "ours.log")
    other = Command([sys.executable, "-c", SLEEP, run_id[::-1]], os.environ, tmp_path / "other.log")
    first, second = ours.start(), other.start()
    write_private(tmp_path / "run.json", {"run_id": run_id, "pids": {"web": second}})
    end_leftovers(tmp_path, lambda _sentence: None)
    assert not alive(first)
    assert alive(second)
    other.stop()
    ours.stop()


@pytest.mark.parametrize("spoiled", ["", "{", "[]", '{"run_id": ""}', '{"run_id": 5}', "null"])
def test_a_spoiled_note_of_the_earlier_run_ends_nothing(tmp_path: Path, spoiled: str) -> None:
    (tmp_path / "run.json").write_text(spoiled)
    end_leftovers(tmp_path, pytest.fail)


def test_a_second_demo_of_one_folder_is_refused_with_the_firsts_address(tmp_path: Path) -> None:
    with only_demo(tmp_path, "http://127.0.0.1:8000"):
        second = only_demo(tmp_path, "http://127.0.0.1:9000")
        with pytest.raises(AlreadyRunning, match=r"already running in .*: http://127\.0\.0\.1:8000 \("):
            second.__enter__()
    with only_demo(tmp_path, "http://127.0.0.1:9000"):
        assert (tmp_path / "lock").read_text() == "http://127.0.0.1:9000"


def test_the_lock_of_a_killed_demo_is_free(tmp_path: Path) -> None:
    def work() -> str:
        only_demo(tmp_path, "http://127.0.0.1:8000").__enter__()
        return "held"

    killed = Apart(work)
    assert killed.said() == "held"
    killed.kill()
    with only_demo(tmp_path, "http://127.0.0.1:9000"):
        pass


def test_a_log_that_has_grown_too_long_is_set_aside(tmp_path: Path) -> None:
    log_file = tmp_path / "log" / "web.log"
    os.close(open_log(log_file))
    os.truncate(log_file, LOG_CAP + 1)
    os.close(open_log(log_file))
    assert log_file.stat().st_size == 0
    assert log_file.with_name("web.log.1").stat().st_size == LOG_CAP + 1


def test_what_is_written_for_the_owner_only_is_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "secrets.json", {"key": "first"})
    write_private(tmp_path / "secrets.json", {"key": "second"})
    assert json.loads((tmp_path / "secrets.json").read_text()) == {"key": "second"}
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]
