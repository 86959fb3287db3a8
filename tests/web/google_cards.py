"""A service with an issuer at Google, a worker that carries its cards there, and what a save link says."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from google.auth import crypt, jwt
from sqlalchemy import Engine

from issuer import google_relaying, relaying
from issuer.database import transaction
from issuer.google_relaying import GoogleClaim, Outcome
from issuer.settings import GoogleSettings, Settings
from tests.signing.google_signing import ISSUER
from tests.signing.throwaway import rsa_key

KEY = rsa_key("google account")
SAVE = "https://pay.google.com/gp/v/save"
EMAIL = "cards@shop.iam.gserviceaccount.example"
LEASE = timedelta(seconds=20)


def key_file(folder: Path, **changes: object) -> Path:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    info = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key_id": "key-1",
        "private_key": KEY.private_bytes(*form).decode(),
        "token_uri": "https://oauth2.googleapis.example/token",
    }
    file = folder / "google.json"
    file.write_text(json.dumps(info | changes))
    return file


def with_google(settings: Settings, file: Path) -> Settings:
    """The same service, of an issuer at Google."""
    wallet, keys = "https://walletobjects.googleapis.example", "https://pay.google.example/keys"
    return replace(settings, google=GoogleSettings(ISSUER, file, wallet, SAVE, keys, places=False))


def claimed(engine: Engine) -> list[GoogleClaim]:
    """What a worker would send now."""
    now = datetime.now(UTC)
    with transaction(engine) as session:
        relaying.number_due(session, now, timedelta())
    with transaction(engine) as session:
        return google_relaying.claim(session, now, LEASE)


def carried(engine: Engine) -> list[GoogleClaim]:
    """A worker's round in which Google takes all."""
    claims = claimed(engine)
    answered(engine, [Outcome(claim, sent=True) for claim in claims])
    return claims


def answered(engine: Engine, outcomes: list[Outcome]) -> None:
    with transaction(engine) as session:
        google_relaying.settle(session, outcomes, datetime.now(UTC))


def saved(link: str) -> dict[str, list[dict[str, str]]]:
    """What a link saves, as Google's own library reads it."""
    token = link.removeprefix(f"{SAVE}/")
    signed, _, signature = token.rpartition(".")
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    padded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    assert crypt.verify_signature(signed.encode(), padded, KEY.public_key().public_bytes(*form))
    claims: dict[str, Any] = jwt.decode(token, verify=False)
    assert (claims["iss"], claims["aud"], claims["typ"]) == (EMAIL, "google", "savetowallet")
    return dict(claims["payload"])
