"""Where a pass comes to mind, and what it says to a reader (Apple: "Showing a Pass on the Lock Screen", "Pass.NFC")."""

from collections.abc import Iterator, Mapping
from sys import float_info
from typing import Any

from passes.lint.findings import Finding, Name, found
from passes.lint.keys import Certified, is_of, objects_of

MOST_LOCATIONS, MOST_BEACONS = 10, 10
_LARGEST_MINOR = 65535
_DEGREES = {"latitude": 90, "longitude": 180}
_MOST_NFC_BYTES = 64


def place_faults(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Row 24."""
    locations, beacons = content.get("locations"), content.get("beacons")
    if isinstance(locations, list):
        if len(locations) > MOST_LOCATIONS:
            yield found("locations-many", count=len(locations))
        for location in locations:
            yield from _location(location)
    if isinstance(beacons, list):
        distinct = {str(one.get("proximityUUID")).lower() for one in objects_of(content, "beacons")}
        if len(distinct) > MOST_BEACONS:
            yield found("beacons-many", count=len(distinct))
        for beacon in beacons:
            yield from _beacon(beacon)


def nfc_faults(content: Mapping[str, Any], certified: Certified | None) -> Iterator[Finding]:
    """Row 25. A certificate for NFC bears Apple's extension 1.2.840.113635.100.6.1.26."""
    nfc = content.get("nfc")
    if not isinstance(nfc, dict):
        return
    if certified is not None and not certified.nfc:
        yield found("nfc-certificate")
    for key in ("message", "encryptionPublicKey"):
        if not isinstance(nfc.get(key), str) or not nfc[key]:
            yield found("nfc-form", key=Name(key), value=nfc.get(key))


def nfc_doubts(content: Mapping[str, Any]) -> Iterator[Finding]:
    """A message that Wallet cuts."""
    nfc = content.get("nfc")
    message = nfc.get("message") if isinstance(nfc, dict) else None
    size = len(message.encode("utf-8", "surrogatepass")) if isinstance(message, str) else 0
    if size > _MOST_NFC_BYTES:
        yield found("nfc-long", size=size)


def _location(location: Any) -> Iterator[Finding]:
    if not isinstance(location, dict):
        yield found("location-form", key=Name("An entry"), value=location)
        return
    for key, most in _DEGREES.items():
        value: Any = location.get(key)
        if not is_of(value, (int, float)) or not -most <= value <= most:
            yield found("location-form", key=Name(key), value=value)
    altitude = location.get("altitude", 0)
    if not is_of(altitude, (int, float)) or not abs(altitude) <= float_info.max:
        yield found("location-form", key=Name("altitude"), value=altitude)


def _beacon(beacon: Any) -> Iterator[Finding]:
    if not isinstance(beacon, dict):
        yield found("beacon-form", key=Name("An entry"), value=beacon)
        return
    uuid = beacon.get("proximityUUID")
    if not isinstance(uuid, str) or not uuid:
        yield found("beacon-form", key=Name("proximityUUID"), value=uuid)
    for key in ("major", "minor"):
        value: Any = beacon.get(key, 0)
        if not is_of(value, (int,)) or not 0 <= value <= _LARGEST_MINOR:
            yield found("beacon-form", key=Name(key), value=value)
