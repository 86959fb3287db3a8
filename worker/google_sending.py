"""One class or one object on its way to Google: inserted or changed, whichever it takes, until there is an answer."""

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from redis.exceptions import RedisError

from issuer.database import transaction
from issuer.google_classes import ClassTurn
from issuer.google_passes import CLASSES, OBJECTS, class_id, object_id, object_of
from issuer.google_relaying import GoogleClaim
from issuer.schema import Pass
from passes.face import FaceRefused
from passes.google_parts import Body
from passes.google_patches import patch_of
from worker.google_desk import Desk, TooLate
from worker.google_errors import Answer, Meaning
from worker.google_wallet import Gate

log = logging.getLogger(__name__)

UNMAKEABLE = Answer(Meaning.PERMANENT, 0, "cannot be made for Google")
PLACES, NOTICE = "merchantLocations", "notifyPreference"


@dataclass(frozen=True)
class Sent:
    """What Google said of an object; nothing: it was not asked, the claim goes back to where it was.

    ``over``: of a pass that was revoked, so that nothing is wrong if Google does not have it. ``noticed``: its phone
    may have shown a note.
    """

    claim: GoogleClaim
    answer: Answer | None
    over: bool = False
    noticed: bool = False

    @property
    def about(self) -> Hashable:
        return self.claim.pass_id


@dataclass(frozen=True)
class ClassSent:
    """What Google said of a class, as in `Sent`."""

    turn: ClassTurn
    answer: Answer | None

    @property
    def about(self) -> Hashable:
        return self.turn.program_id, self.turn.kind


def send_object(desk: Desk, claim: GoogleClaim) -> Sent:
    """Give Google all that it is to have of a claimed pass. Whatever goes wrong with it is an answer, too."""
    try:
        return _send_object(desk, claim)
    except (TooLate, RedisError):
        return Sent(claim, None)
    except FaceRefused:
        return Sent(claim, UNMAKEABLE)
    except Exception:
        # Whatever it is: one pass must not keep the others waiting. A database that is away fails here, too.
        log.exception("pass %s cannot be sent to Google; it is tried again", claim.pass_id)
        return Sent(claim, UNMAKEABLE)


def _send_object(desk: Desk, claim: GoogleClaim) -> Sent:
    body, over = _body(desk, claim)
    name = object_id(desk.google.issuer_id, claim.serial)
    writing = _Writing(desk, OBJECTS[claim.kind], name, body, desk.gate(claim.priority, claim.leased_until))
    # A worker that died may have inserted it unknown to us, so one that is over is changed in any case.
    answer = writing.patch() if over else writing.upsert(known=claim.inserted)
    return Sent(claim, answer, over, writing.noticed)


def send_class(desk: Desk, turn: ClassTurn, body: Body, gate: Gate) -> ClassSent:
    """Give Google the body of a class, which is this worker's turn."""
    name = class_id(desk.google.issuer_id, turn.program_id, turn.kind)
    writing = _Writing(desk, CLASSES[turn.kind], name, body, gate)
    try:
        return ClassSent(turn, writing.upsert(known=turn.known))
    except (TooLate, RedisError):
        return ClassSent(turn, None)
    except Exception:
        log.exception("the class of program %s cannot be sent to Google; it is tried again", turn.program_id)
        return ClassSent(turn, UNMAKEABLE)


def _body(desk: Desk, claim: GoogleClaim) -> tuple[Body, bool]:
    """What Google is to have now, not before its claim; and whether that is the last of it."""
    now = desk.office.clock.now()
    with transaction(desk.office.engine, claim.merchant_id) as session:
        over = session.get_one(Pass, claim.pass_id).revoked_at is not None
        return object_of(session, claim.pass_id, desk.terms, now, notify=claim.notify), over


class _Writing:
    """The calls it takes to have a body stand at Google. Where Google forbids a part of it, the rest is sent."""

    def __init__(self, desk: Desk, kind: str, name: str, body: Body, gate: Gate) -> None:
        self._desk, self._kind, self._name, self._gate = desk, kind, name, gate
        self._body, self._places = body, desk.places
        self.noticed = False

    def upsert(self, *, known: bool) -> Answer:
        if known:
            answer = self.patch()
            return self._insert() if answer.meaning is Meaning.NOT_THERE else answer
        answer = self._insert()
        return self.patch() if answer.meaning is Meaning.ALREADY_THERE else answer

    def patch(self) -> Answer:
        return self._relenting(self._patch)

    def _patch(self) -> Answer:
        body = patch_of(self._kind, self._body, places_allowed=self._places)
        answer = self._desk.wallet.patch(self._kind, self._name, body, self._gate)
        if NOTICE in body and (answer.meaning is Meaning.NOTICES_SPENT or not 400 <= answer.status < 500):
            self.noticed = True
        return answer

    def _insert(self) -> Answer:
        self._without(NOTICE)
        return self._relenting(lambda: self._desk.wallet.insert(self._kind, self._body, self._gate))

    def _relenting(self, call: Callable[[], Answer]) -> Answer:
        answer = call()
        if answer.meaning is Meaning.NO_PLACES and self._places:
            self._desk.forget_places(answer)
            self._places = False
            self._without(PLACES)
            answer = call()
        if answer.meaning is Meaning.NOTICES_SPENT and NOTICE in self._body:
            self._without(NOTICE)
            answer = call()
        return answer

    def _without(self, key: str) -> None:
        self._body = {name: value for name, value in self._body.items() if name != key}
