"""Offers that run, and what the worker does with them, for tests."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from issuer import agenda, offering, sweeps
from issuer.agenda import Looked
from issuer.database import transaction
from issuer.keys import Keys
from issuer.offering import Through
from issuer.offers.offer import Offer
from issuer.schema import Agenda, Card, Customer, Showing, Voucher
from issuer.schema import Offer as Row
from tests.issuer.counting import Till

TEXTS = {
    "de": {"card": "Kaffee und Croissant 3,90", "message": "Neu: %@"},
    "en": {"card": "Coffee and croissant 3.90", "message": "New: %@"},
}
EVENING = {"kind": "time", "hours": {"start": "18:00", "end": "20:00"}}
VOUCHER = {"kind": "voucher", "names": {"de": "Kuchen", "en": "Cake"}, "worth": {"cents": 300}}


def an_offer(**parts: Any) -> Offer:
    """An offer as stored; unless told otherwise it lies on every card, always.

    ``trigger`` may be the kind alone.
    """
    trigger = parts.pop("trigger", "time")
    trigger = {"kind": trigger} if isinstance(trigger, str) else trigger
    return Offer.model_validate({"name": "Morning", "trigger": trigger, "content": TEXTS} | parts)


def promote(engine: Engine, merchant_id: UUID, now: datetime, offer: Offer | None = None, **parts: Any) -> UUID:
    """Let an offer go live; its id. ``parts``: as in `an_offer`. Cards are noted for the worker: see `look_at_all`."""
    author = Through(merchant_id, now)
    with transaction(engine, merchant_id) as session:
        row = offering.create(session, merchant_id, offer or an_offer(**parts), now)
        assert isinstance(row, Row), row
        live = offering.publish_offer(session, row.id, author)
        assert isinstance(live, Row), live
        return live.id


def rewrite(engine: Engine, merchant_id: UUID, offer_id: UUID, offer: Offer, now: datetime) -> None:
    """A further version of a live offer."""
    with transaction(engine, merchant_id) as session:
        changed = offering.change(session, offer_id, offer, Through(merchant_id, now))
        assert isinstance(changed, Row), changed


def sweep(engine: Engine, now: datetime) -> None:
    """Note all cards that offers which began, changed or ended have to be looked at for."""
    for _ in range(1000):
        with transaction(engine) as session:
            if not sweeps.advance(session, now):
                return


def look(engine: Engine, keys: Keys, merchant_id: UUID, now: datetime, most: int = 200, **more: Any) -> Looked:
    """One batch of the worker."""
    with transaction(engine) as session:
        return agenda.look(session, keys, merchant_id, now, most, **more)


def look_at_all(engine: Engine, keys: Keys, merchant_id: UUID, now: datetime) -> Looked:
    """All that the worker would do at this moment, without any pace; what it came to."""
    sweep(engine, now)
    total = Looked()
    while (found := look(engine, keys, merchant_id, now)).cards:
        total += found
    return total


def showings_of(session: Session, card_id: UUID) -> list[Showing]:
    """What was decided of a card, oldest first; the transaction's merchant is set."""
    return list(session.scalars(select(Showing).where(Showing.card_id == card_id).order_by(Showing.opens_at)))


def due_at(session: Session, card_id: UUID) -> datetime | None:
    """When the card is next to be looked at."""
    return session.scalar(select(Agenda.due_at).where(Agenda.card_id == card_id))


def unnoted(engine: Engine, merchant_id: UUID) -> None:
    """Nothing of the merchant is due any more."""
    with transaction(engine) as session:
        session.execute(text("DELETE FROM agenda WHERE merchant_id = :merchant"), {"merchant": merchant_id})


@dataclass
class Stage:
    """A merchant's till with the worker beside it. ``now``: the moment at which things happen; tests move it."""

    till: Till
    now: datetime

    @property
    def merchant_id(self) -> UUID:
        return self.till.shop.merchant_id

    def at(self) -> Till:
        """The till at this moment."""
        return replace(self.till, now=self.now)

    def live(self, **parts: Any) -> UUID:
        """A live offer: see `an_offer`. Nothing was looked at yet."""
        return promote(self.till.engine, self.merchant_id, self.now, **parts)

    def rewrite(self, offer_id: UUID, **parts: Any) -> None:
        rewrite(self.till.engine, self.merchant_id, offer_id, an_offer(**parts), self.now)

    def become(self, offer_id: UUID, verb: str) -> None:
        """Pause, resume or end it."""
        with self.till.work() as session:
            row = getattr(offering, verb)(session, offer_id, Through(self.merchant_id, self.now))
            assert isinstance(row, Row), row

    def look(self, now: datetime | None = None) -> Looked:
        """All that the worker does at this moment, or from now on at that one."""
        self.now = now or self.now
        return look_at_all(self.till.engine, self.till.keys, self.merchant_id, self.now)

    def row(self, offer_id: UUID) -> Row:
        with self.till.work() as session:
            return session.get_one(Row, offer_id)

    def shown(self, card_id: UUID) -> list[UUID]:
        """Offers that the card shows, as customers see it."""
        return [one.offer_id for one in self.till.view(card_id).offers]

    def rows(self, card_id: UUID) -> list[Showing]:
        """What was decided of a card."""
        with self.till.work() as session:
            return showings_of(session, card_id)

    def said(self, card_id: UUID) -> list[tuple[str, str | None]]:
        """The state of each, with why it is over or held back."""
        return [(row.state, row.ended or row.reason) for row in self.rows(card_id)]

    def due_at(self, card_id: UUID) -> datetime | None:
        with self.till.work() as session:
            return due_at(session, card_id)

    def version(self, card_id: UUID) -> int:
        return self.till.view(card_id).version

    def plan(self, card_id: UUID, at: datetime | None = None) -> None:
        """The card is due then, or now: as after a task that was replayed, or another scheduler's."""
        with self.till.work() as session:
            agenda.plan(session, card_id, self.merchant_id, at or self.now)

    def wish(self, card_id: UUID, wanted: str) -> None:
        """What the card's customer wants to be told: all, fewer or none."""
        with self.till.work() as session:
            mine = select(Card.customer_id).where(Card.id == card_id).scalar_subquery()
            session.execute(update(Customer).where(Customer.id == mine).values(wish=wanted))

    def running(self, cards: int = 1) -> list[UUID]:
        """Cards of a merchant with an offer for the evening that was looked for, and is not due."""
        made = [self.till.join() for _ in range(cards)]
        self.live(trigger=EVENING)
        self.look()
        return made

    def one_look(self, at: datetime | None = None, **more: Any) -> Looked:
        """One batch of the worker, now or then."""
        return look(self.till.engine, self.till.keys, self.merchant_id, at or self.now, 200, **more)

    def vouchers(self, card_id: UUID) -> list[Voucher]:
        """Of a card, the oldest first."""
        with self.till.work() as session:
            return list(session.scalars(select(Voucher).where(Voucher.card_id == card_id).order_by(Voucher.created_at)))
