"""What the shop knows about the owner of a card: seen, added, changed and deleted by themselves."""

from collections.abc import Mapping

from flask import abort, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import customers
from issuer.customers import PURPOSES, ProfileRefused, Told
from issuer.database import transaction
from issuer.schema import Card, Merchant
from issuer.web.context import house, now
from issuer.web.guards import card_key
from issuer.web.public import told
from issuer.web.public.card import brand_css
from issuer.web.public.front import blueprint
from issuer.web.wording import said

SOURCE = "card"


@blueprint.get("/card/<key>/data")
@card_key
def data(key: str) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        return _page(session, _owned(session))


@blueprint.post("/card/<key>/data")
@card_key
def save_data(key: str) -> Response:
    """What was emptied is deleted."""
    typed = told.typed()
    with transaction(house().engine, g.merchant_id) as session:
        card = _owned(session)
        try:
            profile = told.read(typed, session.get_one(Merchant, g.merchant_id), card.language)
        except ProfileRefused as refused:
            return make_response(_page(session, card, typed, refused.sentences), 422)
        customers.change(session, house().keys, card.customer_id, profile, Told(SOURCE, card.language), now())
    return redirect(url_for("public.data", key=key, done="saved"), 303)


@blueprint.post("/card/<key>/data/forget")
@card_key
def forget_data(key: str) -> Response:
    what = request.form.get("what", "")
    if what not in PURPOSES:
        abort(400)
    with transaction(house().engine, g.merchant_id) as session:
        card = _owned(session)
        customers.forget(session, card.customer_id, what, Told(SOURCE, card.language), now())
    return redirect(url_for("public.data", key=key, done="deleted"), 303)


def _owned(session: Session) -> Card:
    """The card, whose language the page speaks."""
    card = session.get_one(Card, g.card_id)
    g.language = card.language
    return card


def _page(session: Session, card: Card, typed: Mapping[str, str] | None = None, wrong: Mapping[str, str] = {}) -> str:
    known = customers.known(session, house().keys, card.customer_id)
    merchant = session.get_one(Merchant, g.merchant_id)
    texts = typed if typed is not None else told.written(known.profile, card.language)
    done = request.args.get("done")
    return render_template(
        "public/data.html",
        merchant=merchant,
        brand_css_url=brand_css(session, card),
        told=told.fields(texts, wrong, known, merchant.zone),
        done=said("Saved.") if done == "saved" else said("Deleted.") if done == "deleted" else None,
        card_url=url_for("public.card", key=card.web_key),
        forget_url=url_for("public.forget_data", key=card.web_key),
    )
