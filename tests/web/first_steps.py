"""The first run as a merchant goes through it: pages, answers, and where they lead."""

import html
import io
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import people
from issuer.database import transaction
from issuer.founding import STEPS
from tests.passes.pictures import drawn, file_of
from tests.web.conftest import Browser
from tests.web.members import Member, member

RUN = "/console/first-run"
GERMAN = {"Accept-Language": "de"}
LOGO = file_of(drawn((300, 300), "#0b3d91"))
LETTERING = file_of(drawn((600, 120), "#0b3d91"))
REWARD = {"reward_de": "ein Kaffee", "reward_en": "a coffee"}


def shop_of(engine: Engine, who: Member) -> UUID:
    with transaction(engine) as session:
        (place,) = people.workplaces(session, who.user_id)
    return place.merchant_id


def answer(browser: Browser, step: str, **fields: Any) -> Any:
    """Send one step's form as it was typed."""
    data = {"csrf_token": browser.token} | fields
    return browser.client.post(f"{RUN}/{step}", data=data, headers=GERMAN)


def page(browser: Browser, step: str) -> str:
    got = browser.client.get(f"{RUN}/{step}", headers=GERMAN)
    assert got.status_code == 200, got.location
    return html.unescape(got.text)


def palettes(browser: Browser) -> list[str]:
    return re.findall(r'name="palette" value="(#[0-9a-f]{6})"', page(browser, "look"))


def right(browser: Browser, step: str, name: str = "Café Morgenrot", trade: str = "cafe") -> dict[str, Any]:
    """What a merchant in a hurry answers."""
    return {
        "shop": lambda: {"name": name, "trade": trade, "address": "Lindenstraße 4"},
        "logo": lambda: {"logo": (io.BytesIO(LOGO), "logo.png")},
        "look": lambda: {"palette": palettes(browser)[0]},
        "rule": lambda: {"needed": "8", **REWARD},
        "live": dict,
    }[step]()


def led_to(browser: Browser, step: str, **named: str) -> Browser:
    """Answer everything before a step."""
    for one in STEPS[: STEPS.index(step)]:
        assert answer(browser, one, **right(browser, one, **named)).status_code == 303
    return browser


def leads(browser: Browser, path: str) -> str:
    """Where a page leads on, after all its redirections."""
    return str(browser.client.get(path, follow_redirects=True).request.path)


def said(got: Any) -> str:
    """The one sentence on a page that refuses an answer."""
    assert got.status_code == 422, (got.status_code, got.location)
    (sentence,) = re.findall(r'role="alert"[^>]*>([^<]+)<', got.text)
    assert sentence.endswith(".")
    return html.unescape(sentence)


def marked(got: Any) -> set[str]:
    """The fields that are said to be wrong, each with the sentence that says why."""
    return {
        found[1]
        for tag in re.findall(r'<input[^>]*aria-invalid="true"[^>]*>', got.text)
        if "step-error" in tag and (found := re.search(r'name="(\w+)"', tag))
    }


def live(app: OpenAPI, now: datetime, **named: str) -> Member:
    who = member(app, now)
    led_to(who.browser, "live", **named)
    assert answer(who.browser, "live").location == f"{RUN}/done"
    return who
