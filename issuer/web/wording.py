"""Language in templates, and instants and causes as people say them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_time, format_timedelta
from flask import Flask, g, make_response, request
from werkzeug.wrappers import Response

from issuer.language import LANGUAGES, translator
from issuer.refusals import N_
from issuer.web.context import LANGUAGE_COOKIE, page_language

CAUSES = {
    "stamp": N_("Stamped"),
    "purchase": N_("Purchase"),
    "import": N_("Brought along"),
    "round": N_("Round completed"),
    "redemption": N_("Redeemed"),
    "reversal": N_("Taken back"),
    "refund": N_("Refunded"),
    "expiry": N_("Ended"),
    "bonus": N_("Present"),
    "goodwill": N_("Present from the staff"),
    "adjustment": N_("Corrected"),
}
REASONS = {
    "signup": N_("for signing up"),
    "survey": N_("for a survey"),
    "review": N_("for a review"),
    "event": N_("for coming to an event"),
    "welcome": N_("for joining"),
    "birthday": N_("for the birthday"),
    "anniversary": N_("for the card's anniversary"),
    "milestone": N_("for many visits"),
    "referral": N_("for bringing a friend"),
    "voucher": N_("a voucher"),
    "offer": N_("an offer"),
    "merged": N_("two cards became one"),
}
"""What stands in the note of a posting. Staff's own words are none of these, and for the console only."""
ACTORS = {
    "api": N_("Till system"),
    "import": N_("Import"),
    "system": N_("treuepass"),
    "user": N_("Console"),
    "staff": N_("Staff"),
}


def install(app: Flask) -> None:
    """Templates speak the language of the page; ``?lang=`` is remembered."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: translator(spoken()).gettext(message),
        lambda one, many, number: translator(spoken()).ngettext(one, many, number),
        newstyle=True,
    )

    @app.context_processor
    def language() -> dict[str, str]:
        return {"language": spoken()}

    @app.after_request
    def remember(response: Response) -> Response:
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, request.args["lang"], max_age=31536000, samesite="Lax")
        return response


def spoken() -> str:
    """The language of this page; a card's page speaks the card's."""
    return str(g.get("language") or page_language())


def said(message: str) -> str:
    return translator(spoken()).gettext(message)


def when(instant: datetime | None, zone: str) -> str | None:
    """An instant in the shop's time, as short as it stays clear."""
    if instant is None:
        return None
    pattern = "d. MMM y, HH:mm" if spoken() == "de" else "d MMM y, HH:mm"
    return str(format_datetime(instant.astimezone(ZoneInfo(zone)), pattern, locale=spoken()))


def ago(instant: datetime, now: datetime) -> str:
    """How long since, in words: "3 minutes ago". Who was seen a moment ago is here now."""
    if now - instant < timedelta(minutes=2):
        return said("just now")
    return str(format_timedelta(instant - now, add_direction=True, threshold=1.2, locale=spoken()))


def clock_time(instant: datetime, zone: str) -> str:
    return str(format_time(instant.astimezone(ZoneInfo(zone)), "HH:mm", locale=spoken()))


def nothing() -> Response:
    return make_response("", 204)
