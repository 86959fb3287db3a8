"""What every view works with: the settings, the engine, the keys, the time, the language."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import cast
from uuid import UUID

from flask import current_app, request
from sqlalchemy import Engine

from issuer.clock import Clock
from issuer.keys import Keys
from issuer.language import LANGUAGES, known_language
from issuer.settings import Settings
from signing.google_account import Account

LANGUAGE_COOKIE = "treuepass_language"


@dataclass(frozen=True)
class House:
    """Made once an app, found by every view. ``google``: who signs for Google Wallet; none without an issuer."""

    settings: Settings
    engine: Engine
    keys: Keys
    clock: Clock
    google: Account | None = None

    @cached_property
    def directory(self) -> Engine:
        """For a look into the directory before anything is known: statements without a transaction around them."""
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")


def house() -> House:
    return cast(House, current_app.extensions["treuepass"])


def now() -> datetime:
    return house().clock.now()


def page_language() -> str:
    """What was chosen on a page, else the browser's, else German."""
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return known_language(chosen or request.accept_languages.best_match(LANGUAGES))


def absolute(path: str) -> str:
    """A path of ours as the outside reaches it."""
    return house().settings.public_url + path


def parsed_id(text: str) -> UUID | None:
    """An id from a path or a body; ``None`` for what cannot be one, so that it is simply not found."""
    try:
        return UUID(text)
    except ValueError:
        return None


def printable(text: str, longest: int) -> str:
    """What may be kept of a text that anybody can send: PostgreSQL's texts hold no NUL."""
    return "".join(sign for sign in text if sign.isprintable())[:longest]
