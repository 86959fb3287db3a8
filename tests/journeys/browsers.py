"""Real Chromium, with a camera that sees what we hold in front of it."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

from tests.chromium import launch

PHONE = {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1440, "height": 900}
GERMAN, ENGLISH = "de-DE", "en-GB"
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
OURS = ("127.0.0.1", "localhost")
NOT_AT_GOOGLE_YET = re.compile(r"status of 503 .* http\S+/card/[^/]+/google(\?|$)")
# What a page is meant to meet in these tests: an answer that says no, and an answer that never came.
EXPECTED = ("the server responded with a status of 4", "net::ERR_FAILED", "net::ERR_INTERNET_DISCONNECTED")


def seeing(playwright: Playwright, film: Path) -> Browser:
    """A browser whose camera shows the film; others have no camera."""
    return launch(playwright, *CAMERA, f"--use-file-for-fake-video-capture={film}")


def film_of(picture: bytes, folder: Path) -> Path:
    """A camera's film (YUV4MPEG2) in which this picture is held still."""
    held = Image.open(io.BytesIO(picture)).convert("L").resize((400, 400), Image.Resampling.NEAREST)
    scene = Image.new("RGB", (640, 480), "white")
    scene.paste(held, (120, 40))
    y, cb, cr = scene.convert("YCbCr").split()
    frame = b"FRAME\n" + y.tobytes() + cb.resize((320, 240)).tobytes() + cr.resize((320, 240)).tobytes()
    film = folder / "camera.y4m"
    film.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 5)
    return film


class Window:
    """One person's browser window. Whatever the pages complain of ends the test, unless it is expected."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.on("console", self._logged)
        context.on("weberror", lambda error: self._said(str(error.error)))
        context.on("request", lambda request: self._asked(request.url))
        self.page: Page = context.new_page()

    def _asked(self, url: str) -> None:
        """No page of ours asks anybody else for anything."""
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in OURS:
            self.complaints.append(f"a request left the origin: {url}")

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not NOT_AT_GOOGLE_YET.search(f"{message.text} {message.location['url']}"):
            self._said(message.text)

    def _said(self, text: str) -> None:
        if not any(part in text for part in EXPECTED):
            self.complaints.append(text)


@contextmanager
def window(
    browser: Browser,
    size: dict[str, int] = PHONE,
    locale: str = GERMAN,
    scheme: str = "light",
    *,
    touch: bool = False,
    state: Any = None,
    **more: Any,
) -> Iterator[Window]:
    """A person's window; `state` is that of an earlier one, with its cookies."""
    context = browser.new_context(
        viewport=size,
        locale=locale,
        color_scheme=scheme,
        has_touch=touch,
        storage_state=state,
        reduced_motion="reduce",
        **more,
    )
    context.set_default_timeout(8000)
    opened = Window(context)
    yield opened
    context.close()
    assert not opened.complaints, opened.complaints
