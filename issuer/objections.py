"""Why rules were not taken, as sentences for a form: each names the value and the remedy, in German and English.

Beside the rules and not among them: they know no console.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from issuer.editing import Objection, one_line, printable
from issuer.offers import triggers
from issuer.refusals import N_
from issuer.rules.rules import AnyPart

LONGEST_SHOWN = 40
KINDS = {part.model_fields["kind"].default for part in get_args(get_args(AnyPart)[0])}
ONE_OF = {"trigger": set(triggers.KINDS), "unlocks": {"voucher", "multiplier", "words"}}
"""Fields of an offer that hold one of several kinds."""

MISSING = N_("This is missing: fill it in.")
WHOLE_NUMBER = N_("“%(value)s” is not a whole number: write digits only.")
NUMBER = N_("“%(value)s” is not a number: write one like 1.5.")
CLOCK = N_("“%(value)s” is not a time: write hours and minutes, like 14:00.")
REWARD = N_("“%(value)s” is not a reward: choose one of the program's.")
ID = N_("“%(value)s” is not one of yours: choose one of the list.")
DAY = N_("“%(value)s” is not a day: write it like 2026-12-24.")
YES_OR_NO = N_("“%(value)s” is neither yes nor no: choose one of them.")
TEXT = N_("“%(value)s” is not a text: write one.")
LIST = N_("A list belongs here, and “%(value)s” is none.")
FIELDS = N_("Fields with names belong here, and “%(value)s” has none.")
CHOICE = N_("“%(value)s” is not possible here: choose one of %(choices)s.")
OTHER = N_("“%(value)s” cannot be used here: write something else.")

SENTENCES: Mapping[str, str] = {
    "missing": MISSING,
    "int_type": WHOLE_NUMBER,
    "int_parsing": WHOLE_NUMBER,
    "int_parsing_size": N_("“%(value)s” has too many digits: write a smaller number."),
    "int_from_float": WHOLE_NUMBER,
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "finite_number": NUMBER,
    "decimal_max_places": N_("“%(value)s” has too many digits after the point: write at most %(limit)s."),
    "greater_than": N_("“%(value)s” is too small: write more than %(limit)s."),
    "greater_than_equal": N_("“%(value)s” is too small: write at least %(limit)s."),
    "less_than": N_("“%(value)s” is too large: write less than %(limit)s."),
    "less_than_equal": N_("“%(value)s” is too large: write at most %(limit)s."),
    "string_type": TEXT,
    "string_unicode": N_("This holds characters that cannot be printed: type it anew."),
    "string_too_long": N_("“%(value)s” is too long: write at most %(limit)s characters."),
    "string_pattern_mismatch": N_(
        "“%(value)s” is not a key: write up to 20 small letters, digits and _, a letter first."
    ),
    "literal_error": CHOICE,
    "union_tag_invalid": CHOICE,
    "union_tag_not_found": N_("This has no kind: choose one."),
    "time_type": CLOCK,
    "time_parsing": CLOCK,
    "uuid_type": ID,
    "uuid_parsing": ID,
    "date_type": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": DAY,
    "bool_type": YES_OR_NO,
    "bool_parsing": YES_OR_NO,
    "tuple_type": LIST,
    "too_short": N_("This list is too short: write at least %(limit)s."),
    "too_long": N_("This list is too long: write at most %(limit)s."),
    "model_type": FIELDS,
    "model_attributes_type": FIELDS,
    "extra_forbidden": N_("There is no field “%(field)s” here: take it away."),
}
EVENT_NAME = N_(
    "“%(value)s” is not the name of an event: write up to 60 small letters, digits and . - _, a letter or digit first."
)
LIMITS = ("ge", "gt", "le", "lt", "max_length", "min_length", "decimal_places")


def objections(error: ValidationError) -> list[Objection]:
    """Each value that cannot be used, with the field that holds it: "parts.0.stamps_needed"."""
    items = error.errors(include_url=False)
    return [objection(item) for item in items if not follows_from_another(item, items)]


def follows_from_another(item: ErrorDetails, items: list[ErrorDetails]) -> bool:
    """Pydantic counts only what it could read, so a list with one wrong line is "too short" besides."""
    where = item["loc"]
    return item["type"] == "too_short" and any(other["loc"][: len(where)] == where != other["loc"] for other in items)


def objection(item: ErrorDetails) -> Objection:
    """One complaint of pydantic's, with the field that it is about."""
    context, about = item.get("ctx", {}), ".".join(path(item["loc"]))
    if "message" in context:
        fields = [field for field in (about, context["about"]) if field]
        return Objection(context["message"], dict(context["values"]), ".".join(fields))
    if item["type"].startswith("union_tag"):
        about = ".".join(field for field in (about, "kind") if field)
    message = _sentence(item, context, about)
    typed = item["input"]
    if item["type"] != "extra_forbidden" and (typed is None or (isinstance(typed, str) and not typed.strip())):
        message = MISSING
    return Objection(message, dict(_values(item, context, about)), about)


def _sentence(item: ErrorDetails, context: Mapping[str, Any], about: str) -> str:
    if item["type"].startswith("uuid_") and about.endswith("reward_id"):
        return REWARD
    if item["type"] == "string_pattern_mismatch" and context.get("pattern") == triggers.EVENT_NAME:
        return EVENT_NAME
    if item["type"] == "too_long" and isinstance(item["input"], str):
        return SENTENCES["string_too_long"]
    return SENTENCES.get(item["type"], OTHER)


def path(location: tuple[int | str, ...]) -> Iterator[str]:
    """Where a value stands. Pydantic names the kind behind whatever holds one of several, which is no field."""
    for number, step in enumerate(location):
        before = location[number - 1] if number else ""
        after_number = number > 1 and isinstance(before, int) and location[number - 2] == "parts"
        if not (after_number and step in KINDS) and step not in ONE_OF.get(str(before), ()):
            yield str(step)


def _values(item: ErrorDetails, context: Mapping[str, Any], about: str) -> Iterator[tuple[str, str | int]]:
    yield "value", shown(context.get("tag", item["input"]))
    yield "field", shown(about.rpartition(".")[2])
    yield "limit", next((str(context[name]) for name in LIMITS if name in context), "")
    yield "choices", ", ".join(re.findall(r"'([^']*)'", context.get("expected", context.get("expected_tags", ""))))


def shown(value: object) -> str:
    """What was typed, as far as it can be repeated in a sentence."""
    if value is None:
        return ""
    # Python refuses to write numbers of thousands of digits.
    unfit = isinstance(value, dict | list | tuple) or (isinstance(value, int) and abs(value) >= 10**LONGEST_SHOWN)
    text = "…" if unfit else str(value)
    return one_line("".join(sign for sign in text[: 2 * LONGEST_SHOWN] if printable(sign)))[:LONGEST_SHOWN]
