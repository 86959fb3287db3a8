"""When nothing of a pass type can be pushed: found out from a few answers, said, and asked again one push at a time."""

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from issuer import push_stops
from worker.apns import PushAnswer
from worker.backoff import jittered
from worker.errands import Answered
from worker.lines import Line

log = logging.getLogger(__name__)

# Asked again: Apple that refuses us, and Apple that cannot be reached.
FIRST_PROBE, LONGEST_PROBE = timedelta(minutes=1), timedelta(minutes=15)
FIRST_CALL, LONGEST_CALL = timedelta(seconds=1), timedelta(minutes=1)
# So many phones without a proper answer, and no proper one between them: it is not theirs, then.
TOO_MANY_TROUBLED = 20


def is_over(session: Session, pass_type: str, line: Line, answered: Answered, now: datetime, *, probing: bool) -> bool:
    """Whether nothing more shall be pushed for now. A proper answer to a probe lets the others go again."""
    answers = [answer for _, answer in answered]
    refusal = next((answer for answer in answers if answer.refuses_all), None)
    if refusal is not None:
        _stop(session, pass_type, refusal, now)
        return True
    trouble = _trouble(line, answered, probing=probing)
    if trouble is not None:
        line.troubled.clear()
        _stop(session, pass_type, trouble, now)
        return True
    if probing and push_stops.resume(session, pass_type):
        log.warning("Apple takes pushes of %s again", pass_type)
    return False


def _trouble(line: Line, answered: Answered, *, probing: bool) -> PushAnswer | None:
    """An answer that shows that Apple, or the way there, does not work for anybody."""
    for flight, answer in answered:
        if not answer.unsure:
            line.troubled.clear()
            continue
        line.troubled.add(flight.token)
        if answer.lost or probing or len(line.troubled) >= TOO_MANY_TROUBLED:
            return answer
    return None


def _stop(session: Session, pass_type: str, answer: PushAnswer, now: datetime) -> None:
    before = push_stops.stop_of(session, pass_type)
    failures = before.probes + 1 if before else 0
    if answer.refuses_all:
        wait = max(FIRST_PROBE, jittered(FIRST_PROBE, LONGEST_PROBE, failures))
        sentence = "Apple refuses our pushes of %s: %s. All of them wait. Look at the certificate: %s"
        log.error(sentence, pass_type, answer, "treuepass certificate show")
    else:
        wait = jittered(FIRST_CALL, LONGEST_CALL, failures)
        if not failures:
            log.warning("Apple cannot be reached with pushes of %s, all of them wait: %s", pass_type, answer)
    push_stops.stop(session, pass_type, str(answer), now, now + wait, refused=answer.refuses_all)
