"""The whole demo killed, started again, stopped, and started where it cannot."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from cli.processes import alive, wait_until
from tests.conftest import plain
from tests.faults.shop import LONG, Apple, Shop, shows
from tests.ports import free_port


@pytest.fixture(scope="module")
def stopped_shop(own_folder: Path) -> Iterator[Shop]:
    """A demo of this module's own; each test asks for it running or stopped, in whatever order they come."""
    apple = Apple(own_folder)
    shop = Shop(own_folder, apple)
    yield shop
    if shop.up():
        shop.end()
    apple.stop()


@pytest.fixture
def own_shop(stopped_shop: Shop) -> Shop:
    if not stopped_shop.up():
        stopped_shop.port = free_port()
        stopped_shop.start()
    return stopped_shop


def kill_all(shop: Shop) -> None:
    """As when the machine loses power, but for what the disk had not written yet."""
    pids = [shop.process.pid, *shop.facts()["pids"].values()]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    shop.process.kill()
    shop.process.communicate()
    for pid in pids[1:]:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    assert wait_until(lambda: not any(alive(pid) for pid in pids), LONG)


def test_the_whole_demo_killed_between_stamp_and_push_starts_again_and_tells_the_phone(
    own_shop: Shop,
) -> None:
    card = own_shop.card()
    phone = own_shop.phone(card)
    for name in ("worker", "relay"):
        os.kill(own_shop.pid(name), signal.SIGSTOP)
    own_shop.stamp(card)
    kill_all(own_shop)
    own_shop.start()
    assert shows(phone, card, "1 / 10")
    checked = own_shop.command("audit")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("All holds: 1 merchants, ")


def test_the_supervisor_killed_alone_takes_its_children_along_and_the_next_start_works(
    own_shop: Shop,
) -> None:
    card = own_shop.card()
    before = own_shop.facts()
    children = {name: pid for name, pid in before["pids"].items() if name not in {"postgresql", "redis"}}
    own_shop.stamp(card)
    own_shop.process.kill()
    own_shop.process.communicate()
    assert wait_until(lambda: not any(alive(pid) for pid in children.values()), LONG)
    own_shop.start()
    assert own_shop.facts()["api_key"] == before["api_key"]
    assert own_shop.breach() is None
    phone = own_shop.phone(card)
    own_shop.stamp(card)
    assert shows(phone, card, "2 / 10")


def test_a_taken_port_is_said_in_one_sentence(own_shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = Shop(own_shop.folder / "other", own_shop.apple)
        other.port = taken.getsockname()[1]
        other.begin()
        said = other.process.communicate(timeout=60)[0]
    assert other.process.returncode == 1
    assert said.count("\n") == 1
    assert said.startswith(f"Port {other.port} is taken: name another one, as in `make demo ARGS=")


def test_a_folder_in_use_is_said_in_one_sentence(own_shop: Shop) -> None:
    other = Shop(own_shop.folder, own_shop.apple)
    other.begin()
    said = other.process.communicate(timeout=60)[0]
    assert other.process.returncode == 1
    assert said.count("\n") == 1
    assert f"already running in {own_shop.folder}: http://127.0.0.1:{own_shop.port}" in said


def test_a_certificate_that_is_not_there_is_said_in_one_sentence(own_shop: Shop) -> None:
    asked = own_shop.command("certificate", "import", str(own_shop.folder / "pass.cer"))
    assert asked.returncode != 0
    assert "pass.cer" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_ctrl_c_leaves_no_process_and_no_trace_of_running(own_shop: Shop) -> None:
    run_id = json.loads((own_shop.folder / "run.json").read_text())["run_id"]
    pids = own_shop.facts()["pids"]
    said = own_shop.stop()
    assert own_shop.process.returncode == 0
    assert said.endswith(f"Stopped. The data stay in {own_shop.folder}.\n")
    assert "Traceback" not in said
    assert [name for name, pid in pids.items() if alive(pid)] == []
    assert own_shop.left(run_id) == []
    assert not {"demo.json", "running.json", "run.json"} & {path.name for path in own_shop.folder.iterdir()}


def test_commands_that_find_no_demo_say_how_to_start_one(stopped_shop: Shop) -> None:
    asked = stopped_shop.command("audit", folder=stopped_shop.folder / "nowhere")
    assert asked.returncode != 0
    assert "DATABASE_URL is not set: set it, or start `treuepass demo`" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_database_of_a_newer_treuepass_is_said_in_one_sentence_and_left_alone(
    stopped_shop: Shop, database_url: str
) -> None:
    with psycopg.connect(plain(database_url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
    folder = stopped_shop.folder / "newer"
    other = Shop(folder, stopped_shop.apple, {"DATABASE_URL": database_url})
    other.begin()
    said = other.process.communicate(timeout=90)[0]
    assert other.process.returncode == 1
    told = [line for line in said.splitlines() if "newer treuepass" in line]
    assert len(told) == 1
    assert "9999_later" in told[0]
    assert "Traceback" not in said
    assert other.left() == []
