"""One demo for the folder, one browser a module, a window of their own for every person in a test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.chromium import launch, program
from tests.journeys.browsers import Window, window
from tests.journeys.people import open_till
from tests.journeys.running import Demo

Open = Callable[..., Window]


def ended(running: Demo) -> list[str]:
    """Stop it and remove its folders; the command lines of whatever runs on nevertheless."""
    rooms = running.rooms()
    left = running.stop()
    for room in rooms:
        shutil.rmtree(room, ignore_errors=True)
    return left


@contextmanager
def demo_at(clock: str) -> Iterator[Demo]:
    """A demo of one's own that begins at an RFC 3339 instant; whether it was stopped or not, nothing of it is left."""
    program()
    running = Demo(clock=clock)
    yield running
    if running.runs:
        ended(running)
    for room in running.rooms():
        shutil.rmtree(room, ignore_errors=True)


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    """Started as a newcomer starts it; when it has stopped, nothing of it may be left running."""
    program()
    running = Demo()
    yield running
    assert ended(running) == []


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # Not for the whole run: one thread holds only one of these, and other folders want theirs.
    with sync_playwright() as started:
        expect.set_options(timeout=8000)
        yield started


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def open_till_state(chromium: Browser, demo: Demo) -> Any:
    """The cookies of a till that somebody has opened, for windows that need not do it again."""
    with window(chromium) as till:
        open_till(till.page, demo)
        return till.context.storage_state()


@pytest.fixture
def open_window(chromium: Browser) -> Iterator[Open]:
    """Opens windows, one for each person; see `browsers.window` for what can be said about them."""
    with ExitStack() as stack:

        def opened(*args: object, browser: Browser = chromium, **options: object) -> Window:
            made: AbstractContextManager[Window] = window(browser, *args, **options)  # type: ignore[arg-type]
            return stack.enter_context(made)

        yield opened
