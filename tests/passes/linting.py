"""A pass that is right in every way, to be changed in one."""

import copy
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from PIL import Image

from passes.lint.findings import Finding
from passes.lint.keys import Certified
from passes.lint.whole import check_files

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CERTIFIED = Certified("pass.example.morgenrot", "ABCDE12345")

CARD: dict[str, Any] = {
    "formatVersion": 1,
    "passTypeIdentifier": "pass.example.morgenrot",
    "teamIdentifier": "ABCDE12345",
    "serialNumber": "01jdc4v8w2",
    "organizationName": "Café Morgenrot",
    "description": "Loyalty card of Café Morgenrot",
    "logoText": "Café Morgenrot",
    "backgroundColor": "rgb(74, 36, 21)",
    "foregroundColor": "rgb(255, 244, 226)",
    "labelColor": "rgb(240, 179, 90)",
    "webServiceURL": "https://cards.example/apple",
    "authenticationToken": "0123456789abcdef",
    "expirationDate": "2027-12-24T18:00+01:00",
    "locations": [{"latitude": 52.5, "longitude": 13.4, "relevantText": "Coffee is near"}],
    "beacons": [{"proximityUUID": "F8F589E9-C07E-58B0-AEAB-A36BE4D48FAC", "major": 1, "minor": 0}],
    "barcodes": [
        {
            "format": "PKBarcodeFormatQR",
            "message": "T1ORSXG5BRORSXG5BRORSXG5BRORSXG5BRAB",
            "messageEncoding": "iso-8859-1",
            "altText": "K7QM-3FX",
        }
    ],
    "storeCard": {
        "headerFields": [{"key": "stamps", "label": "Stamps", "value": 0, "changeMessage": "You have %@ stamps."}],
        "secondaryFields": [
            {"key": "reward", "label": "Reward", "value": "Coffee", "textAlignment": "PKTextAlignmentLeft"}
        ],
        "auxiliaryFields": [{"key": "credit", "label": "Credit", "value": 4.5, "currencyCode": "EUR"}],
        "backFields": [
            {"key": "mail", "label": "Mail", "value": "hello@morgenrot.example"},
            {"key": "since", "label": "Since", "value": "2026-11-01T10:00:00Z", "dateStyle": "PKDateStyleShort"},
        ],
    },
}  # fmt: skip


@cache
def png(width: int = 38, height: int = 38) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "#4a2415").save(made, "PNG")
    return made.getvalue()


def card(changes: Mapping[str, Any] | None = None, *, style: str = "storeCard") -> dict[str, Any]:
    """pass.json with some keys changed, or left out where the change is None; the fields in another style."""
    content = copy.deepcopy(CARD)
    content[style] = content.pop("storeCard")
    content |= changes or {}
    return {key: value for key, value in content.items() if value is not None}


def with_field(group: str, **field: Any) -> dict[str, Any]:
    """pass.json with another field at the end of the group."""
    content = card()
    content["storeCard"].setdefault(group, []).append({"key": "more", "value": "x", **field})
    return content


def files(content: Mapping[str, Any] | bytes | None = None, **others: bytes | None) -> dict[str, bytes]:
    """The files of the pass; others by path, None leaves one out."""
    data = content if isinstance(content, bytes) else json.dumps(card() if content is None else content).encode()
    usual: dict[str, bytes | None] = {
        "pass.json": data,
        "icon.png": png(),
        "icon@2x.png": png(76, 76),
        "icon@3x.png": png(114, 114),
        "logo.png": png(100, 50),
        "strip.png": png(375, 144),
    }
    return {name: held for name, held in (usual | others).items() if held is not None}


def lint(content: Mapping[str, Any] | bytes | None = None, **others: bytes | None) -> list[Finding]:
    return check_files(files(content, **others), now=NOW, certified=CERTIFIED)


def codes(content: Mapping[str, Any] | bytes | None = None, **others: bytes | None) -> list[str]:
    return [one.code for one in lint(content, **others)]
