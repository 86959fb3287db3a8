"""For machines that watch: alive, may take traffic, how it is going."""

from datetime import datetime

from flask import Blueprint, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import certificates, migrating, push_stops
from issuer.database import UnsafeRole, check_role, transaction
from issuer.schema import Heartbeat, Pass, Publication, Registration
from issuer.web.context import house, now
from issuer.web.guards import open_to_all

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@open_to_all
def healthz() -> Response:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@open_to_all
def readyz() -> tuple[Response, int]:
    """Database reachable, schema ours, role harmless."""
    reason = _unready()
    return (jsonify(status="not ready", reason=reason), 503) if reason else (jsonify(status="ready"), 200)


@blueprint.get("/metrics")
@open_to_all
def metrics() -> Response:
    with transaction(house().engine) as session:
        return Response(generate_latest(_registry(session, now())), content_type=CONTENT_TYPE_LATEST)


def _unready() -> str | None:
    try:
        with transaction(house().engine) as session:
            check_role(session)
            found = session.scalar(text("SELECT version_num FROM alembic_version"))
    except UnsafeRole as error:
        return str(error)
    except SQLAlchemyError:
        return "The database does not answer, or has no schema yet: see `treuepass db upgrade`."
    wanted = migrating.head()
    if found != wanted:
        return f"The database is at revision {found}, this release needs {wanted}: run `treuepass db upgrade`."
    return None


def _registry(session: Session, at: datetime) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, value: float) -> None:
        Gauge(f"treuepass_{name}", meaning, registry=registry).set(value)

    def seconds(instant: datetime | None) -> float:
        return max(0.0, (at - instant).total_seconds()) if instant else 0.0

    waiting = func.least(Publication.due_at, Publication.push_at)
    count, oldest = session.execute(
        select(func.count(), func.min(waiting)).where(waiting.is_not(None), waiting <= at)
    ).one()
    gauge("publications_waiting", "publications that are due and not pushed", count)
    gauge("publications_oldest_seconds", "how long the oldest of them waits", seconds(oldest))
    gauge("passes", "passes issued and not revoked", _count(session, Pass.id, Pass.revoked_at.is_(None)))
    gauge("registrations", "phones that want to hear about a pass", _count(session, Registration.pass_id))
    behind = Registration.fetched_version < Registration.pushed_version
    gauge(
        "registrations_behind",
        "phones pushed to that have not fetched",
        _count(session, Registration.pass_id, behind),
    )
    stopped = Gauge(
        "treuepass_pushes_stopped_seconds", "since Apple or Google takes none", ["pass_type"], registry=registry
    )
    for one in push_stops.every(session):
        stopped.labels(one.pass_type).set(seconds(one.since))
    expiry = min((row.not_after for row in certificates.in_use(session)), default=None)
    gauge("certificate_days_left", "until the first certificate in use ends", (expiry - at).days if expiry else -1)
    beats = Gauge("treuepass_heartbeat_age_seconds", "since a process did its work", ["process"], registry=registry)
    for beat in session.scalars(select(Heartbeat)):
        beats.labels(beat.name).set(seconds(beat.at))
    return registry


def _count(session: Session, column, *conditions) -> int:  # type: ignore[no-untyped-def]
    return session.scalar(select(func.count(column)).where(*conditions)) or 0
