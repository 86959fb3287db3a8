"""Moments as a pass writes them (Apple: "Pass", "PassFieldContent"; W3C "Date and Time Formats", RFC 3339)."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from passes.lint.findings import Finding, Name, found

_DATE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
_MOMENTS = ("date", "relevantDate", "startDate", "endDate")


def is_date(value: object) -> bool:
    """A date with time and zone, seconds or not."""
    return read_date(value) is not None


def read_date(value: object) -> datetime | None:
    """The moment (aware), None for what is none."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def date_faults(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Row 14 for relevantDates, whose entries hold one moment or two ("Pass.RelevantDates")."""
    entries = content.get("relevantDates")
    for entry in entries if isinstance(entries, list) else ():
        moments = {key: entry[key] for key in _MOMENTS if key in entry} if isinstance(entry, dict) else {}
        if not moments:
            yield found("date-form", key=Name("an entry of relevantDates"), value=entry)
        for key, value in moments.items():
            if not is_date(value):
                yield found("date-form", key=Name(f"{key} of relevantDates"), value=value)


def date_doubts(content: Mapping[str, Any], style: str, now: datetime) -> Iterator[Finding]:
    """What is over already, what Wallet does not look at (row 29), what it looks at only in old systems."""
    ends = read_date(content.get("expirationDate"))
    if ends is not None and ends < now:
        yield found("expiration-past", value=Name(content["expirationDate"]))
    if style in ("storeCard", "coupon"):
        for key in ("relevantDate", "relevantDates"):
            if content.get(key):
                yield found("date-ignored", key=Name(key), style=Name(style))
    if "relevantDate" in content and "relevantDates" not in content:
        yield found("date-deprecated")
    if style == "coupon" and not content.get("expirationDate"):
        yield found("coupon-endless")
