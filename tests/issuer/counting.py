"""A merchant's counter for tests: every deed in a transaction of its own, as the till's requests are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from issuer import counter, schema
from issuer.branding import Branding, load_branding
from issuer.brands import create_brand
from issuer.cards import CardView, locked_card, view
from issuer.counter import Redemption, Visit
from issuer.customers import Profile
from issuer.database import make_engine, transaction
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.ledger import Actor, Booked, available
from issuer.merchants import NewMerchant, create_location, create_merchant, create_stamp_program
from issuer.programs import program_view
from issuer.refusals import Refusal
from issuer.rules.movement import reward_unit
from issuer.schema import Brand, Card, Entry, Hold, Pass, Posting, Program, ProgramVersion, Publication

Line = tuple[str, int, str]


@dataclass(frozen=True)
class Shop:
    """Ids of a merchant with one shop and one program. ``staff_id`` is nobody's: a name on what was booked."""

    merchant_id: UUID
    location_id: UUID
    program_id: UUID
    reward_id: UUID
    staff_id: UUID
    slug: str


@dataclass(frozen=True)
class Till:
    """Acts on the café's cards at one instant; `later` is the same till at a later one."""

    engine: Engine
    keys: Keys
    shop: Shop
    now: datetime
    till_id: UUID | None = None

    @property
    def parts(self) -> tuple[Keys, Shop, datetime]:
        """What `of` needs in another process, where the engine cannot go."""
        return self.keys, self.shop, self.now

    @classmethod
    def of(cls, url: str, *parts: Any) -> "Till":
        return cls(make_engine(url, pool_size=1), *parts)

    def later(self, seconds: float) -> "Till":
        return replace(self, now=self.now + timedelta(seconds=seconds))

    def at_a_till(self) -> "Till":
        """Acting from a device of its own from now on."""
        device = schema.Till(
            id=uuid4(),
            merchant_id=self.shop.merchant_id,
            location_id=self.shop.location_id,
            name="1",
            token_hash=token_bytes(32),
            enrolled_at=self.now,
            last_seen_at=self.now,
        )
        with self.work() as session:
            session.add(device)
        return replace(self, till_id=device.id)

    @contextmanager
    def work(self) -> Iterator[Session]:
        with transaction(self.engine, self.shop.merchant_id) as session:
            yield session

    def join(self, profile: Profile | None = None, reference: str | None = None) -> UUID:
        joining = Joining("de", "api", profile or Profile(), reference)
        with self.work() as session:
            return join(session, self.keys, session.get_one(Program, self.shop.program_id), joining, self.now).id

    def visit(self, **circumstances: Any) -> Visit:
        actor = Actor("staff", self.shop.staff_id, till_id=self.till_id, location_id=self.shop.location_id)
        return Visit(actor, self.now, **circumstances)

    def stamp(self, card_id: UUID, count: int = 1, *, pause: bool = True, **circumstances: Any) -> Booked | Refusal:
        with self.work() as session:
            return counter.stamp(session, locked(session, card_id), count, self.visit(**circumstances), pause=pause)

    def stamped(self, card_id: UUID, count: int = 1, **circumstances: Any) -> Booked:
        return booked(self.stamp(card_id, count, **circumstances))

    def hold(self, card_id: UUID, reward_id: UUID | None = None) -> Redemption | Refusal:
        with self.work() as session:
            return counter.hold(session, locked(session, card_id), reward_id or self.shop.reward_id, self.visit())

    def held(self, card_id: UUID) -> UUID:
        outcome = self.hold(card_id)
        assert isinstance(outcome, Redemption), outcome
        return outcome.hold.id

    def confirm(self, hold_id: UUID) -> Redemption | Refusal:
        with self.work() as session:
            card, row = locked_hold(session, hold_id)
            return counter.confirm(session, card, row, self.visit())

    def cancel(self, hold_id: UUID) -> Redemption | Refusal:
        with self.work() as session:
            card, row = locked_hold(session, hold_id)
            return counter.cancel(session, card, row, self.visit())

    def redeem(self, card_id: UUID, reward_id: UUID | None = None) -> Booked | Refusal:
        with self.work() as session:
            card = locked(session, card_id)
            outcome = counter.redeem(session, card, reward_id or self.shop.reward_id, self.visit())
            if isinstance(outcome, Refusal):
                return outcome
            assert outcome.booked is not None
            return outcome.booked

    def reverse(self, posting_id: UUID, within: timedelta | None = None) -> Booked | Refusal:
        with self.work() as session:
            posting = session.get_one(Posting, posting_id)
            card = locked(session, posting.card_id)
            return counter.reverse(session, card, posting, self.visit(), within=within)

    def view(self, card_id: UUID) -> CardView:
        with self.work() as session:
            return view(session, session.get_one(Card, card_id))

    def balances(self, card_id: UUID) -> tuple[int, int]:
        """Stamps and rewards."""
        shown = self.view(card_id)
        return shown.balances["stamps"], shown.balances.get(reward_unit(self.shop.reward_id), 0)

    def available(self, card_id: UUID) -> int:
        """Rewards that nobody has set aside."""
        with self.work() as session:
            unit = reward_unit(self.shop.reward_id)
            return available(session, session.get_one(Card, card_id), unit, self.now)

    def lines(self, card_id: UUID) -> list[Line]:
        """The card's entries, oldest first."""
        with self.work() as session:
            rows = session.scalars(select(Entry).where(Entry.card_id == card_id).order_by(Entry.number)).all()
        return [line(row) for row in rows]

    def publication(self, card_id: UUID) -> Publication:
        with self.work() as session:
            query = select(Publication).join(Pass, Pass.id == Publication.pass_id).where(Pass.card_id == card_id)
            return session.scalars(query).one()

    def pause(self, seconds: int) -> None:
        with self.work() as session:
            session.execute(update(Program).values(pause_seconds=seconds))

    def set_state(self, card_id: UUID, state: str) -> None:
        with self.work() as session:
            session.execute(update(Card).where(Card.id == card_id).values(state=state))

    def open_program(self) -> UUID:
        """A second program of the merchant."""
        with self.work() as session:
            brand = session.scalars(select(Brand)).one()
            return create_stamp_program(session, brand, _branding(), uuid4().hex, self.now).id

    def change_rule(self, stamps_needed: int) -> None:
        """Give the program a further version."""
        with self.work() as session:
            program = session.get_one(Program, self.shop.program_id)
            last = session.get_one(ProgramVersion, (program.id, program.current_version))
            program.current_version += 1
            rule = dict(last.rule, stamps_needed=stamps_needed)
            session.add(
                ProgramVersion(
                    program_id=program.id,
                    number=program.current_version,
                    merchant_id=program.merchant_id,
                    names=last.names,
                    rule=rule,
                    created_at=self.now,
                )
            )


