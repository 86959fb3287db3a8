"""Phones as the web service sees them: register, ask what changed, fetch. One transaction a call."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.registrations import Changed, changed_since, note_download, note_fetch, register, unregister
from issuer.relaying import number_due
from issuer.schema import Card, Device, Pass, Registration
from tests.issuer.counting import Till

PASS_TYPE = "pass.example.treuepass.test"
FOLD = timedelta(seconds=3)


@dataclass
class Phone:
    """``holds``: the version it has; ``tag``: the one it was given last."""

    till: Till
    name: str = field(default_factory=lambda: uuid4().hex)
    tag: int | None = None
    holds: int | None = None

    def register(self, card_id: UUID, push_token: str = "aa" * 32) -> bool:
        with self.till.work() as session:
            return register(session, the_pass(session, card_id), self.name, push_token, self.till.now)

    def unregister(self, card_id: UUID) -> None:
        with self.till.work() as session:
            unregister(session, the_pass(session, card_id), self.name, self.till.now)

    def ask(self) -> Changed:
        with self.till.work() as session:
            changed = changed_since(session, PASS_TYPE, self.name, self.tag, self.till.now)
        self.tag = changed.tag
        return changed

    def fetch(self, card_id: UUID) -> None:
        with self.till.work() as session:
            version = session.get_one(Card, card_id).version
            note_fetch(session, the_pass(session, card_id), self.holds, version, self.till.now)
        self.holds = version

    def row(self, card_id: UUID) -> Registration:
        """What the server knows of this phone and this card."""
        with self.till.work() as session:
            query = (
                select(Registration)
                .join(Device, Device.id == Registration.device_id)
                .where(Device.library_id == self.name, Registration.pass_id == the_pass(session, card_id).id)
            )
            return session.scalars(query).one()


def the_pass(session: Session, card_id: UUID) -> Pass:
    """The card's pass, given a pass type of the tests: nothing here needs a certificate."""
    issue = session.scalars(select(Pass).where(Pass.card_id == card_id)).one()
    issue.pass_type = PASS_TYPE
    session.flush()
    return issue


def download(till: Till, card_id: UUID) -> None:
    """Safari fetches the pass of the card's page."""
    with till.work() as session:
        note_download(the_pass(session, card_id), session.get_one(Card, card_id).version, till.now)


def number(till: Till, now: datetime | None = None) -> int:
    """One look of the relay."""
    with till.work() as session:
        return number_due(session, now or till.now, FOLD)


def serial(till: Till, card_id: UUID) -> str:
    return till.view(card_id).serial
