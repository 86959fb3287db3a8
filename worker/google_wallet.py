"""Google's REST API for passes, one session a process: a call goes out once, and its answer says what it means.

Sources: Google Wallet, "REST Resource: loyaltyclass" and its like (paths, paging); RFC 7523 by google-auth (tokens).

google-auth makes the tokens, requests sends the calls. Its AuthorizedSession is passed by: it renews a token in the
middle of a call, for as long as that takes, and asks another host of Google's about every account that it meets.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from threading import Lock
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from requests.adapters import HTTPAdapter

from signing.google_account import Account
from worker.google_errors import Answer, no_answer, no_token, read_answer

SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
PREFIX = "/walletobjects/v1"
CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
MOST_CONNECTIONS = 16
A_PAGE = 100

Body = Mapping[str, Any]
Gate = Callable[[], None]
"""Called right before a request leaves. It may wait for its turn, and raises when the request must not leave."""


class GoogleWallet:
    """The API as one service account sees it. Thread-safe. Nothing of what is sent is logged, tokens least of all.

    A ``kind`` is one of Google's names: LoyaltyClass, OfferObject, …

    :param url: without a slash at the end
    :param patience: seconds for a connection, seconds for an answer
    """

    def __init__(
        self, url: str, account: Account, *, patience: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS)
    ) -> None:
        self._url, self._patience = url + PREFIX, patience
        self._session, tokens = new_session(), new_session()
        self._fetch = partial(Request(tokens), timeout=patience)
        self._credentials: Any = Credentials.from_service_account_info(account.info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        self._renewing = Lock()

    @property
    def longest(self) -> float:
        """Seconds that a request may be under way."""
        return sum(self._patience)

    def insert(self, kind: str, body: Body, gate: Gate) -> Answer:
        """Make a class or object; `Meaning.ALREADY_THERE` when there is one with its id."""
        return self._call("POST", _path(kind), gate, body)

    def patch(self, kind: str, name: str, body: Body, gate: Gate) -> Answer:
        """Change what the body names, and clear what it says null of; `Meaning.NOT_THERE` when it was never made."""
        return self._call("PATCH", _path(kind, name), gate, body)

    def get(self, kind: str, name: str, gate: Gate) -> Answer:
        return self._call("GET", _path(kind, name), gate)

    def pages(self, kind: str, gate: Gate, **of: str) -> Iterator[Answer]:
        """All classes of an ``issuerId`` or all objects of a ``classId``, some at a time under "resources".

        The first page that does not come is the last.
        """
        token: object = ""
        while token is not None:
            query = {**of, "maxResults": str(A_PAGE), **({"token": str(token)} if token else {})}
            answer = self._call("GET", _path(kind), gate, query=query)
            yield answer
            token = (answer.body.get("pagination") or {}).get("nextPageToken") or None

    def close(self) -> None:
        self._session.close()

    def _call(
        self, method: str, path: str, gate: Gate, body: Body | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """One call; a second one when the token turns out to be dead before its time."""
        prepared = requests.Request(
            method,
            self._url + path,
            params=query,
            data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"} if body is not None else {},
        )
        try:
            token = self._token()
            answer = self._send(prepared, token, gate)
            if answer.status == requests.codes.unauthorized:
                answer = self._send(prepared, self._token(dead=token), gate)
        except GoogleAuthError as error:
            return no_token(error)
        return answer

    def _send(self, request: requests.Request, token: str, gate: Gate) -> Answer:
        request.auth = partial(_bear, token)
        prepared = self._session.prepare_request(request)
        settings = self._session.merge_environment_settings(prepared.url, {}, None, None, None)
        gate()
        try:
            # A redirect would carry the token to wherever it points.
            response = self._session.send(prepared, timeout=self._patience, allow_redirects=False, **settings)
        except requests.RequestException as error:
            return no_answer(late=isinstance(error, requests.Timeout))
        return read_answer(response.status_code, response.content, response.headers.get("Retry-After", ""))

    def _token(self, *, dead: str = "") -> str:
        """An access token that is not ``dead``. Threads that want a new one wait for the same.

        :raises google.auth.exceptions.GoogleAuthError:
        """
        with self._renewing:
            if not self._credentials.valid or self._credentials.token == dead:
                self._credentials.refresh(self._fetch)
            return str(self._credentials.token)


def _path(kind: str, *more: str) -> str:
    return "/".join(("", kind[0].lower() + kind[1:], *more))


def _bear(token: str, request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def new_session() -> requests.Session:
    """It tries nothing twice and keeps no cookies, which threads would share."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_maxsize=MOST_CONNECTIONS, max_retries=0)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "treuepass"
    return session
