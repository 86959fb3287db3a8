"""Looks five times a second for what changed, numbers it, tells the workers. It asks the database, not Redis."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

import psycopg
from celery import Celery
from kombu.exceptions import OperationalError as BrokerGone
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from issuer import agenda, due, google_relaying, google_root_keys, push_stops, relaying, rollouts, sweeps
from issuer.database import transaction
from issuer.settings import Settings
from worker.app import make_celery
from worker.office import Office
from worker.tasks import beat

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
REMIND_AFTER = timedelta(seconds=1)
HINT_LIVES_SECONDS = 10
BEAT_EVERY = timedelta(seconds=5)
PUSHES, LOOK_AFTER, OFFERS, REPEAT = "pushes", "look_after", "offers", "repeat"
REPEAT_EVERY = timedelta(seconds=30)


@dataclass(frozen=True)
class GoogleHints:
    """Tells the workers that something is to be sent to Google, or that its keys for callbacks are to be fetched."""

    push: Callable[[], None]
    fetch_keys: Callable[[], None]


class Relay:
    """Remembers only when it last did what it does now and then; losing that costs once too often."""

    def __init__(
        self,
        office: Office,
        hint: Callable[[str], None],
        look_after: Callable[[], None] | None = None,
        google: GoogleHints | None = None,
        show_offers: Callable[[], None] | None = None,
    ) -> None:
        """
        :param hint: tells the workers of a pass type with something to push
        :param look_after: tells them that something is due on cards
        :param google: nobody is told of Google Wallet without
        :param show_offers: tells them that cards are to be looked at for offers
        """
        self._office, self._hint, self._google = office, hint, google
        told = {LOOK_AFTER: (look_after, due.any_waits), OFFERS: (show_offers, _offers_wait)}
        self._told = {what: (tell, waits) for what, (tell, waits) in told.items() if tell is not None}
        self._done = dict[str, datetime]()
        self._beaten: datetime | None = None

    def turn(self) -> int:
        """One look; how many publications were numbered."""
        now = self._office.clock.now()
        fold = timedelta(seconds=self._office.settings.fold_seconds)
        with transaction(self._office.engine) as session:
            numbered = relaying.number_due(session, now, fold)
            if self._beaten is None or now - self._beaten > BEAT_EVERY:
                beat(session, "relay", now)
                self._beaten = now
        with transaction(self._office.engine) as session:
            looks = numbered > 0 or self._is_time(PUSHES, now)
            waiting = relaying.waiting_pass_types(session, now) if looks else []
            google_waits = looks and self._google is not None and self._waits_for_google(session, now)
            wanted = [what for what, (_, waits) in self._told.items() if waits(session, now)]
        for pass_type in waiting:
            self._hint(pass_type)
        if self._google is not None and google_waits:
            self._google.push()
        if looks:
            self._done[PUSHES] = now
        self._now_and_then(now, wanted)
        # After the till's changes, so that no trouble of a rollout keeps them waiting.
        with transaction(self._office.engine) as session:
            rollouts.advance(session, now, self._office.settings.campaign_rate)
        return numbered

    def _now_and_then(self, now: datetime, wanted: Iterable[str]) -> None:
        for what in wanted:
            if self._is_time(what, now):
                self._told[what][0]()
                self._done[what] = now
        if self._is_time(REPEAT, now, REPEAT_EVERY):
            with transaction(self._office.engine) as session:
                relaying.repeat_unfetched(session, now)
                fetches = self._google is not None and google_root_keys.are_due(session, now)
            if self._google is not None and fetches:
                self._google.fetch_keys()
            self._done[REPEAT] = now

    def _waits_for_google(self, session: Session, now: datetime) -> bool:
        google = self._office.settings.google
        stopped = push_stops.stop_of(session, google_relaying.stop_key(google.issuer_id)) if google else None
        return (stopped is None or stopped.probe_at <= now) and google_relaying.waits(session, now)

    def _is_time(self, what: str, now: datetime, every: timedelta = REMIND_AFTER) -> bool:
        last = self._done.get(what)
        return last is None or now - last >= every


def _offers_wait(session: Session, now: datetime) -> bool:
    return agenda.any_waits(session, now) or sweeps.any_waits(session, now)


def run(settings: Settings, stop: Event) -> None:
    """Until told to stop. Database or Redis away: say it once, keep looking."""
    office, celery = Office(settings), make_celery(settings)
    relay = Relay(
        office,
        lambda pass_type: _tell_of_pushes(celery, pass_type),
        lambda: _tell_of_duties(celery),
        _google_hints(celery) if settings.google is not None else None,
        lambda: _tell_of_offers(celery),
    )
    trouble = ""
    while not stop.wait(POLL_SECONDS):
        try:
            relay.turn()
            if trouble:
                log.warning("the relay goes on")
            trouble = ""
        except (DBAPIError, psycopg.Error, BrokerGone, RedisError, OSError) as error:
            if str(type(error)) != trouble:
                log.warning("the relay waits: %s", error)
            trouble = str(type(error))


def _tell_of_pushes(celery: Celery, pass_type: str) -> None:
    celery.send_task("push_apple", args=[pass_type], expires=HINT_LIVES_SECONDS, retry=False)


def _tell_of_duties(celery: Celery) -> None:
    celery.send_task("look_after", expires=HINT_LIVES_SECONDS, retry=False)


def _tell_of_offers(celery: Celery) -> None:
    celery.send_task("show_offers", expires=HINT_LIVES_SECONDS, retry=False)


def _google_hints(celery: Celery) -> GoogleHints:
    return GoogleHints(
        lambda: celery.send_task("push_google", expires=HINT_LIVES_SECONDS, retry=False),
        lambda: celery.send_task("refresh_google_keys", expires=HINT_LIVES_SECONDS, retry=False),
    )
