"""The fields in which a customer tells something, on the join page and on their card's own."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from issuer.customers import PURPOSES, Known, Profile, read_profile
from issuer.schema import Merchant
from issuer.web.context import now
from issuer.web.wording import said, when

LONGEST = 300
DAY = {"de": "%d.%m.%Y", "en": "%d/%m/%Y"}


def typed() -> dict[str, str]:
    """What this request's form holds, to be read or to be shown again."""
    return {what: request.form.get(what, "")[:LONGEST] for what in PURPOSES}


def read(texts: Mapping[str, str], merchant: Merchant, language: str) -> Profile:
    """
    :raises issuer.customers.ProfileRefused:
    """
    return read_profile(texts, now().astimezone(ZoneInfo(merchant.zone)).date(), language)


def written(profile: Profile, language: str) -> dict[str, str]:
    """A profile as its owner would type it; empty for what is not told."""
    return {
        "name": profile.name or "",
        "birthday": day_text(profile.birthday, language),
        "mail": profile.mail or "",
    }


def day_text(day: date | None, language: str) -> str:
    return day.strftime(DAY[language]) if day else ""


def fields(
    texts: Mapping[str, str], wrong: Mapping[str, str], known: Known | None = None, zone: str = "UTC"
) -> list[dict[str, Any]]:
    """What `templates/public/_told.html` draws; the first that is wrong takes the focus."""
    first = next(iter(wrong), None)
    return [
        {
            "what": what,
            "purpose": said(purpose),
            "typed": texts.get(what, ""),
            "wrong": wrong.get(what),
            "focus": what == first,
            "told_at": when(known.told_at(what), zone) if known else None,
        }
        for what, purpose in PURPOSES.items()
    ]
