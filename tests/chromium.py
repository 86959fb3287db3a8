"""The browser that stands in for everybody's: a real Chromium, without a screen."""

import os
import shutil

import pytest
from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium may never close a window that is just changing its page, because the page's frame is exchanged
# (https://issues.chromium.org/issues/536385539): RenderDocument is off until that is mended. Whoever names one feature
# must name them all, so the others are those of Playwright's own list that make a difference on this machine's pages.
NO_FEATURES = (
    "RenderDocument",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
)
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(NO_FEATURES)}",
)


def program() -> str:
    """Where Chromium stands; skips the test (fails it in CI) when there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "no Chromium here, so nobody can look at the pages: install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


def launch(playwright: Playwright, *more: str) -> Browser:
    """A browser; `more` are further arguments of its command line."""
    return playwright.chromium.launch(executable_path=program(), args=[*QUIET, *more])
