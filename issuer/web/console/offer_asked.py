"""What the pages of offers share: who may see them, and which offer is meant."""

from typing import Any

from flask import abort, redirect, url_for
from sqlalchemy.orm import Session

from issuer import offering
from issuer.editing import Gone
from issuer.offering import OfferView
from issuer.web.console.frame import frame, path_id
from issuer.web.guards import console_role

keepers = console_role("owner", "manager")


def own_offer(session: Session, offer_id: str) -> OfferView:
    """:raises Gone: the merchant has no such offer"""
    view = offering.offer_view(session, path_id(offer_id))
    if view is None:
        raise Gone
    return view


def founded(session: Session) -> dict[str, Any]:
    """What stands around the page. Nothing is offered by a shop that is not founded to the end."""
    around = frame(session)
    if around["merchant"].setup_step is not None:
        abort(redirect(url_for("console.first_run"), 303))
    return around
