"""What Google refuses, or drops without a word, that its schema cannot say: a table of our own.

The schema knows keys, types and enums. That a key must be there, that only one of several may, how many, in which
range: all of that stands in prose ("REST Resource: loyaltyclass", "… loyaltyobject", "… offerclass", "… offerobject").
How long a text may be to be shown whole is told by `passes.google_front`: Google takes longer ones.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from passes.checks import is_loopback

_CLASS = ("id", "issuerName", "reviewStatus")
_OBJECT = ("id", "classId", "state")
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "LoyaltyClass": (*_CLASS, "programName", "programLogo"),
    "LoyaltyObject": _OBJECT,
    "OfferClass": (*_CLASS, "title", "provider", "redemptionChannel"),
    "OfferObject": _OBJECT,
}
"""By kind of body: "Required." in Google's prose."""

MOST_TEXTS, MOST_MESSAGES, MOST_PLACES, MOST_ROWS = 10, 10, 10, 3
_MOST = {
    "textModulesData": MOST_TEXTS,
    "messages": MOST_MESSAGES,
    "merchantLocations": MOST_PLACES,
    "cardRowTemplateInfos": MOST_ROWS,
    "imageModulesData": 1,
    "valueAddedModuleData": 15,
    "linkedObjectIds": 50,
}
RETIRED = ("kind", "version", "locations", "infoModuleData", "wordMark", "allowMultipleUsersPerObject")
ITS_OWN = ("review", "classReference", "hasUsers", "hasLinkedDevice")
"""Keys of a body that Google alone writes."""

LONGEST_ADDRESS = 2048
"""Characters. Google says none; more than this is no address of ours."""
LONGEST_CODE = 2953
"""Bytes in a QR code of the largest version at level L (ISO/IEC 18004, table 7)."""

_ID = re.compile(r"[0-9]+\.[0-9A-Za-z._-]+")
_KEY = re.compile(r"[0-9A-Za-z_-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[0-9A-Za-z]{2,8})*")
_COLOUR = re.compile(r"#([0-9a-fA-F]{3}){1,2}")
_ADDRESS = re.compile(r"[!-~]+")
_PICTURES = {
    "programLogo": "logo",
    "wideProgramLogo": "wide logo",
    "titleImage": "logo",
    "wideTitleImage": "wide logo",
    "heroImage": "hero image",
    "mainImage": "image",
}
_BALANCES = ("string", "int", "double", "money")

Rule = Callable[[str, Any], Iterator[str]]


