"""Cards that Google has, how they change, what Google answers instead of the usual, and whether all of it ended well.

The storm works with ten thousand of them and with real processes, its test with two hundred and threads.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Engine, select

from benchmarks.shop import plain
from issuer import counter
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.earning import Earning, earn
from issuer.google_passes import CLASSES, LOYALTY, OBJECTS, Terms, class_of, digest_of, object_id, object_of
from issuer.ledger import Actor, Booked
from issuer.publishing import AT_THE_TILL, CAMPAIGN
from issuer.rules.part import Sale
from issuer.schema import GoogleClass, Program
from issuer.terms import terms_and_balances
from issuer.visits import Visit
from sandbox.google_faults import Fault
from sandbox.google_store import Store

ROUNDS = 5
REGULARS_EVERY, OFTEN, TROUBLED, CAMPAIGNS = 50, 0.1, 0.12, 0.4
# One after the other for an object that has trouble. 403 that refuses our account is none of a single object's.
TROUBLES: Sequence[Sequence[Fault]] = (
    [Fault(403, "rateLimitExceeded")],
    [Fault(403, "quotaExceeded")],
    [Fault(429, retry_after=1)],
    [Fault(500), Fault(502)],
    [Fault(503), Fault(429), Fault(504)],
    [Fault(503, done=True)],
    [Fault(drop=True), Fault(drop=True)],
    [Fault(drop=True, done=True), Fault(403, "userRateLimitExceeded")],
    [Fault(delay=0.3)],
)
# As after an insert that Google took.
INSERTED = """
    WITH asked AS (
        INSERT INTO google_object (pass_id, merchant_id, program_id, asked_at, inserted_at)
        SELECT pass.id, pass.merchant_id, program_id, now(), now() FROM pass JOIN card ON card.id = card_id
    )
    INSERT INTO publication (pass_id, channel, merchant_id, wanted_version, reason, priority,
        tag, tagged_version, tagged_at, pushed_version, pushed_at)
    SELECT pass.id, 'google', pass.merchant_id, version, 'joined', 0,
        nextval('update_tag'), version, now(), version, now() FROM pass JOIN card ON card.id = card_id
"""
CARDS = """
    SELECT pass.id, pass.serial, coalesce(account.balance, 0), card.version, pushed_version,
        due_at IS NULL AND push_at IS NULL AND leased_until IS NULL
    FROM publication JOIN pass ON pass.id = pass_id JOIN card ON card.id = pass.card_id
    LEFT JOIN account ON account.card_id = card.id AND account.unit = 'stamps'
    WHERE channel = 'google' ORDER BY card.created_at, card.id
"""
PUSHES = "SELECT count(*) FROM event WHERE kind = 'pushed' AND data ->> 'wallet' = 'google'"


@dataclass(frozen=True)
class Kept:
    """A card in the ledger, and how far Google's object of it got as far as we know."""

    pass_id: UUID
    serial: str
    stamps: int
    version: int
    pushed_version: int
    at_rest: bool


def kept(url: str) -> list[Kept]:
    """All that were asked for on Google, in the order they were made."""
    with psycopg.connect(plain(url)) as connection:
        return [Kept(*row) for row in connection.execute(CARDS)]


def pushes(url: str) -> int:
    """How often a state of a card was seen to arrive at Google."""
    with psycopg.connect(plain(url)) as connection:
        return int((connection.execute(PUSHES).fetchone() or [0])[0])


def insert_all(url: str, engine: Engine, merchant_id: UUID, terms: Terms, store: Store) -> list[str]:
    """Let Google have the program's class and an object of every card, and the database know; their ids."""
    now = datetime.now(UTC)
    with psycopg.connect(plain(url)) as connection:
        connection.execute(INSERTED)
    cards, alike = kept(url), dict[int, Mapping[str, Any]]()
    with transaction(engine, merchant_id) as session:
        program_id = session.scalars(select(Program.id)).one()
        body = class_of(session, program_id, LOYALTY, terms)
        store.insert(CLASSES[LOYALTY], body)
        row = {"sent_digest": digest_of(body), "sent_at": now}
        session.add(GoogleClass(program_id=program_id, kind=LOYALTY, merchant_id=merchant_id, **row))
        for card in cards:
            # Of cards with as many stamps the rest is overwritten soon enough.
            if card.stamps not in alike:
                alike[card.stamps] = object_of(session, card.pass_id, terms, now)
            store.insert(OBJECTS[LOYALTY], {**alike[card.stamps], "id": object_id(terms.issuer_id, card.serial)})
    return [object_id(terms.issuer_id, card.serial) for card in cards]


def troubles(names: Sequence[str], draw: Random) -> dict[str, Sequence[Fault]]:
    """What Google shall answer about some of the objects, in turn, before it does as usual."""
    chosen = draw.sample(names, max(len(TROUBLES), int(len(names) * TROUBLED)))
    return {name: TROUBLES[number % len(TROUBLES)] for number, name in enumerate(chosen)}


