"""What staff gave for goodwill, and why: for the owner to see."""

from datetime import timedelta
from typing import Any

from flask import g, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.amounts import amount_said
from issuer.cards import CardView, views
from issuer.database import transaction
from issuer.gifts import Given, goodwill_given
from issuer.schema import Card
from issuer.web.console.frame import blueprint, frame
from issuer.web.context import house, now
from issuer.web.guards import console_role
from issuer.web.wording import ACTORS, said, spoken, when

LOOKED_BACK = timedelta(days=90)
SHOWN = 200


@blueprint.get("/goodwill")
@console_role("owner", "manager")
def goodwill() -> str:
    with transaction(house().engine, g.merchant_id) as session:
        given = goodwill_given(session, None, now() - LOOKED_BACK, SHOWN)
        around = frame(session)
        rows = _rows(session, given, around["merchant"].zone)
    return render_template("console/goodwill.html", rows=rows, most=SHOWN, days=LOOKED_BACK.days, **around)


def _said(unit: str, amount: int, card: CardView) -> str:
    return amount_said(unit, amount, card.rules, card.words(spoken()))


def _rows(session: Session, given: list[Given], zone: str) -> list[dict[str, Any]]:
    cards = session.scalars(select(Card).where(Card.id.in_({one.card_id for one in given}))).all()
    shown = {card.id: card for card in views(session, cards)}
    return [
        {
            "what": ", ".join(_said(unit, amount, shown[one.card_id]) for unit, amount in one.lines),
            "reason": one.reason,
            "who": one.who or said(ACTORS.get(one.actor, one.actor)),
            "where": one.where,
            "when": when(one.at, zone),
            "short_code": shown[one.card_id].short_code,
            "url": url_for("console.card", card_id=one.card_id),
            "taken_back": one.taken_back,
        }
        for one in given
    ]
