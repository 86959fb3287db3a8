"""A service account of Google's: read from its key file, and the links it signs.

Sources: Google Cloud, "Create and delete service account keys" (the file); Google Wallet, "JSON Web Tokens" (loyalty
use case) and its reference "Jwt"; RFC 7515 and 7519.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LONGEST_LINK = 1800
"""Signs of a link that every browser takes."""
_NEEDED = ("client_email", "private_key_id", "private_key", "token_uri")


class AccountRefused(ValueError):
    """Take another key file; this one cannot sign for Google."""


class LinkTooLong(ValueError):
    """Name fewer cards in one link; browsers would cut it."""


@dataclass(frozen=True)
class Account:
    """Who signs. ``info``: the whole key file, for libraries that ask for it."""

    email: str
    key_id: str
    key: RSAPrivateKey = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)


def read_account(file: bytes) -> Account:
    """The account of a key file (JSON), as Google's console gives it out.

    :raises AccountRefused: one sentence that says what is wrong with the file and what to do; never what is in it
    """
    info = _object(file)
    if info.get("type") != "service_account":
        raise AccountRefused("The key file is not that of a service account; make a key (JSON) for one and name that.")
    for name in _NEEDED:
        if not isinstance(info.get(name), str) or not info[name]:
            raise AccountRefused(f"The key file of the service account lacks {name}; download it again.")
    try:
        key = load_pem_private_key(info["private_key"].encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise AccountRefused("The private key in the service account's file cannot be read; download the file again.")
    return Account(info["client_email"], info["private_key_id"], key, info)


def _object(file: bytes) -> dict[str, Any]:
    try:
        info = json.loads(file)
    except ValueError:
        info = None
    if not isinstance(info, dict):
        raise AccountRefused("The key file of the service account is no JSON; download it again.")
    return info


def save_link(account: Account, save_url: str, payload: Mapping[str, Any], now: datetime) -> str:
    """A link that saves what was inserted before to the phone of whoever opens it. It never ends.

    :param save_url: without a slash at the end
    :param payload: arrays of {"id": …} by kind: loyaltyObjects, offerObjects
    :param now: aware, the time of signing
    :raises LinkTooLong: over 1,800 signs
    """
    claims = {
        "iss": account.email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(now.timestamp()),
        "origins": [],
        "payload": payload,
    }
    header = {"alg": "RS256", "typ": "JWT", "kid": account.key_id}
    signed = f"{_encoded(header)}.{_encoded(claims)}"
    # RFC 7518, 3.3: RS256 is RSASSA-PKCS1-v1_5 with SHA-256.
    signature = account.key.sign(signed.encode(), PKCS1v15(), SHA256())
    link = f"{save_url}/{signed}.{_base64url(signature)}"
    if len(link) > LONGEST_LINK:
        raise LinkTooLong(f"The link to save has {len(link)} signs, browsers take {LONGEST_LINK}; name fewer cards.")
    return link


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    """RFC 7515, section 2: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
