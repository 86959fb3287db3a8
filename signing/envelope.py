"""Secrets at rest: a data key of its own for each, wrapped by the key from outside the database.

    version 1 | id of wrapping key 4 | nonce 12 | wrapped data key 48 | nonce 12 | ciphertext and tag (bytes)

AES-256-GCM twice (NIST SP 800-38D). The contents are not bound to the wrapping key, so that a new wrapping
key asks for new wrapping only. The purpose and the version are additional data of both layers, the id of the
wrapping key of the outer one: a seal opens only where it was meant to.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
_NONCE, _TAG = 12, 16
_ID_END = 1 + KEY_ID_BYTES
_WRAP_END = _ID_END + _NONCE + KEY_BYTES + _TAG
_SHORTEST = _WRAP_END + _NONCE + _TAG


class SealBroken(Exception):
    """Give up and tell the operator: wrong key, wrong purpose, or bytes that were changed."""


@dataclass(frozen=True)
class KeyRing:
    """The key that seals, and those that still open what was sealed before it took over; 32 bytes each."""

    current: bytes = field(repr=False)
    older: tuple[bytes, ...] = field(default=(), repr=False)


Kek = bytes | KeyRing


def seal(kek: Kek, plaintext: bytes, *, purpose: str) -> bytes:
    """Encrypt under the 32-byte `kek` for one `purpose` (a short name such as "apple certificate key").

    The result is 93 bytes longer than `plaintext` and differs each time. Raises ValueError unless the key has
    32 bytes.
    """
    data_key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(_NONCE)
    body = AESGCM(data_key).encrypt(nonce, plaintext, VERSION + purpose.encode())
    return _wrapped(_keys(kek)[0], data_key, purpose) + nonce + body


def unseal(kek: Kek, sealed: bytes, *, purpose: str) -> bytes:
    """What was sealed. Raises SealBroken with one sentence, ValueError when `kek` has not 32 bytes."""
    data_key = _unwrapped(kek, sealed, purpose)
    nonce, body = sealed[_WRAP_END : _WRAP_END + _NONCE], sealed[_WRAP_END + _NONCE :]
    try:
        return AESGCM(data_key).decrypt(nonce, body, VERSION + purpose.encode())
    except InvalidTag as error:
        raise _changed(purpose) from error


def rewrap(kek: Kek, sealed: bytes, *, purpose: str) -> bytes:
    """The same secret under the current key of the ring. Raises what `unseal` raises, but for a changed body."""
    return _wrapped(_keys(kek)[0], _unwrapped(kek, sealed, purpose), purpose) + sealed[_WRAP_END:]


def key_ids(kek: Kek) -> tuple[bytes, ...]:
    """By which what a key has sealed is known: the four bytes from the second on. That of the current key first."""
    return tuple(map(_key_id, _keys(kek)))


def derive_key(secret: bytes, label: str) -> bytes:
    """32 bytes for one use, named by `label`, out of one secret: HKDF-SHA256 (RFC 5869), no salt.

    Raises ValueError when the secret or the label is empty.
    """
    if not secret or not label:
        raise ValueError("A key is derived from a secret and a label; neither may be empty.")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label.encode()).derive(secret)


def _keys(kek: Kek) -> tuple[bytes, ...]:
    """The current one first."""
    return (kek,) if isinstance(kek, bytes) else (kek.current, *kek.older)


def _key_id(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"KEY_ENCRYPTION_KEY has {len(key)} bytes; it must have {KEY_BYTES}.")
    return hashlib.sha256(key).digest()[:KEY_ID_BYTES]


def _wrapped(key: bytes, data_key: bytes, purpose: str) -> bytes:
    header, nonce = VERSION + _key_id(key), secrets.token_bytes(_NONCE)
    return header + nonce + AESGCM(key).encrypt(nonce, data_key, header + purpose.encode())


def _unwrapped(kek: Kek, sealed: bytes, purpose: str) -> bytes:
    """The data key of a seal."""
    key = _fitting_key(_keys(kek), sealed)
    nonce, wrapped = sealed[_ID_END : _ID_END + _NONCE], sealed[_ID_END + _NONCE : _WRAP_END]
    try:
        return AESGCM(key).decrypt(nonce, wrapped, sealed[:_ID_END] + purpose.encode())
    except InvalidTag as error:
        raise _changed(purpose) from error


def _changed(purpose: str) -> SealBroken:
    return SealBroken(f"The sealed value was changed or was not sealed as “{purpose}”; restore it from a backup.")


def _fitting_key(keys: tuple[bytes, ...], sealed: bytes) -> bytes:
    by_id = {_key_id(key): key for key in reversed(keys)}
    if len(sealed) < _SHORTEST:
        raise SealBroken(f"The sealed value has {len(sealed)} bytes and was cut off; restore it from a backup.")
    if sealed[:1] != VERSION:
        raise SealBroken(f"The sealed value has the format {sealed[0]}, this program knows 1; use a newer program.")
    if sealed[1:_ID_END] not in by_id:
        raise SealBroken(
            f"The value was sealed with the key {sealed[1:_ID_END].hex()}, but KEY_ENCRYPTION_KEY is "
            f"{', '.join(_key_id(key).hex() for key in keys)}; start with the key it was sealed with."
        )
    return by_id[sealed[1:_ID_END]]
