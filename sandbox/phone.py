"""A phone: takes passes, registers, waits for pushes, asks what changed, fetches, and shows what is new.

It does what an iPhone does and nothing more, and talks to the issuer by Apple's web service only.
Source: Apple, "Adding a Web Service to Update Passes"; archive, "Updating a Pass".
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic

from sandbox.fields import changed_with_message
from sandbox.memory import Happening, Held, Job, Memory, Notice, PassKey, load, save
from sandbox.refusal import PassRefused
from sandbox.wallet import OpenedPass, open_pass
from sandbox.web_service import PKPASS, Fetched, GiveUp, TryLater, WebService

WAITS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True)
class _Turn:
    """When a job is due (monotonic seconds) and how often it was tried."""

    due: float
    tries: int


class Phone:
    """One device. Thread-safe; requests go out on its own thread between `start` and `stop`, or in `work`."""

    def __init__(
        self,
        device_id: str,
        push_token: str,
        root_pem: bytes,
        now: Callable[[], datetime],
        *,
        folder: Path | None = None,
        waits: Sequence[float] = WAITS,
    ) -> None:
        self.device_id = device_id
        self.push_token = push_token
        self._root_pem = root_pem
        self._now = now
        self._folder = folder
        self._waits = tuple(waits)
        self._memory = load(folder) if folder else Memory()
        self._jobs = dict.fromkeys(self._memory.owed, _Turn(0.0, 0))
        self._services: dict[str, WebService] = {}
        self._changed = threading.Condition(threading.RLock())
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to do what is owed as soon as it is due."""
        self._thread = threading.Thread(target=self._run, name=f"phone-{self.device_id[:6]}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request under way; what is still owed stays owed."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(timeout=1.0)

    def add(self, data: bytes) -> OpenedPass:
        """Take a pass as if *Add* had been tapped; same type and serial overwrites. Raises PassRefused."""
        opened = open_pass(data, self._root_pem, self._now())
        with self._changed:
            at = self._at()
            held = Held(opened, data, added_at=at, updated_at=at)
            old = self._memory.passes.get(held.key)
            if old:
                held = replace(held, added_at=old.added_at, registered=old.registered)
            self._memory.passes[held.key] = held
            self._note("added", serial=opened.serial, organization=_organization(opened))
            self._owe("register", held)
        return opened

    def remove(self, serial: str, pass_type: str | None = None) -> None:
        """Throw the pass away and tell its server. A serial that is not here is no error."""
        with self._changed:
            held = self._find(serial, pass_type)
            if held is None:
                return
            del self._memory.passes[held.key]
            for job in [job for job in self._jobs if (job.pass_type, job.serial) == held.key]:
                del self._jobs[job]
            self._note("removed", serial=serial, organization=_organization(held.opened))
            if held.registered:
                self._owe("unregister", held)

    def on_push(self, pass_type: str) -> None:
        """Hear an (empty) push for this pass type: ask every server of such a pass what changed."""
        with self._changed:
            self._note("pushed", pass_type=pass_type)
            held = [held for held in self._memory.passes.values() if held.opened.pass_type == pass_type]
            for url in dict.fromkeys(one.opened.web_service_url for one in held):
                if url:
                    self._put(Job("list", url, pass_type))

    def refresh(self, serial: str, pass_type: str | None = None) -> None:
        """Pull down on the back of the pass: fetch it without any push."""
        with self._changed:
            held = self._find(serial, pass_type)
            if held:
                self._owe("fetch", held)

    def look(self) -> Memory:
        """A copy of everything the phone knows at this moment."""
        with self._changed:
            known = self._memory
            return Memory(
                version=known.version,
                passes=dict(known.passes),
                tags=dict(known.tags),
                notices=list(known.notices),
                happenings=list(known.happenings),
                owed=list(self._jobs),
            )

    def work(self) -> int:
        """Do everything that is due now, in the caller's thread; returns how many requests that were."""
        done = 0
        while (job := self._take()) is not None:
            self._do(*job)
            done += 1
        return done

    def _run(self) -> None:
        while not self._stopping:
            self.work()
            with self._changed:
                if not self._stopping:
                    self._changed.wait(self._idle())

    def _idle(self) -> float | None:
        if not self._jobs:
            return None
        return max(0.0, min(turn.due for turn in self._jobs.values()) - monotonic())

    def _take(self) -> tuple[Job, int] | None:
        with self._changed:
            due = [(turn.due, n, job) for n, (job, turn) in enumerate(self._jobs.items())]
            if self._stopping or not due or min(due)[0] > monotonic():
                return None
            job = min(due)[2]
            return job, self._jobs.pop(job).tries

    def _do(self, job: Job, tries: int) -> None:
        steps = {
            "register": self._register,
            "list": self._list,
            "fetch": self._fetch,
            "unregister": self._unregister,
        }
        try:
            steps[job.kind](job)
        except TryLater as error:
            self._again(job, tries, error.line)
        except GiveUp as error:
            with self._changed:
                self._note("turned_away", error.line, serial=job.serial)
            self._complain(job, error.line)

    def _again(self, job: Job, tries: int, line: str) -> None:
        with self._changed:
            if job in self._jobs:
                return
            if tries < len(self._waits):
                wait = self._waits[tries]
                self._jobs[job] = _Turn(monotonic() + wait, tries + 1)
                self._note("try_later", line, seconds=f"{wait:g}")
            else:
                self._note("gave_up", line)

    def _register(self, job: Job) -> None:
        line = self._service(job.url).register(job.pass_type, job.serial, job.token, self.push_token)
        with self._changed:
            held = self._memory.passes.get((job.pass_type, job.serial))
            if held is None:
                self._put(replace(job, kind="unregister"))
                return
            self._memory.passes[held.key] = replace(held, registered=True)
            self._note("registered", line)

    def _unregister(self, job: Job) -> None:
        line = self._service(job.url).unregister(job.pass_type, job.serial, job.token)
        with self._changed:
            self._note("unregistered", line)

    def _list(self, job: Job) -> None:
        # One tag per server and pass type, not per pass (Apple, "Get the List of Updatable Passes").
        shelf = f"{job.url} {job.pass_type}"
        changes = self._service(job.url).changes(job.pass_type, self._memory.tags.get(shelf))
        with self._changed:
            if changes.tag is None:
                self._note("nothing_new", changes.line)
                return
            self._memory.tags[shelf] = changes.tag
            self._note("listed", changes.line, count=str(len(changes.serials)))
            for serial in changes.serials:
                held = self._memory.passes.get((job.pass_type, serial))
                if held:
                    self._owe("fetch", held)

    def _fetch(self, job: Job) -> None:
        key = (job.pass_type, job.serial)
        held = self._memory.passes.get(key)
        if held is None:
            return
        sent = self._service(job.url).fetch(job.pass_type, job.serial, job.token, held.last_modified)
        if sent.data is None:
            with self._changed:
                self._note("unchanged", sent.line)
            return
        try:
            opened = self._accept(sent, sent.data, key)
        except PassRefused as refused:
            with self._changed:
                self._note("refused", sent.line, code=refused.code, **_plain(refused.values))
            self._complain(job, str(refused))
            return
        self._replace(opened, sent.data, sent)
        if sent.last_modified is None:
            self._complain(job, "Server response was missing the Last-Modified header")

    def _accept(self, sent: Fetched, data: bytes, key: PassKey) -> OpenedPass:
        if sent.mime.split(";")[0].strip().lower() != PKPASS:
            raise PassRefused("wrong_type", given=sent.mime or "–")
        opened = open_pass(data, self._root_pem, self._now())
        if (opened.pass_type, opened.serial) != key:
            raise PassRefused("other_pass", given=f"{opened.pass_type} {opened.serial}")
        return opened

    def _replace(self, opened: OpenedPass, data: bytes, sent: Fetched) -> None:
        with self._changed:
            old = self._memory.passes.get((opened.pass_type, opened.serial))
            if old is None:
                return
            self._memory.passes[old.key] = replace(
                old, opened=opened, data=data, updated_at=self._at(), last_modified=sent.last_modified
            )
            for field in changed_with_message(old.opened.content, opened.content):
                self._memory.notices.append(Notice(self._next(), self._at(), *old.key, _organization(opened), field))
            self._note("fetched", sent.line)

    def _complain(self, job: Job, why: str) -> None:
        text = (
            f"[{self._at()}] {job.kind} task (for device {self.device_id}, pass type {job.pass_type}, serial"
            f" number {job.serial or '(null)'}; with web service url {job.url}) encountered error: {why}"
        )
        try:
            line = self._service(job.url).complain(text)
        except (TryLater, GiveUp) as error:
            line = error.line
        with self._changed:
            self._note("complained", line)

    def _find(self, serial: str, pass_type: str | None) -> Held | None:
        for (kind, number), held in self._memory.passes.items():
            if number == serial and pass_type in (None, kind):
                return held
        return None

    def _owe(self, kind: str, held: Held) -> None:
        opened = held.opened
        if opened.web_service_url and opened.token:
            self._put(Job(kind, opened.web_service_url, opened.pass_type, opened.serial, opened.token))

    def _put(self, job: Job) -> None:
        self._jobs[job] = _Turn(0.0, 0)
        self._keep()

    def _service(self, url: str) -> WebService:
        if url not in self._services:
            self._services[url] = WebService(url, self.device_id)
        return self._services[url]

    def _note(self, what: str, line: str = "", **values: str) -> None:
        self._memory.happenings.append(Happening(self._next(), self._at(), what, line, values))
        self._keep()

    def _next(self) -> int:
        self._memory.version += 1
        return self._memory.version

    def _keep(self) -> None:
        self._memory.trim()
        self._memory.owed = list(self._jobs)
        if self._folder:
            save(self._memory, self._folder)
        self._changed.notify_all()

    def _at(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _organization(opened: OpenedPass) -> str:
    return str(opened.content["organizationName"])


def _plain(values: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}
