"""The one place that asks the machine what time it is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """Real time, or real time shifted by a fixed span in demo and tests."""

    offset: timedelta = timedelta()

    def now(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def real(self) -> datetime:
        """What a signature says and a phone compares with a certificate's dates: never shifted. Aware, in UTC."""
        return datetime.now(UTC)
