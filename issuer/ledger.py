"""Double entry, append-only. The caller holds the card's lock; nothing here commits."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.refusals import Refusal
from issuer.rules.movement import Movement
from issuer.schema import Account, Card, Entry, Hold, Posting, Program


@dataclass(frozen=True)
class Actor:
    """Who did it, and where: ``kind`` is staff, api, user, import or system."""

    kind: str
    id: UUID | None = None
    till_id: UUID | None = None
    location_id: UUID | None = None


@dataclass(frozen=True)
class Deed:
    """What a posting says of itself beside its lines."""

    cause: str
    actor: Actor
    occurred_at: datetime
    recorded_at: datetime
    location_id: UUID | None = None
    purchase_id: UUID | None = None
    reverses_id: UUID | None = None


@dataclass(frozen=True)
class Booked:
    """A posting and the card's side of its entries, in order."""

    posting: Posting
    entries: tuple[Entry, ...]


class Overdrawn(Exception):
    """A card's balance would fall below zero: refuse what was asked."""


def open_accounts(
    session: Session, program: Program | Card, wanted: Iterable[tuple[str, str]], *, card_id: UUID | None = None
) -> None:
    """Open accounts by (unit, role) that are not there yet.

    A program's are opened with it: a stamp that opened them would hold up every other card's first stamp.

    :param program: the program, or a card of it
    :param card_id: whose the accounts of role ``card`` are
    """
    program_id = program.program_id if isinstance(program, Card) else program.id
    rows = [
        {
            "id": uuid4(),
            "merchant_id": program.merchant_id,
            "program_id": program_id,
            "card_id": card_id if role == "card" else None,
            "unit": unit,
            "role": role,
            "balance": 0 if role == "card" else None,
        }
        for unit, role in wanted
    ]
    session.execute(insert(Account).values(rows).on_conflict_do_nothing())


def balances(session: Session, card: Card) -> dict[str, int]:
    """The card's stored balances by unit; units never touched are missing."""
    rows = session.execute(select(Account.unit, Account.balance).where(Account.card_id == card.id))
    return {unit: balance or 0 for unit, balance in rows}


def available(session: Session, card: Card, unit: str, now: datetime) -> int:
    """Balance less what open holds have set aside. Expiry is judged here, no job need have run."""
    held = select(func.coalesce(func.sum(Hold.amount), 0)).where(
        Hold.account_id == Account.id, Hold.state == "held", Hold.expires_at > now
    )
    found = session.scalar(
        select(Account.balance - held.scalar_subquery()).where(Account.card_id == card.id, Account.unit == unit)
    )
    return int(found or 0)


def post(session: Session, card: Card, movements: Iterable[Movement], deed: Deed) -> Booked:
    """Book movements between a locked card and its program as one posting.

    The posting bears the version that `publishing.publish` is about to give the card.

    :raises Overdrawn: a unit of the card would fall below zero
    """
    lines = tuple(movements)
    accounts = _accounts(session, card, lines)
    posting = Posting(
        id=uuid4(),
        merchant_id=card.merchant_id,
        card_id=card.id,
        version=card.version + 1,
        program_version=card.program_version,
        cause=deed.cause,
        actor=deed.actor.kind,
        actor_id=deed.actor.id,
        till_id=deed.actor.till_id,
        location_id=deed.location_id or deed.actor.location_id,
        purchase_id=deed.purchase_id,
        reverses_id=deed.reverses_id,
        occurred_at=deed.occurred_at,
        recorded_at=deed.recorded_at,
    )
    session.add(posting)
    session.flush()
    _change_balances(session, accounts, lines)
    entries = [entry for line in lines for entry in _both_sides(posting, accounts, line)]
    session.add_all(entries)
    session.flush()
    return Booked(posting, tuple(entry for entry in entries if entry.card_id is not None))


def reversal_of(session: Session, posting: Posting) -> tuple[Movement, ...]:
    """The movements that undo a posting with all its lines."""
    return tuple(
        Movement(entry.unit, -entry.amount, counterpart, "reversal")
        for entry, counterpart in _card_lines(session, posting)
    )


def posting_of(session: Session, entry_id: UUID | None) -> Posting | None:
    """The posting that an entry of the merchant belongs to."""
    return session.scalar(select(Posting).join(Entry, Entry.posting_id == Posting.id).where(Entry.id == entry_id))


def completed_round(session: Session, posting: Posting) -> bool:
    """Whether a posting ended a round, and with it the promise that the round was under."""
    ended = select(Entry.id).where(Entry.posting_id == posting.id, Entry.cause == "round").limit(1)
    return session.scalar(ended) is not None


def refuse_reversal(session: Session, posting: Posting) -> Refusal | None:
    """A posting is reversed once, and a reversal never."""
    done = session.scalar(select(Posting.id).where(Posting.reverses_id == posting.id))
    return Refusal("already_reversed") if done or posting.reverses_id else None


def _card_lines(session: Session, posting: Posting) -> list[tuple[Entry, str]]:
    """The card's entries of a posting, each with the role of the account on its other side."""
    entries = session.scalars(select(Entry).where(Entry.posting_id == posting.id).order_by(Entry.number)).all()
    roles = dict(
        session.execute(
            select(Account.id, Account.role).where(Account.id.in_({entry.account_id for entry in entries}))
        ).all()
    )
    pairs = zip(entries[::2], entries[1::2], strict=True)
    return [(ours, roles[theirs.account_id]) for ours, theirs in pairs]


def _accounts(session: Session, card: Card, lines: tuple[Movement, ...]) -> Mapping[tuple[str, str], UUID]:
    """Accounts by (unit, role), opened when this is their first movement."""
    wanted = {(line.unit, "card") for line in lines} | {(line.unit, line.counterpart) for line in lines}
    found = _found_accounts(session, card, {unit for unit, _ in wanted})
    missing = sorted(wanted - found.keys())
    if not missing:
        return found
    open_accounts(session, card, missing, card_id=card.id)
    return _found_accounts(session, card, {unit for unit, _ in wanted})


def _found_accounts(session: Session, card: Card, units: set[str]) -> dict[tuple[str, str], UUID]:
    rows = session.execute(
        select(Account.unit, Account.role, Account.id).where(
            Account.unit.in_(units),
            or_(
                Account.card_id == card.id,
                (Account.program_id == card.program_id) & Account.card_id.is_(None),
            ),
        )
    )
    return {(unit, role): account_id for unit, role, account_id in rows}


def _change_balances(session: Session, accounts: Mapping[tuple[str, str], UUID], lines: tuple[Movement, ...]) -> None:
    net = Counter[str]()
    for line in lines:
        net[line.unit] += line.amount
    for unit, amount in net.items():
        changed = session.execute(
            update(Account)
            .where(Account.id == accounts[unit, "card"], Account.balance + amount >= 0)
            .values(balance=Account.balance + amount)
            .execution_options(synchronize_session=False)
            .returning(Account.id)
        ).first()
        if changed is None:
            raise Overdrawn(unit)


def _both_sides(posting: Posting, accounts: Mapping[tuple[str, str], UUID], line: Movement) -> tuple[Entry, Entry]:
    """The card's entry first, then its counterpart: `_card_lines` relies on the order."""

    def entry(role: str, amount: int, card_id: UUID | None) -> Entry:
        return Entry(
            id=uuid4(),
            merchant_id=posting.merchant_id,
            posting_id=posting.id,
            account_id=accounts[line.unit, role],
            card_id=card_id,
            unit=line.unit,
            amount=amount,
            cause=line.cause,
        )

    return entry("card", line.amount, posting.card_id), entry(line.counterpart, -line.amount, None)