@cache
def _branding() -> Branding:
    return load_branding("cafe")


def found(engine: Engine, keys: Keys, now: datetime, stamps_needed: int = 10) -> Till:
    """A merchant with a shop and a program, without people: hashing their passwords is what takes time."""
    slug = uuid4().hex
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant(f"Café {slug[:6]}"), now)
        location = create_location(session, merchant, "Lindenstraße", now)
        brand = create_brand(session, merchant, _branding(), now)
        program = create_stamp_program(session, brand, _branding(), slug, now, stamps_needed)
        view = program_view(session, program.id)
        assert view is not None
        shop = Shop(merchant.id, location.id, program.id, view.rewards[0].id, uuid4(), slug)
    return Till(engine, keys, shop, now)


def locked(session: Session, card_id: UUID) -> Card:
    card = locked_card(session, card_id)
    assert card is not None
    return card


def locked_hold(session: Session, hold_id: UUID) -> tuple[Card, Hold]:
    row = session.get_one(Hold, hold_id)
    card = locked(session, row.card_id)
    session.refresh(row)
    return card, row


def booked(outcome: Booked | Refusal) -> Booked:
    assert isinstance(outcome, Booked), outcome
    return outcome


def refused(outcome: object) -> str:
    """The code of a refusal; anything else fails the test."""
    assert isinstance(outcome, Refusal), outcome
    return outcome.code


def line(entry: Entry) -> Line:
    """An entry as the contract writes it, the reward's id left out."""
    return entry.unit.partition(":")[0], entry.amount, entry.cause


def lines(outcome: Booked | Refusal) -> list[Line]:
    return [line(entry) for entry in booked(outcome).entries]
