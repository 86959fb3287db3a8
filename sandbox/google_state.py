"""All that the sandbox's Google counted, for a program that looks on at the end of a run."""

from dataclasses import asdict
from typing import Any

from sandbox.google import Google
from sandbox.google_resource import Resource


def state(google: Google) -> dict[str, Any]:
    """`calls`, `answers` by status and reason, `highest_rate` in any second, `violations`, and each class and object.

    Of each: what it showed after every write (`seen`, oldest first), whether a phone holds it, and its notifications.
    """
    kept = google.store.all()
    return {
        **google.calls.summary(),
        "settings": asdict(google.settings),
        "scripted": google.faults.left(),
        "violations": list(google.store.violations),
        "over_budget_refused": sum(one.over for one in kept),
        "most_notifications_a_day": max((one.most for one in kept), default=0),
        "classes": {one.name: _one(one) for one in kept if one.is_class},
        "objects": {one.name: _one(one) for one in kept if not one.is_class},
    }


def _one(resource: Resource) -> dict[str, Any]:
    told = {"within_a_day": len(resource.notified), "most": resource.most, "refused": resource.over}
    own = {"kind": resource.kind, "updated_at": resource.updated_at, "seen": resource.seen, "notifications": told}
    if resource.is_class:
        return {**own, "review_status": resource.body["reviewStatus"]}
    return {**own, "class_id": resource.class_name, "state": resource.body["state"], "saved_at": resource.saved_at}
