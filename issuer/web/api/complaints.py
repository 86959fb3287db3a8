"""Why a value of a request cannot be used: sentences that name it and the remedy, for callers of any language."""

from collections.abc import Mapping

from pydantic_core import ErrorDetails

from issuer.objections import objection, shown
from issuer.offers.triggers import EVENT_NAME

PATTERNS: Mapping[str, str] = {
    r"^[0-9]{1,7}(\.[0-9]{1,2})?$": "is not an amount: write digits, and up to two more after a point, like 12.40",
    r"^[A-Z]{3}$": "is not a currency: write its three capital letters, like EUR",
    r"^[^@\s]+@[^@\s]+$": "is not an e-mail address: write one like name@example.com",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "cannot be an address: write small letters and digits, single hyphens between them",
    r"^[a-z][a-z0-9_]{0,19}$": "is not a key: write up to 20 small letters, digits and _, a letter first",
    EVENT_NAME: "is not the name of an event: write up to 60 small letters, digits and . - _, a letter or digit first",
}
"""What is meant by each pattern of our types."""

INSTANT = "is not an instant: write it like 2026-11-21T09:30:00+01:00"
TYPES: Mapping[str, str] = {
    "timezone_aware": "has no offset: write it like 2026-11-21T09:30:00+01:00",
    "datetime_type": INSTANT,
    "datetime_parsing": INSTANT,
    "datetime_from_date_parsing": INSTANT,
    "datetime_object_invalid": INSTANT,
    "date_type": "is not a day: write it like 1990-12-24",
    "date_parsing": "is not a day: write it like 1990-12-24",
    "date_from_datetime_parsing": "is not a day: write it like 1990-12-24",
    "date_from_datetime_inexact": "is not a day: write it like 1990-12-24",
    "list_type": "is not a list: send one, in square brackets",
    "dict_type": "is not an object: send one, in braces",
    "string_too_short": "is too short: write at least one character",
}
"""Of pydantic's own, what the rules of a program never meet."""


def complaint(item: ErrorDetails) -> str:
    """What `issuer.objections` says where it can, in English."""
    if item["type"] == "value_error":
        return item["msg"].removeprefix("Value error, ")
    told = TYPES.get(item["type"]) or PATTERNS.get(str(item.get("ctx", {}).get("pattern")))
    if told is None or item["input"] is None:
        return objection(item).sentence("en")
    return f"“{shown(item['input'])}” {told}."
