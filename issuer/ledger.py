"""Double entry, append-only. The caller holds the card's lock; nothing here commits."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer.database import send
from issuer.refusals import Refusal
from issuer.rules.movement import Movement, owed_unit
from issuer.schema import Account, Card, Entry, Hold, Posting, Program, Refund

MERGED = "merged"
"""The role of the accounts that a merged card's balances go through, and what its postings are noted as."""

# All or nothing, in one round trip: accounts found, posting, balances, entries. The card's entry of a line comes before
# its counterpart's: `card_lines` relies on the order.
BOOK = """
    WITH line AS (
        SELECT * FROM ROWS FROM (
            jsonb_to_recordset(%(lines)s::jsonb) AS (unit text, amount bigint, counterpart text, cause text)
        ) WITH ORDINALITY AS line (unit, amount, counterpart, cause, place)
    ), side AS (
        SELECT line.*, ours.id AS ours, ours.balance, theirs.id AS theirs
        FROM line
        JOIN account AS ours ON ours.card_id = %(card_id)s AND ours.unit = line.unit
        JOIN account AS theirs ON theirs.program_id = %(program_id)s AND theirs.card_id IS NULL
            AND theirs.unit = line.unit AND theirs.role = line.counterpart
    ), net AS (
        SELECT ours AS id, sum(amount) AS amount, min(balance) AS balance FROM side GROUP BY ours
    ), sound AS (
        SELECT WHERE (SELECT count(*) FROM side) = %(count)s AND NOT EXISTS (SELECT FROM net WHERE balance + amount < 0)
    ), made AS (
        INSERT INTO posting (id, merchant_id, card_id, version, program_version, pins, cause, actor, actor_id, till_id,
            location_id, purchase_id, reverses_id, note, reward_id, occurred_at, recorded_at)
        SELECT %(id)s, %(merchant_id)s, %(card_id)s, %(version)s, %(program_version)s, %(pins)s, %(cause)s, %(actor)s,
            %(actor_id)s, %(till_id)s, %(location_id)s, %(purchase_id)s, %(reverses_id)s, %(note)s, %(reward_id)s,
            %(occurred_at)s, %(recorded_at)s
        FROM sound
        RETURNING id
    ), changed AS (
        UPDATE account SET balance = account.balance + net.amount FROM net, sound WHERE account.id = net.id
    ), booked AS (
        INSERT INTO entry (id, merchant_id, posting_id, account_id, card_id, unit, amount, cause)
        SELECT gen_random_uuid(), %(merchant_id)s, %(id)s, half.account, half.card, side.unit, half.amount, side.cause
        FROM sound, side, LATERAL (
            VALUES (1, side.ours, %(card_id)s, side.amount), (2, side.theirs, NULL, -side.amount)
        ) AS half (place, account, card, amount)
        ORDER BY side.place, half.place
        RETURNING number, id
    )
    SELECT booked.number, booked.id FROM made LEFT JOIN booked ON true ORDER BY booked.number
"""

FOR_GOOD = {MERGED: "merged_for_good", "voucher": "voucher_revoked"}
"""What adjustments that stay are noted as, and how it is said."""


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
    note: str | None = None
    reward_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A posting just booked: what the row `Posting` says."""

    id: UUID
    merchant_id: UUID
    card_id: UUID
    version: int
    program_version: int
    pins: Mapping[str, int] | None
    cause: str
    actor: str
    actor_id: UUID | None
    till_id: UUID | None
    location_id: UUID | None
    purchase_id: UUID | None
    reverses_id: UUID | None
    note: str | None
    reward_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class PostedLine:
    """The card's side of a movement just booked: what the row `Entry` says."""

    number: int
    id: UUID
    posting_id: UUID
    card_id: UUID
    unit: str
    amount: int
    cause: str


@dataclass(frozen=True)
class Booked:
    """A posting and the card's side of its entries, in order."""

    posting: Posted
    entries: tuple[PostedLine, ...]


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
    rows = send(session, "SELECT unit, balance FROM account WHERE card_id = %(card)s", {"card": card.id})
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


def spendable(session: Session, card: Card, unit: str, now: datetime) -> int:
    """What is available less what is owed: a refund may have met what was set aside, and was given up since."""
    there = available(session, card, unit, now)
    return max(0, there - available(session, card, owed_unit(unit), now)) if there > 0 else there


