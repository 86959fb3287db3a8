"""Google's servers and an Android phone, for a machine that has neither: all they know, and how it hangs together.

Google keeps classes and objects, phones show them: there is no registration and nothing to fetch for the issuer.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from sandbox.google_account import ISSUER_ID, ServiceAccount, ensure_service_account
from sandbox.google_callbacks import ensure_signer
from sandbox.google_calls import Calls
from sandbox.google_errors import GoogleRefused
from sandbox.google_faults import Faults
from sandbox.google_phone import AndroidPhone
from sandbox.google_resource import CLASS_OF, Resource
from sandbox.google_save import named_objects
from sandbox.google_sender import Letter, Sender
from sandbox.google_settings import GoogleSettings, changed
from sandbox.google_shelf import Shelf
from sandbox.google_store import Change, Store
from sandbox.google_tokens import Tokens
from sandbox.refusal import PassRefused


class Google:
    """One Google with one issuer, one service account, one user and that user's phone. Thread-safe.

    `folder` keeps everything over a restart. `now` is the sandbox's time; tokens live by the machine's.
    """

    def __init__(self, folder: Path, token_uri: str, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._token_uri = token_uri
        self._now = now
        self._account_lock = threading.Lock()
        self._account: ServiceAccount | None = None
        self._shelf = Shelf(folder / "google" / "kept.sqlite3")
        self.settings = GoogleSettings(**self._shelf.all("settings"))
        self.phone = AndroidPhone(self._shelf, now)
        self.store = Store(self._shelf, settings=lambda: self.settings, now=now, told=self._told)
        self.tokens = Tokens(lambda: datetime.now(UTC))
        self.calls = Calls(now, monotonic)
        self.faults = Faults()
        self.signer = ensure_signer(folder / "google")
        self._sender = Sender(self._delivered)
        self._sender.start()

    @property
    def account(self) -> ServiceAccount:
        """The service account; its key file is made when it is first asked for."""
        with self._account_lock:
            if self._account is None:
                self._account = ensure_service_account(self._folder, self._token_uri)
            return self._account

    def stop(self) -> None:
        """Send no more callbacks, and let the file go."""
        self._sender.stop()
        self._shelf.close()

    def change_settings(self, wanted: object) -> GoogleSettings:
        """Be stricter or milder from now on. Raises ScriptRefused."""
        self.settings = changed(self.settings, wanted)
        for name, value in asdict(self.settings).items():
            self._shelf.put("settings", name, value)
        return self.settings

    def offered(self, address: str) -> list[Resource]:
        """The objects that a save link names. Raises PassRefused for what Google would not save."""
        named = named_objects(address, self.account, self._now())
        return [self._inserted(kind, str(one["id"]), one.get("classId")) for kind, one in named]

    def save(self, address: str) -> list[Resource]:
        """Put the objects of a save link onto the phone and tell the issuer. Raises PassRefused."""
        offered = self.offered(address)
        with self.store.lock:
            for resource in offered:
                self.store.hold(resource, saved=True)
                self.phone.note("google_saved", title=self.title(resource))
                self._call_back(resource, "save")
        return offered

    def remove(self, resource: Resource) -> None:
        """Throw the pass off the phone and tell the issuer. The object stays with Google."""
        with self.store.lock:
            if resource.saved_at is None:
                return
            self.store.hold(resource, saved=False)
            self.phone.note("google_removed", title=self.title(resource))
            self._call_back(resource, "del")

    def held(self) -> list[Resource]:
        """The passes on the phone, in the order they were inserted."""
        return [one for one in self.store.all() if one.saved_at is not None]

    def class_of(self, resource: Resource) -> dict[str, Any]:
        """The class that an object belongs to."""
        return self.store.find(CLASS_OF[resource.kind], resource.class_name).body

    def title(self, resource: Resource) -> str:
        """Whose pass it is."""
        return str(self.class_of(resource)["issuerName"])

    def _inserted(self, kind: str, name: str, class_name: object) -> Resource:
        try:
            resource = self.store.find(kind, name)
        except GoogleRefused as error:
            raise PassRefused("save_unknown", id=name) from error
        if class_name not in (None, resource.class_name):
            raise PassRefused("save_class", id=name, wanted=resource.class_name, given=class_name)
        return resource

    def _told(self, change: Change) -> None:
        """The phone hears of a write to what it holds."""
        resource = change.resource
        touched = [one for one in self.held() if resource.class_name == one.class_name] if resource.is_class else []
        passes = touched if resource.is_class else [resource] if resource.saved_at else []
        if passes:
            line = f"{change.method} {resource.kind[0].lower()}{resource.kind[1:]}/{resource.name}"
            self.phone.note("google_synced", line)
        for one in passes:
            if change.message is not None:
                self.phone.notify(one.name, "message", header=str(change.message.get("header", "")))
            elif change.updated:
                self.phone.notify(one.name, "update", points=str(resource.seen[-1]["points"] or ""))

    def _call_back(self, resource: Resource, event: Any) -> None:
        url = self.class_of(resource).get("callbackOptions", {}).get("url")
        if not url:
            self.phone.note("google_no_callback")
            return
        body = self.signer.signed_callback(
            issuer_id=ISSUER_ID,
            class_id=resource.class_name,
            object_id=resource.name,
            event=event,
            nonce=secrets.token_hex(16),
            now=self._now(),
        )
        for _ in range(self.settings.callbacks):
            self._sender.send(Letter(url, body, resource.name, event))

    def _delivered(self, letter: Letter, outcome: str) -> None:
        self.phone.note(f"google_callback_{outcome}", f"POST {letter.url}", event=letter.event)
