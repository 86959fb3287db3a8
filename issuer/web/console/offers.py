"""A merchant's offers: what there is, how a new one is made, how one is changed, published, paused and ended."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import offer_preview, offering
from issuer.database import transaction
from issuer.editing import Objection
from issuer.offer_names import named_of
from issuer.offering import OfferView
from issuer.offers.advice import advice
from issuer.offers.offer import Offer
from issuer.offers.sayings import EXPLAINED, KINDS
from issuer.refusals import N_
from issuer.web.console import offer_words
from issuer.web.console.frame import author, blueprint, path_id
from issuer.web.console.offer_asked import founded, keepers, own_offer
from issuer.web.console.offer_fields import TRIGGER_FIELDS
from issuer.web.console.offer_forms import Typed, filled, read
from issuer.web.console.offer_ideas import IDEAS, begun, idea
from issuer.web.console.offer_layout import LANGUAGE_NAMES, Layout
from issuer.web.console.offer_pages import birthdays, review
from issuer.web.console.offer_sample import cut_fronts
from issuer.web.context import house, now, page_language
from issuer.web.wording import said, spoken


@blueprint.get("/offers")
@keepers
def offers() -> str:
    with transaction(house().engine, g.merchant_id) as session:
        around, named = founded(session), named_of(session)
        rows = [offer_words.row(view, named, around["merchant"]) for view in offering.listed(session)]
    return render_template("console/offers/list.html", offers=rows, rules_url=url_for("console.offer_rules"), **around)


@blueprint.get("/offers/new")
@keepers
def new_offer() -> Response:
    """First the idea or what sets it off, then the form of that with what is usual."""
    wanted, kind = request.args.get("idea"), request.args.get("kind")
    with transaction(house().engine, g.merchant_id) as session:
        around = founded(session)
        if wanted in IDEAS:
            started = idea(str(wanted), page_language())
            return _form(session, read(filled(started, page_language()), started.trigger.kind), around)
        if kind in TRIGGER_FIELDS:
            return _form(session, Typed(begun(str(kind), page_language()), str(kind)), around)
        named, merchant = named_of(session), around["merchant"]
        ideas = [
            {
                "key": key,
                "title": said(title),
                "sentence": offer_words.sentence_said(idea(key, page_language()), named, merchant),
            }
            for key, title in IDEAS.items()
        ]
    kinds = [{"kind": key, "title": said(title), "hint": said(EXPLAINED[key])} for key, title in KINDS.items()]
    return make_response(render_template("console/offers/ideas.html", ideas=ideas, kinds=kinds, **around))


@blueprint.post("/offers/new")
@keepers
def found_offer() -> Response:
    kind = request.form.get("kind", "")
    if kind not in TRIGGER_FIELDS:
        return redirect(url_for("console.new_offer"), 303)
    with transaction(house().engine, g.merchant_id) as session:
        around, typed = founded(session), read(request.form, kind)
        if request.form.get("do") != "save" or typed.offer is None:
            return _form(session, typed, around, status=_status(typed))
        made = offering.create(session, g.merchant_id, typed.offer, now())
        if isinstance(made, Objection):
            return _objected(session, typed, around, made)
    return redirect(url_for("console.review_offer", offer_id=made.id), 303)


@blueprint.get("/offers/<offer_id>/change")
@keepers
def change_offer(offer_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        around, view = founded(session), own_offer(session, offer_id)
        form = filled(view.newest, page_language())
        return _form(session, read(form, view.newest.trigger.kind, view.newest), around, view)


@blueprint.post("/offers/<offer_id>/change")
@keepers
def save_offer(offer_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        around, view = founded(session), own_offer(session, offer_id)
        typed = read(request.form, view.newest.trigger.kind, view.newest)
        if request.form.get("do") != "save" or typed.offer is None:
            return _form(session, typed, around, view, status=_status(typed))
        revision = request.form.get("revision", -1, type=int)
        kept = offering.save(session, view.row.id, typed.offer, revision, author())
        if isinstance(kept, Objection):
            return _objected(session, typed, around, kept, view)
    return redirect(url_for("console.review_offer", offer_id=view.row.id), 303)


@blueprint.post("/offers/<offer_id>/publish")
@keepers
def publish_offer(offer_id: str) -> Response:
    revision = request.form.get("revision", -1, type=int)
    with transaction(house().engine, g.merchant_id) as session:
        done = offering.publish_offer(session, path_id(offer_id), author(), revision)
    if isinstance(done, Objection):
        return review(offer_id, done)
    flash(said(N_("It runs. Cards that are meant show it from now on, each at its moment.")))
    return redirect(url_for("console.offer", offer_id=offer_id), 303)


@blueprint.post("/offers/<offer_id>/pause")
@keepers
def pause_offer(offer_id: str) -> Response:
    return _do(
        offer_id, offering.pause, N_("Paused: it is taken off the cards that show it, with its unused vouchers.")
    )


@blueprint.post("/offers/<offer_id>/resume")
@keepers
def resume_offer(offer_id: str) -> Response:
    return _do(offer_id, offering.resume, N_("It runs again."))


@blueprint.post("/offers/<offer_id>/end")
@keepers
def end_offer(offer_id: str) -> Response:
    return _do(
        offer_id,
        offering.end,
        N_("Ended: it is taken off all cards, with its unused vouchers. What it brought stays below."),
    )


@blueprint.post("/offers/<offer_id>/discard")
@keepers
def discard_offer(offer_id: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        objection = offering.discard(session, path_id(offer_id), author())
    if objection is None:
        flash(said(N_("The draft is gone.")))
    else:
        flash(objection.sentence(spoken()))
    return redirect(url_for("console.offers"), 303)


def _status(typed: Typed) -> int:
    return 422 if request.form.get("do") == "save" and typed.wrong else 200


def _do(offer_id: str, deed: Callable[[Session, UUID, Any], Any], done: str) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        outcome = deed(session, path_id(offer_id), author())
    flash(outcome.sentence(spoken()) if isinstance(outcome, Objection) else said(done))
    return redirect(url_for("console.offer", offer_id=offer_id), 303)


def _objected(
    session: Session, typed: Typed, around: dict[str, Any], objection: Objection, view: OfferView | None = None
) -> Response:
    """The form once more with what only the shop's own data could tell."""
    typed.wrong.append(objection)
    return _form(session, typed, around, view, status=422, banner=objection.sentence(spoken()))


