"""The Apple pass in wallet-py3k's words, brought up to what Apple documents today.

Its models date from 2018: one `barcode` instead of `barcodes`, a `changeMessage` and a `textAlignment` on
every field (invalid on the back: "PassFieldContent"), a `suppressStripShine` without effect since iOS 7.
"""

import json
from typing import Any

from wallet.models import Barcode, BarcodeFormat, Field, Pass, StoreCard

GROUPS = ("headerFields", "secondaryFields", "auxiliaryFields", "backFields")


def _said(values: dict[str, Any]) -> dict[str, Any]:
    # Tested for None and "", not for truth: a new card has 0 stamps and must say so.
    return {key: value for key, value in values.items() if value is not None and value != ""}


class PlainField(Field):  # type: ignore[misc]
    """A field that says only what was given; without a change message the phone stays silent."""

    def __init__(self, key: str, value: str | int, label: str, change_message: str | None = None) -> None:
        super().__init__(key, value, label)
        self.changeMessage = change_message
        self.textAlignment = None

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


class StampCard(StoreCard):  # type: ignore[misc]
    """A store card whose primary fields stay empty: Wallet would print them across the stamps."""

    def add(self, group: str, field: PlainField) -> None:
        """Append `field` to one of GROUPS."""
        getattr(self, group).append(field)


class LoyaltyPass(Pass):  # type: ignore[misc]
    """pass.json as Apple documents it now ("Pass"): `barcodes`, `expirationDate`, no null, no empty string."""

    def __init__(self, card: StampCard, **names: str) -> None:
        super().__init__(card, **names)
        self.barcodes: list[QrBarcode] = []
        self.expirationDate: str | None = None

    def json_dict(self) -> dict[str, Any]:
        """Apple: "Pass"."""
        content = super().json_dict()
        del content["suppressStripShine"]
        if self.barcodes:
            content["barcodes"] = [barcode.json_dict() for barcode in self.barcodes]
        content["expirationDate"] = self.expirationDate
        return _said(content)

    def pass_json(self) -> bytes:
        """The same values give the same bytes; UTF-8 without BOM ("Creating the Source for a Pass")."""
        text = json.dumps(self.json_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
