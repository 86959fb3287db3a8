"""What the owner of a card wants to be told: one page with three answers, from the card and from the pass."""

from flask import abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from issuer import wishing
from issuer.customers import Told
from issuer.database import transaction
from issuer.refusals import N_
from issuer.schema import Card, Customer, Merchant
from issuer.web.context import house, now
from issuer.web.guards import card_key
from issuer.web.public.card import brand_css
from issuer.web.public.front import blueprint
from issuer.web.wording import said
from issuer.wishing import WISHES

SOURCE = "card"
NAMES = {"all": N_("All offers"), "fewer": N_("Fewer offers"), "none": N_("No offers")}


@blueprint.get("/card/<key>/wishes")
@card_key
def wishes(key: str) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        card = session.get_one(Card, g.card_id)
        g.language = card.language
        return render_template(
            "public/wishes.html",
            merchant=session.get_one(Merchant, g.merchant_id),
            brand_css_url=brand_css(session, card),
            wishes=[{"key": one, "name": said(NAMES[one]), "sentence": said(WISHES[one])} for one in WISHES],
            chosen=session.get_one(Customer, card.customer_id).wish,
            done=request.args.get("done") == "saved",
            card_url=url_for("public.card", key=key),
        )


@blueprint.post("/card/<key>/wishes")
@card_key
def choose_wish(key: str) -> Response:
    wish = request.form.get("wish", "")
    if wish not in WISHES:
        abort(400)
    with transaction(house().engine, g.merchant_id) as session:
        card = session.get_one(Card, g.card_id)
        wishing.choose(session, card.id, wish, Told(SOURCE, card.language), now())
    return redirect(url_for("public.wishes", key=key, done="saved"), 303)
