"""Callbacks as Google Wallet posts them, signed with the sandbox's own root key.

Source: Google Wallet, "Add and delete callbacks"; Google Pay, "Payment data cryptography for merchants" (protocol
ECv2SigningOnly). Written from the pages, so that the service and this do not share a mistake.
"""

import json
import struct
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SENDER, VERSION = "GooglePayPasses", "ECv2SigningOnly"
ROOT_LIFE, KEY_LIFE, MESSAGE_LIFE = timedelta(days=60), timedelta(days=7), timedelta(hours=1)
_FILE = "google_root.key"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CallbackSigner:
    """Google's two keys; both on P-256."""

    root: ec.EllipticCurvePrivateKey = field(repr=False)
    intermediate: ec.EllipticCurvePrivateKey = field(repr=False)

    def keys_document(self, now: datetime) -> bytes:
        """Root keys as Google serves them, good for 60 days: `{"keys": [{keyValue, protocolVersion, …}]}`."""
        root = {**_public(self.root, now + ROOT_LIFE), "protocolVersion": VERSION}
        return _compact({"keys": [root]}).encode()

    def signed_callback(
        self,
        *,
        issuer_id: str,
        class_id: str,
        object_id: str,
        event: Literal["save", "del"],
        nonce: str,
        now: datetime,
    ) -> bytes:
        """The body of a POST that tells `issuer_id` of one pass, valid for an hour from `now` (aware).

        A delivery that is repeated is the same bytes again: the caller keeps them. A new event has a new nonce.
        """
        names = {"classId": class_id, "objectId": object_id, "eventType": event}
        signed_message = _compact(
            {**names, "expTimeMillis": _milliseconds(now + MESSAGE_LIFE), "count": 1, "nonce": nonce}
        )
        # Google's own writer escapes the padding of base64 like this, inside the text that is signed.
        signed_key = _compact(_public(self.intermediate, now + KEY_LIFE)).replace("=", "\\u003d")
        by_root = _sign(self.root, [SENDER, VERSION, signed_key])
        body = {
            "signature": _sign(self.intermediate, [SENDER, issuer_id, VERSION, signed_message]),
            "intermediateSigningKey": {"signedKey": signed_key, "signatures": [by_root]},
            "protocolVersion": VERSION,
            "signedMessage": signed_message,
        }
        return _compact(body).encode()


def ensure_signer(folder: Path) -> CallbackSigner:
    """A signer whose root key stands in `folder` (mode 0600), made the first time; the other key is new each time.

    The root stays, so that a service that fetched it before a restart of the sandbox goes on believing it.
    """
    file = folder / _FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(file, ec.generate_private_key(ec.SECP256R1()))
    root = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(root, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{file} holds no key on an elliptic curve; delete it to have one made.")
    return CallbackSigner(root, ec.generate_private_key(ec.SECP256R1()))


def _write(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    draft.replace(file)


def _public(key: ec.EllipticCurvePrivateKey, until: datetime) -> dict[str, str]:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"keyValue": b64encode(der).decode(), "keyExpiration": str(_milliseconds(until))}


def _sign(key: ec.EllipticCurvePrivateKey, values: list[str]) -> str:
    signed = bytearray()
    for value in values:
        data = value.encode()
        signed += struct.pack("<I", len(data)) + data
    return b64encode(key.sign(bytes(signed), ec.ECDSA(hashes.SHA256()))).decode()


def _compact(content: Mapping[str, object]) -> str:
    return json.dumps(content, separators=(",", ":"))


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
