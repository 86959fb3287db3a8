"""Google's root keys for callbacks, and the pieces that keys and callbacks are written in.

Sources: Google Wallet, "Add and delete callbacks" (address and form of the keys); Tink, apps-paymentmethodtoken
(what makes a key one to trust); RFC 8259 (JSON), RFC 4648, section 4 (base64), RFC 5480 (a P-256 key in DER).
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

PROTOCOL = "ECv2SigningOnly"
MOST_BYTES = 65_536
MOST_KEYS = 16
_LONGEST_BASE64 = 256
_DIGITS = re.compile(r"[0-9]{1,15}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(ValueError):
    """Refuse the whole it stands in; the text ends a sentence and quotes nothing of what was read."""


class RootKeysRefused(ValueError):
    """Keep the root keys there are; this document holds none to trust. The text is one sentence."""


@dataclass(frozen=True)
class RootKey:
    """A P-256 key that Google signs intermediate keys of ECv2SigningOnly with, trusted before `expiration` (UTC)."""

    key: ec.EllipticCurvePublicKey
    expiration: datetime


def read_root_keys(document: bytes) -> tuple[RootKey, ...]:
    """The keys for ECv2SigningOnly in what Google serves: `{"keys": [{keyValue, protocolVersion, keyExpiration}]}`.

    Left out are keys of other protocol versions, whatever they look like, and keys that say no expiration, which
    Tink trusts in ECv1 only. Expired ones stay in: verifying knows the time. At most 16 entries in 64 KiB. Raises
    RootKeysRefused, also when no key is left. Sources: "Add and delete callbacks"; Tink, PaymentMethodTokenRecipient.
    """
    try:
        entries = read_object(document).get("keys")
        if not isinstance(entries, list) or len(entries) > MOST_KEYS:
            raise Unreadable(f"its keys are no list of at most {MOST_KEYS}")
        keys = tuple(key for entry in entries if (key := _root_key(entry)) is not None)
    except Unreadable as error:
        raise RootKeysRefused(f"Google's root keys cannot be read: {error}; ask for them again later.") from None
    if not keys:
        raise RootKeysRefused(f"Google's root keys hold none for {PROTOCOL}; check the address they came from.")
    return keys


def _root_key(entry: object) -> RootKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("protocolVersion"), str):
        raise Unreadable("an entry names no protocol version")
    if entry["protocolVersion"] != PROTOCOL or "keyExpiration" not in entry:
        return None
    return RootKey(read_key(entry.get("keyValue")), read_expiration(entry["keyExpiration"]))


def read_object(data: bytes, most: int = MOST_BYTES) -> dict[str, object]:
    """A JSON object of at most `most` bytes of UTF-8, no key twice, no NaN. Raises Unreadable. Source: RFC 8259."""
    if len(data) > most:
        raise Unreadable(f"it has {len(data)} bytes, and {most} are the most")
    try:
        content = json.loads(data.decode(), object_pairs_hook=_distinct, parse_constant=_no_number)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise Unreadable("it is no JSON object")
    return content


def read_base64(text: object) -> bytes:
    """What at most 256 characters of base64 say: standard alphabet, padded, in the one spelling there is.

    Raises Unreadable. Source: RFC 4648, sections 3.5 (spare bits are nought) and 4.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_BASE64:
        raise Unreadable("a value is no short base64")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("a value is no base64") from None
    if base64.b64encode(data).decode() != text:
        raise Unreadable("a value is base64 in a second spelling")
    return data


def read_key(text: object) -> ec.EllipticCurvePublicKey:
    """The P-256 key of a keyValue: base64 of a SubjectPublicKeyInfo. Raises Unreadable. Source: RFC 5480, Tink."""
    try:
        key = load_der_public_key(read_base64(text))
    except Unreadable:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise Unreadable("a keyValue is no public key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Unreadable("a keyValue is no key on P-256")
    return key


def read_expiration(text: object) -> datetime:
    """The instant (UTC) of a keyExpiration: milliseconds since 1970 as a string of digits. Raises Unreadable."""
    if not isinstance(text, str) or not _DIGITS.fullmatch(text):
        raise Unreadable("a keyExpiration is no string of digits")
    return instant(int(text))


def instant(milliseconds: object) -> datetime:
    """The instant (UTC) so many milliseconds after 1970; a bool is no number. Raises Unreadable."""
    if type(milliseconds) is not int or milliseconds < 0:
        raise Unreadable("a time is no whole number of milliseconds")
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise Unreadable("a time lies after the year 9999") from None


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise Unreadable("a key stands there twice")
    return content


def _no_number(_text: str) -> float:
    raise Unreadable("a number is none in JSON")
