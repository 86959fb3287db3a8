"""Google's side of all classes and objects: inserting, changing, and the rules between them.

Sources: walletobjects v1, discovery document; Google Wallet, "Error codes", "Trigger push notifications" (three
notifying messages or updates a pass within 24 hours), "Auto linked passes". Nothing is ever deleted.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.google_account import ISSUER_ID
from sandbox.google_errors import invalid, missing, no_class, not_permitted, over_budget, there
from sandbox.google_resource import CLASS_OF, Resource, points
from sandbox.google_rules import MOST_LINKED, OUTPUT_ONLY, Body, faults, merged, traps, two_balances
from sandbox.google_schema import violations
from sandbox.google_settings import GoogleSettings
from sandbox.google_shelf import Shelf

DAY = timedelta(hours=24)
KEPT_VIOLATIONS = 1000
_REVIEWED = ("UNDER_REVIEW", "underReview")
_DRAFT = ("DRAFT", "draft")
_NOTIFYING = "TEXT_AND_NOTIFY"


@dataclass(frozen=True)
class Change:
    """A write that was taken. `message`: the notifying message; `updated`: points that changed with a notice."""

    resource: Resource
    method: str
    message: Body | None = None
    updated: bool = False


class Store:
    """Thread-safe. Every write raises GoogleRefused or is kept whole; `told` hears of it under the lock."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        settings: Callable[[], GoogleSettings],
        now: Callable[[], datetime],
        told: Callable[[Change], None],
    ) -> None:
        self.lock = threading.RLock()
        self._shelf = shelf
        self._settings = settings
        self._now = now
        self._told = told
        self._kept = {(row["kind"], row["body"]["id"]): Resource(**row) for row in shelf.all("resource").values()}
        self.violations: deque[dict[str, str]] = deque(maxlen=KEPT_VIOLATIONS)

    def insert(self, kind: str, sent: Body) -> Body:
        """`POST /{kind}`: a new class or object."""
        with self.lock:
            body = self._read(kind, {}, sent, "POST")
            if (kind, body["id"]) in self._kept:
                raise there(kind, body["id"])
            resource = Resource(kind, {"id": body["id"]}, updated_at=self._at())
            return self._write(resource, sent, body, "POST")

    def patch(self, kind: str, name: str, sent: Body) -> Body:
        """`PATCH /{kind}/{name}`: what is sent is merged into what is there."""
        with self.lock:
            resource = self.find(kind, name)
            body = self._read(kind, resource.body, sent, "PATCH")
            return self._write(resource, sent, body, "PATCH")

    def update(self, kind: str, name: str, sent: Body) -> Body:
        """`PUT /{kind}/{name}`: what is sent replaces what is there."""
        with self.lock:
            resource = self.find(kind, name)
            body = self._read(kind, {}, sent, "PUT")
            return self._write(resource, sent, body, "PUT")

    def add_message(self, kind: str, name: str, sent: Body) -> Body:
        """`POST /{kind}/{name}/addMessage` of `{"message": {…}}`; answers `{"resource": the whole}`."""
        with self.lock:
            resource = self.find(kind, name)
            message = sent.get("message") if isinstance(sent, dict) else None
            if not isinstance(message, dict) or sent.keys() != {"message"}:
                raise invalid("Invalid JSON payload received: send a message and nothing else.")
            body = {**resource.body, "messages": [*resource.body.get("messages", ()), message]}
            self._check(kind, body)
            notifies = message.get("messageType") == _NOTIFYING
            if notifies:
                self._spend(resource, f"{_NOTIFYING} message")
            self._keep(resource, body, Change(resource, "addMessage", message=message if notifies else None))
            return {"resource": resource.answer()}

    def get(self, kind: str, name: str) -> Body:
        """`GET /{kind}/{name}`."""
        with self.lock:
            return self.find(kind, name).answer()

    def page(self, kind: str, parent: str, most: int | None, token: str | None) -> Body:
        """`GET /{kind}?issuerId=` or `?classId=`: all of them, or `most` and the token of the next page."""
        with self.lock:
            names = [one for one in self._kept.values() if one.kind == kind and _parent(one) == parent]
            first = int(token) if token and token.isdecimal() else 0
            part = names[first : first + most] if most else names[first:]
            after = first + len(part)
            more = {"nextPageToken": str(after)} if after < len(names) else {}
            pagination = {"resultsPerPage": len(part), **more}
            return {"pagination": pagination, "resources": [one.answer() for one in part]}

    def find(self, kind: str, name: str) -> Resource:
        """The class or object itself. Raises GoogleRefused (403 for another issuer's, 404)."""
        if not name.startswith(f"{ISSUER_ID}."):
            raise not_permitted()
        if (kind, name) not in self._kept:
            raise missing(kind, name)
        return self._kept[kind, name]

    def named(self, name: str) -> Resource | None:
        """The object of this id, whatever its kind."""
        return next((self._kept[kind, name] for kind in CLASS_OF if (kind, name) in self._kept), None)

    def all(self) -> list[Resource]:
        """Everything there is, oldest first."""
        with self.lock:
            return list(self._kept.values())

    def hold(self, resource: Resource, saved: bool) -> None:
        """A phone took the object, or threw it away; what it is linked to comes and goes with it."""
        with self.lock:
            for one in [resource, *self._linked(resource)]:
                one.saved_at = (one.saved_at or self._at()) if saved else None
                self._save(one)

    def note(self, kind: str, name: str, text: str) -> None:
        """Keep what was wrong, for whoever asks at the end."""
        self.violations.append({"at": self._at(), "kind": kind, "id": name, "text": text})

    def _read(self, kind: str, before: Body, sent: object, method: str) -> Body:
        """The body that would be there afterwards, checked by itself."""
        unknown = [line for line in violations(kind, sent) if line.endswith(("no such key", f"is no {kind}"))]
        if unknown or not isinstance(sent, dict):
            raise invalid(f"Invalid JSON payload received. {'; '.join(unknown)}")
        body = merged(before, sent)
        self._check(kind, body)
        if before and body["id"] != before["id"]:
            raise invalid(f"Invalid resource ID: {body['id']} is not the one in the address.")
        if method != "PATCH" and two_balances(body):
            raise invalid(f"{two_balances(body)[0]}.balance: exactly one of string, int, double and money")
        for key in (*OUTPUT_ONLY, "notifyPreference"):
            body.pop(key, None)
        return body

    def _check(self, kind: str, body: Body) -> None:
        wrong = violations(kind, body) or faults(kind, body)
        if wrong:
            raise invalid(f"Invalid resource. {'; '.join(wrong)}")
        if not body["id"].startswith(f"{ISSUER_ID}."):
            raise not_permitted()
        if body.get("merchantLocations") and not self._settings().merchant_locations:
            raise invalid("Issuer not allowlisted for Merchant Locations. Please contact support.")

    def _write(self, resource: Resource, sent: Body, body: Body, method: str) -> Body:
        if body["id"] != resource.name:
            raise invalid(f"Invalid resource ID: {body['id']} is not the one in the address.")
        if resource.is_class:
            self._review(resource, body, new=method == "POST")
        else:
            self._belongs(resource, body)
            self._link(resource, body)
        asked = sent.get("notifyPreference") == "NOTIFY_ON_UPDATE"
        if asked:
            self._spend(resource, "NOTIFY_ON_UPDATE update")
        # Of all fields only the points, and a class's tier, are known to notify.
        told = asked and (points(body), body.get("rewardsTier")) != (
            points(resource.body),
            resource.body.get("rewardsTier"),
        )
        for text in traps(sent, body):
            self.note(resource.kind, resource.name, text)
        self._keep(resource, body, Change(resource, method, updated=told))
        return resource.answer()

    def _keep(self, resource: Resource, body: Body, change: Change) -> None:
        resource.body = body
        resource.see(self._at(), change.method)
        self._kept[resource.kind, resource.name] = resource
        if resource.saved_at and resource.body.get("linkedObjectIds"):
            self.hold(resource, saved=True)
        self._save(resource)
        self._told(change)

    def _save(self, resource: Resource) -> None:
        self._shelf.put("resource", f"{resource.kind} {resource.name}", resource.row())

    def _review(self, resource: Resource, body: Body, *, new: bool) -> None:
        """A class is sent as UNDER_REVIEW every time, and is approved at once; a draft may stay one."""
        status = body["reviewStatus"]
        draft = status in _DRAFT and (new or resource.body["reviewStatus"] in _DRAFT)
        if status not in _REVIEWED and not draft:
            raise invalid(f"Invalid review status '{status}'. Use 'UNDER_REVIEW' instead.")
        body["reviewStatus"] = "DRAFT" if draft else "APPROVED"

    def _belongs(self, resource: Resource, body: Body) -> None:
        parent = self._kept.get((CLASS_OF[resource.kind], body["classId"]))
        if parent is None:
            raise no_class(body["classId"])
        if parent.body["reviewStatus"] in _DRAFT:
            raise invalid(f"Class {parent.name} is a draft; its review status must be APPROVED.")

    def _link(self, resource: Resource, body: Body) -> None:
        """Linked once is linked for good; what goes beyond fifty is dropped without a word."""
        linked = resource.body.get("linkedObjectIds", [])
        wanted = [name for name in body.get("linkedObjectIds", ()) if name not in linked]
        for name in wanted:
            found = self.named(name)
            if found is None or found is resource or found.body.get("linkedObjectIds"):
                raise invalid(f"linkedObjectIds: {name} is no other object of this issuer that could be linked.")
        if linked or wanted:
            body["linkedObjectIds"] = [*linked, *wanted][:MOST_LINKED]

    def _linked(self, resource: Resource) -> list[Resource]:
        found = [self.named(name) for name in resource.body.get("linkedObjectIds", ())]
        return [one for one in found if one is not None]

    def _spend(self, resource: Resource, what: str) -> None:
        now = self._now()
        recent = [at for at in resource.notified if now - datetime.fromisoformat(at) < DAY]
        if len(recent) >= self._settings().notifications:
            resource.over += 1
            if resource.seen:
                self._save(resource)
            raise over_budget(ISSUER_ID, resource.kind, resource.name, what)
        resource.notified = [*recent, now.isoformat()]
        resource.most = max(resource.most, len(resource.notified))

    def _at(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _parent(resource: Resource) -> Any:
    return resource.body["id"].partition(".")[0] if resource.is_class else resource.body["classId"]
