"""Numbers, amounts, times and days as people type them into the console; ``None`` for what is none."""

import re
from datetime import date
from decimal import Decimal

_MONEY = re.compile(r"([0-9]{1,8})(?:[.,]([0-9]{1,2}))?")
_SHARE = re.compile(r"-?[0-9]{1,6}(?:[.,][0-9]{1,6})?")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,9}")


def number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def money(text: str) -> int | None:
    """Cents of "4,50", "4.50", "4.5" or "4"."""
    found = _MONEY.fullmatch(text.removesuffix("€").strip())
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else None


def share(text: str) -> Decimal | None:
    """ "2,5" or "2.5", with or without a sign for per cent."""
    found = signed_share(text)
    return found if found is not None and not text.startswith("-") else None


def signed_share(text: str) -> Decimal | None:
    """Like `share`, below zero too."""
    plain = text.removesuffix("%").strip().replace("−", "-")
    return Decimal(plain.replace(",", ".")) if _SHARE.fullmatch(plain) else None


def clock(text: str) -> str | None:
    return text.rjust(5, "0") if _CLOCK.fullmatch(text) else None


def day(text: str) -> date | None:
    """Of a browser's field for days."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
