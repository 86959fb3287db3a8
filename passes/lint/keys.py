"""The top level of pass.json: required keys, types, identity, style, colours, web service (Apple: "Pass")."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from passes.checks import is_loopback
from passes.lint.dates import is_date
from passes.lint.findings import Finding, Name, found

LEGACY_STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard")
STYLES = (*LEGACY_STYLES, "posterGeneric")
_REQUIRED = ("passTypeIdentifier", "teamIdentifier", "serialNumber", "organizationName", "description")

_TEXTS = (
    *("passTypeIdentifier", "teamIdentifier", "serialNumber", "organizationName", "description", "logoText"),
    *("webServiceURL", "authenticationToken", "groupingIdentifier", "appLaunchURL", "accessibilityURL", "addOnURL"),
    *("bagPolicyURL", "contactVenueEmail", "contactVenuePhoneNumber", "contactVenueWebsite"),
    *("directionsInformationURL", "eventLogoText", "footerBackgroundColor", "merchandiseURL", "orderFoodURL"),
    *("parkingInformationURL", "purchaseParkingURL", "sellURL", "transferURL", "transitInformationURL"),
    *("changeSeatURL", "entertainmentURL", "managementURL", "purchaseAdditionalBaggageURL"),
    *("purchaseLoungeAccessURL", "purchaseWifiURL", "registerServiceAnimalURL", "reportLostBagURL"),
    *("requestWheelchairURL", "trackBagsURL", "transitProviderEmail", "transitProviderPhoneNumber"),
    *("transitProviderWebsiteURL", "upgradeURL"),
)
_COLOURS = ("backgroundColor", "foregroundColor", "labelColor", "stripColor")
_DATES = ("expirationDate", "relevantDate")
_SWITCHES = ("voided", "sharingProhibited", "suppressStripShine", "suppressHeaderDarkening", "useAutomaticColors")
_LISTS = (
    *("barcodes", "locations", "beacons", "relevantDates", "associatedStoreIdentifiers", "auxiliaryStoreIdentifiers"),
    *("featuredActions", "preferredStyleSchemes", "upcomingPassInformation"),
)
_OBJECTS = (*STYLES, "barcode", "nfc", "semantics")

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys((*_TEXTS, *_COLOURS, *_DATES), ((str,), "a text")),
    **dict.fromkeys(_SWITCHES, ((bool,), "true or false")),
    **dict.fromkeys(_LISTS, ((list,), "an array")),
    **dict.fromkeys(_OBJECTS, ((dict,), "an object")),
    "maxDistance": ((int, float), "a number"),
}
_UNTYPED = ("formatVersion", "userInfo")
_ANY: tuple[tuple[type, ...], str] = ((object,), "")

_PASS_TYPE = re.compile(r"pass\.[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*", re.ASCII)
_TEAM = re.compile(r"[0-9A-Z]{10}", re.ASCII)
_SERIAL = re.compile(r"[0-9A-Za-z]+", re.ASCII)
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.ASCII)
_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Certified:
    """What the certificate says that signed the pass, or will: UID and OU of its subject, and if it is one for NFC."""

    pass_type: str
    team_id: str
    nfc: bool = False


def key_faults(content: Mapping[str, Any], certified: Certified | None) -> Iterator[Finding]:
    """Rows 1, 2, 12, 13, 14, 15, 22, 26 and 27."""
    yield from _types(content)
    yield from _required(content)
    yield from _identity(content, certified)
    yield from _style(content)
    for key in _COLOURS:
        if isinstance(value := content.get(key), str) and not _is_colour(value):
            yield found("colour-form", key=Name(key), value=value)
    for key in _DATES:
        if isinstance(value := content.get(key), str) and not is_date(value):
            yield found("date-form", key=Name(key), value=value)
    yield from _web_service(content)
    yield from _alone(content)


def key_doubts(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Keys that Wallet drops, and serial numbers that read badly in an address."""
    for key in content:
        if key not in _KINDS and key not in _UNTYPED:
            yield found("key-unknown", key=key)
    serial = text_of(content, "serialNumber")
    if serial and not _SERIAL.fullmatch(serial):
        yield found("serial-form", value=serial)


def text_of(content: Mapping[str, Any], key: str) -> str:
    """The text under the key; empty if there is none or it is of another type."""
    value = content.get(key)
    return value if isinstance(value, str) else ""


