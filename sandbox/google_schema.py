"""Google's own schema of a pass, and what in a body breaks it.

google_schema.json is a reduced copy; its head names source, licence and what was left out. Google's document says
nothing of required keys (but in prose), lengths, or which keys exclude each other: the required ones stand here.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

KINDS = ("LoyaltyClass", "LoyaltyObject", "OfferClass", "OfferObject")
_CLASS = ("id", "issuerName", "reviewStatus")
REQUIRED = {
    "LoyaltyClass": (*_CLASS, "programName", "programLogo"),
    "LoyaltyObject": ("id", "classId", "state"),
    "OfferClass": (*_CLASS, "title", "provider", "redemptionChannel"),
    "OfferObject": ("id", "classId", "state"),
    "LoyaltyPoints": ("balance",),
}
_DIGITS = re.compile(r"-?[0-9]{1,19}", re.ASCII)


@cache
def schemas() -> Mapping[str, Any]:
    """Google's schemas by name, as they stand in the file."""
    text = Path(__file__).with_name("google_schema.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)["schemas"]
    return found


def violations(kind: str, body: object) -> list[str]:
    """What Google would not know, not read or miss in a whole body: "LoyaltyObject.state: …", a line each.

    `kind` is one of KINDS; raises ValueError for any other. Source: walletobjects v1, discovery document.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}.")
    return list(_wrong({"$ref": kind}, body, kind))


def _wrong(schema: Mapping[str, Any], value: object, path: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from _wrong_object(str(schema["$ref"]), value, path)
    elif schema["type"] == "array":
        yield from _wrong_array(schema["items"], value, path)
    elif not _reads(schema, value):
        yield f"{path}: {value!r} is no {schema.get('format', schema['type'])}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of Google's values"


def _wrong_object(name: str, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no {name}"
        return
    known = schemas()[name]["properties"]
    yield from (f"{path}.{key}: Google knows no such key" for key in value if key not in known)
    yield from (f"{path}.{key}: required, but not there" for key in REQUIRED.get(name, ()) if key not in value)
    for key in value.keys() & known.keys():
        yield from _wrong(known[key], value[key], f"{path}.{key}")


def _wrong_array(items: Mapping[str, Any], value: object, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {value!r} is no array"
        return
    for number, item in enumerate(value):
        yield from _wrong(items, item, f"{path}[{number}]")


def _reads(schema: Mapping[str, Any], value: object) -> bool:
    """Of the right type and, where it has one, format; an int64 travels as a string of digits."""
    match schema["type"], schema.get("format"):
        case "string", "int64":
            return isinstance(value, str) and bool(_DIGITS.fullmatch(value)) and -(2**63) <= int(value) < 2**63
        case "string", _:
            return isinstance(value, str)
        case "boolean", _:
            return isinstance(value, bool)
        case "integer", _:
            return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
