"""What fits the front (Apple: "PassFields", "Creating a store card pass"; Human Interface Guidelines, "Wallet")."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from passes.face import Line, Sort
from passes.fitting import Front, Spot, cuts, logo_points
from passes.lint.fields import Placed, placed
from passes.lint.findings import Finding, Name, found
from passes.lint.keys import text_of
from passes.lint.languages import tables_of
from passes.lint.pictures import header_of

MOST_ABOVE = 3
"""Header fields."""

MOST_BELOW = 4
"""Secondary and auxiliary fields together in one row; Apple's pages disagree on generic, so the smaller number."""

_TOGETHER = ("storeCard", "coupon", "generic")
_SORTS = {"storeCard": Sort.LOYALTY, "coupon": Sort.VOUCHER, "generic": Sort.MEMBERSHIP}
_WHERE = {
    Spot.NAME: "beside the logo",
    Spot.LARGE: "in the large line",
    Spot.LINE: "on its line",
    Spot.ROW: "in one row with {count} fields",
}
# Something to write to, to call, to open or to walk to: a mail address, a link, a number, a postal code.
_CONTACT = re.compile(r"[^\s@]@[^\s@]|https?://|www\.|\w\.[a-z]{2,}\b|\+?\d[\d /().-]{5,30}\d|\b\d{5}\b")
_LONGEST_LOOK, _MOST_BACK = 2000, 200

Said = Callable[[str], str]


def front_doubts(content: Mapping[str, Any], files: Mapping[str, bytes], style: str) -> Iterator[Finding]:
    """Row 31 and the rest of what a card is looked at for. posterGeneric has a layout of its own and is not judged."""
    if style in ("posterGeneric", ""):
        return
    yield from _counts(content, style)
    told: set[str] = set()
    tables = tables_of(files)
    for table in tables or [{}]:
        for one in _long(content, files, style, lambda text, table=table: table.get(text, text)):  # type: ignore[misc]
            if one.what not in told:
                told.add(one.what)
                yield one
    if style == "storeCard" and not placed(content, "headerFields"):
        yield found("header-missing")
    if not _names_contact(placed(content, "backFields")[:_MOST_BACK], tables):
        yield found("contact-missing")


def _counts(content: Mapping[str, Any], style: str) -> Iterator[Finding]:
    for group, most in (("headerFields", MOST_ABOVE), ("primaryFields", 2 if style == "boardingPass" else 1)):
        if (count := len(placed(content, group))) > most:
            yield found("fields-many", count=count, group=Name(group), most=most)
    below = len(placed(content, "secondaryFields", "auxiliaryFields"))
    if style in _TOGETHER and below > MOST_BELOW:
        yield found("fields-many", count=below, group=Name("secondaryFields and auxiliaryFields"), most=MOST_BELOW)


def _long(content: Mapping[str, Any], files: Mapping[str, bytes], style: str, said: Said) -> Iterator[Finding]:
    for cut in cuts(_front(content, files, style, said)):
        where = _WHERE[cut.spot].format(count=len(cut.texts))
        yield found("front-too-long", texts=" · ".join(cut.texts), where=Name(where))


def _front(content: Mapping[str, Any], files: Mapping[str, bytes], style: str, said: Said) -> Front:
    header = _lines(placed(content, "headerFields")[:MOST_ABOVE], said)
    sort = _sort(files, style)
    large = _lines(placed(content, "primaryFields")[:1], said) if sort else ()
    return Front(
        sort=sort or Sort.LOYALTY,
        name=said(text_of(content, "logoText"))[:_LONGEST_LOOK],
        logo_points=_logo_points(files),
        header=" ".join(str(line.value) for line in header),
        large=str(large[0].value) if large else "",
        rows=tuple(_lines(fields, said) for fields in _rows(content, style)),
    )


def _sort(files: Mapping[str, bytes], style: str) -> Sort | None:
    """What the room of the large line goes by; none where Apple tells none."""
    if style == "generic" and not any(f"thumbnail{scale}.png" in files for scale in ("", "@2x", "@3x")):
        return None
    return _SORTS.get(style)


def _rows(content: Mapping[str, Any], style: str) -> list[list[Placed]]:
    """What stands side by side; more fields than are shown are told by `fields-many`, so no more are measured."""
    below = ("secondaryFields", "auxiliaryFields")
    groups = [below] if style in _TOGETHER else [(group,) for group in below]
    return [placed(content, *group)[:MOST_BELOW] for group in groups]


def _lines(fields: list[Placed], said: Said) -> tuple[Line, ...]:
    return tuple(Line(one.key, said(_text(one, "label")), said(_text(one, "value"))) for one in fields)


def _text(one: Placed, key: str) -> str:
    value = one.field.get(key, "")
    return str(value)[:_LONGEST_LOOK] if isinstance(value, str | int | float) else ""


def _logo_points(files: Mapping[str, bytes]) -> float:
    sizes = (header_of(files.get(name, b"")) for name in ("logo@3x.png", "logo@2x.png", "logo.png"))
    return next((logo_points(width, height) for width, height in sizes if height), 0)


def _names_contact(fields: list[Placed], tables: list[dict[str, str]]) -> bool:
    values = {_text(one, "value") for one in fields}
    translated = {table.get(value, "")[:_LONGEST_LOOK] for table in tables for value in values}
    texts = values | translated | {_text(one, "attributedValue") for one in fields}
    return any(map(_CONTACT.search, texts))