def objects_of(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in the array under the key, nothing else of it."""
    value = content.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def style_of(content: Mapping[str, Any]) -> str:
    """The style that says how the fields stand; empty if there is none. posterGeneric yields to the one beside it."""
    return next((style for style in STYLES if isinstance(content.get(style), dict)), "")


def is_of(value: object, types: tuple[type, ...]) -> bool:
    """Is the value of one of these types? true and false are no numbers here."""
    return type(value) in types or (isinstance(value, types) and not isinstance(value, bool))


def _types(content: Mapping[str, Any]) -> Iterator[Finding]:
    for key, value in content.items():
        types, kind = _KINDS.get(key, _ANY)
        if kind and not is_of(value, types):
            # Not even a token of the wrong type is shown: it may be the pass's password.
            shown = Name("something else") if key == "authenticationToken" else value
            yield found("key-type", key=Name(key), value=shown, kind=Name(kind))


def _required(content: Mapping[str, Any]) -> Iterator[Finding]:
    if "formatVersion" not in content:
        yield found("key-missing", key=Name("formatVersion"))
    elif not is_of(version := content["formatVersion"], (int, float)) or version != 1:
        yield found("format-version", value=version)
    for key in _REQUIRED:
        if key not in content or content[key] == "":
            yield found("key-missing", key=Name(key))


def _identity(content: Mapping[str, Any], certified: Certified | None) -> Iterator[Finding]:
    """One sentence for each: one that is none of Apple's cannot be the certificate's either."""
    pass_type, team = text_of(content, "passTypeIdentifier"), text_of(content, "teamIdentifier")
    if pass_type and not _PASS_TYPE.fullmatch(pass_type):
        yield found("pass-type-form", value=pass_type)
    elif pass_type and certified and pass_type != certified.pass_type:
        yield found("pass-type-other", value=pass_type, certified=certified.pass_type)
    if team and not _TEAM.fullmatch(team):
        yield found("team-form", value=team)
    elif team and certified and team != certified.team_id:
        yield found("team-other", value=team, certified=certified.team_id)


def _style(content: Mapping[str, Any]) -> Iterator[Finding]:
    """One, or the poster of iOS 27 with one for older systems ("Creating a poster generic pass")."""
    legacy = [style for style in LEGACY_STYLES if style in content]
    if not legacy and "posterGeneric" not in content:
        yield found("style-missing")
    if len(legacy) > 1:
        yield found("style-several", styles=Name(", ".join(legacy)))


@lru_cache(maxsize=1024)
def _is_colour(value: str) -> bool:
    match = _RGB.fullmatch(value)
    return match is not None and all(int(part) <= 255 for part in match.groups())


def _web_service(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Apple: "Adding a Web Service to Update Passes", "Register a Pass for Update Notifications"."""
    pair = ("webServiceURL", "authenticationToken")
    for key, other in (pair, pair[::-1]):
        if key in content and other not in content:
            yield found("web-service-half", key=Name(key), other=Name(other))
    token = content.get("authenticationToken")
    # The token is the pass's password, so it is counted and never shown.
    if isinstance(token, str) and len(token) < _SHORTEST_TOKEN:
        yield found("token-short", size=len(token))
    url = content.get("webServiceURL")
    if isinstance(url, str) and (code := _address_fault(url)):
        yield found(code, value=url)


@lru_cache(maxsize=64)
def _address_fault(url: str) -> str:
    parts = _split(url)
    if parts is None or not _reaches(parts) or parts.query or parts.fragment:
        return "web-service-url"
    return "web-service-version" if parts.path.rstrip("/").endswith("/v1") else ""


def local_doubts(content: Mapping[str, Any]) -> Iterator[Finding]:
    """A web service that only this machine reaches."""
    url = text_of(content, "webServiceURL")
    parts = _split(url)
    if parts is not None and parts.scheme == "http" and _reaches(parts):
        yield found("web-service-local", value=url)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and url.isprintable() and " " not in url else None


def _reaches(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _alone(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Keys that mean nothing where they stand, or without another."""
    style, grouping = style_of(content), content.get("groupingIdentifier")
    if grouping is not None and style not in ("eventTicket", "boardingPass", ""):
        yield found("grouping-misplaced", style=Name(style), value=grouping)
    if content.get("appLaunchURL") and not content.get("associatedStoreIdentifiers"):
        yield found("launch-url-alone", value=content["appLaunchURL"])
