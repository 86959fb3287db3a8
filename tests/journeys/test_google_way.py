"""From the join page to Google's in a browser without script, by way of our own page that asks for it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from werkzeug.serving import BaseWSGIServer, make_server

from issuer.settings import Settings
from issuer.web import create_app
from tests.conftest import Cafe
from tests.journeys.conftest import Open
from tests.ports import free_port
from tests.web.google_cards import carried, key_file, with_google
from tests.web.test_public_join import CHROME


def served(app: Flask, port: int = 0) -> BaseWSGIServer:
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


@pytest.fixture
def google() -> Iterator[str]:
    """Where links to save lead: another site."""
    app = Flask(__name__)
    app.add_url_rule("/save/<token>", view_func=lambda token: f"<title>Google</title>saved {len(token) > 0}")
    server = served(app)
    yield f"http://127.0.0.1:{server.server_port}/save"
    server.shutdown()


@pytest.fixture
def shop(settings: Settings, cafe: Cafe, tmp_path: Path, google: str) -> Iterator[str]:
    port, issued = free_port(), with_google(settings, key_file(tmp_path))
    assert issued.google is not None
    address, there = f"http://127.0.0.1:{port}", replace(issued.google, save_url=google)
    app: OpenAPI = create_app(replace(issued, public_url=address, google=there))
    server = served(app, port)
    yield address
    server.shutdown()
    app.extensions["treuepass"].engine.dispose()


def page_of_form(page: Page, shop: str) -> str:
    """Where the form leads that is sent a second time, once Google has the card."""
    page.goto(f"{shop}/join/cafe")
    return f"{shop}{page.locator('#open-card').get_attribute('href')}/google?form=1"


def test_an_android_visitor_joins_waits_a_moment_and_is_at_googles(
    open_window: Open, shop: str, google: str, engine: Engine
) -> None:
    page = open_window(user_agent=CHROME, java_script_enabled=False).page
    page.goto(f"{shop}/join/cafe")
    page.locator("#join-google").click()
    expect(page.get_by_role("heading", name="Einen Moment")).to_be_visible()
    carried(engine)
    page.wait_for_url(f"{google}/**")
    page.go_back()
    page.locator("#open-card").click()
    page.locator("#add-google").click()
    page.wait_for_url(f"{google}/**")
    page.goto(page_of_form(page, shop))
    page.wait_for_url(f"{google}/**")
