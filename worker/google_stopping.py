"""When Google takes nothing of our issuer: found out from a few answers, said, and asked again one object at a time."""

import logging
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from issuer import push_stops
from worker.backoff import jittered
from worker.google_desk import Desk
from worker.google_errors import Answer, Meaning
from worker.stopping import FIRST_CALL, FIRST_PROBE, LONGEST_CALL, LONGEST_PROBE, TOO_MANY_TROUBLED

log = logging.getLogger(__name__)

Told = Sequence[tuple[Hashable, Answer]]
"""What Google said, and about what."""


def may_push(session: Session, desk: Desk, now: datetime) -> tuple[bool, bool]:
    """Whether anything is to be sent at all, and whether only one, to find out if Google takes it again."""
    stopped = push_stops.stop_of(session, desk.stop_key)
    return stopped is None or stopped.probe_at <= now, stopped is not None


def is_over(session: Session, desk: Desk, told: Told, now: datetime, *, probing: bool) -> bool:
    """Whether nothing more shall be sent for now. A proper answer to a probe lets the others go again."""
    refusal = next((answer for _, answer in told if answer.meaning is Meaning.REFUSED), None)
    trouble = refusal or _trouble(desk, told, probing=probing)
    if trouble is not None:
        desk.troubled.clear()
        _stop(session, desk, trouble, now)
        return True
    if told and probing and push_stops.resume(session, desk.stop_key):
        log.warning("Google takes what issuer %s sends again", desk.google.issuer_id)
    return False


def _trouble(desk: Desk, told: Told, *, probing: bool) -> Answer | None:
    """An answer that shows that Google, or the way there, does not work for anything."""
    for about, answer in told:
        if not answer.troubled:
            desk.troubled.clear()
            continue
        desk.troubled.add(about)
        if probing or len(desk.troubled) >= TOO_MANY_TROUBLED:
            return answer
    return None


def _stop(session: Session, desk: Desk, answer: Answer, now: datetime) -> None:
    before = push_stops.stop_of(session, desk.stop_key)
    failures, issuer = before.probes + 1 if before else 0, desk.google.issuer_id
    refused = answer.meaning is Meaning.REFUSED
    if refused:
        wait = max(FIRST_PROBE, jittered(FIRST_PROBE, LONGEST_PROBE, failures))
        sentence = "Google refuses what issuer %s sends: %s. All of it waits. The service account is to be a user of %s"
        log.error(sentence + " with the role Developer, and its key to be valid", issuer, answer, "that issuer")
    else:
        wait = max(jittered(FIRST_CALL, LONGEST_CALL, failures), timedelta(seconds=answer.pause))
        if not failures:
            log.warning("Google does not answer what issuer %s sends, all of it waits: %s", issuer, answer)
    push_stops.stop(session, desk.stop_key, str(answer), now, now + wait, refused=refused)
