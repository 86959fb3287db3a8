"""The messages there are, each with one handler. They carry ids and may run in any order, any number of times."""

import logging
from datetime import datetime, timedelta
from threading import Event

from celery import Celery
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import google_callbacks, idempotency
from issuer.certificates import CertificateMissing
from issuer.database import set_merchant, transaction
from issuer.merchants import all_merchants
from issuer.schema import Heartbeat, Invitation, JobRun, LoginSession, TillEnrolment
from issuer.settings import SettingsRefused
from signing.envelope import SealBroken
from worker import by_calendar, comparing, foretelling, google_daily, looking_after, offers
from worker.apple_push import push_waiting
from worker.google_desk import Desk
from worker.google_push import push_google
from worker.lines import Lines
from worker.office import Office
from worker.slots import claim_slot
from worker.weather import OpenMeteo

log = logging.getLogger(__name__)

TIDY_SECONDS = 3600
COMPLAINT_EVERY = timedelta(minutes=5)


def register(app: Celery, office: Office) -> None:
    """Bind the tasks to one process' engine and connections."""
    lines, complaint = Lines(office), Complaint()

    @app.task(name="push_apple", shared=False)
    def push_apple(pass_type: str) -> None:
        try:
            push_waiting(office, lines, pass_type)
        except (CertificateMissing, SealBroken) as error:
            complaint.make(f"Nothing of {pass_type} can be pushed: {error}", office.clock.now())

    @app.task(name="canary", shared=False)
    def canary() -> None:
        with transaction(office.engine) as session:
            beat(session, "worker", office.clock.now())
        lines.close_idle()

    @app.task(name="tidy", shared=False)
    def tidy() -> None:
        now = office.clock.now()
        with transaction(office.engine) as session:
            if claim_slot(session, "tidy", TIDY_SECONDS, now):
                forget(session, now)

    _register_cards(app, office)
    if office.settings.google is not None:
        _register_google(app, office, Desk(office, office.settings.google), complaint)


def _register_cards(app: Celery, office: Office) -> None:
    @app.task(name="look_after", shared=False)
    def look_after() -> None:
        looking_after.look_after(office)

    @app.task(name="celebrate", shared=False)
    def celebrate() -> None:
        by_calendar.celebrate(office, Event())

    @app.task(name="refresh_donations", shared=False)
    def refresh_donations() -> None:
        by_calendar.refresh_donations(office)

    @app.task(name="watch_certificates", shared=False)
    def watch_certificates() -> None:
        by_calendar.watch_certificates(office)

    _register_offers(app, office)


def _register_offers(app: Celery, office: Office) -> None:
    @app.task(name="show_offers", shared=False)
    def show_offers() -> None:
        offers.show_offers(office)

    @app.task(name="note_birthdays", shared=False)
    def note_birthdays() -> None:
        offers.note_birthdays(office)

    @app.task(name="compare_cards", shared=False)
    def compare_cards() -> None:
        comparing.compare_cards(office)

    weather = OpenMeteo(office.settings.weather_url)

    @app.task(name="ask_weather", shared=False)
    def ask_weather() -> None:
        foretelling.ask_weather(office, weather)


def _register_google(app: Celery, office: Office, desk: Desk, complaint: "Complaint") -> None:
    @app.task(name="push_google", shared=False)
    def push_everything() -> None:
        try:
            push_google(desk)
        except SettingsRefused as error:
            complaint.make(f"Nothing can be sent to Google: {error}", office.clock.now())

    @app.task(name="reconcile_google", shared=False)
    def reconcile_google() -> None:
        try:
            google_daily.reconcile(desk)
        except SettingsRefused as error:
            complaint.make(f"Nothing can be asked of Google: {error}", office.clock.now())

    @app.task(name="refresh_google_keys", shared=False)
    def refresh_google_keys() -> None:
        google_daily.refresh_keys(desk)


class Complaint:
    """Says a sentence once and again every few minutes: the relay reminds every second."""

    def __init__(self) -> None:
        self._made = dict[str, datetime]()

    def make(self, sentence: str, now: datetime) -> None:
        last = self._made.get(sentence)
        if last is None or now - last >= COMPLAINT_EVERY:
            self._made[sentence] = now
            log.error("%s", sentence)


def beat(session: Session, name: str, now: datetime) -> None:
    """Show that a process does its work."""
    row = insert(Heartbeat).values(name=name, at=now)
    session.execute(row.on_conflict_do_update(index_elements=[Heartbeat.name], set_={"at": now}))


def forget(session: Session, now: datetime) -> None:
    """Drop what nobody will ask for again: old idempotency keys and nonces, ended sessions, slots of last week."""
    for row in (LoginSession, Invitation, TillEnrolment):
        session.execute(delete(row).where(row.expires_at < now))
    session.execute(delete(JobRun).where(JobRun.claimed_at < now - idempotency.KEPT))
    google_callbacks.forget_old(session, now)
    for merchant_id in all_merchants(session):
        set_merchant(session, merchant_id)
        idempotency.forget_old(session, now)
