"""Secrets at rest: a data key of its own for each, wrapped by the key from outside the database.

    version 1 | id of wrapping key 4 | nonce 12 | wrapped data key 48 | nonce 12 | ciphertext and tag (bytes)

AES-256-GCM twice (NIST SP 800-38D). The contents are not bound to the wrapping key, so that a new wrapping
key asks for new wrapping only. The purpose is additional data of both layers: a seal opens only where it was
meant to.
"""

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
KEY_BYTES = 32
_NONCE, _TAG = 12, 16
_ID_END = 1 + 4
_WRAP_END = _ID_END + _NONCE + KEY_BYTES + _TAG
_SHORTEST = _WRAP_END + _NONCE + _TAG


class SealBroken(Exception):
    """Give up and tell the operator: wrong key, wrong purpose, or bytes that were changed."""


def seal(kek: bytes, plaintext: bytes, *, purpose: str) -> bytes:
    """Encrypt under the 32-byte `kek` for one `purpose` (a short name such as "apple certificate key").

    The result is 93 bytes longer than `plaintext` and differs each time. Raises ValueError unless the key has
    32 bytes.
    """
    data_key = secrets.token_bytes(KEY_BYTES)
    wrap_nonce, nonce = secrets.token_bytes(_NONCE), secrets.token_bytes(_NONCE)
    header = VERSION + _key_id(kek)
    wrapped = AESGCM(kek).encrypt(wrap_nonce, data_key, header + purpose.encode())
    body = AESGCM(data_key).encrypt(nonce, plaintext, VERSION + purpose.encode())
    return header + wrap_nonce + wrapped + nonce + body


def unseal(kek: bytes, sealed: bytes, *, purpose: str) -> bytes:
    """What was sealed. Raises SealBroken with one sentence, ValueError when `kek` has not 32 bytes."""
    _check_header(_key_id(kek), sealed)
    wrap_nonce, wrapped = sealed[_ID_END : _ID_END + _NONCE], sealed[_ID_END + _NONCE : _WRAP_END]
    nonce, body = sealed[_WRAP_END : _WRAP_END + _NONCE], sealed[_WRAP_END + _NONCE :]
    try:
        data_key = AESGCM(kek).decrypt(wrap_nonce, wrapped, sealed[:_ID_END] + purpose.encode())
        return AESGCM(data_key).decrypt(nonce, body, VERSION + purpose.encode())
    except InvalidTag as error:
        raise SealBroken(
            f"The sealed value was changed or was not sealed as “{purpose}”; restore it from a backup."
        ) from error


def derive_key(secret: bytes, label: str) -> bytes:
    """32 bytes for one use, named by `label`, out of one secret: HKDF-SHA256 (RFC 5869), no salt.

    Raises ValueError when the secret or the label is empty.
    """
    if not secret or not label:
        raise ValueError("A key is derived from a secret and a label; neither may be empty.")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label.encode()).derive(secret)


def _key_id(kek: bytes) -> bytes:
    if len(kek) != KEY_BYTES:
        raise ValueError(f"KEY_ENCRYPTION_KEY has {len(kek)} bytes; it must have {KEY_BYTES}.")
    return hashlib.sha256(kek).digest()[:4]


def _check_header(key_id: bytes, sealed: bytes) -> None:
    if len(sealed) < _SHORTEST:
        raise SealBroken(f"The sealed value has {len(sealed)} bytes and was cut off; restore it from a backup.")
    if sealed[:1] != VERSION:
        raise SealBroken(f"The sealed value has the format {sealed[0]}, this program knows 1; use a newer program.")
    if sealed[1:_ID_END] != key_id:
        raise SealBroken(
            f"The value was sealed with the key {sealed[1:_ID_END].hex()}, but KEY_ENCRYPTION_KEY is "
            f"{key_id.hex()}; start with the key it was sealed with."
        )
