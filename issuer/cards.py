"""Cards found and shown: by id, code, page key; one or many, always in a fixed number of queries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import Session

from issuer.database import held, send
from issuer.offers.shown import COLUMNS, ShownOffer
from issuer.rules import Rules
from issuer.rules.expiry import ExpiryRule
from issuer.rules.money import CashbackRule
from issuer.rules.movement import CREDIT, POINTS, reward_unit, voucher_unit
from issuer.rules.points import PointRule
from issuer.rules.prepaid import PrepaidRule
from issuer.rules.tiers import TierRule
from issuer.rules.vouchers import Worth
from issuer.rules.wording import RewardNames, Wording
from issuer.schema import (
    Card,
    CardCode,
    CardKey,
    Notice,
    Pass,
    PersonalData,
    Voucher,
)
from issuer.terms import ProgramNow, Terms, rules_of
from signing.tokens import digest


@dataclass(frozen=True)
class RewardCount:
    """Rewards of one sort that wait on a card."""

    reward_id: UUID
    names: Mapping[str, str]
    count: int


@dataclass(frozen=True)
class Priced:
    """A reward that points are spent on. ``tier``: from which on."""

    reward_id: UUID
    names: Mapping[str, str]
    price: int
    tier: str | None


@dataclass(frozen=True)
class VoucherView:
    """A card's voucher that can still be used, now or later. ``starts_later``: it did not count when it was given."""

    id: UUID
    code: str
    names: Mapping[str, str]
    worth: Worth
    uses: int
    valid_from: datetime
    valid_until: datetime | None
    starts_later: bool = False


@dataclass(frozen=True)
class Told:
    """A line that a card bears for a while; ``values`` fill the sentence of its ``kind``."""

    key: str
    kind: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class CardView:
    """What the faces and the API say of a card. ``rules``: its rounds' promises, and what else holds now.

    ``sounds``: the merchant lets offers sound.
    """

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
    rules: Rules
    reward_names: RewardNames
    rewards: tuple[RewardCount, ...]
    currency: str = "EUR"
    zone: str = "Europe/Berlin"
    prices: tuple[Priced, ...] = ()
    tier: str | None = None
    tier_until: datetime | None = None
    vouchers: tuple[VoucherView, ...] = ()
    notices: tuple[Told, ...] = ()
    donated: int = 0
    offers: tuple[ShownOffer, ...] = ()
    sounds: bool = False

    @property
    def shown(self) -> int:
        """Stamps to draw."""
        return self.rules.grid.shown(self.balances) if self.rules.grid else 0

    @property
    def needed(self) -> int | None:
        """Places of the grid; ``None`` for a card without stamps."""
        return self.rules.grid.stamps_needed if self.rules.grid else None

    def words(self, language: str | None = None) -> Wording:
        """The card's language unless told."""
        return Wording(language or self.language, self.reward_names, self.currency)


# Of passes and codes the live one is shown, else the last that was: a card that has ended still shows what it was.
# Codes of passes go first, as a card that took in a paper card goes on to show its own.
FACTS = f"""
    SELECT card.id, issue.serial, code.code, code.short_code, personal_data.name,
        (SELECT jsonb_object_agg(unit, balance) FROM account WHERE card_id = card.id),
        (SELECT jsonb_agg(jsonb_build_array({", ".join(COLUMNS)}) ORDER BY opens_at, showing.offer_id, turn)
         FROM showing
         JOIN offer_version ON offer_version.offer_id = showing.offer_id AND number = showing.version
         LEFT JOIN location ON location.id = showing.location_id
         WHERE card_id = card.id AND state = 'shown')
    FROM card
    CROSS JOIN LATERAL (
        SELECT serial FROM pass WHERE card_id = card.id AND voucher_id IS NULL
        ORDER BY revoked_at IS NULL DESC, created_at DESC LIMIT 1
    ) AS issue
    CROSS JOIN LATERAL (
        SELECT code, short_code FROM card_code WHERE card_id = card.id
        ORDER BY revoked_at IS NULL DESC, batch_id IS NULL DESC, created_at DESC LIMIT 1
    ) AS code
    LEFT JOIN personal_data ON personal_data.customer_id = card.customer_id
"""  # noqa: S608
# The server would plan the one for many cards anew each time.
ONE, MANY = f"{FACTS} WHERE card.id = %(card)s", f"{FACTS} WHERE card.id = ANY(%(cards)s)"
PROGRAMS = """
    SELECT program.id, program.kind, program.donated, program.current_version, program.pause_seconds, program.closed_at,
        merchant.zone, merchant.currency, coalesce((merchant.policy->>'sounds')::boolean, false),
        (SELECT jsonb_agg(jsonb_build_array(id, names) ORDER BY created_at, id) FROM reward
         WHERE program_id = program.id),
        version.number, version.names, version.rule::text
    FROM program
    JOIN merchant ON merchant.id = program.merchant_id
    JOIN program_version AS version ON version.program_id = program.id
    WHERE program.id = ANY(%(programs)s) AND (
        version.number = program.current_version
        OR (program.id, version.number) IN (SELECT * FROM unnest(%(programs)s::uuid[], %(numbers)s::int[]))
    )
"""
LOCK = f"SELECT {', '.join(Card.__table__.columns.keys())} FROM card WHERE id = %(card)s FOR UPDATE"  # noqa: S608


