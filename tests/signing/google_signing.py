"""Callbacks signed as Google signs them, with keys of the test run, changed in the one thing a test is about."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.google_callbacks import Callback, CallbackNotVerified, verify_callback
from signing.google_keys import RootKey, read_root_keys
from tests.signing.throwaway import ec_key

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MILLISECOND, HOUR = timedelta(milliseconds=1), timedelta(hours=1)
ISSUER = "3388000000012345678"
SENDER, PROTOCOL = "GooglePayPasses", "ECv2SigningOnly"
ROOT, INTERMEDIATE, STRANGER = ec_key("google root"), ec_key("google intermediate"), ec_key("not google")


def since_1970(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND


def key_value(key: Any) -> str:
    return b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def compact(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


MESSAGE: Mapping[str, Any] = {
    "classId": f"{ISSUER}.coffee",
    "objectId": f"{ISSUER}.6b4cbd15-0de7-4fe8-95f6-995a51b4595e",
    "eventType": "save",
    "expTimeMillis": since_1970(NOW + HOUR),
    "count": 1,
    "nonce": "1a9e3df0-ec10-4a17-8b39-89d2d7f48e3b",
}


def message(**changes: object) -> str:
    """Google's message with other values; a value of ... leaves its key out."""
    return compact({key: value for key, value in {**MESSAGE, **changes}.items() if value is not ...})


def signed_key(key: Any = INTERMEDIATE, until: datetime = NOW + 24 * HOUR) -> str:
    """As Google writes it: with the padding of base64 escaped inside the text that is signed."""
    text = compact({"keyValue": key_value(key), "keyExpiration": str(since_1970(until))})
    return text.replace("=", "\\u003d")


def little_endian(text: str) -> bytes:
    return len(text.encode()).to_bytes(4, "little")


def sign(key: ec.EllipticCurvePrivateKey, *values: str, length: Callable[[str], bytes] = little_endian) -> str:
    signed = b"".join(length(value) + value.encode() for value in values)
    return b64encode(key.sign(signed, ec.ECDSA(SHA256()))).decode()


def callback(
    text: str | None = None,
    *,
    key_text: str | None = None,
    key: ec.EllipticCurvePrivateKey = INTERMEDIATE,
    root: ec.EllipticCurvePrivateKey = ROOT,
    sender: str = SENDER,
    recipient: str = ISSUER,
    protocol: str = PROTOCOL,
    length: Callable[[str], bytes] = little_endian,
) -> dict[str, Any]:
    """The body of a POST, signed throughout; `protocol` is the one inside the signed bytes."""
    text = message() if text is None else text
    key_text = signed_key() if key_text is None else key_text
    return {
        "signature": sign(key, sender, recipient, protocol, text, length=length),
        "intermediateSigningKey": {
            "signedKey": key_text,
            "signatures": [sign(root, sender, protocol, key_text, length=length)],
        },
        "protocolVersion": PROTOCOL,
        "signedMessage": text,
    }


def served(key: Any = ROOT, until: datetime = NOW + 24 * HOUR, **changes: object) -> dict[str, object]:
    """One root key as Google serves it; a value of ... leaves its key out."""
    entry = {"keyValue": key_value(key), "protocolVersion": PROTOCOL, "keyExpiration": str(since_1970(until))}
    return {name: value for name, value in {**entry, **changes}.items() if value is not ...}


def root_keys(*entries: Mapping[str, object]) -> tuple[RootKey, ...]:
    return read_root_keys(compact({"keys": entries or (served(),)}).encode())


GOOD = callback()
BODY = json.dumps(GOOD, separators=(",", ":")).encode()
ROOTS = root_keys()


def changed(**changes: object) -> dict[str, Any]:
    """The good callback with other values in its envelope; a value of ... leaves its key out."""
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}


def intermediate(**changes: object) -> dict[str, Any]:
    """The good callback with other values around its intermediate key."""
    inner = {**GOOD["intermediateSigningKey"], **changes}
    return changed(intermediateSigningKey={key: value for key, value in inner.items() if value is not ...})


def key_text(**changes: object) -> str:
    """What is signed of an intermediate key, with other values."""
    inner = {**json.loads(signed_key()), **changes}
    return compact({key: value for key, value in inner.items() if value is not ...})


def verified(
    body: Mapping[str, Any] | bytes, *, issuer_id: str = ISSUER, roots: Sequence[RootKey] = ROOTS, now: datetime = NOW
) -> Callback:
    data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    return verify_callback(data, issuer_id=issuer_id, root_keys=roots, now=now)


def refusal(
    body: Mapping[str, Any] | bytes, *, issuer_id: str = ISSUER, roots: Sequence[RootKey] = ROOTS, now: datetime = NOW
) -> str:
    """The code of the step that refuses it."""
    with pytest.raises(CallbackNotVerified) as refused:
        verified(body, issuer_id=issuer_id, roots=roots, now=now)
    return refused.value.code
