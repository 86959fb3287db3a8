"""What every task works with, made once a process."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from issuer.clock import Clock
from issuer.database import make_engine
from issuer.keys import Keys, keys_of
from issuer.settings import Settings


@dataclass(frozen=True)
class Office:
    settings: Settings

    @cached_property
    def engine(self) -> Engine:
        return make_engine(self.settings.database_url)

    @cached_property
    def keys(self) -> Keys:
        return keys_of(self.settings)

    @cached_property
    def clock(self) -> Clock:
        return Clock(self.settings.clock_offset)
