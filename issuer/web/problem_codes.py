"""Every code that the API answers with: its status, what it means, what to do about it."""

from dataclasses import dataclass

from issuer.language import translator
from issuer.refusals import N_, SENTENCES, Refusal

REFUSED = N_("Refused at the counter")
REFUSED_STATUS = 409
# Refusals of the till's own pages, which the API never gives.
PAGES_ONLY = {"too_late_to_undo"}


@dataclass(frozen=True)
class Code:
    """``title`` and ``remedy`` are English messages."""

    status: int
    title: str
    remedy: str


CODES = {
    "malformed_json": Code(400, N_("The body is not JSON"), N_("Send an object, {} if there is nothing to say.")),
    "idempotency_key_required": Code(
        400,
        N_("The header Idempotency-Key is missing"),
        N_("Make a key before the first try, keep it, send it with every try."),
    ),
    "bad_request": Code(400, N_("Not understood"), N_("Mend the request: its HTTP cannot be read.")),
    "unauthorized": Code(401, N_("Not signed in"), N_("Send a live key as “Authorization: Bearer …”.")),
    "scope_missing": Code(403, N_("The key may not do this"), N_("Use a key with the scope that the sentence names.")),
    "not_found": Code(
        404, N_("Not found"), N_("Look at the id and the path; ids of another merchant are not found either.")
    ),
    "method_not_allowed": Code(405, N_("This cannot be done here"), N_("Look at the method and the path.")),
    "request_in_flight": Code(
        409,
        N_("The first request with this key still runs"),
        N_("Send the same request with the same key again after Retry-After."),
    ),
    "too_large": Code(413, N_("The body is too large"), N_("Send at most 1 MB.")),
    "invalid_body": Code(
        422, N_("A value cannot be used"), N_("Mend what “errors” names; the same key may be sent again.")
    ),
    "idempotency_key_reused": Code(
        422, N_("This key came with another body before"), N_("Make a new key for a new request.")
    ),
    "rate_limited": Code(429, N_("Too many requests"), N_("Wait as long as Retry-After says, then send it again.")),
    "internal_error": Code(
        500, N_("Something broke on our side"), N_("Nothing was booked. Send it again later with the same key.")
    ),
    "unavailable": Code(
        503, N_("Try again in a moment"), N_("Nothing was booked. Send it again with the same key after Retry-After.")
    ),
}
# Titles of what only pages answer with, in words of the same document.
PAGE_TITLES = {"card_ended": "This card has ended", "not_our_code": "Not a code of ours", "csrf": "The page is too old"}


@dataclass(frozen=True)
class Explained:
    """A line of the table of codes, in one language."""

    code: str
    status: int
    meaning: str
    remedy: str


def title(code: str) -> str:
    """The English title of a problem; refusals at the counter share one."""
    known = CODES.get(code)
    return known.title if known else PAGE_TITLES.get(code, REFUSED)


def explained(language: str) -> list[Explained]:
    """Every code, by status."""
    _ = translator(language).gettext
    known = [Explained(code, one.status, _(one.title), _(one.remedy)) for code, one in CODES.items()]
    refusals = [_refusal(code, language) for code in SENTENCES if code not in PAGES_ONLY]
    return sorted(known + refusals, key=lambda line: line.status)


def _refusal(code: str, language: str) -> Explained:
    """A refusal's sentence names the reason first and then the next step."""
    reason, _, step = Refusal(code).template(language).partition(". ")
    show = translator(language).gettext(N_("Show the sentence to whoever stands at the till."))
    return Explained(code, REFUSED_STATUS, f"{reason.removesuffix('.')}.", step or show)
