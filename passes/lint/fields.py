"""The fields of a pass (Apple: "PassFieldContent", "PassFields")."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from passes.lint.dates import is_date
from passes.lint.findings import Finding, Name, found
from passes.lint.keys import STYLES, is_of

GROUPS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
_EVERY_GROUP = (*GROUPS, "footerFields", "additionalInfoFields")
_PLAIN = {"key", "value", "label", "changeMessage"}
_KEYS = {
    *("key", "value", "label", "attributedValue", "changeMessage", "dataDetectorTypes", "dateStyle", "timeStyle"),
    *("ignoresTimeZone", "isRelative", "currencyCode", "numberStyle", "textAlignment", "row", "semantics"),
}
_DATE_STYLES = {f"PKDateStyle{name}" for name in ("None", "Short", "Medium", "Long", "Full")}
_CHOICES: dict[str, set[Any]] = {
    "textAlignment": {f"PKTextAlignment{name}" for name in ("Left", "Center", "Right", "Natural")},
    "dateStyle": _DATE_STYLES,
    "timeStyle": _DATE_STYLES,
    "numberStyle": {f"PKNumberStyle{name}" for name in ("Decimal", "Percent", "Scientific", "SpellOut")},
    "row": {0, 1},
}
_DETECTORS = {f"PKDataDetectorType{name}" for name in ("PhoneNumber", "Link", "Address", "CalendarEvent")}
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("label", "attributedValue", "changeMessage", "currencyCode"), ((str,), "a text")),
    **dict.fromkeys(("ignoresTimeZone", "isRelative"), ((bool,), "true or false")),
    "dataDetectorTypes": ((list,), "an array"),
    "semantics": ((dict,), "an object"),
}


class Placed(NamedTuple):
    """A field and the group it stands in."""

    group: str
    field: dict[str, Any]

    @property
    def key(self) -> str:
        """Its key; empty if it has none."""
        return _key_of(self.field)


def placed(content: Mapping[str, Any], *groups: str) -> list[Placed]:
    """All fields of the groups (of all, when none is named), in the order they stand; what is no field left out."""
    return [
        Placed(group, field)
        for _, group, fields in _groups(content)
        if isinstance(fields, list) and (not groups or group in groups)
        for field in fields
        if isinstance(field, dict)
    ]


def _groups(content: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for style in STYLES:
        inside = content.get(style)
        if isinstance(inside, dict):
            for group in _EVERY_GROUP:
                if group in inside:
                    yield style, group, inside[group]


def field_faults(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Rows 14 and 16 to 21, as far as they concern fields.

    Keys are counted in each style: a poster and the style beside it are two faces of one pass and share theirs.
    """
    seen: set[tuple[str, str]] = set()
    for style, group, fields in _groups(content):
        for field in fields if isinstance(fields, list) else ():
            plain = isinstance(field, dict) and _is_plain(field)
            key = field["key"] if plain else _key_of(field)
            if (style, key) in seen:
                yield found("field-twice", key=key)
            if key:
                seen.add((style, key))
            if not plain:
                yield from _faults(group, field)
        if not isinstance(fields, list):
            yield found("field-form", group=Name(group), value=fields)


def _key_of(field: Any) -> str:
    key = field.get("key") if isinstance(field, dict) else None
    return key if isinstance(key, str) else ""


def _is_plain(field: dict[str, Any]) -> bool:
    """Has it a key, a value, perhaps a label and a message with %@, and nothing more? Nearly all have.

    Wrong in none of the ways below then, so that a pass costs little to check.
    """
    return (
        field.keys() <= _PLAIN
        and type(field.get("value")) in (str, int, float)
        and type(field.get("label", "")) is str
        and bool(field.get("key"))
        and type(field["key"]) is str
        and type(message := field.get("changeMessage", "%@")) is str
        and "%@" in message
    )


def _faults(group: str, field: Any) -> Iterator[Finding]:
    if not isinstance(field, dict):
        yield found("field-form", group=Name(group), value=field)
        return
    one = Placed(group, field)
    yield from _named(one)
    yield from _kinds(one)
    yield from _choices(one)
    yield from _numbers(one)


def field_doubts(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Keys of fields and of styles that Wallet drops."""
    for style in STYLES:
        inside = content.get(style)
        for key in inside if isinstance(inside, dict) else ():
            if key not in (*_EVERY_GROUP, "transitType"):
                yield found("key-unknown", key=key)
    for one in placed(content):
        for key in one.field.keys() - _KEYS:
            yield found("key-unknown", key=key)


def _named(one: Placed) -> Iterator[Finding]:
    group, field = one
    if not one.key:
        yield found("field-key", group=Name(group), value=field.get("key"))
    value = field.get("value")
    if not is_of(value, (str, int, float)):
        yield found("field-value", key=one.key, value=value)
    message = field.get("changeMessage")
    if isinstance(message, str) and "%@" not in message:
        yield found("change-message", key=one.key, value=message)
    if group in ("primaryFields", "backFields") and "textAlignment" in field:
        yield found("alignment-misplaced", key=one.key, group=Name(group))


def _kinds(one: Placed) -> Iterator[Finding]:
    for key, (types, kind) in _KINDS.items():
        if key in one.field and not is_of(one.field[key], types):
            yield found("key-type", key=Name(f"{key} of a field"), value=one.field[key], kind=Name(kind))


def _choices(one: Placed) -> Iterator[Finding]:
    for key, choices in _CHOICES.items():
        if key in one.field and not _among(one.field[key], choices):
            yield found("choice-unknown", key=Name(key), value=one.field[key])
    detectors = one.field.get("dataDetectorTypes")
    for detector in detectors if isinstance(detectors, list) else ():
        if not _among(detector, _DETECTORS):
            yield found("choice-unknown", key=Name("dataDetectorTypes"), value=detector)


def _among(value: object, choices: set[Any]) -> bool:
    return is_of(value, (str, int)) and value in choices


def _numbers(one: Placed) -> Iterator[Finding]:
    field, value = one.field, one.field.get("value")
    for style in ("currencyCode", "numberStyle"):
        if style in field and not is_of(value, (int, float)):
            yield found("number-style-on-text", key=one.key, style=Name(style), value=value)
    code = field.get("currencyCode")
    if isinstance(code, str) and not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        yield found("currency-unknown", key=one.key, value=code)
    dated = any(field.get(style) not in (None, "PKDateStyleNone") for style in ("dateStyle", "timeStyle"))
    if dated and not is_date(value):
        yield found("date-form", key=one.key, value=value)
