"""Google Wallet as the worker sees it: ask, number, claim, settle. One transaction a call."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import google_relaying
from issuer.google_passes import CLASSES, LOYALTY, OBJECTS, Terms, class_of, object_of
from issuer.google_relaying import GoogleClaim, Outcome, wish
from issuer.publishing import GOOGLE
from issuer.relaying import number_due
from issuer.schema import Card, GoogleObject, Pass, Program, ProgramVersion, Publication
from issuer.voucher_passes import passes_of
from passes.google_limits import faults
from passes.google_parts import Body
from sandbox.google_schema import violations
from tests.issuer.counting import Till
from tests.issuer.phones import FOLD
from tests.passes.google_cards import unnulled

LEASE = timedelta(seconds=20)
TERMS = Terms("3388000000012345678", "https://karten.example")


@dataclass
class Android:
    """A worker beside one till. Times are the till's."""

    till: Till

    def later(self, seconds: float) -> "Android":
        return Android(self.till.later(seconds))

    def ask(self, card_id: UUID) -> bool:
        with self.till.work() as session:
            card = session.get_one(Card, card_id)
            return google_relaying.wish(session, live_pass(session, card_id), card, self.till.now)

    def number(self) -> int:
        with self.till.work() as session:
            return number_due(session, self.till.now, FOLD)

    def waits(self) -> bool:
        with self.till.work() as session:
            return google_relaying.waits(session, self.till.now)

    def claim(self, most: int = google_relaying.AT_ONCE) -> list[GoogleClaim]:
        with self.till.work() as session:
            return google_relaying.claim(session, self.till.now, LEASE, most)

    def settle(self, *claims: GoogleClaim, sent: bool = True, again_in: float | None = None, **more: object) -> None:
        again_at = None if again_in is None else self.till.later(again_in).now
        with self.till.work() as session:
            outcomes = [Outcome(one, sent, again_at, **more) for one in claims]  # type: ignore[arg-type]
            google_relaying.settle(session, outcomes, self.till.now)

    def push(self) -> list[GoogleClaim]:
        """What is due, as sent."""
        self.number()
        return self.push_claimed()

    def push_claimed(self) -> list[GoogleClaim]:
        claims = self.claim()
        self.settle(*claims)
        return claims

    def numbered(self) -> list[GoogleClaim]:
        """What is due, claimed."""
        self.number()
        return self.claim()

    def changed(self, card_id: UUID, seconds: float = 5) -> "Android":
        """The same later on, when the card was stamped and the relay has looked."""
        after = self.later(seconds)
        after.till.stamped(card_id)
        after.number()
        return after

    def saved(self) -> UUID:
        """A card that Google has."""
        card_id = self.till.join()
        self.ask(card_id)
        self.push()
        return card_id

    def publication(self, pass_id: UUID) -> Publication:
        with self.till.work() as session:
            return session.get_one(Publication, (pass_id, GOOGLE))

    def row(self, pass_id: UUID) -> GoogleObject:
        with self.till.work() as session:
            return session.get_one(GoogleObject, pass_id)

    def pass_id(self, card_id: UUID) -> UUID:
        with self.till.work() as session:
            return live_pass(session, card_id).id


def live_pass(session: Session, card_id: UUID) -> Pass:
    return session.scalars(select(Pass).where(Pass.card_id == card_id, Pass.revoked_at.is_(None))).one()


def made(till: Till, card_id: UUID, **options: Any) -> Body:
    """The object of a card that somebody asked for; it fits Google's schema and our own table."""
    with till.work() as session:
        issue, card = live_pass(session, card_id), session.get_one(Card, card_id)
        wish(session, issue, card, till.now)
        return sound(OBJECTS[LOYALTY], object_of(session, issue.id, TERMS, till.now, **options))


def class_made(till: Till, kind: str = LOYALTY, terms: Any = TERMS) -> Body:
    with till.work() as session:
        return sound(CLASSES[kind], class_of(session, till.shop.program_id, kind, terms))


def sound(kind: str, body: Body) -> Body:
    given = unnulled(body)
    assert violations(kind, given) == []
    assert faults(kind, given) == ()
    return body


def voucher_pass(till: Till, card_id: UUID) -> UUID:
    """The pass of the card's first voucher, asked for on Google."""
    with till.work() as session:
        card = session.get_one(Card, card_id)
        issue = passes_of(session, till.keys, card, till.now)[1]
        wish(session, issue, card, till.now)
        return issue.id


def rename(till: Till, name: str) -> None:
    with till.work() as session:
        program = session.get_one(Program, till.shop.program_id)
        version = session.get_one(ProgramVersion, (program.id, program.current_version))
        version.names = {"de": name, "en": name}
