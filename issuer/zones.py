"""Names of time zones, as the IANA database has them."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

from issuer.refusals import N_

NO_ZONE = N_("“%(given)s” is no time zone: use a name like Europe/Berlin.")


@cache
def zones() -> Sequence[str]:
    """Areas with a city, in order, and UTC."""
    return (*sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")), "UTC")
