"""The weather of the simulated café: a service with days of its own, which now and then does not answer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from issuer.forecasts import NO_CONNECTION, Place
from tests.issuer.cafe_offers import BERLIN
from worker.weather import OpenMeteo, Outlook

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
DEGREES, LIMIT = (4, 8, 12, 16, 18, 28), 20
LATE, TOO_LATE = 40, 400
"""Minutes after which it answers on bad days."""
FIRST, LAST = time(14, 46), time(18)
"""When the worker wants to know whether it is warm at three, by the clock of Berlin."""


class Sky(OpenMeteo):
    """Each day is warm from morning to evening, or is not. ``now`` has to be told."""

    def __init__(self, rng: Random, first: date, days: int) -> None:
        self._degrees = {first + DAY * day: rng.choice(DEGREES) for day in range(-3, days + 3)}
        self._silent = {day: MINUTE * rng.choice((0, 0, 0, LATE, TOO_LATE)) for day in self._degrees}
        self.now = datetime.min.replace(tzinfo=UTC)

    def today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(BERLIN)).date()

    def asked(self, day: date) -> tuple[datetime, datetime]:
        """From when until when somebody asks for that day."""
        begins, ends = (datetime.combine(day, at, ZoneInfo(BERLIN)).astimezone(UTC) for at in (FIRST, LAST))
        return begins, ends

    def answers(self, day: date) -> bool:
        return self.now >= self.asked(day)[0] + self._silent[day]

    def is_warm(self, day: date) -> bool:
        return self._degrees[day] > LIMIT

    def ask(self, places: Sequence[Place]) -> Mapping[Place, Outlook | str]:
        today = self.today(self.now)
        if not self.answers(today):
            return dict.fromkeys(places, NO_CONNECTION)
        begins = int(datetime.combine(today, time(0), ZoneInfo(BERLIN)).timestamp())
        hours, degrees = range(begins, begins + 26 * 3600, 3600), Decimal(self._degrees[today])
        return dict.fromkeys(places, Outlook(dict.fromkeys(hours, degrees), dict.fromkeys(hours, Decimal(0))))
