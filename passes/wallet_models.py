"""The Apple pass in wallet-py3k's words, brought up to what Apple documents today.

Its models date from 2018: one `barcode` instead of `barcodes`, a `changeMessage` and a `textAlignment` on
every field (invalid on the back: "PassFieldContent"), a `suppressStripShine` without effect since iOS 7.
"""

from collections.abc import Mapping
from typing import Any

from wallet.models import Barcode, BarcodeFormat, Field, IBeacon, Location, Pass, PassInformation

from passes.extras import Beacon, Place


def _said(values: dict[str, Any]) -> dict[str, Any]:
    # Tested for None and "", not for truth: a new card has 0 stamps and must say so.
    return {key: value for key, value in values.items() if value is not None and value != ""}


class PlainField(Field):  # type: ignore[misc]
    """A field that says only what was given; without a change message the phone stays silent.

    ``more``: further keys of "PassFieldContent". One may be `value`, in place of the text that was given first.
    """

    def __init__(
        self, key: str, value: str | int, label: str, change_message: str | None, more: Mapping[str, Any]
    ) -> None:
        super().__init__(key, value, label)
        self.changeMessage = change_message
        self.textAlignment = None
        self.__dict__.update(more)

    def json_dict(self) -> dict[str, Any]:
        """Apple: "PassFieldContent"."""
        return _said(super().json_dict())


class QrBarcode(Barcode):  # type: ignore[misc]
    """A QR in ISO 8859-1, the encoding that scanners expect ("Pass.Barcodes")."""

    def __init__(self, message: str, alt_text: str) -> None:
        super().__init__(message, BarcodeFormat.QR, alt_text)

    def json_dict(self) -> dict[str, Any]:
        """Apple: "Pass.Barcodes"."""
        return _said(super().json_dict())


class PlainLocation(Location):  # type: ignore[misc]
    """A place without the `distance` that Apple does not know ("Pass.Locations")."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.latitude, place.longitude)
        self.altitude = place.altitude
        self.relevantText = place.text

    def json_dict(self) -> dict[str, Any]:
        """Apple: "Pass.Locations"."""
        return _said(super().json_dict())


class PlainBeacon(IBeacon):  # type: ignore[misc]
    """A beacon whose numbers may be left out ("Pass.Beacons")."""

    def __init__(self, beacon: Beacon) -> None:
        super().__init__(str(beacon.uuid), beacon.major, beacon.minor)
        self.relevantText = beacon.text

    def json_dict(self) -> dict[str, Any]:
        """Apple: "Pass.Beacons"."""
        return _said(super().json_dict())


class LoyaltyPass(Pass):  # type: ignore[misc]
    """pass.json as Apple documents it now ("Pass"): no null, no empty string.

    ``more``: keys that wallet-py3k does not know.
    """

    def __init__(self, card: PassInformation, **names: str) -> None:
        super().__init__(card, **names)
        self.barcodes: list[QrBarcode] = []
        self.more: dict[str, Any] = {}

    def json_dict(self) -> dict[str, Any]:
        """Apple: "Pass"."""
        content = super().json_dict()
        del content["suppressStripShine"]
        for key, objects in (("barcodes", self.barcodes), ("locations", self.locations), ("beacons", self.ibeacons)):
            if objects:
                content[key] = [one.json_dict() for one in objects]
        return _said(content | self.more)
