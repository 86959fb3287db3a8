"""A service account is read from Google's key file, and signs links that a stranger's library verifies."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from google.auth import crypt, jwt

from signing.google_account import LONGEST_LINK, Account, AccountRefused, LinkTooLong, read_account, save_link

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SAVE = "https://pay.google.com/gp/v/save"
CARD = {"loyaltyObjects": [{"id": "3388000000022141777." + "a" * 32}]}


def pem(key: PrivateKeyTypes) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def file(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    return {
        "type": "service_account",
        "client_email": "cards@shop.iam.gserviceaccount.example",
        "private_key_id": "key-1",
        "private_key": pem(key),
        "token_uri": "https://oauth2.googleapis.example/token",
    }


@pytest.fixture(scope="module")
def account(file: dict[str, Any]) -> Account:
    return read_account(json.dumps(file).encode())


def verified(link: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """By Google's own library."""
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    token = link.removeprefix(f"{SAVE}/")
    assert jwt.decode_header(token) == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    signed, _, signature = token.rpartition(".")
    padded = signature + "=" * (-len(signature) % 4)
    assert crypt.verify_signature(signed.encode(), base64.urlsafe_b64decode(padded), public)
    return dict(jwt.decode(token, verify=False))


def test_a_link_says_what_google_asks_for_and_nothing_else(account: Account, key: rsa.RSAPrivateKey) -> None:
    assert verified(save_link(account, SAVE, CARD, NOW), key) == {
        "iss": "cards@shop.iam.gserviceaccount.example",
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(NOW.timestamp()),
        "origins": [],
        "payload": CARD,
    }


def test_a_link_to_one_card_is_far_from_the_limit(account: Account) -> None:
    assert len(save_link(account, SAVE, CARD, NOW)) < LONGEST_LINK / 2 + 100


def test_a_link_that_browsers_would_cut_is_refused(account: Account) -> None:
    with pytest.raises(LinkTooLong, match="name fewer cards"):
        save_link(account, SAVE, {"loyaltyObjects": CARD["loyaltyObjects"] * 20}, NOW)


def test_the_private_key_is_not_printed(account: Account) -> None:
    assert "PRIVATE" not in repr(account)


@pytest.mark.parametrize("content", [b"", b"key", b"[]", b"\xff\xfe", b'"service_account"'])
def test_a_file_that_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(AccountRefused, match="is no JSON; download it again"):
        read_account(content)


def test_another_kind_of_credentials_is_refused(file: dict[str, Any]) -> None:
    with pytest.raises(AccountRefused, match="not that of a service account"):
        read_account(json.dumps(file | {"type": "authorized_user"}).encode())


@pytest.mark.parametrize("name", ["client_email", "private_key_id", "private_key", "token_uri"])
@pytest.mark.parametrize("value", [None, "", 7])
def test_what_a_file_lacks_is_named(file: dict[str, Any], name: str, value: object) -> None:
    with pytest.raises(AccountRefused, match=f"lacks {name}; download it again"):
        read_account(json.dumps(file | {name: value}).encode())


@pytest.mark.parametrize("text", ["no key", pem(ec.generate_private_key(ec.SECP256R1()))], ids=["none", "another kind"])
def test_a_key_that_cannot_sign_is_refused_without_being_shown(file: dict[str, Any], text: str) -> None:
    with pytest.raises(AccountRefused, match="cannot be read; download the file again") as caught:
        read_account(json.dumps(file | {"private_key": text}).encode())
    assert text not in str(caught.value)
