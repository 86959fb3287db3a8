"""What every answer says to the browser, whichever face it comes from."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from issuer.web import create_app
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser
from tests.web.test_api_strangers import unconnected_app

STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
PAGES = ["/", "/join/cafe", "/till", "/console/sign-in", "/api/v1/docs", "/nowhere", "/healthz", "/static/base.css"]


def policy(answer: Any) -> dict[str, str]:
    parts = (part.partition(" ") for part in answer.headers["Content-Security-Policy"].split("; "))
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_loads_only_files_of_ours(client: FlaskClient, path: str) -> None:
    assert policy(client.get(path)) == STRICT


def test_the_cards_page_loads_only_files_of_ours(client: FlaskClient, card: dict[str, Any]) -> None:
    assert policy(client.get(urlsplit(card["links"]["web"]).path)) == STRICT


def test_the_console_loads_only_files_of_ours(console: Browser, card: dict[str, Any]) -> None:
    for path in ("/console", f"/console/cards/{card['id']}"):
        answer = console.client.get(path)
        assert (answer.status_code, policy(answer)) == (200, STRICT)


def test_only_the_scanner_may_decode_and_use_the_camera(till: Browser, client: FlaskClient) -> None:
    scanner = till.client.get("/till")
    more = {"script-src": "'self' 'wasm-unsafe-eval'", "media-src": "'self' blob:", "worker-src": "'self'"}
    assert policy(scanner) == STRICT | more
    assert scanner.headers["Permissions-Policy"] == "camera=(self)"
    assert client.get("/till").headers["Permissions-Policy"] == "camera=()"


@pytest.mark.parametrize("path", [*PAGES, "/apple/v1/nothing", "/api/v1/cards"])
def test_no_answer_passes_its_address_on_or_is_guessed_at(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith("/static")])
def test_no_answer_about_anybody_is_cached(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_cookies_are_kept_from_scripts_and_other_sites(
    app: OpenAPI, cafe: Cafe, console: Browser, till: Browser
) -> None:
    answers = [app.test_client().get("/join/cafe"), app.test_client().get("/till/enrol/till-link-of-the-tests")]
    cookies = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
    assert len(cookies) >= 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_over_https_cookies_stay_there() -> None:
    """The same settings under an https address; no request of this test needs the database."""
    settings = replace(unconnected_app().extensions["treuepass"].settings, public_url="https://cards.example")
    answer = create_app(settings).test_client().get("/console/sign-in")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_every_face_forbids_what_its_templates_do_not_hold(api: Api, client: FlaskClient) -> None:
    for path in PAGES:
        text = client.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert "javascript:" not in text


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
def test_a_date_beyond_all_calendars_is_ignored(client: FlaskClient, name: str) -> None:
    headers = {name: "Mon, 01 Jan 99999999999 00:00:00 GMT", "Range": "bytes=0-1"}
    assert client.get("/static/base.css", headers=headers).status_code in (200, 206)
