"""pass.json and the icon as Wallet reads them. Source: Apple, "Pass", "PassFieldContent", "Pass.Barcodes"."""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.refusal import PassRefused
from sandbox.signature import Signer

FIELD_GROUPS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
LEGACY_STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard")
STYLES = (*LEGACY_STYLES, "posterGeneric")
COLOURS = ("backgroundColor", "foregroundColor", "labelColor")
RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")
BARCODE_FORMATS = {f"PKBarcodeFormat{name}" for name in ("QR", "PDF417", "Aztec", "Code128")}
_TEXTS = ("passTypeIdentifier", "teamIdentifier", "serialNumber", "organizationName", "description")
_PNG = b"\x89PNG\r\n\x1a\n"
_ICONS = ("icon.png", "icon@2x.png", "icon@3x.png")


def check_content(files: Mapping[str, bytes], signer: Signer) -> dict[str, Any]:
    """pass.json as a dictionary, once nothing in it would make Wallet refuse the pass; raises PassRefused."""
    content = _strict_json(files["pass.json"])
    _check_required(content, signer)
    _check_style(content)
    _check_web_service(content)
    _check_barcodes(content)
    for name in COLOURS:
        if name in content and not _is_colour(content[name]):
            raise PassRefused("colour", name=name, value=content[name])
    _check_fields(content)
    _check_icon(files)
    return content


def each_field(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All fields of all groups of the pass, with the name of their group, in the order they are shown."""
    for style in LEGACY_STYLES:
        for group in FIELD_GROUPS:
            for field in content.get(style, {}).get(group, ()):
                yield group, field


def _strict_json(data: bytes) -> dict[str, Any]:
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=distinct, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise PassRefused("json_unreadable", why=str(error)) from error
    if not isinstance(content, dict):
        raise PassRefused("json_unreadable", why="not an object")
    return content


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _check_required(content: Mapping[str, Any], signer: Signer) -> None:
    version = content.get("formatVersion")
    if type(version) is not int or version != 1:
        raise PassRefused("format_version", value=version)
    for name in _TEXTS:
        if not isinstance(content.get(name), str) or not content[name]:
            raise PassRefused("required_key", name=name)
    if content["passTypeIdentifier"] != signer.pass_type:
        raise PassRefused("pass_type_mismatch", given=content["passTypeIdentifier"], certified=signer.pass_type)
    if content["teamIdentifier"] != signer.team_id:
        raise PassRefused("team_mismatch", given=content["teamIdentifier"], certified=signer.team_id)


def _check_style(content: Mapping[str, Any]) -> None:
    styles = [name for name in LEGACY_STYLES if name in content]
    poster = "posterGeneric" in content
    if len(styles) != 1 and not (poster and not styles):
        raise PassRefused("style", found=", ".join(styles) or "–")
    if not all(isinstance(content[name], dict) for name in styles):
        raise PassRefused("required_key", name=styles[0])


def _check_web_service(content: Mapping[str, Any]) -> None:
    url, token = content.get("webServiceURL"), content.get("authenticationToken")
    if url is None and token is None:
        return
    if not isinstance(url, str) or not isinstance(token, str):
        raise PassRefused("web_service_half")
    if len(token) < 16:
        raise PassRefused("token_short")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise PassRefused("web_service_url", url=url)


def is_loopback(host: str | None) -> bool:
    """Whether plain http is allowed there: the phone's developer switch is on, for this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _check_barcodes(content: Mapping[str, Any]) -> None:
    barcodes = content.get("barcodes", [])
    if not isinstance(barcodes, list):
        raise PassRefused("barcode", why="barcodes")
    for barcode in barcodes:
        if not isinstance(barcode, dict) or barcode.get("format") not in BARCODE_FORMATS:
            raise PassRefused("barcode", why="format")
        for name in ("message", "messageEncoding"):
            if not isinstance(barcode.get(name), str):
                raise PassRefused("barcode", why=name)
        try:
            barcode["message"].encode(barcode["messageEncoding"])
        except (UnicodeError, LookupError) as error:
            raise PassRefused("barcode", why="messageEncoding") from error


def _is_colour(value: object) -> bool:
    found = RGB.fullmatch(value) if isinstance(value, str) else None
    return found is not None and all(int(part) <= 255 for part in found.groups())


def _check_fields(content: Mapping[str, Any]) -> None:
    seen: set[str] = set()
    for style in LEGACY_STYLES:
        for group in FIELD_GROUPS:
            if not isinstance(content.get(style, {}).get(group, []), list):
                raise PassRefused("field", key=group)
    for group, field in each_field(content):
        key = field.get("key") if isinstance(field, dict) else None
        if not isinstance(key, str) or not key or not isinstance(field.get("value"), str | int | float):
            raise PassRefused("field", key=key or group)
        if key in seen:
            raise PassRefused("field_twice", key=key)
        seen.add(key)


def _check_icon(files: Mapping[str, bytes]) -> None:
    icons = [name for name in _ICONS if name in files]
    if not icons:
        raise PassRefused("icon_missing")
    for name in icons:
        if not (files[name].startswith(_PNG) and files[name][12:16] == b"IHDR"):
            raise PassRefused("icon_unreadable", name=name)
