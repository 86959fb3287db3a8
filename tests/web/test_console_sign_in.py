"""Who a session lets in where: cookies, roles, and those who have no shop yet."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select

from issuer import people
from issuer.database import transaction
from issuer.schema import LoginSession
from issuer.settings import Settings
from issuer.web import create_app
from issuer.web.agents import device_words
from tests.conftest import EMAIL, PASSWORD, Cafe
from tests.web.conftest import Browser, cookie_of
from tests.web.members import member

SIGN_IN = "/console/sign-in"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
KEEPERS = ("/console/shops",)
OWNERS = ("/console/team",)


@pytest.fixture(scope="module")
def https_app(settings: Settings) -> Iterator[OpenAPI]:
    app = create_app(replace(settings, public_url="https://shop.example"))
    yield app
    app.extensions["treuepass"].engine.dispose()


def _signed_in(app: OpenAPI, **headers: str) -> Browser:
    door = Browser(app.test_client(), SIGN_IN)
    fields = {"csrf_token": door.token, "email": EMAIL, "password": PASSWORD}
    assert door.client.post(SIGN_IN, data=fields, headers=headers).status_code == 303
    return door


def test_over_https_the_cookie_is_for_this_host_alone(https_app: OpenAPI) -> None:
    client = https_app.test_client()
    page = client.get(SIGN_IN, base_url="https://shop.example").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    fields = {"csrf_token": token, "email": EMAIL, "password": PASSWORD}
    answer = client.post(SIGN_IN, data=fields, base_url="https://shop.example")
    (cookie,) = (line for line in answer.headers.getlist("Set-Cookie") if "treuepass_console" in line)
    assert cookie.startswith("__Host-treuepass_console=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert client.get("/console", base_url="https://shop.example").status_code == 200


def test_over_https_a_cookie_without_the_prefix_opens_nothing(https_app: OpenAPI, console_cookie: str) -> None:
    client = https_app.test_client()
    client.set_cookie("treuepass_console", console_cookie, domain="shop.example")
    assert client.get("/console", base_url="https://shop.example").status_code == 303


def test_signing_out_over_https_takes_the_cookie_away(https_app: OpenAPI) -> None:
    client = https_app.test_client()
    page = client.get(SIGN_IN, base_url="https://shop.example").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post(
        SIGN_IN, data={"csrf_token": token, "email": EMAIL, "password": PASSWORD}, base_url="https://shop.example"
    )
    answer = client.post("/console/sign-out", data={"csrf_token": token}, base_url="https://shop.example")
    assert answer.status_code == 303
    assert client.get_cookie("__Host-treuepass_console", domain="shop.example") is None


def test_signing_in_again_ends_the_session_that_this_browser_had(app: OpenAPI) -> None:
    browser = _signed_in(app)
    before = cookie_of(browser, "treuepass_console", "/console")
    browser.submit(SIGN_IN, email=EMAIL, password=PASSWORD)
    assert cookie_of(browser, "treuepass_console", "/console") != before
    copied = app.test_client()
    copied.set_cookie("treuepass_console", before, path="/console")
    assert copied.get("/console").status_code == 303


def test_a_failed_try_ends_no_session(app: OpenAPI) -> None:
    browser = _signed_in(app)
    assert browser.submit(SIGN_IN, email=EMAIL, password="wrong horse").status_code == 403
    assert browser.client.get("/console").status_code == 200


def test_a_session_remembers_two_words_of_the_device_and_not_its_string(app: OpenAPI, engine: Engine) -> None:
    _signed_in(app, **{"User-Agent": WINDOWS})
    with transaction(engine) as session:
        agents = set(session.scalars(select(LoginSession.agent)))
    assert "Chrome, Windows" in agents
    assert not [agent for agent in agents if agent and "Mozilla" in agent]


@pytest.mark.parametrize(("agent", "words"), [
    (WINDOWS, "Chrome, Windows"),
    (WINDOWS + " Edg/139.0", "Edge, Windows"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
    (IPHONE + "Version/18.5 Safari/604.1", "Safari, iPhone"),
    (IPHONE + "CriOS/139 Safari/604.1", "Chrome, iPhone"),
    (MAC + "Version/18.5 Safari/605.1.15", "Safari, Mac"),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Safari/537.36",
     "Samsung Internet, Android"),
    ("curl/8.5.0", None), ("", None), ("x" * 5000, None),
])  # fmt: skip
def test_a_device_is_named_in_two_words_or_not_at_all(agent: str, words: str | None) -> None:
    assert device_words(agent) == words


def test_who_has_no_shop_yet_is_led_to_found_one(app: OpenAPI, engine: Engine, now: datetime) -> None:
    with transaction(engine) as session:
        people.create_user(session, "founder@cafe.example", PASSWORD, now)
    door = Browser(app.test_client(), SIGN_IN)
    answer = door.submit(f"{SIGN_IN}?next=/console/team", email="founder@cafe.example", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/console/first-run")


@pytest.mark.parametrize("path", ["/console", "/console/account", *KEEPERS, *OWNERS])
def test_every_page_leads_somebody_without_a_shop_to_found_one(app: OpenAPI, now: datetime, path: str) -> None:
    answer = member(app, now).browser.client.get(path)
    assert (answer.status_code, answer.location) == (303, "/console/first-run")


def test_who_has_no_shop_yet_can_sign_out(app: OpenAPI, now: datetime) -> None:
    browser = member(app, now).browser
    assert browser.submit("/console/sign-out").location == SIGN_IN
    assert browser.client.get("/console").location.startswith(SIGN_IN)


@pytest.mark.parametrize(("role", "shown", "hidden"), [
    ("owner", ("/console/design", "/console/print", "/console/shops", "/console/team", "/console/account"), ()),
    ("manager", ("/console/design", "/console/print", "/console/shops", "/console/account"), OWNERS),
    ("staff", ("/console/account",), ("/console/design", "/console/print", *KEEPERS, *OWNERS)),
])  # fmt: skip
def test_the_way_through_the_console_names_what_a_role_may_open(
    app: OpenAPI, cafe: Cafe, now: datetime, role: str, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    page = member(app, now, (cafe.merchant_id, role)).get("/console")
    assert [path for path in shown if f'href="{path}"' not in page] == []
    assert [path for path in hidden if f'href="{path}"' in page] == []


@pytest.mark.parametrize(("role", "paths"), [("manager", OWNERS), ("staff", (*KEEPERS, *OWNERS))])
def test_what_a_role_may_not_open_is_refused_with_a_sentence(
    app: OpenAPI, cafe: Cafe, now: datetime, role: str, paths: tuple[str, ...]
) -> None:
    browser = member(app, now, (cafe.merchant_id, role)).browser
    for path in paths:
        answer = browser.client.get(path)
        assert answer.status_code == 403
        assert "Bitten Sie einen Inhaber" in answer.text
        assert 'href="/console"' in answer.text


def test_a_form_of_a_session_that_ended_does_not_come_back_as_a_page(app: OpenAPI, console: Browser) -> None:
    browser = Browser(app.test_client(), SIGN_IN)
    assert browser.submit("/console/account/password").location == SIGN_IN
