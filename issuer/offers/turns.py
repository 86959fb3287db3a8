"""The windows of an offer for one card: which is open, when that changes, and whether one that was open still is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from issuer.offers import clock, happenings, states
from issuer.offers.bounds import FOREVER, Asked, Bounds, asked, bounds
from issuer.offers.facts import Around, Facts, Turn
from issuer.offers.offer import Offer

__all__ = ["FOREVER", "next_look", "still", "turn_of", "upcoming"]

BY_CALENDAR: Mapping[str, Callable[[Any, Bounds], Iterable[Turn]]] = {
    "time": clock.time,
    "place": clock.place,
    "weather": clock.weather_hours,
}
"""Windows that are the same for every card."""
WINDOWS: Mapping[str, Callable[[Any, Asked], Iterable[Turn]]] = {
    **BY_CALENDAR,
    "weather": clock.weather,
    "birthday": clock.birthday,
    "anniversary": clock.anniversary,
    "visit": happenings.visit,
    "milestone": happenings.milestone,
    "tier": happenings.tier,
    "event": happenings.event,
    "quiet": states.quiet,
    "nearly": states.nearly,
    "unused": states.unused,
    "lapsing": states.lapsing,
}
"""In order of their opening; those that close after ``start``, and maybe some before."""
LASTING: Mapping[str, Callable[[Any, Asked], Iterable[str]]] = {
    "time": clock.open_keys,
    "place": clock.open_keys,
    "nearly": states.keys,
    "unused": states.keys,
    "lapsing": states.keys,
}
"""The turns that may go on; kinds that are not named stay until they close, whatever becomes of the card."""


def turn_of(offer: Offer, facts: Facts, now: datetime, since: datetime) -> Turn | None:
    """The turn that is open; of several, the one that opened last.

    :param since: when the offer first went live; what happened before does not set it off
    """
    found = None
    for turn in _turns(asked(offer, facts, now, since)):
        if turn.opens > now:
            break
        found = turn
    return found


def turn_named(offer: Offer, facts: Facts, key: str, opened: datetime, now: datetime, since: datetime) -> Turn | None:
    """The turn of this key that opened then, by the offer as it is now, maybe over. ``None``: not known any more."""
    for turn in _turns(asked(offer, facts, opened, since)):
        if turn.opens > now:
            break
        if turn.key == key:
            return turn
    return None


def next_look(offer: Offer, facts: Facts, now: datetime, since: datetime) -> datetime | None:
    """The first instant after ``now`` at which a window opens or closes, so that `turn_of` may answer otherwise.

    When something else becomes of the card, or a forecast comes, somebody has to look then.
    """
    edges = []
    for turn in _turns(asked(offer, facts, now, since)):
        edges.append(turn.opens if turn.opens > now else turn.closes)
        if turn.opens > now:
            break
    return min((edge for edge in edges if edge < FOREVER), default=None)


def still(offer: Offer, facts: Facts, opens: datetime, closes: datetime, turn_key: str, now: datetime) -> bool:
    """Whether a turn that was open goes on, by the offer as it is now. A clock that was set back ends nothing.

    :param opens: and ``closes``, ``turn_key``: as `turn_of` said when it was shown
    """
    if now < opens:
        return True
    ask = asked(offer, facts, now, opens)
    if not (now < closes and ask.begins <= now < ask.ends):
        return False
    lasting = LASTING.get(offer.trigger.kind)
    return lasting is None or turn_key in lasting(offer.trigger, ask)


def upcoming(offer: Offer, around: Around, start: datetime, end: datetime, since: datetime) -> Iterator[Turn]:
    """Windows between two instants, in order, that are the same for every card: of time, of place, and of weather.

    Of weather the hours of every day: whether it will be met is not known.
    """
    ask = bounds(offer, around, start, since)
    windows = BY_CALENDAR.get(offer.trigger.kind)
    for turn in ask.cut(windows(offer.trigger, ask)) if windows else ():
        if turn.opens >= end:
            break
        yield turn


def _turns(ask: Asked) -> Iterator[Turn]:
    return ask.cut(WINDOWS[ask.offer.trigger.kind](ask.offer.trigger, ask))
