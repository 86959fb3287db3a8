"""The token endpoint: an assertion signed by the service account is exchanged for a bearer token.

Sources: RFC 7523 (JWT bearer grant), RFC 6749 section 5 (answers); Google, "Using OAuth 2.0 for server to server
applications" (claims, the hour, error texts).
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.google_account import ServiceAccount
from sandbox.google_errors import no_token
from sandbox.google_jwt import JwtRefused, read_jwt, seconds

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
# Google's own library names this audience, whatever token_uri the key file says.
AUDIENCE = "https://oauth2.googleapis.com/token"
LONGEST = 3600
LEEWAY = 300


class GrantRefused(Exception):
    """No token: `error` is the code of RFC 6749, `str()` Google's description."""

    def __init__(self, error: str, description: str) -> None:
        self.error = error
        super().__init__(description)


class Tokens:
    """Tokens given out and still alive. Thread-safe. A restart forgets them, as a revocation would.

    `clock` is that of the machine and not the sandbox's: the client's library reads that one when it signs.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._alive: dict[str, datetime] = {}

    def grant(self, form: Mapping[str, str], account: ServiceAccount, *, life: int) -> dict[str, Any]:
        """The answer to `POST grant_type=…&assertion=…`; `life` is in seconds. Raises GrantRefused."""
        if form.get("grant_type") != GRANT:
            raise GrantRefused("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        now = self._clock()
        self._check(form.get("assertion", ""), account, int(now.timestamp()))
        token = f"ya29.{secrets.token_urlsafe(64)}"
        with self._lock:
            self._alive = {kept: until for kept, until in self._alive.items() if until > now}
            self._alive[token] = now + timedelta(seconds=life)
        return {"access_token": token, "expires_in": life, "token_type": "Bearer"}

    def check(self, authorization: str | None) -> None:
        """Raise GoogleRefused (401) unless the header carries a token that is alive."""
        scheme, _, token = (authorization or "").partition(" ")
        with self._lock:
            until = self._alive.get(token)
        if scheme.lower() != "bearer" or until is None or until <= self._clock():
            raise no_token()

    def end_all(self) -> int:
        """Let every token die at once; returns how many there were."""
        with self._lock:
            ended = len(self._alive)
            self._alive.clear()
        return ended

    def _check(self, assertion: str, account: ServiceAccount, now: int) -> None:
        try:
            claims = read_jwt(assertion, account.public_key, account.key_id).claims
        except JwtRefused as error:
            texts = {"signature": "Invalid JWT Signature.", "key": "Invalid JWT Signature."}
            raise GrantRefused("invalid_grant", texts.get(error.code, "Invalid JWT: Failed to parse.")) from error
        made, ends = seconds(claims, "iat"), seconds(claims, "exp")
        in_time = made is not None and ends is not None and made - LEEWAY <= now < ends <= made + LONGEST
        if claims.get("iss") != account.email:
            raise GrantRefused("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in (account.token_uri, AUDIENCE):
            raise GrantRefused("invalid_grant", "Invalid JWT: Failed audience check.")
        if not in_time:
            text = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            raise GrantRefused("invalid_grant", f"{text} Check your iat and exp values in the JWT claim.")
        if SCOPE not in str(claims.get("scope", "")).split():
            raise GrantRefused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
