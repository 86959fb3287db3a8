"""The phone in the browser: its screen, what it did, and the hooks by which tests play Apple."""

import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from sandbox.apns import Apns
from sandbox.apns_page import add_apns_routes
from sandbox.google import Google
from sandbox.google_api import add_google_api
from sandbox.google_control import add_google_control
from sandbox.google_phone_page import add_android_pages
from sandbox.lock_screen import Suggestion, point_of, spots_of, suggestions
from sandbox.memory import Held, Memory, Notice
from sandbox.offers import Offers, download
from sandbox.phone import Phone
from sandbox.phone_view import (
    CLOCK,
    IMAGES,
    Card,
    barcode,
    card,
    clock_said,
    colours,
    happening_text,
    notice_text,
    pass_name,
    picture,
    state,
)
from sandbox.phones import NoSuchPhone, Phones
from sandbox.qr_code import qr_svg
from sandbox.refusal import PassRefused
from sandbox.texts import LANGUAGES, say
from sandbox.wallet import MAX_BYTES, OpenedPass
from sandbox.weather import WeatherService, add_weather

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PHONE = "/phone/<phone_name>"


def create_phone_app(
    phones: Phones,
    apns: Apns,
    google: Google,
    weather: WeatherService,
    *,
    root_pem: bytes,
    now: Callable[[], datetime],
    zone: tzinfo,
) -> Flask:
    """The Flask application of the phone's port. `zone` is where the phones are."""

    def here() -> datetime:
        return now().astimezone(zone)

    app = Flask("sandbox")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.before_request(_prepare)
    app.after_request(_protect)
    app.register_error_handler(NoSuchPhone, _no_such_phone)
    app.jinja_env.globals["t"] = lambda sentence, **values: say(g.language, sentence, **values)
    app.jinja_env.filters["hour"] = lambda at: datetime.fromisoformat(at).astimezone(zone).strftime("%H:%M:%S")
    app.jinja_env.filters["request_line"] = _request_line
    pages = Pages(phones, Offers(root_pem, now), here)
    app.register_error_handler(PassRefused, pages.refused)
    for rule, view, methods in pages.routes():
        app.add_url_rule(rule, view.__name__, view, methods=methods)
    add_apns_routes(app, apns)
    add_google_api(app, google, now)
    add_google_control(app, google)
    add_android_pages(app, google, here)
    add_weather(app, weather)
    return app


