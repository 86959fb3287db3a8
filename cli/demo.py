"""`treuepass demo`: everything on one machine, from nothing to a till and a phone that talk to each other."""

import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.exc import SQLAlchemyError

from cli import answering
from cli.plan import Plan, arguments, check_settings, keep_secrets, running_values, sandbox_account, sandbox_authority
from cli.postgresql import PostgreSQL
from cli.processes import StartRefused, private_folder
from cli.supervisor import RUN_FILE, Command, Server, Supervisor, end_leftovers, only_demo, write_private
from cli.valkey import Valkey
from issuer.settings import RUNNING_FILE, SettingsRefused, load_settings

if TYPE_CHECKING:
    from sandbox.authority import Authority

DEMO_FILE = "demo.json"
CHILDREN = ("web", "worker", "relay", "scheduler")
STOP_ORDER = ("web", "relay", "scheduler", "worker", "sandbox", "redis", "postgresql")
READY_SECONDS = 60.0
WORKER_SECONDS = 5.0
HOPELESS = 3
PHONE_PATH = "/phone/1/"
READY = """
treuepass is ready. Open, in this order:

{lines}

The till's camera works on this machine (localhost, 127.0.0.1) and over https; elsewhere type the code.
What each part says stands in {logs}. Ctrl-C stops everything and keeps the data.
"""


class Prepare(Protocol):
    """`cli.demo_merchant.prepare`: makes the demo merchant the first time, finds it the next.

    Answers console_url, console_email, till_url, join_url, program_id, location_id; of an empty demo the first two:
    there is only somebody who may found a shop.
    """

    def __call__(
        self, environ: Mapping[str, str], secrets: Mapping[str, str], authority: "Authority", *, empty: bool
    ) -> Mapping[str, str]: ...


def run_demo(port: int, data_dir: Path, empty: bool, environ: Mapping[str, str]) -> int:
    """Runs until Ctrl-C or SIGTERM. Exit status: 0 stopped, 1 refused with a sentence on stdout."""
    with _stop_on_signals() as stop:
        try:
            folder = private_folder(data_dir.resolve())
            with only_demo(folder, f"http://127.0.0.1:{port}"):
                end_leftovers(folder, say)
                answering.check_port(port)
                phone_port, apns_port = answering.sandbox_ports(port)
                run_id = secrets.token_hex(16)
                plan = Plan(port, phone_port, apns_port, folder, empty, dict(environ), run_id)
                check_settings(plan)
                _Demo(plan, stop).run()
        except (StartRefused, SettingsRefused) as refused:
            say(str(refused))
            return 1
        except OSError as error:
            say(f"The demo cannot go on: {error}. Make room or name another --data-dir, then start again.")
            return 1
    return 0


