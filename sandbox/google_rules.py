"""What Google refuses in a body that its schema cannot say: lengths of lists, one-of, forms of ids and addresses.

Source: walletobjects v1, prose of the discovery document; Google Wallet, "Update a pass" (how a PATCH merges).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox.google_schema import schemas

Body = dict[str, Any]

OUTPUT_ONLY = ("hasUsers", "hasLinkedDevice", "classReference", "review")
MOST = {"messages": 10, "merchantLocations": 10, "valueAddedModuleData": 15}
SHOWN = {"textModulesData": 10, "imageModulesData": 1}
MOST_LINKED = 50
_ID = re.compile(r"[0-9]+\.[A-Za-z0-9._-]+", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_COLOUR = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", re.ASCII)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
    """What a PATCH makes of a body: objects merge, arrays are replaced whole, null clears (RFC 7396)."""
    made = dict(old)
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict):
            before = made.get(key)
            made[key] = merged(before if isinstance(before, dict) else {}, value)
        else:
            made[key] = value
    return made


def faults(kind: str, body: Body) -> list[str]:
    """What Google would refuse in a body that its schema takes, a line each."""
    found = [f"{key}: at most {most}, not {count}" for key, count, most in _too_many(body, MOST)]
    if not _ID.fullmatch(body["id"]):
        found.append(f"Invalid resource ID: {body['id']}.")
    if not _COLOUR.fullmatch(body.get("hexBackgroundColor", "#000")):
        found.append(f"hexBackgroundColor: {body['hexBackgroundColor']!r} is no #rgb or #rrggbb")
    for name, part, path in _parts(kind, body, kind):
        found += [f"{path}: {fault}" for fault in _RULES.get(name, _nothing)(part)]
    return found


def two_balances(body: Body) -> list[str]:
    """Points that carry two forms of a balance at once."""
    return [key for key in ("loyaltyPoints", "secondaryLoyaltyPoints") if len(body.get(key, {}).get("balance", {})) > 1]


def traps(sent: Body, body: Body) -> list[str]:
    """What Google takes without a word and what then does not do what was meant: sent is new, body the whole."""
    found = [f"{key} is set by Google; it was sent and ignored" for key in OUTPUT_ONLY if key in sent]
    found += [f"{key}: {most} are shown, not {count}" for key, count, most in _too_many(body, SHOWN)]
    if sent.get("locations"):
        found.append("locations is deprecated and notifies nobody; use merchantLocations")
    found += [f"{key}.balance has two forms at once: null the old one" for key in two_balances(body)]
    return found


def _too_many(body: Body, limits: Mapping[str, int]) -> list[tuple[str, int, int]]:
    return [(key, len(body[key]), most) for key, most in limits.items() if len(body.get(key, ())) > most]


def _parts(name: str, value: object, path: str) -> Iterator[tuple[str, Body, str]]:
    """Every object within a body with the name of its schema, itself first."""
    if not isinstance(value, dict):
        return
    yield name, value, path
    for key, schema in schemas()[name]["properties"].items():
        for number, part in enumerate(value[key] if isinstance(value.get(key), list) else [value.get(key)]):
            inner = schema.get("items", schema).get("$ref")
            if inner:
                yield from _parts(inner, part, f"{path}.{key}[{number}]" if "items" in schema else f"{path}.{key}")


def _nothing(_part: Body) -> Iterator[str]:
    return iter(())


def _image(part: Body) -> Iterator[str]:
    if ("sourceUri" in part) == ("privateImageId" in part):
        yield "exactly one of sourceUri and privateImageId"


def _address(part: Body) -> Iterator[str]:
    if not _fetchable(part.get("uri", "")):
        yield f"{part.get('uri')!r} is no https address"


def _uri(part: Body) -> Iterator[str]:
    if part.get("uri", "").partition(":")[0] not in ("https", "http", "tel", "mailto", "geo"):
        yield f"{part.get('uri')!r} has no scheme of a web, map, tel or mail link"


def _callback(part: Body) -> Iterator[str]:
    if "url" in part and not _fetchable(part["url"]):
        yield f"{part['url']!r} is no https address"


def _text(part: Body) -> Iterator[str]:
    if "id" in part and not _KEY.fullmatch(part["id"]):
        yield f"the id {part['id']!r} may hold letters, digits, _ and -"


def _localized(part: Body) -> Iterator[str]:
    texts = [part.get("defaultValue", {}), *part.get("translatedValues", ())]
    if not all(text.get("language") and text.get("value") for text in texts):
        yield "a defaultValue, and a language and a value in each text"


def _barcode(part: Body) -> Iterator[str]:
    if not part.get("type") or not part.get("value"):
        yield "a type and a value"


def _rotating(part: Body) -> Iterator[str]:
    if part.get("type") not in ("QR_CODE", "PDF_417"):
        yield f"the type {part.get('type')!r} cannot rotate: QR_CODE or PDF_417"


def _place(part: Body) -> Iterator[str]:
    if not (-90 <= part.get("latitude", 91) <= 90 and -180 <= part.get("longitude", 181) <= 180):
        yield "latitude is -90 to 90, longitude -180 to 180"


def _interval(part: Body) -> Iterator[str]:
    dates = [part[key].get("date", "") for key in ("start", "end") if key in part]
    try:
        read = [datetime.fromisoformat(date) for date in dates]
    except ValueError:
        yield f"{dates!r} are no times of ISO 8601"
        return
    if len({moment.tzinfo is None for moment in read}) > 1:
        yield "an offset on both times or on neither"


def _message(part: Body) -> Iterator[str]:
    if part.get("messageType") in ("EXPIRATION_NOTIFICATION", "expirationNotification"):
        yield "the type EXPIRATION_NOTIFICATION is currently not supported"


def _rows(part: Body) -> Iterator[str]:
    if len(part.get("cardRowTemplateInfos", ())) > 3:
        yield "at most three rows"


def _balance(part: Body) -> Iterator[str]:
    if not part:
        yield "exactly one of string, int, double and money"


def _extra(part: Body) -> Iterator[str]:
    if not part.get("header") or not part.get("uri"):
        yield "a header and a uri"


def _fetchable(address: str) -> bool:
    """https, or http on this machine: the sandbox is no wider than that."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


_RULES: Mapping[str, Callable[[Body], Iterator[str]]] = {
    "Image": _image,
    "ImageUri": _address,
    "Uri": _uri,
    "CallbackOptions": _callback,
    "TextModuleData": _text,
    "LocalizedString": _localized,
    "Barcode": _barcode,
    "RotatingBarcode": _rotating,
    "MerchantLocation": _place,
    "TimeInterval": _interval,
    "Message": _message,
    "CardTemplateOverride": _rows,
    "LoyaltyPointsBalance": _balance,
    "ValueAddedModuleData": _extra,
}
