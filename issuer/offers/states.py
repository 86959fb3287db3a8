"""Windows of how a card stands: unseen, nearly there, a reward unused, something that ends.

Whoever stands so already when the offer begins to run is meant from then on.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from issuer.offers.bounds import Asked, in_order
from issuer.offers.facts import Turn
from issuer.offers.instants import DAY, begin_of, day_after, day_of
from issuer.offers.triggers import LapsingTrigger, NearlyTrigger, QuietTrigger, UnusedTrigger


def quiet(trigger: QuietTrigger, ask: Asked) -> list[Turn]:
    last = ask.facts.last_visit
    return [_lasting(ask, last.key, last.at.astimezone(UTC) + trigger.days * DAY)] if last else []


def nearly(trigger: NearlyTrigger, ask: Asked) -> list[Turn]:
    return in_order(_lasting(ask, key, _today(ask)) for key in keys(trigger, ask))


def unused(trigger: UnusedTrigger, ask: Asked) -> list[Turn]:
    waiting = ask.facts.waiting
    return in_order(_lasting(ask, one.key, one.since.astimezone(UTC) + trigger.days * DAY) for one in waiting)


def lapsing(trigger: LapsingTrigger, ask: Asked) -> Iterator[Turn]:
    """So many days before the end, or when it comes to the card if that is later; never longer than the last day."""
    for one in sorted(ask.facts.lapsing, key=lambda one: (one.day, one.unit)):
        soon = begin_of(one.day - trigger.days * DAY, ask.zone)
        turn = _lasting(ask, f"{one.unit}:{one.day}", max(soon, _today(ask)))
        yield replace(turn, closes=min(turn.closes, begin_of(one.day + DAY, ask.zone)))


def keys(trigger: NearlyTrigger | UnusedTrigger | LapsingTrigger, ask: Asked) -> list[str]:
    """How the card stands now; what is shown because of something else is over."""
    if isinstance(trigger, NearlyTrigger):
        return [f"{one.counter}:{one.round}" for one in ask.facts.nearly if 0 < one.missing <= trigger.missing]
    if isinstance(trigger, UnusedTrigger):
        return [one.key for one in ask.facts.waiting]
    return [f"{one.unit}:{one.day}" for one in ask.facts.lapsing]


def _today(ask: Asked) -> datetime:
    """When a state begins of which nobody knows since when: today, whenever one asks. Its key makes it once."""
    return begin_of(day_of(ask.start, ask.zone), ask.zone)


def _lasting(ask: Asked, key: str, since: datetime) -> Turn:
    opens = max(since, ask.begins)
    return Turn(key, opens, day_after(opens, ask.offer.lasts_days, ask.zone))
