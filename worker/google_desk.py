"""What a process works with for Google, made when it is first needed, and whose turn it is to work with it."""

import logging
from collections.abc import Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from time import sleep

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from issuer.google_account import account_of
from issuer.google_passes import Terms
from issuer.google_relaying import stop_key
from issuer.settings import GoogleSettings, SettingsRefused
from worker.google_errors import Answer
from worker.google_rate import GoogleRate
from worker.google_wallet import CONNECT_SECONDS, READ_SECONDS, Gate, GoogleWallet
from worker.office import Office

log = logging.getLogger(__name__)

THREADS = 8
PATIENCE = (CONNECT_SECONDS, READ_SECONDS)
# By so much the clocks of two workers may differ, and a request may be begun after its lease was.
SKEW, SLACK = timedelta(seconds=1), timedelta(seconds=4)


class TooLate(Exception):
    """Give it back: its lease could end before the request does, and another worker be ahead with a newer state."""


class Desk:
    """One of a process, with one owner at a time: the thread that `taken` lets in.

    ``wanted``: somebody asked for it while it was taken; its owner looks once more before giving it back.
    ``places``: Google takes places from this issuer, as far as is known. ``troubled``: what had no proper answer since
    the last that did.

    :param google: the settings of the office, which has some
    :param patience: seconds for a connection, seconds for an answer
    """

    def __init__(self, office: Office, google: GoogleSettings, *, patience: tuple[float, float] = PATIENCE) -> None:
        self.office, self.google = office, google
        self.wanted, self.places, self.troubled = False, google.places, set[Hashable]()
        self._patience, self._lock = patience, Lock()

    @cached_property
    def wallet(self) -> GoogleWallet:
        """
        :raises issuer.settings.SettingsRefused: the key file cannot be used
        """
        account = account_of(self.office.settings)
        if account is None:
            raise SettingsRefused(["GOOGLE_ISSUER_ID is not set"])
        return GoogleWallet(self.google.wallet_url, account, patience=self._patience)

    @cached_property
    def redis(self) -> Redis:
        # Once more at once, as a connection may have died of old age; not for the seconds that Redis' client would.
        again = Retry(NoBackoff(), 1)
        url = self.office.settings.redis_url
        return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=again)

    @cached_property
    def rate(self) -> GoogleRate:
        return GoogleRate(self.redis, f"treuepass:{self.stop_key}", self.office.settings.google_rate)

    @cached_property
    def threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(THREADS, thread_name_prefix="google")

    @property
    def stop_key(self) -> str:
        return stop_key(self.google.issuer_id)

    @property
    def terms(self) -> Terms:
        return Terms(self.google.issuer_id, self.office.settings.public_url, self.places)

    @property
    def longest(self) -> timedelta:
        """What must be left of a lease for a request to begin."""
        return timedelta(seconds=sum(self._patience)) + SKEW

    @property
    def lease(self) -> timedelta:
        return max(timedelta(seconds=self.office.settings.lease_seconds), self.longest + SLACK)

    def gate(self, priority: int, until: datetime) -> Gate:
        """Lets a request out when it is its turn, and not so late that it could last beyond ``until``.

        It raises TooLate, and redis.exceptions.RedisError when nobody can say whose turn it is.
        """

        def left() -> float:
            """Seconds in which the request has to begin."""
            return (until - self.office.clock.now() - self.longest).total_seconds()

        def wait_for_turn() -> None:
            while True:
                turn = self.rate.take(priority, left())
                if turn.wait > left():
                    raise TooLate
                sleep(turn.wait)
                if turn.taken:
                    break
            if left() < 0:
                raise TooLate

        return wait_for_turn

    def forget_places(self, answer: Answer) -> None:
        """Tell Google of no places any more: it refuses them from this issuer."""
        if self.places:
            self.places = False
            sentence = "Google takes no places from issuer %s, cards go there without: %s. Set %s to no"
            log.error(sentence, self.google.issuer_id, answer, "TREUEPASS_GOOGLE_PLACES")

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """False: another thread has it."""
        if not self._lock.acquire(blocking=False):
            yield False
            return
        try:
            yield True
        finally:
            self._lock.release()

    def close(self) -> None:
        """Wait for what is under way."""
        if "threads" in self.__dict__:
            self.threads.shutdown()
        if "wallet" in self.__dict__:
            self.wallet.close()
