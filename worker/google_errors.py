"""What an answer of Google Wallet means for whoever asked.

Told apart by ``errors[0].reason``: 403 alone has three meanings. Sources: Google Wallet, "Error codes"; Google,
"Standard error responses" (the form); "Trigger Push Notifications" (the spent quota); RFC 9110, 10.2.3 (Retry-After).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from google.auth.exceptions import GoogleAuthError

LONGEST_REASON, LONGEST_PAUSE = 60, 3600
SILENCE, LOST = "no answer in time", "no connection"
NOT_GOOGLES = "not in Google's form"


class Meaning(Enum):
    """What to do about it."""

    DONE = "done"
    NOT_THERE = "insert it"
    ALREADY_THERE = "patch it"
    PERMANENT = "the body is wrong: sending it again does not help"
    RETRY = "Google's trouble or the way's there: later"
    THROTTLED = "more calls than Google takes: later"
    NOTICES_SPENT = "send it again without a note on the phone"
    NO_PLACES = "send it again without places: the issuer is not allowlisted for them"
    REFUSED = "our account is: nothing of this issuer is taken"


_REASONS = {
    "resourceNotFound": Meaning.NOT_THERE,
    "notFound": Meaning.NOT_THERE,
    "classNotFound": Meaning.NOT_THERE,
    "existingResource": Meaning.ALREADY_THERE,
    "alreadyExists": Meaning.ALREADY_THERE,
    "duplicate": Meaning.ALREADY_THERE,
    "rateLimitExceeded": Meaning.THROTTLED,
    "userRateLimitExceeded": Meaning.THROTTLED,
    "dailyLimitExceeded": Meaning.THROTTLED,
    "tooManyRequests": Meaning.THROTTLED,
    "quotaExceeded": Meaning.NOTICES_SPENT,
    "permissionDenied": Meaning.REFUSED,
    "insufficientPermissions": Meaning.REFUSED,
    "accessNotConfigured": Meaning.REFUSED,
    "authError": Meaning.REFUSED,
    "backendError": Meaning.RETRY,
    "internalError": Meaning.RETRY,
}
_STATUSES = {
    401: Meaning.REFUSED,
    404: Meaning.NOT_THERE,
    408: Meaning.RETRY,
    409: Meaning.ALREADY_THERE,
    429: Meaning.THROTTLED,
}


@dataclass(frozen=True)
class Answer:
    """What Google said of one call. ``status`` 0: nothing. ``body``: of an answer that is `Meaning.DONE`.

    ``message``: Google's sentence. It may quote what was sent: of an object it belongs in no log. ``pause``: seconds
    that Google wants it to be left alone.
    """

    meaning: Meaning
    status: int
    reason: str = ""
    message: str = field(default="", repr=False)
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    pause: int = 0

    @property
    def troubled(self) -> bool:
        """It says nothing of what was sent: whatever is sent next may fare alike."""
        return self.meaning in (Meaning.RETRY, Meaning.THROTTLED)

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip() if self.status else self.reason


def read_answer(status: int, content: bytes, retry_after: str = "") -> Answer:
    """What an HTTP answer means. What is not in Google's form, as of a proxy on the way, says nothing of a pass.

    :param retry_after: the header; its form with a date is none that Google uses
    """
    seconds = int(retry_after) if re.fullmatch("[0-9]{1,9}", retry_after) else 0
    return replace(_read(status, content), pause=min(seconds, LONGEST_PAUSE))


def _read(status: int, content: bytes) -> Answer:
    said = _object(content)
    if 200 <= status < 300:
        return Answer(Meaning.DONE, status, body=said) if said is not None else _not_googles(status)
    error = (said or {}).get("error")
    if not isinstance(error, dict):
        return _not_googles(status)
    reason, message = _reason(error), str(error.get("message", ""))
    return Answer(_meaning(status, reason, message), status, reason, message)


def no_answer(*, late: bool) -> Answer:
    """Nothing came back, in time or at all. The call may have been carried out all the same."""
    return Answer(Meaning.RETRY, 0, SILENCE if late else LOST)


def no_token(error: GoogleAuthError) -> Answer:
    """Google gave no access token (RFC 6749, section 5.2: invalid_grant and its like), or could not be asked."""
    said = next((one for one in error.args if isinstance(one, dict)), {})
    reason = _printable(said.get("error", "")) or "no token"
    return Answer(Meaning.RETRY if error.retryable or not said else Meaning.REFUSED, 0, reason)


def _meaning(status: int, reason: str, message: str) -> Meaning:
    if status >= 500:
        return Meaning.RETRY
    if status == 429:
        return Meaning.THROTTLED
    if status == 400 and "merchant location" in message.lower():
        return Meaning.NO_PLACES
    return _REASONS.get(reason) or _STATUSES.get(status, Meaning.PERMANENT)


def _not_googles(status: int) -> Answer:
    return Answer(Meaning.THROTTLED if status == 429 else Meaning.RETRY, status, NOT_GOOGLES)


def _reason(error: Mapping[str, Any]) -> str:
    """``errors[0].reason``, and where there is none the canonical code."""
    errors = error.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    reason = first.get("reason") if isinstance(first, dict) else None
    return _printable(reason or error.get("status", ""))


def _printable(text: object) -> str:
    """For a log and a column, whatever it was."""
    return "".join(sign for sign in str(text) if sign.isprintable())[:LONGEST_REASON]


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
