"""Cards found and shown: by id, code, page key; one or many, always in a fixed number of queries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from issuer.rules import Rule, rule_of
from issuer.rules.movement import STAMPS, reward_unit
from issuer.schema import (
    Account,
    Card,
    CardCode,
    CardKey,
    Pass,
    PersonalData,
    Program,
    ProgramVersion,
    Reward,
)
from signing.tokens import digest


@dataclass(frozen=True)
class RewardCount:
    """Rewards of one sort that wait on a card."""

    reward_id: UUID
    names: Mapping[str, str]
    count: int


@dataclass(frozen=True)
class CardView:
    """What the faces and the API say of a card."""

    id: UUID
    merchant_id: UUID
    program_id: UUID
    program_kind: str
    program_names: Mapping[str, str]
    serial: str
    code: str
    short_code: str
    state: str
    version: int
    language: str
    web_key: str
    created_at: datetime
    customer_name: str | None
    balances: Mapping[str, int]
    rule: Rule
    reward_names: Mapping[str, str]
    rewards: tuple[RewardCount, ...]

    @property
    def shown(self) -> int:
        """Stamps to draw."""
        return self.rule.shown(self.balances)

    @property
    def needed(self) -> int:
        return self.rule.stamps_needed


def locked_card(session: Session, card_id: UUID) -> Card | None:
    """The card, with its lock: every change of a card takes it first, so balances and holds stand still."""
    return session.scalar(select(Card).where(Card.id == card_id).with_for_update())


def find_key(session: Session, key: str) -> CardKey | None:
    """The directory's row for the key of a card's page; revoked keys are not found."""
    row = session.get(CardKey, digest(key))
    return row if row is not None and row.revoked_at is None else None


def view(session: Session, card: Card) -> CardView:
    return views(session, [card])[0]


def views(session: Session, cards: Sequence[Card]) -> list[CardView]:
    """What is shown of these cards, in their order."""
    ids = [card.id for card in cards]
    balances = _balances(session, ids)
    issues = {row.card_id: row for row in session.scalars(_passes(ids))}
    codes = {row.card_id: row for row in session.scalars(_codes(ids))}
    versions = _versions(session, cards)
    rewards = _rewards(session, {card.program_id for card in cards})
    people = [card.customer_id for card in cards]
    names = dict(
        session.execute(
            select(PersonalData.customer_id, PersonalData.name).where(PersonalData.customer_id.in_(people))
        ).all()
    )
    return [
        _view(
            card,
            issues[card.id],
            codes[card.id],
            *versions[card.program_id, card.program_version],
            balances.get(card.id, {}),
            rewards[card.program_id],
            names.get(card.customer_id),
        )
        for card in cards
    ]


def newest(
    session: Session,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    search: str = "",
    mail_digest: bytes | None = None,
) -> Sequence[Card]:
    """Cards of the merchant, newest first, from after the given place on.

    :param search: part of a name, or the beginning of a short code or of a serial
    :param mail_digest: of what is searched for, when that is a whole address: its owner's cards are found too
    """
    query = select(Card).order_by(Card.created_at.desc(), Card.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Card.created_at, Card.id) < after)
    if search:
        query = query.where(or_(*_matches(search, mail_digest)))
    return session.scalars(query).all()


def _matches(search: str, mail_digest: bytes | None) -> Iterator[ColumnElement[bool]]:
    plain = search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    compact = plain.replace("-", "").replace(" ", "").upper()
    people = select(PersonalData.customer_id)
    yield Card.customer_id.in_(people.where(PersonalData.name.ilike(f"%{plain}%")))
    yield Card.id.in_(select(Pass.card_id).where(Pass.serial.startswith(plain.lower())))
    if compact:
        code = func.replace(CardCode.short_code, "-", "")
        yield Card.id.in_(
            select(CardCode.card_id).where(CardCode.merchant_id == Card.merchant_id, code.startswith(compact))
        )
    if mail_digest is not None:
        yield Card.customer_id.in_(people.where(PersonalData.mail_digest == mail_digest))


def _passes(ids: Sequence[UUID]) -> Select[Pass]:
    """Live ones last, the newest of them at the end: a card that has ended still shows what it was."""
    return select(Pass).where(Pass.card_id.in_(ids)).order_by(Pass.revoked_at.is_(None), Pass.created_at)


def _codes(ids: Sequence[UUID]) -> Select[CardCode]:
    return (
        select(CardCode).where(CardCode.card_id.in_(ids)).order_by(CardCode.revoked_at.is_(None), CardCode.created_at)
    )


def _balances(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    found: dict[UUID, dict[str, int]] = {}
    query = select(Account.card_id, Account.unit, Account.balance).where(Account.card_id.in_(ids))
    for card_id, unit, balance in session.execute(query):
        found.setdefault(card_id, {})[unit] = balance or 0  # type: ignore[arg-type]
    return found


def _versions(session: Session, cards: Sequence[Card]) -> dict[tuple[UUID, int], tuple[Program, ProgramVersion]]:
    pinned = {(card.program_id, card.program_version) for card in cards}
    query = select(Program, ProgramVersion).join(ProgramVersion, ProgramVersion.program_id == Program.id)
    rows = session.execute(query.where(tuple_(ProgramVersion.program_id, ProgramVersion.number).in_(pinned)))
    return {(program.id, version.number): (program, version) for program, version in rows}


def _rewards(session: Session, program_ids: set[UUID]) -> dict[UUID, list[Reward]]:
    found: dict[UUID, list[Reward]] = {program_id: [] for program_id in program_ids}
    query = select(Reward).where(Reward.program_id.in_(program_ids)).order_by(Reward.created_at, Reward.id)
    for reward in session.scalars(query):
        found[reward.program_id].append(reward)
    return found


def _view(
    card: Card,
    issue: Pass,
    code: CardCode,
    program: Program,
    version: ProgramVersion,
    balances: dict[str, int],
    rewards: Sequence[Reward],
    customer_name: str | None,
) -> CardView:
    rule = rule_of(program.kind, version.rule)
    waiting = [RewardCount(r.id, r.names, balances.get(reward_unit(r.id), 0)) for r in rewards]
    return CardView(
        id=card.id,
        merchant_id=card.merchant_id,
        program_id=card.program_id,
        program_kind=program.kind,
        program_names=version.names,
        serial=issue.serial,
        code=code.code,
        short_code=code.short_code,
        state=card.state,
        version=card.version,
        language=card.language,
        web_key=card.web_key,
        created_at=card.created_at,
        customer_name=customer_name,
        balances=balances | {STAMPS: balances.get(STAMPS, 0)},
        rule=rule,
        reward_names=next(r.names for r in rewards if r.id == rule.reward_id),
        rewards=tuple(reward for reward in waiting if reward.count),
    )
