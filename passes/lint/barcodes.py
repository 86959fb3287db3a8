"""The code on a pass (Apple: "Pass.Barcodes")."""

import codecs
from collections.abc import Iterator, Mapping
from typing import Any

from passes.lint.findings import Finding, Name, found
from passes.lint.keys import objects_of

_EVERYWHERE = ("QR", "PDF417", "Aztec", "Code128")
_SINCE_IOS_27 = ("Code39", "Codabar", "EAN13", "I2of5")
_FORMATS = {f"PKBarcodeFormat{name}" for name in (*_EVERYWHERE, *_SINCE_IOS_27)}
# Bytes in the largest symbol: ISO/IEC 18004 (version 40, level L), ISO/IEC 15438, ISO/IEC 24778.
_MOST_BYTES = {"PKBarcodeFormatQR": 2953, "PKBarcodeFormatPDF417": 1108, "PKBarcodeFormatAztec": 1914}
_MOST_AT_ALL = max(_MOST_BYTES.values())
# Python has these; no character set of IANA's is called so.
_NOT_IANA = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
_LONGEST_NAME = 40


def barcode_faults(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Rows 16 and 17, in the array and in the single one of old systems. Each fault once, however often it stands."""
    told: set[tuple[str, str]] = set()
    for barcode in _barcodes(content):
        for one in _faults(barcode):
            if (one.code, one.what) not in told:
                told.add((one.code, one.what))
                yield one


def barcode_doubts(content: Mapping[str, Any]) -> Iterator[Finding]:
    """A code that only old systems find, or none. A pass that has ended needs none."""
    listed, single = bool(content.get("barcodes")), bool(content.get("barcode"))
    if single and not listed:
        yield found("barcode-deprecated")
    if _are_new(content) and not single:
        yield found("barcode-new")
    if not single and not listed and not content.get("voided") and not content.get("nfc"):
        yield found("barcode-missing")


def _barcodes(content: Mapping[str, Any]) -> Iterator[Any]:
    listed, single = content.get("barcodes"), content.get("barcode")
    yield from listed if isinstance(listed, list) else ()
    if isinstance(single, dict):
        yield single


def _faults(barcode: Any) -> Iterator[Finding]:
    if not isinstance(barcode, dict):
        yield found("key-type", key=Name("an entry of barcodes"), value=barcode, kind=Name("an object"))
        return
    kind, message, encoding = (barcode.get(key) for key in ("format", "message", "messageEncoding"))
    if not isinstance(kind, str) or kind not in _FORMATS:
        yield found("barcode-format", value=kind)
    readable = isinstance(message, str) and message != ""
    if not readable:
        yield found("barcode-message", value=message)
    if not isinstance(encoding, str) or not _is_charset(encoding):
        yield found("barcode-encoding", value=encoding)
    elif isinstance(message, str) and readable:
        yield from _written(str(kind), message, encoding)


def _is_charset(name: str) -> bool:
    try:
        return 0 < len(name) <= _LONGEST_NAME and codecs.lookup(name).name not in _NOT_IANA
    except (LookupError, ValueError):
        return False


def _written(kind: str, message: str, encoding: str) -> Iterator[Finding]:
    most = _MOST_BYTES.get(kind, _MOST_AT_ALL)
    try:
        # No character set has less than a byte for a sign, so what is too long by its signs is not written out.
        size = len(message) if len(message) > most else len(message.encode(encoding))
    except LookupError:
        yield found("barcode-encoding", value=encoding)
    except UnicodeError:
        yield found("barcode-unencodable", message=message, encoding=encoding)
    else:
        if size > most:
            yield found("barcode-too-long", size=size, format=Name(kind), most=most)


def _are_new(content: Mapping[str, Any]) -> bool:
    """Has the array codes of iOS 27 alone?"""
    formats = [barcode.get("format") for barcode in objects_of(content, "barcodes")]
    # Not in a set: what stands there may be anything, also what cannot be in one.
    return bool(formats) and all(kind in [f"PKBarcodeFormat{name}" for name in _SINCE_IOS_27] for kind in formats)