class Pages:
    """The views. A pass, added or only offered, stands under its own address, its pictures below."""

    def __init__(self, phones: Phones, offers: Offers, now: Callable[[], datetime]) -> None:
        self._phones = phones
        self._offers = offers
        self._now = now

    def routes(self) -> list[tuple[str, Callable[..., Any], list[str]]]:
        """Every address with its view."""
        gets: list[tuple[str, Callable[..., Any]]] = [
            ("/", self.home),
            ("/add", self.add_anywhere),
            (f"{PHONE}/", self.stack),
            (f"{PHONE}/add", self.add),
            (f"{PHONE}/pass/<name>", self.front),
            (f"{PHONE}/pass/<name>/back", self.back),
            (f"{PHONE}/near", self.near),
            (f"{PHONE}/offer/<name>", self.offer),
            (f"{PHONE}/<any(pass,offer):kind>/<name>/<any({','.join(IMAGES)}):image>.png", self.image),
            (f"{PHONE}/<any(pass,offer):kind>/<name>/qr.svg", self.qr),
            (f"{PHONE}/colours.css", self.colours),
            (f"{PHONE}/state.json", self.state),
        ]
        posts: list[tuple[str, Callable[..., Any]]] = [
            (f"{PHONE}/file", self.file),
            (f"{PHONE}/offer/<name>/answer", self.answer_offer),
            (f"{PHONE}/pass/<name>/remove", self.remove),
            (f"{PHONE}/pass/<name>/refresh", self.refresh),
        ]
        return [(*one, ["GET"]) for one in gets] + [(*one, ["POST"]) for one in posts]

    def home(self) -> AnyResponse:
        """The phone looked at last, else the first."""
        return redirect(url_for("stack", phone_name=request.cookies.get("phone", "1")))

    def add_anywhere(self) -> AnyResponse:
        """A link from the issuer that names no phone."""
        name = request.cookies.get("phone", "1")
        return redirect(f"{url_for('add', phone_name=name)}?{request.query_string.decode()}")

    def stack(self, phone_name: str) -> AnyResponse:
        """Wallet as it opens; with a single pass that pass lies on top at once."""
        memory = self._phones.get(phone_name).look()
        cards = [self._card(phone_name, held.opened) for held in memory.passes.values()]
        if len(cards) == 1:
            return self._page("front.html", phone_name, memory, card=cards[0], alone=True)
        return self._page("stack.html", phone_name, memory, cards=cards)

    def add(self, phone_name: str) -> AnyResponse:
        """A tap on a link to a pass: fetch it as Safari does, then ask."""
        self._phones.get(phone_name)
        name = self._offers.open(download(request.args.get("pass", "")))
        return redirect(url_for("offer", phone_name=phone_name, name=name))

    def file(self, phone_name: str) -> AnyResponse:
        """A pass brought as a file."""
        self._phones.get(phone_name)
        sent = request.files.get("pass")
        name = self._offers.open(sent.read() if sent else b"")
        return redirect(url_for("offer", phone_name=phone_name, name=name), 303)

    def offer(self, phone_name: str, name: str) -> AnyResponse:
        """The pass, with *Add* and *Cancel*."""
        phone = self._phones.get(phone_name)
        kept = self._offers.get(name)
        if kept is None:
            return self._lost(phone_name)
        memory = phone.look()
        known = (kept[1].pass_type, kept[1].serial) in memory.passes
        shown = self._card(phone_name, kept[1], offer=name)
        return self._page("offer.html", phone_name, memory, card=shown, known=known)

    def answer_offer(self, phone_name: str, name: str) -> AnyResponse:
        """*Add* or *Cancel*."""
        phone = self._phones.get(phone_name)
        kept = self._offers.get(name)
        self._offers.forget(name)
        if kept and request.form.get("answer") == "add":
            opened = phone.add(kept[0])
            return redirect(url_for("front", phone_name=phone_name, name=pass_name(opened)), 303)
        return redirect(url_for("stack", phone_name=phone_name), 303)

    def front(self, phone_name: str, name: str) -> AnyResponse:
        """One pass, its code to be scanned."""
        memory = self._phones.get(phone_name).look()
        held = _held(memory, name)
        if held is None:
            return self._lost(phone_name)
        shown = self._card(phone_name, held.opened)
        return self._page("front.html", phone_name, memory, card=shown, alone=len(memory.passes) == 1)

    def back(self, phone_name: str, name: str) -> AnyResponse:
        """The back of the pass, and what can be done with it."""
        memory = self._phones.get(phone_name).look()
        held = _held(memory, name)
        if held is None:
            return self._lost(phone_name)
        shown = self._card(phone_name, held.opened)
        return self._page("back.html", phone_name, memory, card=shown, held=held)

    def near(self, phone_name: str) -> AnyResponse:
        """The lock screen of somebody who stands at a place that was chosen or typed."""
        memory, typed = self._phones.get(phone_name).look(), request.args.get("at", "")
        here = point_of(typed)
        if here is None:
            wrong = say(g.language, "near.wrong", given=typed[:40])
            cards = [self._card(phone_name, held.opened) for held in memory.passes.values()]
            values = {"cards": cards, "typed": typed, "wrong": wrong}
            return self._page("stack.html", phone_name, memory, status=422, **values)
        home = url_for("stack", phone_name=phone_name)
        found = suggestions((held.opened for held in memory.passes.values()), here, self._now())
        suggested = [_suggested(one, phone_name, memory.version) for one in found]
        return self._page("near.html", phone_name, memory, suggested=suggested, typed=typed, home_url=home)

    def remove(self, phone_name: str, name: str) -> AnyResponse:
        """Throw the pass away."""
        phone, held = self._phone_and_pass(phone_name, name)
        phone.remove(held.opened.serial, held.opened.pass_type)
        return redirect(url_for("stack", phone_name=phone_name), 303)

    def refresh(self, phone_name: str, name: str) -> AnyResponse:
        """Fetch the pass without a push."""
        phone, held = self._phone_and_pass(phone_name, name)
        phone.refresh(held.opened.serial, held.opened.pass_type)
        return redirect(url_for("back", phone_name=phone_name, name=name), 303)

    def image(self, phone_name: str, kind: str, name: str, image: str) -> AnyResponse:
        """A picture of the pass in its largest scale."""
        data = picture(self._opened(phone_name, kind, name), image)
        return _forever(Response(data, mimetype="image/png")) if data else abort(404)

    def qr(self, phone_name: str, kind: str, name: str) -> AnyResponse:
        """The pass's code, drawn anew from its message."""
        code = barcode(self._opened(phone_name, kind, name))
        if code is None:
            abort(404)
        drawn = qr_svg(code["message"], code.get("messageEncoding"))
        return _forever(Response(drawn, mimetype="image/svg+xml"))

    def colours(self, phone_name: str) -> AnyResponse:
        """The colours of all passes as a stylesheet: the policy forbids them in the page."""
        passes = self._phones.get(phone_name).look().passes.values()
        rules = [colours(pass_name(held.opened), held.opened) for held in passes]
        rules += [colours(name, opened) for name, opened in self._offers.all().items()]
        return Response("".join(rules), mimetype="text/css")

    def state(self, phone_name: str) -> AnyResponse:
        """What the phone holds and did, for the page and for programs; 204 while `version` is what it was.

        Either way the header Phone-Clock says what the phone's clock shows.
        """
        memory = self._phones.get(phone_name).look()
        clock = {CLOCK: clock_said(self._now())}
        if request.args.get("version") == str(memory.version):
            return Response(status=204, headers=clock)
        answer = jsonify(
            phone=phone_name,
            version=memory.version,
            passes=state(list(memory.passes.values()), g.language),
            notices=_notices(memory, phone_name),
            happenings=_happenings(memory),
        )
        answer.headers.update(clock)
        return answer

    def refused(self, error: PassRefused) -> AnyResponse:
        """What Wallet would do with the pass that was just brought, and why."""
        phone_name = (request.view_args or {})["phone_name"]
        memory = self._phones.get(phone_name).look()
        why = error.sentence(g.language)
        return self._page("message.html", phone_name, memory, status=422, topic="refused", why=why)

    def _phone_and_pass(self, phone_name: str, name: str) -> tuple[Phone, Held]:
        phone = self._phones.get(phone_name)
        held = _held(phone.look(), name)
        if held is None:
            raise NotFound
        return phone, held

    def _opened(self, phone_name: str, kind: str, name: str) -> OpenedPass:
        if kind == "pass":
            return self._phone_and_pass(phone_name, name)[1].opened
        kept = self._offers.get(name)
        if kept is None:
            raise NotFound
        return kept[1]

    def _card(self, phone_name: str, opened: OpenedPass, *, offer: str | None = None) -> Card:
        name = offer or pass_name(opened)
        address = url_for("offer" if offer else "front", phone_name=phone_name, name=name)
        return card(opened, name=name, address=address, language=g.language)

    def _lost(self, phone_name: str) -> AnyResponse:
        memory = self._phones.get(phone_name).look()
        return self._page("message.html", phone_name, memory, status=404, topic="lost")

    def _page(self, template: str, phone_name: str, memory: Memory, *, status: int = 200, **values: Any) -> AnyResponse:
        text = render_template(
            template,
            phone_name=phone_name,
            phones=self._phones.names(),
            version=memory.version,
            notices=_notices(memory, phone_name)[::-1][:5],
            happenings=_happenings(memory)[::-1][:40],
            near_url=url_for("near", phone_name=phone_name),
            spots=spots_of(held.opened for held in memory.passes.values()),
            clock=clock_said(self._now()),
            language=g.language,
            **values,
        )
        response = Response(text, status=status, mimetype="text/html")
        response.set_cookie("phone", phone_name, samesite="Lax", httponly=True)
        return response


