"""The phones show one time: that of their zone, by the sandbox's clock, whatever machine and browser believe."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Browser, expect

from sandbox.authority import Authority
from sandbox.server import Running, running
from tests.sandbox.browser import phone_window
from tests.sandbox.google_parts import Clock
from tests.sandbox.making import make_pass, pass_json

SEVEN_IN_BERLIN = datetime(2026, 6, 1, 5, 0, tzinfo=UTC)
SPOT = {"latitude": 52.5, "longitude": 13.4, "relevantText": "Coffee"}
PHONES = ("/phone/1/", "/google/phone/")


@pytest.fixture
def clock() -> Clock:
    made = Clock()
    made.at = SEVEN_IN_BERLIN
    return made


@pytest.fixture
def sandbox(authority: Authority, tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Running]:
    """In Berlin, with a pass on the first phone."""
    folder, berlin = tmp_path_factory.mktemp("time"), ZoneInfo("Europe/Berlin")
    with running(folder, phone_port=0, apns_port=0, authority=authority, now=clock.now, zone=berlin) as made:
        made.phones.get("1").add(make_pass(authority, pass_json(locations=[SPOT])))
        yield made


def _page(sandbox: Running, path: str) -> str:
    return requests.get(sandbox.phone_url + path, timeout=5).text


@pytest.mark.parametrize("path", [*PHONES, "/phone/1/near?at=52.5,13.4", "/google/phone/near?at=52.5,13.4"])
def test_the_screen_shows_the_time_of_the_zone(sandbox: Running, path: str) -> None:
    shown = re.findall(r"data-clock>([^<]*)<", _page(sandbox, path))
    assert set(shown) == {"07:00"}
    assert len(shown) == 1 + ("near" in path)


def test_what_the_phone_did_stands_there_in_the_time_of_the_zone(sandbox: Running) -> None:
    assert re.findall(r"<time [^>]*>([^<]*)</time>", _page(sandbox, "/phone/1/")) == ["07:00:00"]


@pytest.mark.parametrize("path", PHONES)
def test_news_or_none_the_answer_says_what_the_clock_shows(sandbox: Running, clock: Clock, path: str) -> None:
    address = f"{sandbox.phone_url}{path}state.json"
    news = requests.get(address, timeout=5)
    clock.pass_by(minutes=1)
    none = requests.get(address, params={"version": news.json()["version"]}, timeout=5)
    assert [(one.status_code, one.headers["Phone-Clock"]) for one in (news, none)] == [(200, "07:00"), (204, "07:01")]


@pytest.mark.parametrize("path", ["/phone/1/near?at=52.5,13.4", "/google/phone/near?at=52.5,13.4"])
def test_the_clocks_go_on_by_the_sandbox_and_not_by_the_browser(
    chromium: Browser, sandbox: Running, clock: Clock, path: str
) -> None:
    with phone_window(chromium, sandbox.phone_url + path) as page:
        shown = page.locator("[data-clock]")
        expect(shown).to_have_text(["07:00", "07:00"])
        clock.pass_by(hours=3, minutes=1)
        expect(shown).to_have_text(["10:01", "10:01"])
