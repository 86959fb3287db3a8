"""Who may call a view. Each view names one guard; a view without one is never run."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from issuer import api_keys, people, tills
from issuer.cards import find_key
from issuer.database import transaction
from issuer.moving import ended_page
from issuer.schema import Card, CardKey, Merchant
from issuer.web import limits
from issuer.web.context import house, now
from issuer.web.problems import Problem, problem_body, problem_response
from issuer.web.wording import said

View = TypeVar("View", bound=Callable[..., Any])
Check = Callable[[], Response | None]

CONSOLE_COOKIE = "treuepass_console"
FIRST_RUN = "/console/first-run"
TILL_COOKIE = "treuepass_till"


def _guard(name: str, check: Check) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.guard, view.guard_check = name, check  # type: ignore[attr-defined]
        return view

    return mark


def enforce(app: Flask) -> None:
    """Run the guard of whatever view was asked for; refuse views that have none."""

    @app.before_request
    def check_guard() -> Response | None:
        if "\0" in request.path:  # no text column takes one
            abort(404)
        if request.endpoint is None or request.endpoint == "static":
            return None
        view = current_app.view_functions[request.endpoint]
        # Before anything reads the form, and the check of its token does.
        request.max_content_length = getattr(view, "largest_body", request.max_content_length)
        check = getattr(view, "guard_check", None)
        if check is None:
            raise RuntimeError(f"{request.endpoint} has no guard")
        return check()  # type: ignore[no-any-return]


def takes_up_to(most: int) -> Callable[[View], View]:
    """The view takes a body of so many bytes, where others take less."""

    def mark(view: View) -> View:
        view.largest_body = most  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: View) -> View:
    """Nothing here is anybody's secret."""
    return _guard("open_to_all", lambda: None)(view)


def apple_token(view: View) -> View:
    """Apple's ``Authorization: ApplePass <token>``; the view itself compares it with the pass it names."""

    def check() -> Response | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "ApplePass" or not token:
            return make_response("", 401)
        g.apple_token = token
        return None

    return _guard("apple_token", check)(view)


def card_key(view: View) -> View:
    """The page of a card: whoever has the link may see it, until it is revoked."""

    def check() -> Response | None:
        key = (request.view_args or {})["key"]
        with transaction(house().directory) as session:
            row, ended = find_key(session, key), ended_page(session, key)
        if row is None:
            return _ended(ended) if ended else abort(404)
        g.card_id, g.merchant_id = row.card_id, row.merchant_id
        return None

    return _guard("card_key", check)(view)


def _ended(row: CardKey) -> Response:
    """What became of a card that had this page, and nothing by which it is found now."""
    with transaction(house().engine, row.merchant_id) as session:
        card, shop = session.get_one(Card, row.card_id), session.get_one(Merchant, row.merchant_id).name
    g.language = card.language
    title, sentence = said("This card was moved to another phone."), said("The card there counts.")
    if card.merged_into is not None:
        title, sentence = said("This card was put together with another one."), said("All of it is on that one now.")
    sentence += " " + said("If you cannot find it, ask at %(shop)s.") % {"shop": shop}
    if request.endpoint == "public.state":
        return problem_response(problem_body(410, "card_ended", f"{title} {sentence}"))
    return make_response(render_template("public/problem.html", title=title, sentence=sentence), 410)


def _find_till() -> Response | None:
    with transaction(house().engine) as session:
        till = tills.till_of(session, request.cookies.get(TILL_COOKIE, ""), now())
        g.till = till
        g.staff = tills.on_shift(session, till, now()) if till else None
    return None


def any_till(view: View) -> View:
    """The till's front door: the view shows what this browser may do next."""
    return _guard("any_till", _find_till)(view)


def till_staff(view: View) -> View:
    """An enrolled till that somebody has opened with a PIN."""

    def check() -> Response | None:
        _find_till()
        if g.till is None or g.staff is None:
            raise Problem(401, "unauthorized", "Open the till with your PIN again.")
        return None

    return _guard("till_staff", check)(view)


def console_cookie() -> str:
    """The name of the session's cookie; over https one that no other host and no plain page can set (RFC 6265bis)."""
    return f"__Host-{CONSOLE_COOKIE}" if house().settings.secure else CONSOLE_COOKIE


def _find_session() -> Response | None:
    with transaction(house().engine) as session:
        live = people.session_of(session, request.cookies.get(console_cookie(), ""), now())
    if live is None:
        return redirect(url_for("console.sign_in", next=_here()), 303)
    g.live, g.user_id, g.merchant_id, g.role = live, live.user_id, live.merchant_id, live.role
    return None


def _here() -> str | None:
    """Where to come back to; a form that was sent cannot be asked for again."""
    return request.full_path.rstrip("?") if request.method == "GET" else None


def founding(view: View) -> View:
    """A session of the console, of somebody who has yet to found a shop, or of who may change the one they have."""
    roles = ("owner", "manager")

    def check() -> Response | None:
        refused = _find_session()
        if refused is not None or g.merchant_id is None or g.role in roles:
            return refused
        return _not_yours(roles)

    return _guard("founding", check)(view)


def _member() -> Response | None:
    refused = _find_session()
    if refused is None and g.merchant_id is None:
        return redirect(FIRST_RUN, 303)
    return refused


def signed_in(view: View) -> View:
    """A session of the console, in any role; others are sent to sign in, or to found a shop."""
    return _guard("signed_in", _member)(view)


def console_role(*roles: str) -> Callable[[View], View]:
    """A session of the console in one of these roles; other members are told that it is not theirs to do."""

    def check() -> Response | None:
        refused = _member()
        if refused is not None or g.role in roles:
            return refused
        current_app.logger.warning("role refused: %s as %s", request.endpoint, g.role)
        return _not_yours(roles)

    return _guard(f"console_role:{','.join(roles)}", check)


def _not_yours(roles: tuple[str, ...]) -> Response:
    title = (
        said("Only owners may open this.") if roles == ("owner",) else said("Only owners and managers may open this.")
    )
    page = render_template(
        "public/problem.html",
        title=title,
        sentence=said("Ask an owner of the shop to do it, or to give you another role."),
        next_url=url_for("console.cards"),
        next_label=said("To the cards"),
    )
    return make_response(page, 403)


def api_key(scope: str) -> Callable[[View], View]:
    """A live API key that bears ``scope``."""

    def check() -> Response | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        with transaction(house().directory) as session:
            key = api_keys.api_key_of(session, token, now()) if kind == "Bearer" and token else None
        if key is None:
            limits.count_stranger()
            raise Problem(401, "unauthorized", "Send a valid key as 'Authorization: Bearer <key>'.")
        limits.count_key(key.id)
        if scope not in key.scopes:
            raise Problem(403, "scope_missing", f"This key lacks the scope '{scope}'.")
        g.api_key_id, g.merchant_id = key.id, key.merchant_id
        return None

    return _guard(f"api_key:{scope}", check)
