"""The issuer and the service account of the sandbox's Google, with its key file as Google's console makes it.

Source: Google Cloud, "Create and delete service account keys".
"""

import json
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER_ID = "3388000000099999999"
EMAIL = "treuepass@sandbox.iam.gserviceaccount.com"
FILE = "google-service-account.json"
_making = threading.Lock()


@dataclass(frozen=True)
class ServiceAccount:
    """Who may call the API and sign save links. `path` is the key file (mode 0600), to be named in the settings."""

    path: Path
    email: str
    key_id: str
    token_uri: str
    public_key: rsa.RSAPublicKey


def ensure_service_account(folder: Path, token_uri: str) -> ServiceAccount:
    """The sandbox's account with its key file in `folder`, made the first time.

    The key stays; `token_uri` (`<sandbox url>/google/token`) is written anew when it is another. Raises ValueError
    for a spoiled file.
    """
    with _making:
        path = folder / FILE
        info = json.loads(path.read_bytes()) if path.exists() else _fresh()
        if info.get("token_uri") != token_uri:
            info["token_uri"] = token_uri
            _write(path, info)
    key = serialization.load_pem_private_key(info["private_key"].encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds no RSA key; delete it to have one made.")
    return ServiceAccount(path, info["client_email"], info["private_key_id"], token_uri, key.public_key())


def _fresh() -> dict[str, Any]:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "type": "service_account",
        "project_id": "treuepass-sandbox",
        "private_key_id": secrets.token_hex(20),
        "private_key": pem.decode(),
        "client_email": EMAIL,
        "client_id": str(secrets.randbelow(10**21)).zfill(21),
        "universe_domain": "googleapis.com",
    }


def _write(path: Path, info: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(info, indent=2))
    draft.replace(path)
