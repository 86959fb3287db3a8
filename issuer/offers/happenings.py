"""Windows that something sets off which happened once: a visit, a milestone, a tier, what another system told.

Only what happened after the offer went live. The offer stays for so many days as it says, by the shop's calendar.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from issuer.offers.bounds import Asked, in_order
from issuer.offers.facts import Turn, Visited
from issuer.offers.instants import DAY, NOTHING, day_after, day_of, is_open
from issuer.offers.triggers import EventTrigger, MilestoneTrigger, TierTrigger, VisitTrigger


def visit(trigger: VisitTrigger, ask: Asked) -> list[Turn]:
    """Of each visit that is meant; of the ``nth`` day with a visit, its first that is meant."""
    after = timedelta(hours=trigger.after_hours)
    visits = _recent(ask, after)
    if trigger.nth is None:
        found = [visited for visited in visits if _is_meant(trigger, visited, ask)]
    else:
        days = (_first(trigger, day, ask) for number, day in _numbered(visits, ask) if number == trigger.nth)
        # The number names it: a visit that is told late may make another visit the nth.
        found = [replace(visited, key=str(trigger.nth)) for visited in days if visited]
    return in_order(
        _lasting(ask, visited.key, visited.at.astimezone(UTC) + after, visited.location_id) for visited in found
    )


def milestone(trigger: MilestoneTrigger, ask: Asked) -> list[Turn]:
    """Counted in days with a visit; the first visit of the day makes the number full."""
    full = ((number, visits[0]) for number, visits in _numbered(_recent(ask), ask) if _is_full(trigger, number))
    after = ((number, visited) for number, visited in full if visited.at > ask.since)
    return in_order(_lasting(ask, str(number), visited.at, visited.location_id) for number, visited in after)


def tier(trigger: TierTrigger, ask: Asked) -> list[Turn]:
    reached = ask.facts.tier
    if reached is None or reached.since <= ask.since or trigger.tier not in (None, reached.key):
        return []
    return [_lasting(ask, f"{reached.key}:{day_of(reached.since, ask.zone)}", reached.since)]


def event(trigger: EventTrigger, ask: Asked) -> list[Turn]:
    happened = (one for one in ask.facts.happened if one.name == trigger.name and one.at > ask.since)
    return in_order(_lasting(ask, one.key, one.at) for one in happened)


def _recent(ask: Asked, after: timedelta = NOTHING) -> Sequence[Visited]:
    """Without the visits whose windows are over."""
    over = ask.start - after - (ask.offer.lasts_days + 2) * DAY
    return ask.facts.visits[bisect_left(ask.facts.visits, over, key=lambda visited: visited.at) :]


def _numbered(visits: Iterable[Visited], ask: Asked) -> Iterator[tuple[int, list[Visited]]]:
    """The visits of each local day, with how many days with a visit there were until then."""
    days = defaultdict[date, list[Visited]](list)
    for visited in visits:
        days[day_of(visited.at, _zone(ask, visited.location_id))].append(visited)
    return enumerate(days.values(), ask.facts.visit_days - len(days) + 1)


def _is_full(trigger: MilestoneTrigger, number: int) -> bool:
    return number > 0 and number % trigger.visits == 0 if trigger.every else number == trigger.visits


def _first(trigger: VisitTrigger, visits: Iterable[Visited], ask: Asked) -> Visited | None:
    return next((visited for visited in visits if _is_meant(trigger, visited, ask)), None)


def _is_meant(trigger: VisitTrigger, visited: Visited, ask: Asked) -> bool:
    here = not trigger.locations or visited.location_id in trigger.locations
    zone, hours = _zone(ask, visited.location_id), trigger.daypart
    return visited.at > ask.since and here and (hours is None or is_open(hours, visited.at, zone))


def _lasting(ask: Asked, key: str, opens: datetime, location_id: UUID | None = None) -> Turn:
    opens = opens.astimezone(UTC)
    return Turn(key, opens, day_after(opens, ask.offer.lasts_days, _zone(ask, location_id)), location_id)


def _zone(ask: Asked, location_id: UUID | None) -> ZoneInfo:
    return ZoneInfo(ask.around.zone_of(location_id))
