"""How often customers are spoken to, and when not: the merchant's settings for all offers together."""

from collections.abc import Mapping
from typing import Any

from flask import flash, g, make_response, redirect, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response

from issuer import governing
from issuer.database import transaction
from issuer.editing import Objection
from issuer.objections import objections
from issuer.offers.governor import weekly_of
from issuer.offers.policy import Policy
from issuer.web.console.frame import Wrong, author, blueprint, frame, wrong
from issuer.web.context import house
from issuer.web.guards import console_role
from issuer.web.wording import said

keepers = console_role("owner", "manager")
FORM = "policy"


@blueprint.get("/offers/rules")
@keepers
def offer_rules() -> str:
    return _page()


@blueprint.post("/offers/rules")
@keepers
def save_offer_rules() -> Response:
    policy = _typed(request.form)
    if isinstance(policy, Objection):
        return make_response(_page(wrong(FORM, policy)), 422)
    with transaction(house().engine, g.merchant_id) as session:
        governing.save_policy(session, author(), policy)
    flash(said("Saved. It holds for every offer from now on."))
    return redirect(url_for("console.offer_rules"), 303)


def _typed(form: Mapping[str, str]) -> Policy | Objection:
    """The settings that a form holds, or what is wrong with the first that is."""
    texts = {name: form.get(name, "").strip() for name in Policy.model_fields}
    try:
        return Policy.model_validate({**texts, "sounds": bool(texts["sounds"])})
    except ValidationError as error:
        return objections(error)[0]


def _page(mistake: Wrong | None = None) -> str:
    with transaction(house().engine, g.merchant_id) as session:
        policy = governing.policy_of(session, g.merchant_id)
        around = frame(session)
    return render_template(
        "console/offers/rules.html", kept=_written(policy), fewer=weekly_of(policy, "fewer"), wrong=mistake, **around
    )


def _written(policy: Policy) -> dict[str, Any]:
    """As a browser's fields want it."""
    times = {"quiet_from": f"{policy.quiet_from:%H:%M}", "quiet_until": f"{policy.quiet_until:%H:%M}"}
    return {**policy.model_dump(), **times}
