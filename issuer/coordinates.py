"""Latitude and longitude, as people copy them from a map."""

import re
from decimal import Decimal

from issuer.refusals import N_

_NUMBER, _NUMBER_WITH_COMMA = r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,30})?)°?", r"([+-]?[0-9]{1,3},[0-9]{1,30})°?"
_FORMS = (
    re.compile(rf"{_NUMBER_WITH_COMMA}(?:\s*;\s*|,?\s+){_NUMBER_WITH_COMMA}"),
    re.compile(rf"{_NUMBER}(?:\s*[,;]\s*|\s+){_NUMBER}"),
)

NO_COORDINATES = N_("“%(given)s” is no place: write latitude and longitude as maps give them, like 52.51628, 13.37771.")
NOT_ON_EARTH = N_("“%(given)s” lies nowhere: latitudes go from -90 to 90, longitudes from -180 to 180.")


def read_coordinates(typed: str) -> tuple[float, float] | str:
    """Degrees, north and east positive; or what is wrong, with a place for what was ``given``."""
    found = next((match for form in _FORMS if (match := form.fullmatch(typed.strip()))), None)
    if found is None:
        return NO_COORDINATES
    latitude, longitude = (float(number.replace(",", ".")) for number in found.groups())
    return (latitude, longitude) if -90 <= latitude <= 90 and -180 <= longitude <= 180 else NOT_ON_EARTH


def coordinates_said(latitude: float, longitude: float) -> str:
    """ "52.51628, 13.37771"."""
    return ", ".join(f"{Decimal(repr(degrees)):f}" for degrees in (latitude, longitude))
