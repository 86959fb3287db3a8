"""The messages there are, each with one handler. They carry ids and may run in any order, any number of times."""

import logging
from datetime import datetime

from celery import Celery
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import idempotency
from issuer.certificates import CertificateMissing
from issuer.database import set_merchant, transaction
from issuer.merchants import all_merchants
from issuer.schema import Heartbeat, JobRun, LoginSession
from worker.apple_push import Connections, push_waiting
from worker.office import Office

log = logging.getLogger(__name__)

TIDY_SECONDS = 3600


def register(app: Celery, office: Office) -> None:
    """Bind the tasks to one process' engine and connections."""
    connections = Connections(office)

    @app.task(name="push_apple")
    def push_apple(pass_type: str) -> None:
        try:
            push_waiting(office, connections, pass_type)
        except CertificateMissing as error:
            log.error("%s", error)

    @app.task(name="canary")
    def canary() -> None:
        with transaction(office.engine) as session:
            beat(session, "worker", office.clock.now())

    @app.task(name="tidy")
    def tidy() -> None:
        now = office.clock.now()
        with transaction(office.engine) as session:
            if claim_slot(session, "tidy", TIDY_SECONDS, now):
                forget(session, now)


def beat(session: Session, name: str, now: datetime) -> None:
    """Show that a process does its work."""
    row = insert(Heartbeat).values(name=name, at=now)
    session.execute(row.on_conflict_do_update(index_elements=[Heartbeat.name], set_={"at": now}))


def claim_slot(session: Session, name: str, seconds: int, now: datetime) -> bool:
    """True for the one caller whose slot it is, however many schedulers there are."""
    slot = int(now.timestamp()) // seconds
    row = insert(JobRun).values(name=name, slot=slot, claimed_at=now)
    return session.execute(row.on_conflict_do_nothing().returning(JobRun.slot)).first() is not None


def forget(session: Session, now: datetime) -> None:
    """Drop what nobody will ask for again: old idempotency keys, ended sessions, slots of last week."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
    session.execute(delete(JobRun).where(JobRun.claimed_at < now - idempotency.KEPT))
    for merchant_id in all_merchants(session):
        set_merchant(session, merchant_id)
        idempotency.forget_old(session, now)
