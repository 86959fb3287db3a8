"""Time that goes by at a shop in Berlin: the worker's looks at cards, by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import event, select, update

from issuer import expiring, standing
from issuer.schema import Card, Customer, Due, Pass, Publication
from tests.issuer.counting import Till, locked

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 1, 15, 11, tzinfo=UTC)
STAMPS = {"kind": "stamps", "stamps_needed": 10, "reward_id": "R"}
POINTS = {"kind": "points", "prices": [{"reward_id": "R", "price": 100}]}


def ends(what: str, **more: Any) -> dict[str, Any]:
    """After 12 months, said 30 days before, with 7 days of grace."""
    return {"kind": "expiry", "what": what, "months": 12, **more}


def local(text: str) -> datetime:
    """ "2026-03-29 00:00" on the shop's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def at(till: Till, text: str) -> Till:
    """The same till at another moment of the shop's clock."""
    return replace(till, now=local(text))


def look(till: Till, card_id: UUID) -> bool:
    """What the worker does on a card when its ends are due."""
    with till.work() as session:
        return expiring.look_after(session, locked(session, card_id), till.now)


def look_at_tier(till: Till, card_id: UUID) -> bool:
    with till.work() as session:
        return standing.look_after_tier(session, locked(session, card_id), till.now)


def planned(till: Till, card_id: UUID, what: str = "expiry") -> str | None:
    """When the worker looks next, on the shop's clock."""
    with till.work() as session:
        found = session.scalar(select(Due.due_at).where(Due.card_id == card_id, Due.what == what))
    return found and found.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M")


def told(till: Till, card_id: UUID) -> dict[str, dict[str, Any]]:
    """What the card says of ends, by key."""
    return {one.key: dict(one.values) for one in till.view(card_id).notices}


def tier(till: Till, card_id: UUID) -> tuple[str | None, str | None]:
    """The card's tier, and until when on the shop's clock."""
    with till.work() as session:
        card = session.get_one(Card, card_id)
    return card.tier, card.tier_until and card.tier_until.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M")


def at_rest(till: Till, card_id: UUID) -> None:
    """What changed so far has been pushed."""
    with till.work() as session:
        found = select(Pass.id).where(Pass.card_id == card_id)
        session.execute(update(Publication).where(Publication.pass_id.in_(found)).values(due_at=None, push_at=None))


def wish(till: Till, card_id: UUID, wanted: str) -> None:
    """What the owner of a card wants to hear."""
    with till.work() as session:
        session.get_one(Customer, session.get_one(Card, card_id).customer_id).wish = wanted


@contextmanager
def statements(till: Till) -> Iterator[list[str]]:
    """What is said to the database meanwhile."""
    said = list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    event.listen(till.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(till.engine, "before_cursor_execute", note)
