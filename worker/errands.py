"""Claimed publications and the pushes made for them: what each answer means for phone, publication and pass type."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import relaying
from issuer.relaying import Claim, Ended, Told, Wish
from worker.apns import PushAnswer
from worker.backoff import jittered

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=1), timedelta(hours=1)
OPERATOR_RETRY = timedelta(minutes=1)


@dataclass(eq=False)
class Errand:
    """A claimed publication, with as many ``open`` phones as are not answered yet.

    ``told``: phones that Apple took the push for. ``again``: when others are to be tried. ``put_back``: for the pass
    type's trouble, which is none of this card's.
    """

    claim: Claim
    open: int
    told: int = 0
    again: list[datetime] = field(default_factory=list)
    put_back: bool = False


@dataclass(frozen=True, eq=False)
class Flight:
    """One push, for all that one phone waits for."""

    token: str
    phones: tuple[tuple[Wish, Errand], ...]


Answered = Sequence[tuple[Flight, PushAnswer]]


def plan(claims: Iterable[Claim], phones: Iterable[Wish], now: datetime) -> tuple[list[Errand], list[Flight]]:
    """What to fly for what was claimed: a phone with several changed cards is woken once, a throttled one not now."""
    errands = {claim.pass_id: Errand(claim, 0) for claim in claims}
    by_token = defaultdict[str, list[tuple[Wish, Errand]]](list)
    for phone in phones:
        errand = errands[phone.pass_id]
        if phone.throttled_until and phone.throttled_until > now:
            errand.again.append(phone.throttled_until)
        else:
            errand.open += 1
            by_token[phone.push_token].append((phone, errand))
    return list(errands.values()), [Flight(token, tuple(wishes)) for token, wishes in by_token.items()]


def note(session: Session, answered: Answered, now: datetime) -> list[Errand]:
    """Write down what Apple said, each phone by itself; the errands it was said about, with each phone.

    Locks what everybody locks in the same order: phones, their registrations; and `settle` after them publications.
    """
    gone, throttled = set[UUID](), dict[UUID, datetime]()
    for phone, answer in _each_phone(answered):
        if answer.gone and relaying.forget_device(session, phone.device_id, phone.push_token, answer.gone_at):
            log.info("forgot a phone of pass %s: %s", phone.pass_id, answer)
            gone.add(phone.device_id)
        elif answer.throttled:
            throttled[phone.device_id] = now + jittered(FIRST_RETRY, LONGEST_RETRY, phone.throttles + 1)
            relaying.throttle(session, phone.device_id, throttled[phone.device_id])
        elif answer.accepted and phone.throttles:
            relaying.relieve(session, phone.device_id)
    told = [(phone, errand, answer) for flight, answer in answered for phone, errand in flight.phones]
    there = [one for one in told if one[0].device_id not in gone]
    for phone, errand, answer in there:
        _count(errand, answer, throttled.get(phone.device_id) or _again(errand.claim, answer, now))
    relaying.note_answers(
        session,
        [Told(errand.claim, phone.device_id, str(answer), answer.accepted) for phone, errand, answer in there],
        now,
    )
    for _, errand, _ in told:
        errand.open -= 1
    return [errand for _, errand, _ in told]


def _each_phone(answered: Answered) -> list[tuple[Wish, PushAnswer]]:
    """One wish of each phone; two phones may have one token."""
    found = {phone.device_id: (phone, answer) for flight, answer in answered for phone, _ in flight.phones}
    return [found[device_id] for device_id in sorted(found)]


def _count(errand: Errand, answer: PushAnswer, again: datetime) -> None:
    if answer.accepted:
        errand.told += 1
    elif answer.refuses_all or answer.lost:
        errand.put_back = True
    else:
        errand.again.append(again)


def _again(claim: Claim, answer: PushAnswer, now: datetime) -> datetime:
    wait = jittered(FIRST_RETRY, LONGEST_RETRY, claim.attempts)
    return now + (max(OPERATOR_RETRY, wait) if answer.ours else wait)


def settle(session: Session, errands: Iterable[Errand], now: datetime) -> int:
    """End the claims of these errands, each named once or more; how many publications do not wait where they were."""
    each = {errand.claim.pass_id: errand for errand in errands}.values()
    put_back = [errand.claim for errand in each if errand.put_back and not errand.told]
    ended = [
        Ended(errand.claim, min([*errand.again, now] if errand.put_back else errand.again, default=None), errand.told)
        for errand in each
        if errand.told or not errand.put_back
    ]
    if put_back:
        relaying.release(session, put_back)
    if ended:
        relaying.settle(session, ended, now)
    return len(ended)
