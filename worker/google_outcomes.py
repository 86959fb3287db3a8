"""What becomes of claimed publications and of classes after Google's answers."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from issuer import google_classes, google_relaying
from issuer.google_relaying import GoogleClaim, Outcome
from worker.backoff import jittered
from worker.errands import FIRST_RETRY, LONGEST_RETRY, OPERATOR_RETRY
from worker.google_errors import SILENCE, Answer, Meaning
from worker.google_sending import ClassSent, Sent

log = logging.getLogger(__name__)


def settle(session: Session, told: Sequence[Sent], now: datetime) -> int:
    """End the claims of what was sent; how many do not wait where they were.

    A call that stayed without an answer may be carried out late. So its lease is left to run out: nothing newer is
    sent of that object before, which the late one would undo.
    """
    back = [one.claim for one in told if one.answer is None or one.answer.meaning is Meaning.REFUSED]
    outcomes = [_outcome(one, one.answer, now) for one in told if one.answer is not None and _is_settled(one.answer)]
    for one in told:
        if one.answer is not None and one.answer.meaning is Meaning.NOT_THERE and not one.over:
            google_classes.class_missing(session, one.claim)
    if back:
        google_relaying.release(session, back, now)
    if outcomes:
        google_relaying.settle(session, outcomes, now)
    late = [one.claim for one in outcomes if one.sent and now > one.claim.leased_until]
    if late:
        google_relaying.ask_again(session, late, now)
    return len(outcomes)


def _is_settled(answer: Answer) -> bool:
    return answer.meaning is not Meaning.REFUSED and answer.reason != SILENCE


def _outcome(one: Sent, answer: Answer, now: datetime) -> Outcome:
    if answer.meaning is Meaning.DONE:
        return Outcome(one.claim, sent=True, noticed=one.noticed)
    if answer.meaning is Meaning.NOT_THERE and one.over:
        return Outcome(one.claim, sent=False, answer=str(answer), noticed=one.noticed)
    return Outcome(
        one.claim, sent=False, again_at=_again(one.claim, answer, now), answer=str(answer), noticed=one.noticed
    )


def _again(claim: GoogleClaim, answer: Answer, now: datetime) -> datetime:
    wait = max(jittered(FIRST_RETRY, LONGEST_RETRY, claim.attempts), timedelta(seconds=answer.pause))
    return now + (max(OPERATOR_RETRY, wait) if answer.meaning is Meaning.PERMANENT else wait)


def put_off(session: Session, claims: Sequence[GoogleClaim], now: datetime) -> None:
    """Come back to them soon: another worker is about what they wait for."""
    outcomes = [
        Outcome(one, sent=False, again_at=now + jittered(FIRST_RETRY, LONGEST_RETRY, one.attempts - 1), noticed=False)
        for one in claims
    ]
    google_relaying.settle(session, outcomes, now)


def end_class(session: Session, one: ClassSent, now: datetime) -> bool:
    """End the turn of a class; whether its objects may be sent. As in `settle`, silence lets the lease run out."""
    answer = one.answer or Answer(Meaning.REFUSED, 0, "not sent")
    if answer.meaning is Meaning.DONE:
        google_classes.class_sent(session, one.turn, now)
        return True
    if answer.meaning is Meaning.PERMANENT:
        # The shop's own words, nothing of a customer.
        sentence = "Google does not take the class of program %s: %s %s. Its cards keep the look they have there"
        log.error(sentence, one.turn.program_id, answer, answer.message)
        google_classes.class_refused(session, one.turn, str(answer), now + OPERATOR_RETRY)
    elif answer.reason != SILENCE:
        google_classes.class_unsent(session, one.turn)
    return one.turn.known and answer.meaning is not Meaning.REFUSED


class Complaints:
    """One line a turn for what an operator should know. Google's own sentence may quote a customer's name."""

    def __init__(self) -> None:
        self._wrong, self._silent = list[Sent](), list[Answer]()

    def note(self, told: Sequence[Sent]) -> None:
        self._wrong += [one for one in told if one.answer is not None and one.answer.meaning is Meaning.PERMANENT]
        self._silent += [one.answer for one in told if one.answer is not None and one.answer.troubled]

    def make(self) -> None:
        if self._wrong:
            sentence = "Google does not take %d objects, pass %s first: %s"
            log.error(sentence, len(self._wrong), self._wrong[0].claim.pass_id, self._wrong[0].answer)
        if self._silent:
            log.warning("Google did not answer properly %d times: %s", len(self._silent), self._silent[0])