def locked_card(session: Session, card_id: UUID) -> Card | None:
    """The card, with its lock: every change of a card takes it first, so balances and holds stand still."""
    rows = send(session, LOCK, {"card": card_id})
    return held(session, Card, rows[0]) if rows else None


def heir_of(session: Session, card: Card) -> Card:
    """The card that holds what this one held: itself, unless it was merged into another. Nothing is locked."""
    while card.merged_into is not None:
        card = session.get_one(Card, card.merged_into)
    return card


def find_key(session: Session, key: str) -> CardKey | None:
    """The directory's row for the key of a card's page; revoked keys are not found."""
    row = session.get(CardKey, digest(key))
    return row if row is not None and row.revoked_at is None else None


def view(session: Session, card: Card) -> CardView:
    return views(session, [card])[0]


def views(session: Session, cards: Sequence[Card]) -> list[CardView]:
    """What is shown of these cards, in their order."""
    facts, programs = _facts(session, cards), programs_of(session, cards)
    vouchers = _vouchers(session, [card.id for card in cards if _holds_vouchers(facts[card.id].balances)])
    notices = notices_on(session, [card.id for card in cards if programs[card.program_id].tells])
    return [
        _view(
            card,
            facts[card.id],
            programs[card.program_id],
            (vouchers.get(card.id, ()), notices.get(card.id, ())),
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


@dataclass(frozen=True)
class _Facts:
    """What is a card's own, beside its row."""

    serial: str
    code: str
    short_code: str
    customer_name: str | None
    balances: Mapping[str, int]
    offers: tuple[ShownOffer, ...]


def _facts(session: Session, cards: Sequence[Card]) -> dict[UUID, _Facts]:
    ids = [card.id for card in cards]
    rows = send(session, ONE, {"card": ids[0]}) if len(ids) == 1 else send(session, MANY, {"cards": ids})
    return {
        card_id: _Facts(serial, code, short_code, name, balances or {}, tuple(map(ShownOffer.read, offers or ())))
        for card_id, serial, code, short_code, name, balances, offers in rows
    }


@dataclass(frozen=True)
class ProgramOfCards:
    """A program with those of its versions that cards are under, by number, and its rewards in order."""

    kind: str
    donated: int
    program: ProgramNow
    zone: str
    currency: str
    sounds: bool
    rewards: RewardNames
    names: dict[int, Mapping[str, str]]
    rules: dict[int, Rules]

    @property
    def tells(self) -> bool:
        """Whether its cards may bear notices."""
        kinds = (ExpiryRule, PrepaidRule, TierRule)
        return any(rules.one(kind) for rules in self.rules.values() for kind in kinds)

    def terms(self, card: Card) -> Terms:
        current = self.program.current_version
        return Terms(self.program, self.zone, self.currency, self.rules, card.program_version, card.pins, current)


def programs_of(session: Session, cards: Sequence[Card]) -> dict[UUID, ProgramOfCards]:
    """The programs of these cards."""
    pinned = {(card.program_id, number) for card in cards for number in (card.program_version, *card.pins.values())}
    values = {"programs": [program_id for program_id, _ in pinned], "numbers": [number for _, number in pinned]}
    found: dict[UUID, ProgramOfCards] = {}
    for program_id, kind, donated, *program, zone, currency, sounds, rewards, number, names, rule in send(
        session, PROGRAMS, values
    ):
        named = {UUID(reward_id): told for reward_id, told in rewards or ()}
        fresh = ProgramOfCards(kind, donated, ProgramNow(*program), zone, currency, sounds, named, {}, {})
        kept = found.setdefault(program_id, fresh)
        kept.names[number], kept.rules[number] = names, rules_of(rule)
    return found


def _holds_vouchers(balances: Mapping[str, int]) -> bool:
    return any(amount and unit.startswith("voucher:") for unit, amount in balances.items())


def _vouchers(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Voucher]]:
    found: dict[UUID, list[Voucher]] = {}
    if ids:
        query = select(Voucher).where(Voucher.card_id.in_(ids), Voucher.revoked_at.is_(None))
        for row in session.scalars(query.order_by(Voucher.created_at, Voucher.id)):
            found.setdefault(row.card_id, []).append(row)
    return found


def notices_on(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Notice]]:
    """What these cards bear."""
    found: dict[UUID, list[Notice]] = {}
    if ids:
        for row in session.scalars(select(Notice).where(Notice.card_id.in_(ids)).order_by(Notice.key)):
            found.setdefault(row.card_id, []).append(row)
    return found


