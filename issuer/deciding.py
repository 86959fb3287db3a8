"""What becomes of offers on one card at one moment: which end, which are shown, held back or left out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from issuer import card_places, showings
from issuer.limiting import Asked, Used
from issuer.offering import Running
from issuer.offers.arms import arm_of
from issuer.offers.belonging import belongs, changes_at
from issuer.offers.bounds import FOREVER
from issuer.offers.content import VoucherOffer
from issuer.offers.counting import for_days
from issuer.offers.facts import Facts, Turn
from issuer.offers.governor import Person, Show, Verdict, Wait, Wants, judge_all, wants_of
from issuer.offers.instants import day_after
from issuer.offers.offer import Offer
from issuer.offers.policy import Policy
from issuer.offers.triggers import OF_A_STATE
from issuer.offers.turns import BY_CALENDAR, next_look, still, turn_named, turn_of
from issuer.rules.movement import Movement
from issuer.schema import Card, Showing, Voucher
from issuer.showings import CLOSED, DONE, GONE, OFFER_ENDED, OUT, OVER, PAUSED, SHOWN, UNWANTED, Candidate

Said = TypeVar("Said")


class Windows:
    """Of running offers at one moment. Those by the calendar are the same for all cards around: reckoned once."""

    def __init__(self, now: datetime) -> None:
        self._now, self._turns, self._looks = now, dict[UUID, Turn | None](), dict[UUID, datetime | None]()

    def open(self, one: Running, facts: Facts) -> Turn | None:
        return self._said(self._turns, turn_of, one, facts)

    def next_look(self, one: Running, facts: Facts) -> datetime | None:
        return self._said(self._looks, next_look, one, facts)

    def _said(
        self,
        known: dict[UUID, Said],
        reckon: Callable[[Offer, Facts, datetime, datetime], Said],
        one: Running,
        facts: Facts,
    ) -> Said:
        if one.offer.trigger.kind not in BY_CALENDAR:
            return reckon(one.offer, facts, self._now, one.live_at)
        if one.id not in known:
            known[one.id] = reckon(one.offer, facts, self._now, one.live_at)
        return known[one.id]


@dataclass
class Scene:
    """What cards share that are looked at together. ``running``: offers, the most urgent first.

    ``resting``: those that may run again. ``shown``: rows by card; ``decided``: by offer, card and turn.
    ``persons`` and ``used`` grow with what is shown.
    """

    session: Session
    now: datetime
    windows: Windows
    running: Sequence[Running]
    resting: set[UUID]
    policy: Policy
    shown: Mapping[UUID, list[Showing]]
    persons: dict[UUID, Person]
    used: Used
    decided: Mapping[tuple[UUID, UUID, str], Showing]
    taken: Mapping[tuple[UUID, UUID], list[Showing]]

    @cached_property
    def by_id(self) -> Mapping[UUID, Running]:
        return {one.id: one for one in self.running}


@dataclass
class Outcome:
    """``changed``: the card shows something else. ``loud``: phones may show a note. ``ahead``: when to look again.

    ``lines``: of vouchers that come and go.
    """

    changed: bool = False
    loud: bool = False
    ahead: list[datetime] = field(default_factory=list)
    lines: list[Movement] = field(default_factory=list)

    def again(self, at: datetime | None) -> None:
        if at is not None and at < FOREVER:
            self.ahead.append(at)


def open_turns(running: Iterable[Running], card: Card, facts: Facts, windows: Windows) -> Iterator[Asked]:
    """The windows that are open for a card."""
    for one in running:
        turn = windows.open(one, facts)
        if turn is not None:
            yield one, card, turn


def put_away(scene: Scene, card: Card) -> Outcome:
    """A card that is not active any more shows nothing."""
    outcome = Outcome()
    for row in scene.shown.get(card.id, ()):
        showings.end(scene.session, card, row, GONE, scene.now, outcome.lines)
        outcome.changed = True
    showings.book(scene.session, card, outcome.lines, scene.now)
    return outcome


def decide(scene: Scene, card: Card, facts: Facts, asked: Sequence[Asked]) -> Outcome:
    """End what is over, show what is due and let through. The card is locked, active, and published by the caller.

    :param asked: its open windows
    """
    outcome = Outcome()
    standing = [row for row in scene.shown.get(card.id, ()) if _goes_on(scene, card, facts, row, outcome)]
    standing += _let_in(scene, list(_candidates(scene, card, facts, asked, outcome)), facts, outcome)
    showings.book(scene.session, card, outcome.lines, scene.now)
    for row in standing:
        outcome.again(row.closes_at)
    for one in scene.running:
        outcome.again(scene.windows.next_look(one, facts))
    bears = [scene.by_id[row.offer_id].offer for row in standing]
    outcome.changed |= card_places.choose(scene.session, card, facts, bears, scene.now)
    return outcome


def _goes_on(scene: Scene, card: Card, facts: Facts, row: Showing, outcome: Outcome) -> bool:
    one, now = scene.by_id.get(row.offer_id), scene.now
    why = _over(scene, one, row, facts)
    if one is not None and why is None and row.version != one.version:
        turn = turn_named(one.offer, facts, row.turn, row.opens_at, now, one.live_at)
        if turn is None or turn.closes > now:
            outcome.changed |= showings.renew(scene.session, card, row, one, turn, now, outcome.lines)
        else:
            why = CLOSED
    if why is not None:
        showings.end(scene.session, card, row, why, now, outcome.lines)
        outcome.changed = True
    return why is None


def _over(scene: Scene, one: Running | None, row: Showing, facts: Facts) -> str | None:
    """Why a card shows something no more."""
    if row.closes_at <= scene.now:
        return CLOSED
    if scene.persons[facts.customer_id].wish == "none":
        return UNWANTED
    if one is None:
        return PAUSED if row.offer_id in scene.resting else OFFER_ENDED
    if still(one.offer, facts, row.opens_at, row.closes_at, row.turn, scene.now):
        return None
    return DONE if one.offer.trigger.kind in OF_A_STATE else CLOSED


def _candidates(
    scene: Scene, card: Card, facts: Facts, asked: Iterable[Asked], outcome: Outcome
) -> Iterator[Candidate]:
    """Windows whose offer might be shown now, the most urgent first."""
    for one, _, turn in asked:
        row = scene.decided.get((one.id, card.id, turn.key))
        if row is not None and row.state == OVER:
            if _rested(scene, row):
                yield Candidate(one, card, turn, row.arm, row)
        elif row is not None and row.state in (SHOWN, OUT):
            continue
        elif row is None and (until := _had_until(scene, one, card, facts, turn)):
            outcome.again(until)
        elif not belongs(one.offer.audience, facts, scene.now):
            outcome.again(changes_at(one.offer.audience, facts, scene.now))
        else:
            arm = row.arm if row else arm_of(one.offer.trial, one.id, card.customer_id)
            yield Candidate(one, card, turn, arm, row)


def _had_until(scene: Scene, one: Running, card: Card, facts: Facts, turn: Turn) -> datetime | None:
    """Whoever took it up before its hours were changed does not get it again: on that day, and in what it was then."""
    if not isinstance(one.offer.unlocks, VoucherOffer) and for_days(one.offer.trigger, turn.opens, turn.closes):
        return None
    zone = ZoneInfo(facts.around.zone_of(turn.location_id))
    rests = [
        max(day_after(row.redeemed_at, 0, zone), row.closes_at if row.closes_at < FOREVER else row.opens_at)
        for row in scene.taken.get((one.id, card.id), ())
        if row.turn != turn.key and row.redeemed_at is not None
    ]
    return max((until for until in rests if until > scene.now), default=None)


def _rested(scene: Scene, row: Showing) -> bool:
    """Whether a window was ended before its time by what does not hold any more, and nothing was taken up."""
    if row.closes_at <= scene.now or (row.redeemed_at is not None and row.factor is None):
        return False
    if row.ended != GONE or row.voucher_id is None:
        return row.ended in (PAUSED, GONE, UNWANTED)
    return scene.session.get_one(Voucher, row.voucher_id).revoked_at is None


def _let_in(scene: Scene, candidates: Iterable[Candidate], facts: Facts, outcome: Outcome) -> list[Showing]:
    """What is shown from now on, of what the limits leave room for and the governor lets through."""
    fresh, rows = list[Candidate](), list[Showing]()
    for candidate in candidates:
        objection = None if candidate.was_shown else scene.used.objection(candidate.asked, scene.now)
        if objection is not None:
            showings.hold(scene.session, candidate, objection[0], scene.now)
            outcome.again(objection[1])
        elif not candidate.was_shown:
            fresh.append(candidate)
        elif scene.persons[facts.customer_id].wish != "none":
            rows.append(showings.show(scene.session, candidate, scene.now, outcome.lines, loud=False))
    rows += _judged(scene, fresh, facts, outcome)
    outcome.changed |= bool(rows)
    return rows


def _judged(scene: Scene, fresh: Sequence[Candidate], facts: Facts, outcome: Outcome) -> Iterator[Showing]:
    """Whoever is of the hold-out is judged as if alone, and left out where they would have been shown it."""
    person, now = scene.persons[facts.customer_id], scene.now
    for candidate, wants, verdict in _verdicts(scene, fresh, facts, person):
        if isinstance(verdict, Show) and candidate.arm == OUT:
            showings.leave_out(scene.session, candidate, now)
        elif isinstance(verdict, Show):
            scene.used.count(candidate.asked, now)
            scene.persons[facts.customer_id] = person = person.after(verdict, wants, now)
            outcome.loud |= verdict.loud
            yield showings.show(scene.session, candidate, now, outcome.lines, loud=verdict.loud)
        else:
            showings.hold(scene.session, candidate, verdict.reason, now)
            outcome.again(verdict.until if isinstance(verdict, Wait) else verdict.again)


def _verdicts(
    scene: Scene, fresh: Sequence[Candidate], facts: Facts, person: Person
) -> Iterator[tuple[Candidate, Wants, Verdict]]:
    for out in (True, False):
        some = [one for one in fresh if (one.arm == OUT) is out]
        wanted = [_wants(one, facts) for one in some]
        if out:
            verdicts = [judge_all([one], person, scene.policy, scene.now)[0] for one in wanted]
        else:
            verdicts = list(judge_all(wanted, person, scene.policy, scene.now))
        yield from zip(some, wanted, verdicts, strict=True)


def _wants(one: Candidate, facts: Facts) -> Wants:
    return wants_of(one.running.offer, one.turn.closes, facts.around.zone_of(one.turn.location_id))
