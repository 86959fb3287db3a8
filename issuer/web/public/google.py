"""From a card's page to Google Wallet: a page to wait on until Google has the card, then Google's own."""

from flask import Response, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from issuer import google_saving, push_stops
from issuer.database import transaction
from issuer.google_relaying import stop_key
from issuer.schema import Card, Merchant
from issuer.web.context import house, now
from issuer.web.guards import card_key
from issuer.web.public.front import blueprint
from issuer.web.wording import said

PAUSES = (1,) * 5 + (3,) * 8
"""Seconds between two looks. Google has a card within the first of them, or something is wrong."""
LATER_SECONDS = 60


@blueprint.get("/card/<key>/google")
@card_key
def google(key: str) -> AnyResponse:
    """302 to where Google saves the card, as soon as Google has it; the first to ask has it sent there."""
    settings, account = house().settings.google, house().google
    if settings is None or account is None:
        abort(404)
    with transaction(house().engine, g.merchant_id) as session:
        card = session.get_one(Card, g.card_id)
        g.language = card.language
        if card.state != "active":
            return _inactive(key, session.get_one(Merchant, g.merchant_id).name)
        if request.method == "GET":
            google_saving.ask(session, house().keys, card, now())
        saved = google_saving.to_save(session, card, settings.issuer_id, now())
        stopped = push_stops.stop_of(session, stop_key(settings.issuer_id))
    if not saved:
        # Nobody waits half a minute for what an operator has to put right first.
        return _not_yet(key, in_vain=stopped is not None and stopped.refused)
    if "form" in request.args:
        return _waiting(key, 200, 0, url_for("public.google", key=key))
    return redirect(google_saving.link_of(account, settings, saved, now()))


def after_form(key: str) -> str:
    """The same for whoever has sent a form: browsers lead one nowhere but to us, redirections included.

    Source: CSP Level 3, "form-action".
    """
    return url_for("public.google", key=key, form="1")


def _not_yet(key: str, *, in_vain: bool) -> Response:
    """The page asks again by itself, and gives up after half a minute."""
    tried = max(0, request.args.get("tried", 0, type=int))
    if tried < len(PAUSES) and not in_vain:
        return _waiting(key, 503, PAUSES[tried], url_for("public.google", key=key, tried=tried + 1))
    page = render_template(
        "public/google.html",
        title=said("Google Wallet does not answer right now"),
        sentence=said("Your card works on its web page. Try it with Google Wallet again later."),
        card_url=url_for("public.card", key=key),
        on_url=url_for("public.google", key=key),
        gave_up=True,
    )
    return Response(page, 503, {"Retry-After": str(LATER_SECONDS)}, mimetype="text/html")


def _waiting(key: str, status: int, seconds: int, on_url: str) -> Response:
    page = render_template(
        "public/google.html",
        title=said("One moment"),
        sentence=said("Your card is on its way to Google Wallet."),
        card_url=url_for("public.card", key=key),
        on_url=on_url,
    )
    # HTML Standard, "shared declarative refresh steps"; without a script, and over before anybody reads far.
    response = Response(page, status, {"Refresh": f"{seconds}; url={on_url}"}, mimetype="text/html")
    if status == 503:
        response.headers["Retry-After"] = str(seconds)
    return response


def _inactive(key: str, shop: str) -> Response:
    page = render_template(
        "public/problem.html",
        title=said("This card is not active any more."),
        sentence=said("It cannot be put into a wallet. Ask at %(shop)s.") % {"shop": shop},
        next_url=url_for("public.card", key=key),
        next_label=said("Back to my card"),
    )
    return Response(page, 409, mimetype="text/html")
