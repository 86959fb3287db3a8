"""A merchant's counter for tests: every deed in a transaction of its own, as the till's requests are."""

import json
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

from issuer import counter, ledger, schema
from issuer.branding import Branding, load_branding
from issuer.brands import create_brand
from issuer.cards import CardView, locked_card, view
from issuer.counter import Redemption
from issuer.customers import Profile
from issuer.database import make_engine, transaction
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.ledger import Actor, Booked, available
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.program_changes import Plan, change_program, collecting, correct_program, create_stamp_program
from issuer.programs import program_view
from issuer.purchases import Bought, Order, buy
from issuer.refusals import Refusal
from issuer.rules import Rules
from issuer.rules.movement import is_internal, reward_unit
from issuer.schema import Brand, Card, Entry, Hold, Pass, Posting, Program, ProgramVersion, Publication, Reward
from issuer.visits import Visit

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
            reward = session.get_one(Reward, self.shop.reward_id)
            change_program(session, program, collecting(last.names, reward.names, stamps_needed, reward.id), self.now)

    def set_rules(self, *parts: dict[str, Any], names: dict[UUID, str] | None = None) -> None:
        """Give the program other rules, as its first version: nobody was promised anything yet.

        :param parts: as stored; "R" stands for the shop's reward
        :param names: further rewards
        """
        with self.work() as session:
            program = session.get_one(Program, self.shop.program_id)
            last = session.get_one(ProgramVersion, (program.id, program.current_version))
            rules = rules_of(*parts, reward_id=self.shop.reward_id)
            rewards = {key: {"de": name, "en": name} for key, name in (names or {}).items()}
            program.kind = rules.kind
            correct_program(session, program, Plan(last.names, rules, rewards), self.now)

    def change_rules(self, *parts: dict[str, Any], names: dict[UUID, str] | None = None) -> None:
        """Give the program a further version with other rules of the same kind."""
        with self.work() as session:
            program = session.get_one(Program, self.shop.program_id)
            last = session.get_one(ProgramVersion, (program.id, program.current_version))
            rewards = {key: {"de": name, "en": name} for key, name in (names or {}).items()}
            rules = rules_of(*parts, reward_id=self.shop.reward_id)
            change_program(session, program, Plan(last.names, rules, rewards), self.now)

    def buy(self, card_id: UUID, total: int, **more: Any) -> Bought | Refusal:
        """A purchase of so many cents. ``items``, ``credit`` and ``voucher`` are the order's, the rest the visit's."""
        order = {key: more.pop(key) for key in ("items", "credit", "voucher") if key in more}
        with self.work() as session:
            return buy(session, locked(session, card_id), Order(total, **order), self.visit(**more))

    def bought(self, card_id: UUID, total: int, **more: Any) -> Bought:
        outcome = self.buy(card_id, total, **more)
        assert isinstance(outcome, Bought), outcome
        return outcome

    def holds(self, card_id: UUID) -> dict[str, int]:
        """All that stands on a card, by unit; the rules' own reckoning and what is zero left out."""
        with self.work() as session:
            found = ledger.balances(session, session.get_one(Card, card_id))
        return {unit: amount for unit, amount in found.items() if amount and not is_internal(unit)}


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


def rules_of(*parts: dict[str, Any], reward_id: UUID) -> Rules:
    """Rules as stored, with "R" for a reward's id."""
    text = json.dumps({"parts": parts}).replace('"R"', f'"{reward_id}"')
    return Rules.read(json.loads(text))


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