def free_balances(session: Session, card: Card, now: datetime) -> dict[str, int]:
    """Like `balances`, less what open holds have set aside."""
    free = balances(session, card)
    held = (
        select(Account.unit, func.sum(Hold.amount))
        .join(Hold, Hold.account_id == Account.id)
        .where(Account.card_id == card.id, Hold.state == "held", Hold.expires_at > now)
        .group_by(Account.unit)
    )
    for unit, amount in session.execute(held):
        free[unit] -= int(amount)
    return free


def post(session: Session, card: Card, movements: Iterable[Movement], deed: Deed) -> Booked:
    """Book movements between a locked card and its program as one posting.

    The posting bears the version that `publishing.publish` is about to give the card.

    :raises Overdrawn: a unit of the card would fall below zero
    """
    lines = tuple(movements)
    posted = _posted(card, deed)
    numbers = _booked(session, card, posted, lines)
    if not numbers:
        wanted = {(line.unit, role) for line in lines for role in ("card", line.counterpart)}
        open_accounts(session, card, sorted(wanted), card_id=card.id)
        numbers = _booked(session, card, posted, lines)
    if not numbers:
        raise Overdrawn(", ".join(dict.fromkeys(line.unit for line in lines)))
    ours = zip(numbers[::2], lines, strict=False)
    return Booked(
        posted,
        tuple(
            PostedLine(number, entry_id, posted.id, card.id, line.unit, line.amount, line.cause)
            for (number, entry_id), line in ours
        ),
    )


def reversal_of(session: Session, posting: Posting) -> tuple[Movement, ...]:
    """The movements that undo a posting with all its lines."""
    return tuple(
        Movement(entry.unit, -entry.amount, counterpart, "reversal")
        for entry, counterpart in card_lines(session, posting)
    )


def posting_of(session: Session, entry_id: UUID | None) -> Posting | None:
    """The posting that an entry of the merchant belongs to."""
    return session.scalar(select(Posting).join(Entry, Entry.posting_id == Posting.id).where(Entry.id == entry_id))


def refuse_reversal(session: Session, posting: Posting) -> Refusal | None:
    """A posting is reversed once, and a reversal, a refund or what was refunded never.

    Two cards stay one, and a voucher that was revoked stays so: nobody could use what came back.
    """
    if posting.cause == "adjustment" and posting.note in FOR_GOOD:
        return Refusal(FOR_GOOD[posting.note])
    done = session.scalar(select(Posting.id).where(Posting.reverses_id == posting.id))
    if not done and posting.purchase_id:
        done = session.scalar(select(Refund.id).where(Refund.purchase_id == posting.purchase_id).limit(1))
    return Refusal("already_reversed") if done or posting.reverses_id else None


def card_lines(session: Session, posting: Posting) -> list[tuple[Entry, str]]:
    """The card's entries of a posting, each with the role of the account on its other side."""
    entries = session.scalars(select(Entry).where(Entry.posting_id == posting.id).order_by(Entry.number)).all()
    roles = dict(
        session.execute(
            select(Account.id, Account.role).where(Account.id.in_({entry.account_id for entry in entries}))
        ).all()
    )
    pairs = zip(entries[::2], entries[1::2], strict=True)
    return [(ours, roles[theirs.account_id]) for ours, theirs in pairs]


def _posted(card: Card, deed: Deed) -> Posted:
    return Posted(
        id=uuid4(),
        merchant_id=card.merchant_id,
        card_id=card.id,
        version=card.version + 1,
        program_version=card.program_version,
        pins=card.pins or None,
        cause=deed.cause,
        actor=deed.actor.kind,
        actor_id=deed.actor.id,
        till_id=deed.actor.till_id,
        location_id=deed.location_id or deed.actor.location_id,
        purchase_id=deed.purchase_id,
        reverses_id=deed.reverses_id,
        note=deed.note,
        reward_id=deed.reward_id,
        occurred_at=deed.occurred_at,
        recorded_at=deed.recorded_at,
    )


def _booked(session: Session, card: Card, posted: Posted, lines: tuple[Movement, ...]) -> list[tuple[int, UUID]]:
    """Number and id of the entries in their order; nothing when an account is missing or would be overdrawn."""
    told = [(line.unit, line.amount, line.counterpart, line.cause) for line in lines]
    values = vars(posted) | {
        "pins": json.dumps(posted.pins) if posted.pins else None,
        "program_id": card.program_id,
        "lines": json.dumps(
            [dict(zip(("unit", "amount", "counterpart", "cause"), line, strict=True)) for line in told]
        ),
        "count": len(lines),
    }
    return send(session, BOOK, values)
