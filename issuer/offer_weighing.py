"""What an offer would do with cards now, counted: shown, or why not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import governing, limiting, showings
from issuer.limiting import Asked, Used
from issuer.offering import Running
from issuer.offers.arms import arm_of
from issuer.offers.belonging import belongs
from issuer.offers.facts import Facts
from issuer.offers.governor import Person, Show, Wait, judge, wants_of
from issuer.offers.offer import Limits, Offer
from issuer.offers.policy import Policy
from issuer.offers.turns import turn_of
from issuer.schema import Card, Showing
from issuer.schema import Offer as Row

SHOWN, OUT, HAD = "shown", "out", "had"
"""Instead of a reason: on the card, now or already; one of the hold-out; on it in this window before, and over."""


class Judged(NamedTuple):
    """``what``: `SHOWN`, `OUT` or the reason why not; ``again``: when that may be otherwise. ``person``: after it."""

    what: str
    again: datetime | None
    person: Person


def judged(asked: Asked, facts: Facts, person: Person, policy: Policy, used: Used, now: datetime) -> Judged:
    """What would become of one window of one card, counted if it were shown: limits, the governor, the hold-out."""
    running, _, turn = asked
    if (objection := used.objection(asked, now)) is not None:
        return Judged(*objection, person)
    wants = wants_of(running.offer, turn.closes, facts.around.zone_of(turn.location_id))
    verdict = judge(wants, person, policy, now)
    if not isinstance(verdict, Show):
        return Judged(verdict.reason, verdict.until if isinstance(verdict, Wait) else verdict.again, person)
    if arm_of(running.offer.trial, running.id, facts.customer_id) == OUT:
        return Judged(OUT, None, person)
    used.count(asked, now)
    return Judged(SHOWN, None, person.after(verdict, wants, now))


def limits_of(limits: Limits, share: float) -> Limits:
    """The limits of a share of the cards."""
    if share >= 1:
        return limits
    cards, value = (ceil(most * share) if most is not None else None for most in (limits.cards, limits.value))
    return limits.model_copy(update={"cards": cards, "value": value})


class Weighing:
    """``running``: the offer as it would run. ``row``: what it did so far; ``share``: of the cards that are weighed."""

    def __init__(self, running: Running, row: Row | None, policy: Policy, now: datetime, share: float) -> None:
        limits = limits_of(running.offer.limits, share)
        self._running = replace(running, offer=running.offer.model_copy(update={"limits": limits}))
        self._policy, self._now, self._share, self._ran = policy, now, share, row is not None and row.version > 0
        reached, value = (row.reached, row.value) if row else (0, 0)
        # A copy that no session knows, as counting changes it.
        self._used = Used({running.id: Row(id=running.id, reached=int(reached * share), value=int(value * share))})
        self.counts, self.reached = Counter[str](), list[UUID]()

    def weigh(self, session: Session, cards: Sequence[Card], found: Sequence[Facts]) -> None:
        """Count these cards, of which the facts are known; five queries at most."""
        asked, facts_of = list[Asked](), dict[UUID, Facts]()
        for card, facts in zip(cards, found, strict=True):
            turn = turn_of(self._running.offer, facts, self._now, self._running.live_at)
            if turn is not None and belongs(self._running.offer.audience, facts, self._now):
                asked.append((self._running, card, turn))
                facts_of[card.id] = facts
        decided = showings.decided(session, asked) if self._ran else {}
        self._learn(session, asked)
        persons = governing.persons_of(session, [card for _, card, _ in asked], self._now) if asked else {}
        for one in asked:
            _, card, turn = one
            row = decided.get((self._running.id, card.id, turn.key))
            reason = self._reason(one, facts_of[card.id], persons[card.customer_id], row)
            self.counts[reason] += 1
            if reason == SHOWN:
                self.reached.append(card.id)

    def _learn(self, session: Session, asked: Sequence[Asked]) -> None:
        """What was used of the limits in truth."""
        if not self._ran or not asked:
            return
        found = limiting.used(session, asked)
        self._used.reached |= found.reached
        for window, count in found.each.items():
            self._used.each.setdefault(window, int(count * self._share))
        for person, times in found.times.items():
            self._used.times.setdefault(person, times)
            self._used.last.setdefault(person, found.last[person])

    def _reason(self, asked: Asked, facts: Facts, person: Person, row: Showing | None) -> str:
        if row is not None and row.shown_at is not None:
            return SHOWN if row.state == showings.SHOWN else HAD
        return judged(asked, facts, person, self._policy, self._used, self._now).what


def running_of(offer: Offer, offer_id: UUID, row: Row | None, now: datetime) -> Running:
    """An offer as if it ran: since it first went live, or from now on."""
    version, live_at = (row.version, row.live_at) if row else (0, None)
    return Running(offer_id, version, live_at or now, offer)