def _form(
    session: Session,
    typed: Typed,
    around: dict[str, Any],
    view: OfferView | None = None,
    *,
    status: int = 200,
    banner: str | None = None,
) -> Response:
    named = named_of(session)
    layout = Layout(typed, offer_words.owned(named))
    page = render_template(
        "console/offers/form.html",
        offer=offer_words.row(view, named, around["merchant"]) if view else None,
        revision=request.form.get("revision") or (view.row.revision if view else None),
        kind=typed.kind,
        kind_said=said(KINDS[typed.kind]),
        explained=said(EXPLAINED[typed.kind]),
        sections=layout.sections(),
        summary=layout.summary() if status == 422 and banner is None else [],
        name={"value": typed.form.get("name", ""), "errors": layout.errors("name") if status == 422 else []},
        told=_told(session, typed.offer, named, around) if typed.offer else None,
        audience=_audience(session, typed.offer) if typed.offer else None,
        banner=banner,
        **around,
    )
    return make_response(page, status)


def _told(session: Session, offer: Offer, named: Any, around: dict[str, Any]) -> dict[str, Any]:
    merchant = around["merchant"]
    cuts = cut_fronts(session, merchant, offer, now())
    return {
        "sentences": offer_words.sentences(offer, named, merchant),
        "cuts": [(said(LANGUAGE_NAMES[language]), sentence) for language, sentence in cuts.items()],
        "advice": [said(one.message) % one.values for one in advice(offer, merchant.name)],
    }


def _audience(session: Session, offer: Offer) -> dict[str, str]:
    """How many cards are meant, counted while it is built."""
    count = offer_preview.audience_count(session, house().keys, offer.audience, g.merchant_id, now())
    told = (offer_words.audience_said(count), birthdays(session, offer, count))
    return {"said": ". ".join(filter(None, told))}