def faults(kind: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence, with value and remedy, for each thing that Google would refuse; none for a body to send.

    `kind` is a key of REQUIRED; raises ValueError for any other. `body` is whole, or a PATCH that says all that is
    required: what is null there counts as not said. Types are the schema's business: a value of the wrong one is named
    where a rule meets it, and never raises.
    """
    if kind not in REQUIRED:
        raise ValueError(f"{kind!r} is none of {', '.join(REQUIRED)}.")
    given = _said(body)
    return (*id_faults(kind, given), *_lacking(kind, given), *_not_ours(kind, given), *_within(kind, given))


def key_fault(key: object, what: str) -> Iterator[str]:
    """A key that a row of the front, or nobody, could refer to."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        yield f"The key {key!r} of a {what} cannot be referred to; use A to Z, a to z, 0 to 9, '_' or '-'."


def language_fault(language: object) -> Iterator[str]:
    """A language that is none of BCP 47, as far as its form tells."""
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        yield f"The language {language!r} is unknown; write it as 'de' or 'en'."


def twice_fault(keys: Iterable[str], what: str) -> Iterator[str]:
    """A key that names two."""
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        yield f"The key {', '.join(twice)} names two {what}; give each its own."


def _said(node: Any) -> Any:
    """Without what is null, at any depth."""
    if isinstance(node, Mapping):
        return {key: _said(value) for key, value in node.items() if value is not None}
    return [_said(item) for item in node if item is not None] if isinstance(node, list) else node


def _lacking(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    for key in REQUIRED[kind]:
        value = body.get(key)
        # An empty id is told with how to write one.
        is_blank = isinstance(value, str) and not value.strip() and key not in ("id", "classId")
        if value is None or is_blank:
            yield f"{kind}.{key} is empty; Google demands it, so say it."


def id_faults(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Ids that are none, or of two issuers. Source: "REST Resource: loyaltyobject", id."""
    names = {"id": "object id", "classId": "class id"} if "classId" in REQUIRED[kind] else {"id": "class id"}
    found = {what: body[key] for key, what in names.items() if key in body}
    wrong = {what: one for what, one in found.items() if not isinstance(one, str) or not _ID.fullmatch(one)}
    for what, one in wrong.items():
        yield (
            f"The {what} {one!r} is none of Google's; write the issuer's number, a dot, then A to Z, a to z, 0 to 9, "
            "'.', '_' or '-'."
        )
    if not wrong and len({one.split(".")[0] for one in found.values()}) > 1:
        yield (
            f"The object {found['object id']!r} and the class {found['class id']!r} are of two issuers; "
            "give both the same number."
        )


def _not_ours(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    for key in body:
        if key in RETIRED or key in ITS_OWN:
            yield f"{kind}.{key} is {'retired' if key in RETIRED else 'written'} by Google; leave it out."


def _within(path: str, node: Mapping[str, Any]) -> Iterator[str]:
    for key, value in node.items():
        where = f"{path}.{key}"
        if key in _MOST and isinstance(value, list) and len(value) > _MOST[key]:
            yield f"{where} has {len(value)} entries; Google takes {_MOST[key]}, leave the others out."
        rule = _RULES.get(key) or (_localized if key.startswith("localized") else None)
        if rule is not None:
            yield from rule(where, value)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, Mapping):
                yield from _within(where, child)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _each(value: Any) -> list[Mapping[str, Any]]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []


def _points(where: str, value: Any) -> Iterator[str]:
    given = [form for form in _BALANCES if form in _mapping(_mapping(value).get("balance"))]
    if len(given) != 1:
        yield f"{where} has {len(given)} balances; say exactly one of {', '.join(_BALANCES)}."


def _picture(where: str, value: Any) -> Iterator[str]:
    sources = [key for key in ("sourceUri", "privateImageId") if key in _mapping(value)]
    if len(sources) != 1:
        yield f"{where} has {len(sources)} sources; say exactly one of sourceUri and privateImageId."
    if "sourceUri" in sources:
        what = _PICTURES[where.rpartition(".")[2]]
        yield from _fetched(_mapping(value["sourceUri"]).get("uri"), what, "Google fetches pictures from")


def _callback(where: str, value: Any) -> Iterator[str]:
    del where
    yield from _fetched(_mapping(value).get("url"), "callback", "Google calls")


def _fetched(address: Any, what: str, why: str) -> Iterator[str]:
    """Google comes by itself; plain http is for a stand-in on this machine."""
    unreadable = _unreadable(address, what)
    if unreadable:
        yield unreadable
        return
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        yield f"The address {address!r} of the {what} is not https; {why} https addresses only."


def _unreadable(address: Any, what: str) -> str:
    """A sentence, or "" for an address that can be taken apart."""
    sentence = f"The address {address!r} of the {what} cannot be read; write it as https://host/path, without spaces."
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        return sentence
    if len(address) > LONGEST_ADDRESS:
        return f"The address {address[:40]!r}… of the {what} is longer than {LONGEST_ADDRESS} characters; shorten it."
    try:
        _ = urlsplit(address).port
    except ValueError:
        return sentence
    return ""


def _link(where: str, value: Any) -> Iterator[str]:
    del where
    address = _mapping(value).get("uri")
    unreadable = _unreadable(address, "link")
    if unreadable:
        yield unreadable
        return
    parts = urlsplit(str(address))
    to_web = parts.scheme in ("https", "http") and parts.hostname
    if not to_web and not (parts.scheme in ("tel", "mailto") and parts.path):
        yield f"The link {address!r} leads nowhere; begin it with https://, tel: or mailto:."


def _links(where: str, value: Any) -> Iterator[str]:
    for link in _each(value):
        yield from key_fault(link.get("id"), "link")
        yield from _link(where, link)
    yield from twice_fault((str(link.get("id")) for link in _each(value)), "links")


def _texts(where: str, value: Any) -> Iterator[str]:
    for text in _each(value):
        yield from key_fault(text.get("id"), "line")
        if not {"header", "body"} & text.keys():
            yield f"The text {text.get('id')!r} in {where} says nothing; leave it out."
    yield from twice_fault((str(text.get("id")) for text in _each(value)), "texts")


def _messages(where: str, value: Any) -> Iterator[str]:
    for message in _each(value):
        yield from key_fault(message.get("id"), "message")
        if not message.get("body"):
            yield f"The message {message.get('id')!r} in {where} says nothing; leave it out."
    yield from twice_fault((str(message.get("id")) for message in _each(value)), "messages")


def _places(where: str, value: Any) -> Iterator[str]:
    for place in _each(value):
        for key, most in (("latitude", 90), ("longitude", 180)):
            degrees = place.get(key)
            if not isinstance(degrees, int | float) or not -most <= degrees <= most:
                yield f"{where} has the {key} {degrees!r}; give degrees from -{most} to {most}."


def _localized(where: str, value: Any) -> Iterator[str]:
    text = _mapping(value)
    every = [_mapping(text.get("defaultValue")), *_each(text.get("translatedValues", []))]
    for one in every:
        yield from language_fault(one.get("language"))
        if not isinstance(one.get("value"), str):
            yield f"{where} says nothing in {one.get('language')!r}; give it a text."
    languages = [str(one.get("language")) for one in every]
    if len(set(languages)) < len(languages):
        yield f"{where} says something twice in one of {', '.join(sorted(set(languages)))}; say it once."


def _interval(where: str, value: Any) -> Iterator[str]:
    ends = {key: _instant(_mapping(end).get("date")) for key, end in _mapping(value).items() if key != "kind"}
    if not ends or None in ends.values():
        yield f"{where} has an end without date or offset; write ISO 8601 with the offset of the shop."
        return
    start, end = ends.get("start"), ends.get("end")
    if start is not None and end is not None and start >= end:
        yield f"{where} ends at {end} before it begins at {start}; let it end later."


def _instant(date: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(date)
    except (TypeError, ValueError):
        return None
    return instant if instant.utcoffset() is not None else None


def _barcode(where: str, value: Any) -> Iterator[str]:
    code = _mapping(value).get("value")
    if "type" not in _mapping(value) or not isinstance(code, str) or not code:
        yield f"{where} lacks its type or its value; say both."
    elif len(code.encode(errors="replace")) > LONGEST_CODE:
        yield f"The code {code[:40]!r}… is longer than {LONGEST_CODE} bytes; no QR code holds it, shorten it."


def _colour(where: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        yield f"The colour {value!r} in {where} cannot be read; write it as #rrggbb."


def _review(where: str, value: Any) -> Iterator[str]:
    if value != "UNDER_REVIEW":
        yield f"{where} is {value!r}; Google takes a class that cards are made of as 'UNDER_REVIEW' only."


def _row(where: str, value: Any) -> Iterator[str]:
    for row in _each(value):
        if len({"oneItem", "twoItems", "threeItems"} & row.keys()) != 1:
            yield f"A row of {where} holds no items, or two kinds; say one of oneItem, twoItems and threeItems."


_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_PICTURES, _picture),
    "loyaltyPoints": _points,
    "secondaryLoyaltyPoints": _points,
    "contentDescription": _localized,
    "callbackOptions": _callback,
    "homepageUri": _link,
    "helpUri": _link,
    "uris": _links,
    "textModulesData": _texts,
    "messages": _messages,
    "merchantLocations": _places,
    "validTimeInterval": _interval,
    "displayInterval": _interval,
    "barcode": _barcode,
    "hexBackgroundColor": _colour,
    "reviewStatus": _review,
    "cardRowTemplateInfos": _row,
}
