"""Under which rules a card is: what its rounds were promised, what held at an instant, what holds now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from issuer.database import send
from issuer.offers.counting import most
from issuer.offers.shown import COLUMNS, ShownOffer
from issuer.rules import Rules
from issuer.rules.movement import Movement, is_counter
from issuer.rules.points import PointRule, Price
from issuer.rules.stamps import Collecting
from issuer.schema import Card, Posting

_TERMS = """
    SELECT program.current_version, program.pause_seconds, program.closed_at, merchant.zone, merchant.currency,
        held.number, version.number, version.rule::text{more}
    FROM program
    JOIN merchant ON merchant.id = program.merchant_id
    CROSS JOIN LATERAL (
        SELECT coalesce(max(number), 1) AS number FROM program_version
        WHERE program_id = %(program)s AND created_at <= %(at)s
    ) AS held
    JOIN program_version AS version ON version.program_id = program.id
        AND (version.number IN (program.current_version, held.number, %(pinned)s) OR version.number = ANY(%(pins)s))
    WHERE program.id = %(program)s
"""
TERMS = _TERMS.format(more="")
BALANCES = "(SELECT jsonb_object_agg(unit, balance) FROM account WHERE card_id = %(card)s)"
# What the card bore then that multiplies, and the clock of the shop; one that ended late ended when its window did.
MULTIPLIERS = f"""(
    SELECT jsonb_agg(jsonb_build_array(jsonb_build_array({", ".join(COLUMNS)}), here.zone))
    FROM showing
    JOIN offer_version ON offer_version.offer_id = showing.offer_id AND offer_version.number = showing.version
    LEFT JOIN location ON location.id = showing.location_id
    LEFT JOIN location AS here ON here.id = %(location)s
    WHERE card_id = %(card)s AND factor IS NOT NULL
        AND shown_at <= %(at)s AND %(at)s < least(ended_at, closes_at)
)"""  # noqa: S608 (constants)
TERMS_AND_BALANCES = _TERMS.format(more=f", {MULTIPLIERS}, {BALANCES}")


@dataclass(frozen=True)
class ProgramNow:
    """What holds for all cards of a program, whatever they were promised."""

    current_version: int
    pause_seconds: int
    closed_at: datetime | None


@dataclass(frozen=True)
class Terms:
    """The rules of one card. ``at``: the version that held when something happened; ``pins``: counter to version.

    ``multiplier``: the offer of the card by which a sale then earns more, if it was asked for.
    """

    program: ProgramNow
    zone: str
    currency: str
    versions: Mapping[int, Rules]
    pinned: int
    pins: Mapping[str, int]
    at_version: int
    multiplier: ShownOffer | None = None

    @property
    def at(self) -> Rules:
        return self.versions[self.at_version]

    @property
    def current(self) -> Rules:
        return self.versions[self.program.current_version]

    @cached_property
    def counters(self) -> tuple[Collecting, ...]:
        """Each counter's rule of the version that its round is under; a counter that was dropped ends its round."""
        keys = dict.fromkeys(part.counter for rules in (self.promised, self.current) for part in rules.each(Collecting))
        found = (self.versions[self.pin_of(key)].counter(key) or self.current.counter(key) for key in keys)
        return tuple(rule for rule in found if rule is not None)

    @property
    def promised(self) -> Rules:
        """The version that the card's round is under."""
        return self.versions[self.pinned]

    @cached_property
    def earning(self) -> Rules:
        """What a sale earns by: rounds keep their promise, everything else goes by the day of the sale."""
        others = tuple(part for part in self.at.parts if not isinstance(part, Collecting))
        return Rules.model_construct(parts=(*self.counters, *others))

    def pin_of(self, counter: str) -> int:
        return self.pins.get(counter, self.pinned) if counter else self.pinned

    def price_of(self, reward_id: UUID) -> Price | None:
        """The lower of what a reward was promised for and what it costs now."""
        rules = (self.versions[self.pinned].one(PointRule), self.current.one(PointRule))
        prices = [price for rule in rules if rule and (price := rule.price_of(reward_id))]
        return min(prices, key=lambda price: price.price, default=None)

    @property
    def prices(self) -> tuple[Price, ...]:
        """Those that were promised, and those of today."""
        rules = (self.promised.one(PointRule), self.current.one(PointRule))
        return tuple(price for rule in rules if rule for price in rule.prices)

    def money(self, cents: int) -> str:
        """An amount for staff and machines: "12.40 EUR"."""
        return f"{cents // 100}.{cents % 100:02} {self.currency}"

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(ZoneInfo(self.zone))


