"""The Android phone in the browser: its passes as object and class say them, and what Google told it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from sandbox.google import Google
from sandbox.google_nearby import is_near, shops_of
from sandbox.google_phone import AndroidNotice, Heard
from sandbox.google_pictures import Pictures
from sandbox.google_resource import Resource
from sandbox.google_view import AndroidCard, Picture, android_card, card_name, colours, fields
from sandbox.lock_screen import Spot, point_of
from sandbox.phone_view import CLOCK, clock_said, happening_text
from sandbox.qr_code import qr_svg
from sandbox.refusal import PassRefused
from sandbox.texts import say

PHONE = "/google/phone"
SAVE = "/google/save/<token>"


class AndroidPages:
    """The views. A pass on the phone and a pass that is only offered look the same."""

    def __init__(self, google: Google, now: Callable[[], datetime]) -> None:
        self._google = google
        self._now = now
        self._pictures = Pictures()

    def routes(self) -> list[tuple[str, str, Callable[..., AnyResponse], list[str]]]:
        """Every address with its name and view."""
        return [
            (f"{PHONE}/", "android", self.home, ["GET"]),
            (f"{PHONE}/near", "android_near", self.near, ["GET"]),
            (f"{PHONE}/pass/<name>", "android_front", self.front, ["GET"]),
            (f"{PHONE}/pass/<name>/details", "android_details", self.details, ["GET"]),
            (f"{PHONE}/pass/<name>/remove", "android_remove", self.remove, ["POST"]),
            (f"{PHONE}/pass/<name>/qr.svg", "android_qr", self.qr, ["GET"]),
            (f"{PHONE}/picture/<name>", "android_picture", self.picture, ["GET"]),
            (f"{PHONE}/colours.css", "android_colours", self.colours, ["GET"]),
            (f"{PHONE}/state.json", "android_state", self.state, ["GET"]),
            (SAVE, "android_offer", self.offer, ["GET"]),
            (SAVE, "android_save", self.save, ["POST"]),
        ]

    def home(self) -> AnyResponse:
        """Wallet as it opens; with a single pass that pass lies on top at once."""
        cards = [self._card(one) for one in self._google.held()]
        if len(cards) == 1:
            return self._page("android_front.html", card=cards[0], alone=True)
        return self._stack(cards)

    def near(self) -> AnyResponse:
        """The lock screen of somebody who stands at a place that was chosen or typed."""
        typed = request.args.get("at", "")
        here, held = point_of(typed), self._google.held()
        if here is None:
            wrong = say(g.language, "near.wrong", given=typed[:40])
            return self._stack([self._card(one) for one in held], status=422, typed=typed, wrong=wrong)
        found = [one for one in held if is_near(one.body, self._google.class_of(one), here, self._now())]
        suggested = [self._suggested(self._card(one)) for one in found]
        home = url_for("android")
        return self._page("near.html", base="android_page.html", suggested=suggested, typed=typed, home_url=home)

    def _suggested(self, card: AndroidCard) -> dict[str, str | None]:
        return {
            "name": card.name,
            "title": card.issuer,
            "text": say(g.language, "android.near", title=card.title),
            "href": url_for("android_front", name=card.name),
            "icon": self.address(card.logo) if card.logo else None,
        }

    def _stack(self, cards: list[AndroidCard], *, status: int = 200, **values: str) -> AnyResponse:
        valid, past = [card for card in cards if not card.ended], [card for card in cards if card.ended]
        return self._page("android_stack.html", status=status, valid=valid, past=past, **values)

    def offer(self, token: str) -> AnyResponse:
        """The link was opened: the pass, with *Add*."""
        try:
            offered = self._google.offered(_whole_address(token))
        except PassRefused as error:
            return self._refused(error)
        known = all(one.saved_at is not None for one in offered)
        return self._page("android_offer.html", cards=[self._card(one) for one in offered], known=known)

    def save(self, token: str) -> AnyResponse:
        """*Add* was tapped."""
        try:
            first = self._google.save(_whole_address(token))[0]
        except PassRefused as error:
            return self._refused(error)
        return redirect(url_for("android_front", name=card_name(first.name)), 303)

    def front(self, name: str) -> AnyResponse:
        """One pass, its code to be scanned."""
        held = self._google.held()
        return self._page("android_front.html", card=self._card(self._named(name)), alone=len(held) == 1)

    def details(self, name: str) -> AnyResponse:
        """Everything else that the pass says, and what can be done with it."""
        return self._page("android_details.html", card=self._card(self._named(name)))

    def remove(self, name: str) -> AnyResponse:
        """Throw the pass away."""
        self._google.remove(self._named(name))
        return redirect(url_for("android"), 303)

    def qr(self, name: str) -> AnyResponse:
        """The pass's code, also of one that is only offered."""
        found = next((one for one in self._google.store.all() if card_name(one.name) == name), None)
        value = found.body.get("barcode", {}).get("value") if found else None
        return Response(qr_svg(value), mimetype="image/svg+xml") if value else abort(404)

    def picture(self, name: str) -> AnyResponse:
        """A picture as Google fetched it."""
        found = self._pictures.get(name)
        if found is None:
            abort(404)
        answer = Response(found[0], mimetype=found[1])
        answer.headers["Cache-Control"] = "private, max-age=86400"
        return answer

    def colours(self) -> AnyResponse:
        """The colours of all passes, and of those that a link offers, as a stylesheet."""
        wanted = request.args.getlist("offered")
        shown = [one for one in self._google.store.all() if one.saved_at or (wanted and card_name(one.name) in wanted)]
        rules = [colours(card_name(one.name), self._google.class_of(one)) for one in shown if not one.is_class]
        return Response("".join(rules), mimetype="text/css")

    def state(self) -> AnyResponse:
        """What the phone shows and did, for the page and for programs; 204 while `version` is what it was."""
        heard = self._google.phone.look()
        clock = {CLOCK: clock_said(self._now())}
        if request.args.get("version") == str(heard.version):
            return Response(status=204, headers=clock)
        answer = jsonify(
            phone="android",
            version=heard.version,
            passes=[self._told(one) for one in self._google.held()],
            notices=self._notices(heard),
            happenings=_happenings(heard),
        )
        answer.headers.update(clock)
        return answer

    def _refused(self, error: PassRefused) -> AnyResponse:
        return self._page("android_message.html", status=422, topic="refused", why=error.sentence(g.language))

    def lost(self) -> AnyResponse:
        """A pass that is not on the phone."""
        return self._page("android_message.html", status=404, topic="lost")

    def address(self, picture: Picture) -> str:
        """Where the phone has a picture from."""
        return url_for("android_picture", name=self._pictures.name(picture.uri))

    def _told(self, resource: Resource) -> dict[str, Any]:
        card = self._card(resource)
        return {
            "name": card.name,
            "id": card.id,
            "class_id": resource.class_name,
            "kind": resource.kind,
            "issuer": card.issuer,
            "title": card.title,
            "state": resource.body["state"],
            "saved_at": resource.saved_at,
            "updated_at": card.updated_at,
            "code": card.code["value"] if card.code else None,
            "hero": card.hero.uri if card.hero else None,
            "fields": fields(card),
            "messages": [{"id": one.key, "header": one.label, "body": one.value} for one in card.messages],
        }

    def _notices(self, heard: Heard) -> list[dict[str, Any]]:
        return [self._notice(one, resource) for one in heard.notices if (resource := self._google.store.named(one.id))]

    def _notice(self, notice: AndroidNotice, about: Resource) -> dict[str, Any]:
        card = self._card(about)
        return {
            "n": notice.n,
            "at": notice.at,
            "id": notice.id,
            "what": notice.what,
            "title": card.issuer,
            "text": say(g.language, f"android.notice_{notice.what}", title=card.title, **notice.values),
            "href": url_for("android_front", name=card.name) if about.saved_at else url_for("android"),
            "icon": self.address(card.logo) if card.logo else None,
        }

    def _spots(self) -> list[Spot]:
        found = (spot for one in self._google.held() for spot in shops_of(one.body, self._google.class_of(one)))
        return list(dict.fromkeys(found))

    def _named(self, name: str) -> Resource:
        for one in self._google.held():
            if card_name(one.name) == name:
                return one
        raise _PassLost

    def _card(self, resource: Resource) -> AndroidCard:
        class_ = self._google.class_of(resource)
        return android_card(resource, class_, language=g.language, now=self._now())

    def _page(self, template: str, *, status: int = 200, **values: Any) -> AnyResponse:
        heard = self._google.phone.look()
        text = render_template(
            template,
            version=heard.version,
            near_url=url_for("android_near"),
            spots=self._spots(),
            notices=self._notices(heard)[::-1][:5],
            happenings=_happenings(heard)[::-1][:40],
            clock=clock_said(self._now()),
            language=g.language,
            address=self.address,
            **values,
        )
        return Response(text, status=status, mimetype="text/html")


class _PassLost(NotFound):
    """No such pass on the phone."""


def add_android_pages(app: Flask, google: Google, now: Callable[[], datetime]) -> None:
    """Add the phone and the save link to the application."""
    pages = AndroidPages(google, now)
    for rule, name, view, methods in pages.routes():
        app.add_url_rule(rule, name, view, methods=methods)
    app.register_error_handler(_PassLost, lambda _error: pages.lost())


def _whole_address(token: str) -> str:
    return url_for("android_offer", token=token, _external=True)


def _happenings(heard: Heard) -> list[dict[str, Any]]:
    return [
        {"n": one.n, "at": one.at, "what": one.what, "line": one.line, "text": happening_text(one, g.language)}
        for one in heard.happenings
    ]
