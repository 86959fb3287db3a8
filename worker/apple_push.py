"""From claimed publications to answered pushes. May run twice, in parallel, and be killed anywhere."""

import logging
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import certificates, relaying
from issuer.database import transaction
from issuer.relaying import Claim, Wish
from issuer.schema import Certificate
from worker.apns import ApnsConnection, PushAnswer
from worker.office import Office

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=1), timedelta(hours=1)
OPERATOR_RETRY = timedelta(minutes=1)


class Connections:
    """Open connections to Apple, by certificate, for the life of the process.

    Normally one each; a thread that finds none idle opens another, so that one silent phone holds up its own
    batch and no other.
    """

    def __init__(self, office: Office) -> None:
        self._office, self._lock = office, Lock()
        self._idle = defaultdict[UUID, list[ApnsConnection]](list)

    @contextmanager
    def borrow(self, pass_type: str) -> Iterator[ApnsConnection]:
        """
        :raises issuer.certificates.CertificateMissing:
        """
        with transaction(self._office.engine) as session:
            row = certificates.newest(session, pass_type)
        with self._lock:
            connection = self._idle[row.id].pop() if self._idle[row.id] else None
        connection = connection or self._open(row)
        yield connection
        with self._lock:
            self._idle[row.id].append(connection)

    def _open(self, row: Certificate) -> ApnsConnection:
        settings = self._office.settings
        ca_file = str(settings.apns_ca_file) if settings.apns_ca_file else None
        return ApnsConnection(settings.apns_url, ca_file, certificates.opened(row, self._office.keys))


def push_waiting(office: Office, connections: Connections, pass_type: str) -> int:
    """Push everything that waits for a pass type; how many publications were settled."""
    settled = 0
    with connections.borrow(pass_type) as connection:
        while claims := _claim(office, pass_type):
            with transaction(office.engine) as session:
                phones = relaying.wishes(session, claims)
            answers = connection.push((phone.push_token for phone in phones), office.clock.now())
            _warn(answers)
            _settle_all(office, claims, phones, answers)
            settled += len(claims)
    return settled


def _warn(answers: Mapping[str, PushAnswer]) -> None:
    """One line a batch for what an operator should know."""
    silent = [answer for answer in answers.values() if not answer.status]
    if silent:
        log.warning("%d of %d pushes got no answer from Apple: %s", len(silent), len(answers), silent[0])
    ours = [answer for answer in answers.values() if answer.ours]
    if ours:
        log.error("Apple refuses our pushes: %s. Look at the certificate: treuepass certificate show", ours[0])


def _claim(office: Office, pass_type: str) -> list[Claim]:
    with transaction(office.engine) as session:
        return relaying.claim(session, pass_type, office.clock.now(), timedelta(seconds=office.settings.lease_seconds))


def _settle_all(
    office: Office, claims: Sequence[Claim], phones: Sequence[Wish], answers: Mapping[str, PushAnswer]
) -> None:
    now = office.clock.now()
    by_pass = defaultdict[UUID, list[Wish]](list)
    for phone in phones:
        by_pass[phone.pass_id].append(phone)
    with transaction(office.engine) as session:
        for claim in sorted(claims, key=lambda claim: claim.pass_id):
            _settle(session, claim, by_pass[claim.pass_id], answers, now)


def _settle(
    session: Session, claim: Claim, phones: list[Wish], answers: Mapping[str, PushAnswer], now: datetime
) -> None:
    """Each phone by itself: a dead or throttled one keeps none of the others waiting."""
    told, retries = 0, list[PushAnswer]()
    for phone in phones:
        answer = answers[phone.push_token]
        if answer.gone and relaying.forget_device(session, phone.device_id, phone.push_token, answer.gone_at):
            log.info("forgot a phone of pass %s: %s", claim.pass_id, answer)
            continue
        relaying.note_answer(session, claim, phone.device_id, str(answer), now, accepted=answer.accepted)
        told += answer.accepted
        if not answer.accepted:
            retries.append(answer)
    relaying.settle(session, claim, now, again_at=_again(claim, retries, now), told=told)


def _again(claim: Claim, retries: list[PushAnswer], now: datetime) -> datetime | None:
    """Full-jitter backoff; what only an operator can mend is asked once a minute."""
    if not retries:
        return None
    if any(answer.ours for answer in retries):
        return now + OPERATOR_RETRY
    ceiling = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(claim.attempts, 16))
    wait: timedelta = ceiling * random.random()  # noqa: S311 (spreads load, hides nothing)
    return now + max(FIRST_RETRY / 2, wait)
