"""What happens to a card elsewhere and books nothing: a check-in, or what another system tells. Offers may be due."""

from sqlalchemy.orm import Session

from issuer import agenda, events
from issuer.refusals import Refusal
from issuer.schema import Card
from issuer.visits import Visit, inactive


def check_in(session: Session, card: Card, visit: Visit) -> Refusal | None:
    """Somebody is at the shop of the visit."""
    location = str(visit.shop_id) if visit.shop_id else None
    return _note(session, card, visit, events.VISITED, location_id=location)


def tell(session: Session, card: Card, name: str, visit: Visit) -> Refusal | None:
    """Something happened. ``name``: see `issuer.offers.triggers.EventName`."""
    return _note(session, card, visit, events.HAPPENED, name=name)


def _note(session: Session, card: Card, visit: Visit, kind: str, **data: str | None) -> Refusal | None:
    if refusal := inactive(card):
        return refusal
    events.record(session, card.merchant_id, kind, visit.now, card.id, **data)
    agenda.plan_new(session, card, visit.now)
    return None
