"""How often a key may call, counted in Redis: a hint that goes missing with Redis, never a reason to refuse.

The header fields are those of draft-ietf-httpapi-ratelimit-headers-06; 429 and ``Retry-After`` of RFC 6585, 4.
"""

import math
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast
from uuid import UUID

from flask import Flask, current_app, g, request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import RedisStorage
from werkzeug.wrappers import Response

from issuer.settings import Settings
from issuer.web.problems import Problem

STRANGERS_A_MINUTE = 60
WINDOW = 60
# Redis on the same machine answers in less than one of these milliseconds.
PATIENCE_SECONDS = 0.05
# How long Redis is left alone when it did not answer, and how seldom that is said.
PAUSE_SECONDS, SAID_AGAIN_SECONDS = 5.0, 300.0
EXTENSION = "treuepass_rates"
# The two scripts of the library, taking one and looking at what is left, in one round trip.
_TAKE_AND_LOOK = b"""
local function take(ARGV) %b
end
local function look(ARGV) %b
end
local taken = take(ARGV)
return {taken and 1 or 0, look({ARGV[2]})}
""" % (RedisStorage.SCRIPT_ACQUIRE_SLIDING_WINDOW, RedisStorage.SCRIPT_SLIDING_WINDOW)


@dataclass(frozen=True)
class Window:
    """What Redis counted of one caller, in this window and in the one before, which weighs less and less.

    Seconds: until each weighs nothing. ``taken``: this request was within the limit and counted.
    """

    limit: int
    before: int
    before_seconds: float
    current: int
    current_seconds: float
    taken: bool = True

    @property
    def remaining(self) -> int:
        """Requests that may follow at once."""
        return max(0, self.limit - self.current - math.floor(self.before * self.before_seconds / WINDOW))

    @property
    def reset(self) -> int:
        """Seconds until this window ends, rounded up."""
        return max(1, math.ceil(self.current_seconds - WINDOW))

    @property
    def wait(self) -> int:
        """Seconds until the next request may come, rounded up."""
        if self.current >= self.limit:
            return self.reset + 1
        fits_from = (self.limit - self.current) * WINDOW / max(1, self.before)
        return max(1, math.floor(self.before_seconds - fits_from) + 1)


class Rates:
    """Counts callers in Redis, and lets everybody pass while Redis does not answer."""

    def __init__(self, redis_url: str, a_minute: int) -> None:
        self.storage = RedisStorage(
            storage_url(redis_url),
            key_prefix="treuepass",
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
        )
        self.script = self.storage.get_connection().register_script(_TAKE_AND_LOOK)
        self.keys = RateLimitItemPerMinute(a_minute, namespace="key")
        self.strangers = RateLimitItemPerMinute(STRANGERS_A_MINUTE, namespace="stranger")
        self.asked_again_at = self.said_again_at = 0.0

    def take(self, item: RateLimitItem, whose: str) -> Window | None:
        """Count one request; ``None`` when Redis is away."""
        if monotonic() < self.asked_again_at:
            return None
        current = self.storage.prefixed_key(f"{{{item.key_for(whose)}}}")
        try:
            taken, found = cast(Any, self.script([f"{current}/-1", current], [item.amount, WINDOW, 1]))
        except self.storage.base_exceptions as error:
            self._leave_alone(error)
            return None
        before, before_ms, count, count_ms = (max(0, int(value or 0)) for value in found)
        return Window(item.amount, before, before_ms / 1000, count, count_ms / 1000, bool(taken))

    def _leave_alone(self, error: Exception) -> None:
        now = monotonic()
        self.asked_again_at = now + PAUSE_SECONDS
        if now >= self.said_again_at:
            self.said_again_at = now + SAID_AGAIN_SECONDS
            current_app.logger.warning("Redis does not answer, requests pass uncounted: %s", error)


def storage_url(redis_url: str) -> str:
    """The library's spelling of a unix socket; other addresses are left alone."""
    return f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url


def install(app: Flask, settings: Settings) -> None:
    """Count for this app, and say on each counted answer how much is left."""
    app.extensions[EXTENSION] = Rates(settings.redis_url, settings.api_rate)

    @app.after_request
    def say_what_is_left(response: Response) -> Response:
        window: Window | None = g.get("rate_window")
        if window is not None:
            response.headers["RateLimit-Limit"] = str(window.limit)
            response.headers["RateLimit-Remaining"] = str(window.remaining)
            response.headers["RateLimit-Reset"] = str(window.reset)
        return response


def count_key(key_id: UUID) -> None:
    """One request of a key that is valid.

    :raises Problem: it has used up its minute
    """
    rates = _rates()
    g.rate_window = rates.take(rates.keys, str(key_id))
    _refuse(g.rate_window, "This key sent more requests than it may in a minute.")


def count_stranger() -> None:
    """One request without a valid key. Valid ones from the same address pass: many tills share one.

    :raises Problem: the address has used up its minute
    """
    rates = _rates()
    window = rates.take(rates.strangers, request.remote_addr or "")
    _refuse(window, "Too many requests without a valid key came from your address.")


def _refuse(window: Window | None, sentence: str) -> None:
    if window is not None and not window.taken:
        raise Problem(
            429, "rate_limited", f"{sentence} Wait for {window.wait} seconds, then send it again.", None, window.wait
        )


def _rates() -> Rates:
    return cast(Rates, current_app.extensions[EXTENSION])
