"""In which fifth of a merchant's cards one is: by days since the last visit, and visits and spending of a year.

Each measure is a number of which more is better, so recency is the days since the last visit, negative.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from issuer.offers.facts import Around, Fifth, Visited

A_YEAR = timedelta(days=365)
NEVER = -1_000_000
"""Days since a visit of who never came."""

MEASURES = ("recency", "frequency", "money")

Cuts = Mapping[str, Sequence[int]]
"""By measure four bounds, rising: what is not above the first is in the first fifth. Equal cards share a fifth."""


class Measured(NamedTuple):
    """``recency``: days, negative; ``frequency``: local days with a visit; ``money``: cents."""

    recency: int
    frequency: int
    money: int


def measured(visits: Sequence[Visited], around: Around, now: datetime) -> Measured:
    """
    :param visits: oldest first, of the last 365 days at least, and the last one whenever it was
    """
    if not visits:
        return Measured(NEVER, 0, 0)
    year = [visit for visit in visits if visit.at > now - A_YEAR]
    days = {visit.at.astimezone(ZoneInfo(around.zone_of(visit.location_id))).date() for visit in year}
    return Measured(-((now - visits[-1].at).days), len(days), sum(visit.cents for visit in year))


def fifth_of(value: Measured, cuts: Cuts) -> Fifth:
    """5 is the best."""
    return Fifth(*(1 + bisect_left(cuts[name], one) for name, one in zip(MEASURES, value, strict=True)))


def cuts_of(values: Sequence[Measured]) -> Cuts:
    """Where the fifths part, by nearest rank: of 100 cards the 20th, 40th, 60th and 80th from below.

    :param values: one at least
    """
    ranks = [(len(values) * part + 4) // 5 - 1 for part in (1, 2, 3, 4)]
    columns = {name: sorted(one[place] for one in values) for place, name in enumerate(MEASURES)}
    return {name: [rising[rank] for rank in ranks] for name, rising in columns.items()}