def rounds(cards: Sequence[UUID], draw: Random) -> list[list[tuple[UUID, int]]]:
    """Which cards change and how urgently: each of them first, then some again, and a few in every round."""
    first = [(card, CAMPAIGN if draw.random() < CAMPAIGNS else AT_THE_TILL) for card in cards]
    regulars, later = set(cards[::REGULARS_EVERY]), list[list[tuple[UUID, int]]]()
    for _ in range(ROUNDS - 1):
        some = [card for card in cards if card not in regulars and draw.random() < OFTEN]
        mixed = [(card, draw.choice((AT_THE_TILL, CAMPAIGN))) for card in some]
        later.append([*((card, AT_THE_TILL) for card in sorted(regulars)), *mixed])
    return [first, *later]


def change(engine: Engine, merchant_id: UUID, card_id: UUID, priority: int) -> None:
    """One stamp more, from a till or by a campaign."""
    visit = Visit(Actor("api"), datetime.now(UTC))
    with transaction(engine, merchant_id) as session:
        card = locked_card(session, card_id)
        if card is None:
            raise LookupError(card_id)
        if priority == AT_THE_TILL:
            booked = counter.stamp(session, card, 1, visit, pause=False)
        else:
            terms, before = terms_and_balances(session, card, visit.at)
            sale = Sale(terms.local(visit.at), count=1, counter="", tier=card.tier)
            booked = earn(session, card, terms, Earning(visit.deed("stamp"), sale, priority=priority), before)
        if not isinstance(booked, Booked):
            raise RuntimeError(f"card {card_id} took no stamp: {booked}")


@dataclass(frozen=True)
class Reckoning:
    """What the ledger says, over what Google has counted.

    ``wrong``: objects that show another balance than their cards; ``gone_back``: that showed an earlier state after a
    later one. ``behind``: cards that are not at rest at their version. ``noted_most``: notes of one object within a
    day. ``pushes``: states that were seen to arrive; ``taken``: calls that were answered with 200.
    """

    objects: int
    wrong: int
    gone_back: int
    behind: int
    noted_most: int
    over_budget: int
    highest_rate: int
    rate: int
    calls: int
    taken: int
    pushes: int
    answers: Mapping[str, int]
    violations: Sequence[Mapping[str, str]]

    def harm(self) -> list[str]:
        """A line for each thing that must not be; none when all is well."""
        found = {
            f"{self.wrong} objects show something else than their cards": self.wrong,
            f"{self.gone_back} objects went back to an earlier state": self.gone_back,
            f"{self.behind} cards are not at rest at their version": self.behind,
            f"{self.over_budget} notes were asked for beyond the budget": self.over_budget,
            f"{self.noted_most} notes of one object in a day": self.noted_most > 3,
            f"{self.highest_rate} calls in a second, {self.rate} are allowed": self.highest_rate > self.rate,
            f"Google took offence at {self.violations}": self.violations,
        }
        return [sentence for sentence, is_so in found.items() if is_so]

    def line(self) -> str:
        """As Markdown."""
        refused = ", ".join(f"{name}: {count}" for name, count in sorted(self.answers.items()) if name != "200")
        return (
            f"Objects that show something else than their card: {self.wrong}; that ever went back: {self.gone_back};"
            f" cards not at their version: {self.behind}. Notes beyond the budget: {self.over_budget} (most of one"
            f" object: {self.noted_most}). Most calls in any second, as the sandbox counted: {self.highest_rate} of"
            f" {self.rate}. {self.calls:,} calls for {self.pushes:,} states that had to go out"
            f" ({self.calls / self.pushes:.2f} each; {self.taken - self.pushes} were taken once more than needed)."
            f" Answers other than 200: {refused}."
        )


def reckon(url: str, issuer_id: str, counted: Mapping[str, Any], rate: int) -> Reckoning:
    """
    :param counted: as `sandbox.google_state.state` says it
    """
    cards, objects = kept(url), counted["objects"]
    seen = {card: _stamps(objects[object_id(issuer_id, card.serial)]) for card in cards}
    return Reckoning(
        objects=len(cards),
        wrong=sum(shown[-1] != card.stamps for card, shown in seen.items()),
        gone_back=sum(any(later < earlier for earlier, later in pairwise(shown)) for shown in seen.values()),
        behind=sum(not card.at_rest or card.pushed_version != card.version for card in cards),
        noted_most=counted["most_notifications_a_day"],
        over_budget=counted["over_budget_refused"],
        highest_rate=counted["highest_rate"],
        rate=rate,
        calls=counted["calls"],
        taken=counted["answers"]["200"],
        pushes=pushes(url),
        answers=Counter(counted["answers"]),
        violations=counted["violations"],
    )


def _stamps(shown: Mapping[str, Any]) -> list[int]:
    """How many an object showed after each write."""
    return [int(str(one["points"]).partition("/")[0]) for one in shown["seen"]]