def _view(
    card: Card, facts: _Facts, program: ProgramOfCards, extras: tuple[Sequence[Voucher], Sequence[Notice]]
) -> CardView:
    terms, names, balances = program.terms(card), program.rewards, facts.balances
    waiting = [RewardCount(one, told, balances.get(reward_unit(one), 0)) for one, told in names.items()]
    none = {rule.unit: 0 for rule in terms.counters}
    none |= {POINTS: 0} if terms.current.one(PointRule) else {}
    none |= {CREDIT: 0} if terms.current.one(CashbackRule) else {}
    return CardView(
        id=card.id,
        merchant_id=card.merchant_id,
        program_id=card.program_id,
        program_kind=program.kind,
        program_names=program.names[card.program_version],
        serial=facts.serial,
        code=facts.code,
        short_code=facts.short_code,
        state=card.state,
        version=card.version,
        language=card.language,
        web_key=card.web_key,
        created_at=card.created_at,
        customer_name=facts.customer_name,
        balances={**none, **balances},
        rules=terms.earning,
        reward_names=names,
        rewards=tuple(reward for reward in waiting if reward.count),
        currency=terms.currency,
        zone=terms.zone,
        prices=tuple(_prices(terms, names)),
        tier=card.tier,
        tier_until=card.tier_until,
        vouchers=tuple(_voucher(row, balances) for row in extras[0] if balances.get(voucher_unit(row.id))),
        notices=tuple(Told(row.key, row.kind, row.values) for row in extras[1]),
        donated=program.donated,
        offers=facts.offers,
        sounds=program.sounds,
    )


def _prices(terms: Terms, names: RewardNames) -> Iterator[Priced]:
    """What points can be spent on, cheapest first, each for the lower of its two prices."""
    rules = (terms.promised.one(PointRule), terms.current.one(PointRule))
    ids = dict.fromkeys(reward_id for rule in rules if rule for reward_id in rule.reward_ids())
    found = [price for reward_id in ids if (price := terms.price_of(reward_id))]
    for price in sorted(found, key=lambda one: one.price):
        yield Priced(price.reward_id, names[price.reward_id], price.price, price.tier)


def _voucher(row: Voucher, balances: Mapping[str, int]) -> VoucherView:
    return VoucherView(
        row.id,
        row.code,
        row.names,
        Worth.model_validate(row.worth),
        balances[voucher_unit(row.id)],
        row.valid_from,
        row.valid_until,
        row.valid_from > row.created_at,
    )