def say(sentence: str) -> None:
    """Prints for the human; a terminal that is gone must not keep the demo from stopping cleanly."""
    with suppress(OSError, ValueError):
        sys.stdout.write(f"{sentence}\n")
        sys.stdout.flush()


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Demo:
    """One run, from the first process to the last."""

    def __init__(self, plan: Plan, stop: threading.Event) -> None:
        self.plan, self.stop = plan, stop
        self.supervisor = Supervisor(say, self._changed)
        self.values: dict[str, str] = {}
        self.facts: dict[str, object] | None = None
        self._remove(DEMO_FILE, RUNNING_FILE)

    def run(self) -> None:
        """Starts, waits, tells, watches; ends everything however that went."""
        try:
            self._note_run()
            facts = self._start()
            if facts is not None:
                self.facts = facts
                self._changed(self.supervisor.pids())
                say(what_to_open(self.facts, self.plan.data_dir))
                self.supervisor.watch(self.stop)
        finally:
            self._remove(DEMO_FILE)
            say("Stopping, which takes a few seconds.")
            self.supervisor.stop(STOP_ORDER)
            self._remove(RUNNING_FILE, RUN_FILE)
            say(f"Stopped. The data stay in {self.plan.data_dir}.")

    def _start(self) -> dict[str, object] | None:
        """What stands in demo.json except the process numbers; None when told to stop meanwhile."""
        say("Starting PostgreSQL, Redis, web, worker, relay, scheduler and sandbox: a few seconds.")
        kept = keep_secrets(self.plan.data_dir)
        authority = self._start_servers(kept)
        if self.stop.is_set():
            return None
        self._migrate()
        for name in CHILDREN:
            self._start_child(name)
        merchant = self._seed(kept, authority)
        self._note_run()
        if not self._wait_until_ready():
            return None
        return self._facts(kept, authority, merchant)

    def _start_servers(self, kept: Mapping[str, str]) -> "Authority":
        """PostgreSQL, Valkey, certificates and account at once: each waits for something else than the others."""
        with ThreadPoolExecutor(5) as pool:
            database = pool.submit(self._start_server, "postgresql", "DATABASE_URL", PostgreSQL())
            broker = pool.submit(self._start_server, "redis", "REDIS_URL", Valkey())
            authority = pool.submit(sandbox_authority, self.plan.data_dir / "sandbox")
            account = pool.submit(sandbox_account, self.plan)
            pool.submit(import_module, "issuer.migrating")
        servers = {"DATABASE_URL": database.result(), "REDIS_URL": broker.result()}
        account.result()
        self.values = running_values(self.plan, kept, servers, authority.result().root)
        write_private(self.plan.data_dir / RUNNING_FILE, self.values)
        self._start_child("sandbox")
        return authority.result()

    def _start_server(self, name: str, setting: str, server: PostgreSQL | Valkey) -> str:
        """The server's address; one that the environment names is used as it is."""
        given = self.plan.environ.get(setting)
        if given:
            return given
        urls: list[str] = []

        def ensure() -> int:
            running = server.ensure(self.plan.data_dir, say)
            urls.append(running.url)
            return running.pid

        self.supervisor.start(name, Server(ensure, server.running, server.stop))
        return urls[-1]

    def _start_child(self, name: str) -> None:
        if not self.stop.is_set():
            environ = {**self.plan.environ, **self.values}
            log_file = self._log_file(name)
            self.supervisor.start(name, Command(arguments(self.plan, name, os.getpid()), environ, log_file))

    def _log_file(self, name: str) -> Path:
        return self.plan.data_dir / "log" / f"{name}.log"

    def _migrate(self) -> None:
        migrating = import_module("issuer.migrating")
        try:
            migrating.upgrade(load_settings(self.values, {}).database_owner_url)
        except (migrating.SchemaNewer, SQLAlchemyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise StartRefused(f"The database could not be brought up to date: {reason}") from error

    def _seed(self, kept: Mapping[str, str], authority: "Authority") -> Mapping[str, str]:
        prepare: Prepare = import_module("cli.demo_merchant").prepare
        return prepare(self.values, kept, authority, empty=self.plan.empty)

    def _wait_until_ready(self) -> bool:
        """True when all answer, False when told to stop; raises `StartRefused` when it is hopeless."""
        waiting, begin = self._questions(), time.monotonic()
        while waiting and not self.stop.wait(0.05):
            self.supervisor.look()
            waiting = {name: answers for name, answers in waiting.items() if not answers()}
            for name in (*CHILDREN, "sandbox"):
                if self.supervisor.failures(name) >= HOPELESS:
                    raise StartRefused(self._why_not(name, "does not start"))
            if time.monotonic() - begin > READY_SECONDS:
                raise StartRefused(self._why_not(next(iter(waiting)), f"did not answer in {READY_SECONDS:.0f} s"))
        return not self.stop.is_set()

    def _questions(self) -> dict[str, Callable[[], bool]]:
        plan, patience = self.plan, time.monotonic() + WORKER_SECONDS
        broker = self.values["REDIS_URL"]
        return {
            "web": lambda: answering.page_answers(plan.port, "/readyz"),
            "sandbox": lambda: (
                answering.page_answers(plan.phone_port, PHONE_PATH) and answering.port_answers(plan.apns_port)
            ),
            "worker": lambda: answering.worker_listens(broker) or time.monotonic() > patience,
        }

    def _why_not(self, name: str, what: str) -> str:
        log_file = self._log_file(name)
        lines = log_file.read_text(errors="replace").strip().splitlines() if log_file.exists() else []
        return f"{name} {what}: {lines[-1] if lines else 'it said nothing'} (all it said: {log_file})"

    def _facts(self, kept: Mapping[str, str], authority: "Authority", merchant: Mapping[str, str]) -> dict[str, object]:
        made = ("console_email", "till_url", "join_url", "program_id", "location_id")
        return {
            "ready": True,
            "public_url": self.plan.public_url,
            "api_url": f"{self.plan.public_url}/api/v1",
            "console_url": merchant["console_url"],
            "console_password": kept["console_password"],
            **{name: kept[name] if "program_id" in merchant else None for name in ("api_key", "staff_pin")},
            **{name: merchant.get(name) for name in made},
            "sandbox_url": self.plan.sandbox_url,
            "apns_url": self.values["APNS_URL"],
            "google_wallet_url": self.values.get("GOOGLE_WALLET_URL"),
            "ca_file": str(authority.root),
        }

    def _changed(self, pids: Mapping[str, int]) -> None:
        self._note_run()
        if self.facts is not None:
            named = {name: pids.get(name) for name in (*reversed(STOP_ORDER),)}
            write_private(self.plan.data_dir / DEMO_FILE, {**self.facts, "pids": named})

    def _note_run(self) -> None:
        """Tells the next start whose processes to end, should this one be killed."""
        note = {"run_id": self.plan.run_id, "pids": self.supervisor.pids()}
        write_private(self.plan.data_dir / RUN_FILE, note)

    def _remove(self, *names: str) -> None:
        for name in names:
            (self.plan.data_dir / name).unlink(missing_ok=True)


def what_to_open(facts: Mapping[str, object], data_dir: Path) -> str:
    """What a newcomer opens, in the order of the story."""
    phones = f"{facts['sandbox_url']}   Android: {facts['sandbox_url']}/google/phone/"
    if facts["join_url"] is None:
        steps = [
            (
                "Found your shop",
                f"{facts['console_url']}   {facts['console_email']}   {facts['console_password']}",
            ),
            ("The phones", phones),
        ]
    else:
        steps = [
            ("Join as a customer", f"{facts['join_url']}"),
            ("The phones", phones),
            ("The till", f"{facts['till_url']}   PIN {facts['staff_pin']}"),
            (
                "The console",
                f"{facts['console_url']}   {facts['console_email']}   {facts['console_password']}",
            ),
            ("The API", f"{facts['api_url']}/docs   key {facts['api_key']}"),
            ("Offers", f"{facts['console_url']}/offers   Weather: {facts['sandbox_url']}/weather/"),
        ]
    lines = [f"  {number}. {what:<20}{where}" for number, (what, where) in enumerate(steps, 1)]
    return READY.format(lines="\n".join(lines), logs=data_dir / "log")
