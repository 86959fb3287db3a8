"""JSON Web Tokens signed with RS256, read with suspicion.

Sources: RFC 7515 (compact form, base64url without padding), RFC 7518 section 3.3 (RS256), RFC 7519 (claims).
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

_PART = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class JwtRefused(ValueError):
    """Not to be believed; `code` is "unreadable", "algorithm", "key" or "signature"."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Jwt:
    """What a token says; its signature holds."""

    header: dict[str, Any]
    claims: dict[str, Any]


def read_jwt(text: str, key: RSAPublicKey, key_id: str) -> Jwt:
    """The claims of a token signed with this key; a `kid` in its header must name it. Raises JwtRefused."""
    parts = text.split(".")
    if len(parts) != 3:
        raise JwtRefused("unreadable")
    header, claims, signature = _object(parts[0]), _object(parts[1]), _bytes(parts[2])
    if header.get("alg") != "RS256":
        raise JwtRefused("algorithm")
    if header.get("kid", key_id) != key_id:
        raise JwtRefused("key")
    try:
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode(), PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise JwtRefused("signature") from error
    return Jwt(header, claims)


def seconds(claims: dict[str, Any], name: str) -> int | None:
    """A time in seconds since 1970 (RFC 7519, NumericDate), None when it is no whole number."""
    value = claims.get(name)
    return value if type(value) is int else None


def _object(part: str) -> dict[str, Any]:
    try:
        read = json.loads(_bytes(part))
    except ValueError as error:
        raise JwtRefused("unreadable") from error
    if not isinstance(read, dict):
        raise JwtRefused("unreadable")
    return read


def _bytes(part: str) -> bytes:
    if not _PART.fullmatch(part):
        raise JwtRefused("unreadable")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise JwtRefused("unreadable") from error