def terms_of(session: Session, card: Card, at: datetime) -> Terms:
    """The rules of a card for something that happened at an instant; before the first version, that one."""
    return _terms(card, send(session, TERMS, _asked(card, at)))


def terms_and_balances(
    session: Session, card: Card, at: datetime, location_id: UUID | None = None
) -> tuple[Terms, dict[str, int]]:
    """`terms_of` and `issuer.ledger.balances` in one statement, as every stamp needs both. The card is locked.

    With the offer that multiplies what is earned.

    :param location_id: the shop by whose clock its hours go
    """
    rows = send(session, TERMS_AND_BALANCES, _asked(card, at) | {"card": card.id, "location": location_id})
    *_, multipliers, found = rows[0]
    terms = _terms(card, [row[:-2] for row in rows])
    return replace(terms, multiplier=_multiplier(terms, multipliers, at)) if multipliers else terms, found or {}


def _multiplier(terms: Terms, multipliers: Sequence[tuple[Any, str | None]], at: datetime) -> ShownOffer | None:
    """``multipliers``: with the shop's zone each, which is the merchant's if it has none."""
    zone = multipliers[0][1] or terms.zone
    return most((ShownOffer.read(row) for row, _ in multipliers), at, zone)


def _asked(card: Card, at: datetime) -> dict[str, Any]:
    return {
        "program": card.program_id,
        "at": at,
        "pinned": card.program_version,
        "pins": [int(number) for number in card.pins.values()] or None,
    }


def _terms(card: Card, rows: Sequence[tuple[Any, ...]]) -> Terms:
    pins = {key: int(number) for key, number in card.pins.items()}
    *program, zone, currency, at_version, _number, _rule = rows[0]
    versions = {number: rules_of(rule) for *_, number, rule in rows}
    return Terms(ProgramNow(*program), zone, currency, versions, card.program_version, pins, at_version)


@lru_cache(maxsize=1024)
def rules_of(stored: str) -> Rules:
    """The rules that ``program_version.rule`` holds, by its text: a value that never changes, so it is read once."""
    return Rules.read(json.loads(stored))


def promise(card: Card, terms: Terms, version: int) -> None:
    """Put a card's main round, or its prices, under a version.

    Another counter whose promise was said by that number only has it noted as its own from now on.
    """
    others = {rule.counter: card.program_version for rule in terms.counters if rule.counter}
    card.pins = {**others, **card.pins}
    card.program_version = version


def promise_again(session: Session, card: Card, posting: Posting, unit: str) -> None:
    """What a posting ended is under the promise again that held before it: a counter's round, or a price in points."""
    counter = unit.partition(":")[2]
    if counter:
        card.pins = {**card.pins, counter: (posting.pins or {}).get(counter, posting.program_version)}
    else:
        promise(card, terms_of(session, card, posting.occurred_at), posting.program_version)


def move_on(card: Card, terms: Terms, movements: tuple[Movement, ...]) -> None:
    """A counter keeps the promise its round began with until the round ends."""
    ended = {line.unit.partition(":")[2] for line in movements if line.cause == "round" and is_counter(line.unit)}
    if not ended:
        return
    current = terms.program.current_version
    others = {rule.counter: terms.pin_of(rule.counter) for rule in terms.counters if rule.counter}
    card.pins = {key: current if key in ended else pin for key, pin in others.items()}
    if "" in ended:
        card.program_version = current