def _held(memory: Memory, name: str) -> Held | None:
    return next((held for held in memory.passes.values() if pass_name(held.opened) == name), None)


def _notices(memory: Memory, phone_name: str) -> list[dict[str, Any]]:
    names = {held.key: pass_name(held.opened) for held in memory.passes.values()}
    return [_notice(one, names.get((one.pass_type, one.serial)), phone_name) for one in memory.notices]


def _notice(notice: Notice, name: str | None, phone_name: str) -> dict[str, Any]:
    return {
        "n": notice.n,
        "at": notice.at,
        "serial": notice.serial,
        "pass": name,
        "title": notice.title,
        "text": notice_text(notice, g.language),
        "href": url_for("front", phone_name=phone_name, name=name) if name else url_for("stack", phone_name=phone_name),
        "icon": url_for("image", phone_name=phone_name, kind="pass", name=name, image="icon", v=notice.n)
        if name
        else None,
    }


def _suggested(one: Suggestion, phone_name: str, version: int) -> dict[str, str]:
    front = url_for("front", phone_name=phone_name, name=one.name)
    icon = url_for("image", phone_name=phone_name, kind="pass", name=one.name, image="icon", v=version)
    return {"name": one.name, "title": one.title, "text": one.text, "href": front, "icon": icon}


def _happenings(memory: Memory) -> list[dict[str, Any]]:
    return [
        {
            "n": one.n,
            "at": one.at,
            "what": one.what,
            "line": one.line,
            "text": happening_text(one, g.language),
        }
        for one in memory.happenings
    ]


def _request_line(line: str) -> Markup:
    """A request as it went, device ids shortened, with places where it may break."""
    short = re.sub(r"\b([0-9a-f]{6})[0-9a-f]{26}\b", r"\1…", line)
    return Markup("/<wbr>").join(short.split("/"))


def _prepare() -> None:
    asked = request.args.get("lang") or request.cookies.get("lang")
    g.language = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")
    # A page of another site must not put passes onto the phone or script Apple's answers.
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        abort(403)


def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", g.language, samesite="Lax", httponly=True)
    return response


def _forever(response: Response) -> Response:
    # The address carries a mark of the pass's bytes, so what stands there never changes.
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _no_such_phone(_error: NoSuchPhone) -> tuple[str, int]:
    page = render_template(
        "message.html", topic="no_phone", phone_name="1", language=g.language, clock="", version=-1, phones=["1"]
    )
    return page, 404
