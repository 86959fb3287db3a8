"""A café with cards on phones, as the worker meets them: rows in the database and Apple's push service beside it."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from issuer import counter, registrations, relaying
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.ledger import Actor, Booked
from issuer.programs import program_view
from issuer.schema import Device, Pass, Publication, Registration
from issuer.visits import Visit
from sandbox.apns import Apns, Push
from sandbox.authority import Authority
from tests.conftest import PASS_TYPE, Cafe
from worker.office import Office


def token_of(number: int) -> str:
    """A push token that APNs would take."""
    return f"{number:064x}"


class PushService:
    """The push service on a port of its own. ``on_push`` is called while a push is under way, before its answer."""

    def __init__(self, authority: Authority) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.on_push: Callable[[str], None] = lambda _token: None
        self.apns = Apns(authority, deliver=lambda token, _topic: self.on_push(token), now=lambda: datetime.now(UTC))
        self.apns.start(self._listening)

    def accepted(self) -> list[str]:
        """Tokens of the pushes that were answered with 200, in order."""
        return [push.token for push in self.pushes() if push.status == 200]

    def pushes(self) -> list[Push]:
        return self.apns.pushes()


@dataclass
class Scene:
    """Does what other processes do to the worker's rows, each call in a transaction of its own."""

    office: Office
    cafe: Cafe
    passes: dict[UUID, UUID] = field(default_factory=dict)

    def card(self, *phones: int) -> UUID:
        """A new card, its pass downloaded and registered on the phones with these numbers; at rest."""
        now = self.office.clock.now()
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            program = program_view(session, self.cafe.program_id)
            assert program is not None
            card = join(session, self.office.keys, program.program, Joining("de", "api"), now)
            issue = session.scalars(select(Pass).where(Pass.card_id == card.id)).one()
            registrations.note_download(issue, card.version, now)
        self.passes[card.id] = issue.id
        for phone in phones:
            self.register(card.id, phone)
        return card.id

    def register(self, card_id: UUID, phone: int) -> None:
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            issue = session.get_one(Pass, self.passes[card_id])
            registrations.register(session, issue, f"phone-{phone}", token_of(phone), self.office.clock.now())

    def stamp(self, card_id: UUID) -> None:
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            card = locked_card(session, card_id)
            assert card is not None
            booked = counter.stamp(session, card, 1, Visit(Actor("api"), self.office.clock.now()))
            assert isinstance(booked, Booked)

    def number(self) -> int:
        """What the relay does; without any folding."""
        with transaction(self.office.engine) as session:
            return relaying.number_due(session, self.office.clock.now() + timedelta(seconds=1), timedelta())

    def changed_card(self, *phones: int) -> UUID:
        """A card with a stamp that waits to be pushed."""
        card_id = self.card(*phones)
        self.stamp(card_id)
        self.number()
        self.due(card_id)
        return card_id

    def due(self, card_id: UUID) -> None:
        """Its waiting time, if any, is over."""
        with transaction(self.office.engine) as session:
            row = self._publication(session, card_id)
            row.push_at = row.push_at and self.office.clock.now()

    def claim(self, lease: timedelta, *, later: timedelta = timedelta()) -> list[relaying.Claim]:
        """What a worker takes that never comes back."""
        with transaction(self.office.engine) as session:
            return relaying.claim(session, PASS_TYPE, self.office.clock.now() + later, lease)

    def publication(self, card_id: UUID) -> Publication:
        with transaction(self.office.engine) as session:
            return self._publication(session, card_id)

    def pushed_versions(self, card_id: UUID) -> dict[str, int | None]:
        """By push token, the version that each registered phone was told of."""
        with transaction(self.office.engine) as session:
            query = (
                select(Device.push_token, Registration.pushed_version)
                .join(Registration, Registration.device_id == Device.id)
                .where(Registration.pass_id == self.passes[card_id])
            )
            return {token: version for token, version in session.execute(query)}  # noqa: C416 (rows are no pairs)

    def answers(self, card_id: UUID) -> list[str | None]:
        """What the push service last said of each registered phone."""
        with transaction(self.office.engine) as session:
            query = select(Registration.push_answer).where(Registration.pass_id == self.passes[card_id])
            return list(session.scalars(query))

    def _publication(self, session, card_id: UUID) -> Publication:  # type: ignore[no-untyped-def]
        return session.get_one(Publication, (self.passes[card_id], "apple"))


class Hands:
    """A clock moved by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def hands_of(office: Office, at: datetime) -> Hands:
    """The office's clock, stopped at this moment."""
    hands = Hands(at)
    office.__dict__["clock"] = hands
    return hands
