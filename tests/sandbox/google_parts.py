"""What the tests of the sandbox's Google share: a client, bodies, an issuer that listens."""

import base64
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.service_account import Credentials

from sandbox.google_account import ISSUER_ID
from sandbox.google_tokens import SCOPE
from sandbox.server import Running

_numbers = count(1)


class Clock:
    """The sandbox's time, moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


class Client:
    """Calls the API with the service account's key file, as an issuer does."""

    def __init__(self, sandbox: Running) -> None:
        self.google = sandbox.google
        self.root = sandbox.google_url
        self.base = f"{self.root}/walletobjects/v1"
        path = str(sandbox.google.account.path)
        self.session = AuthorizedSession(Credentials.from_service_account_file(path, scopes=[SCOPE]))

    def call(self, method: str, path: str, body: object = None, **params: object) -> requests.Response:
        return self.session.request(method, f"{self.base}/{path}", json=body, params=params, timeout=10)

    def program(self, **changes: Any) -> str:
        """Insert a class of its own; returns its id."""
        body = class_body(**changes)
        assert self.call("POST", "loyaltyClass", body).status_code == 200
        return str(body["id"])

    def card(self, **changes: Any) -> str:
        """Insert an object, in a class of its own if none is named; returns its id."""
        body = object_body(changes.pop("classId", None) or self.program(), **changes)
        answer = self.call("POST", "loyaltyObject", body)
        assert answer.status_code == 200, answer.text
        return str(body["id"])

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.root}/state.json", timeout=10).json()
        return found

    def tell(self, what: str, body: object) -> requests.Response:
        return requests.post(f"{self.root}/{what}", json=body, timeout=10)

    def link(self, *names: str) -> str:
        return f"{self.root}/save/{token(self, save_claims(*names))}"

    def phone(self, lang: str = "de") -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.root}/phone/state.json?lang={lang}", timeout=10).json()
        return found

    def held(self, name: str, lang: str = "de") -> dict[str, Any] | None:
        return next((one for one in self.phone(lang)["passes"] if one["id"] == name), None)


def reason(answer: requests.Response) -> tuple[int, str]:
    """Status and `errors[0].reason`, after a look at the rest of the form."""
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert error["message"] == error["errors"][0]["message"]
    assert error["status"].isupper()
    return answer.status_code, error["errors"][0]["reason"]


def name(what: str = "card") -> str:
    """An id that nobody has."""
    return f"{ISSUER_ID}.{what}-{next(_numbers)}"


def image(address: str) -> dict[str, Any]:
    return {"sourceUri": {"uri": address}, "contentDescription": {"defaultValue": {"language": "de", "value": "Bild"}}}


def class_body(**changes: Any) -> dict[str, Any]:
    body = {
        "id": name("program"),
        "issuerName": "Café Morgenrot",
        "programName": "Zehn Stempel",
        "programLogo": image("https://example.org/logo.png"),
        "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": "#2f5d50",
    }
    return body | changes


def object_body(class_id: str, **changes: Any) -> dict[str, Any]:
    body = {
        "id": name(),
        "classId": class_id,
        "state": "ACTIVE",
        "loyaltyPoints": {"label": "Stempel", "balance": {"string": "3/10"}},
        "barcode": {"type": "QR_CODE", "value": "T1" + "A" * 34, "alternateText": "K7QM-3FX"},
    }
    return body | changes


def save_claims(*names: str, **changes: Any) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "iss": "treuepass@sandbox.iam.gserviceaccount.com",
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(datetime(2026, 11, 22, 8, 59, tzinfo=UTC).timestamp()),
        "origins": [],
        "payload": {"loyaltyObjects": [{"id": one} for one in names]},
    }
    claims |= changes
    return {key: value for key, value in claims.items() if value is not None}


def token(
    client: Client,
    claims: Mapping[str, Any],
    *,
    header: Mapping[str, Any] | None = None,
    key: rsa.RSAPrivateKey | None = None,
) -> str:
    """A JWT signed with the service account's key, or with `key`."""
    info = json.loads(client.google.account.path.read_bytes())
    own = serialization.load_pem_private_key(info["private_key"].encode(), None)
    signer = key or own
    assert isinstance(signer, rsa.RSAPrivateKey)
    usual = {"alg": "RS256", "typ": "JWT", "kid": info["private_key_id"]}
    signed = f"{_encoded(usual if header is None else header)}.{_encoded(claims)}"
    signature = signer.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_base64url(signature)}"


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Listening:
    """An issuer that takes callbacks: what came, and what it answers."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.robots: str | None = None
        listening = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(404 if listening.robots is None else 200, (listening.robots or "").encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listening.came.append((dict(self.headers), body))
                self._answer(listening.answers.pop(0) if listening.answers else 200, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/google/callback/{ISSUER_ID}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def events(self) -> list[tuple[str, str]]:
        """Event and object of every callback, as its signed message says."""
        said = [json.loads(json.loads(body)["signedMessage"]) for _, body in self.came]
        return [(one["eventType"], one["objectId"]) for one in said]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Pictures:
    """A server of pictures by path; what it does not have is 404."""

    def __init__(self) -> None:
        self.served: dict[str, bytes] = {}
        pictures = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = pictures.served.get(self.path)
                self.send_response(404 if data is None else 200)
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
