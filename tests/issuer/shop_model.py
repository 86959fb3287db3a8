"""A shop's counter beside the model of it: each deed is done to both, in a transaction of its own, and compared."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from issuer import due, expiring
from issuer.idempotency import KEPT, Answer, Attempt, KeyReused, fingerprint, once
from issuer.program_changes import Plan, change_program
from issuer.refusals import Refusal
from issuer.schema import Posting, Program, ProgramVersion
from issuer.visits import Visit
from tests.issuer.counting import Till, rules_of
from tests.issuer.model import Model
from tests.issuer.model_cards import Card, Deed, Held
from tests.issuer.offers import CAKE, COFFEE, Offer

Made = TypeVar("Made")
DONE, CRASHED, LOST = "done", "crashed before the commit", "answer lost after it"
FATES = [DONE, DONE, DONE, CRASHED, LOST]

BALANCES = text("""
    SELECT account.card_id, account.unit, account.balance, coalesce(sum(entry.amount), 0)
    FROM account LEFT JOIN entry ON entry.account_id = account.id GROUP BY account.id
""")
ENTRIES = text("""
    SELECT max(number), md5(string_agg(entry::text, '|' ORDER BY number)),
           md5(string_agg(entry::text, '|' ORDER BY number) FILTER (WHERE number <= :last))
    FROM entry
""")
CARDS = text("""
    SELECT card.id, card.version, publication.wanted_version, card.program_version, card.pins
    FROM card
    LEFT JOIN pass ON pass.card_id = card.id AND pass.revoked_at IS NULL
    LEFT JOIN publication ON publication.pass_id = pass.id
""")


class Crash(Exception):
    """The process dies before it has committed."""


@dataclass(frozen=True)
class Sent:
    """A request that was answered, to be sent again."""

    attempt: Attempt
    answer: Answer


class Shop:
    """The ledger and its model, side by side. ``tally``: what became of the deeds, over all shops of a run."""

    def __init__(self, till: Till, build: Callable[[int, int], Offer], offer: Offer, tally: Counter[str]) -> None:
        self.tally = tally
        self.till, self.build, self.model, self.cake = till, build, Model(offer), uuid4()
        self.till.set_rules(*self.parts(offer), names={self.cake: CAKE})
        self.units = {f"reward:{till.shop.reward_id}": COFFEE, f"reward:{self.cake}": CAKE}
        self.deeds, self.sent, self.asides = list[Deed](), list[Sent](), list[tuple[Card, Held]]()
        self.last, self.digest = 0, None

    def parts(self, offer: Offer) -> list[dict[str, Any]]:
        """As stored, with the cake's id: the coffee's is put in by the till."""
        cake = {"reward_id": str(self.cake)}
        return [{**part, **(cake if part.get("reward_id") == "C" else {})} for part in offer.parts]

    def reward_id(self, name: str) -> UUID:
        return self.cake if name == CAKE else self.till.shop.reward_id

    def change(self, offer: Offer) -> bool:
        """Publish another version; whether there is one."""
        with self.at.work() as session:
            program = session.get_one(Program, self.till.shop.program_id)
            last = session.get_one(ProgramVersion, (program.id, program.current_version))
            rules = rules_of(*self.parts(offer), reward_id=self.till.shop.reward_id)
            return change_program(session, program, Plan(last.names, rules), self.at.now)

    def look_after(self, card: Card) -> bool:
        """What the worker does when the card is due; whether something ended."""
        with self.at.work() as session:
            duty = due.Duty(card.card_id, self.till.shop.merchant_id, due.EXPIRY, "")
            row = due.claim(session, duty, self.at.now)
            if row is None:
                return False
            before = session.scalar(select(func.count(Posting.id)).where(Posting.card_id == row.id))
            card.version += expiring.look_after(session, row, self.at.now)
            return session.scalar(select(func.count(Posting.id)).where(Posting.card_id == row.id)) != before

    @property
    def at(self) -> Till:
        return self.till.later(self.model.clock)

    def visit(self, ago: float = 0, **more: Any) -> Visit:
        """:param ago: seconds since it happened"""
        at = self.at
        occurred = at.now - timedelta(seconds=ago) if ago else None
        return at.visit(occurred_at=occurred, **more)

    def do(self, fate: str, deed: str, work: Callable[[Session], Made | Refusal]) -> Made | Refusal:
        """Do it once, whatever becomes of the process: as a caller who repeats a request until it is answered."""
        attempt = Attempt(self.till.shop.merchant_id, "model", deed, uuid4().hex, fingerprint(deed))
        if fate == CRASHED:
            with pytest.raises(Crash):
                self._try(attempt, work, crash=True)
        answer, made = self._try(attempt, work)
        assert len(made) == 1
        self.tally[answer.body["refused"] or "done"] += 1
        if fate == LOST:
            self.again(Sent(attempt, answer), work)
        self.sent.append(Sent(attempt, answer))
        return made[0]

    def again(self, sent: Sent, work: Callable[[Session], object] = lambda _: None) -> None:
        """The same key, the same body: the first answer, and nothing is done."""
        answer, made = self._try(sent.attempt, work)
        assert (answer.status, answer.body, answer.replayed) == (sent.answer.status, sent.answer.body, True)
        assert made == []

    def forget_keys_after(self, days: int) -> None:
        """Nobody sends a request again after so long, and its answer is not kept."""
        if days > KEPT.days:
            self.sent.clear()

    def other_body(self, sent: Sent) -> None:
        """The same key, another body: refused, and nothing is done."""
        with pytest.raises(KeyReused):
            self._try(replace(sent.attempt, fingerprint=fingerprint("another body")), lambda _: None)

    def _try(
        self, attempt: Attempt, act: Callable[[Session], Made], *, crash: bool = False
    ) -> tuple[Answer, list[Made]]:
        made, at = list[Made](), self.at
        with at.work() as session:

            def work() -> Answer:
                outcome = act(session)
                made.append(outcome)
                session.flush()
                refused = outcome.code if isinstance(outcome, Refusal) else None
                return Answer(409 if refused else 201, {"refused": refused, "told": uuid4().hex})

            answer = once(session, attempt, work, at.now)
            if crash:
                raise Crash
        return answer, made

    def check(self) -> None:
        """What must be true after every step, asked of the rows themselves."""
        with self.till.work() as session:
            balances = session.execute(BALANCES).all()
            last, digest, before = session.execute(ENTRIES, {"last": self.last}).one()
            cards = session.execute(CARDS).all()
        assert before == self.digest, "an entry was changed or is gone"
        self.last, self.digest = last or 0, digest
        self._check_sums(balances)
        self._check_cards({row.id: row for row in cards})
        self._check_balances(balances)

    def _check_sums(self, balances: Any) -> None:
        sums = dict[str, int]()
        for card_id, unit, balance, booked in balances:
            sums[unit] = sums.get(unit, 0) + booked
            assert card_id is None or balance == booked >= 0, f"{unit}: {balance} is stored, {booked} is booked"
        assert not any(sums.values()), f"not zero: {sums}"

    def _check_cards(self, rows: dict[UUID, Any]) -> None:
        for card in self.model.cards:
            row = rows[card.card_id]
            assert row.version == card.version
            assert row.wanted_version == (None if card.into else card.version), "publication is behind"
            if card.into is None:
                self._check_promises(card, row.program_version, row.pins)

    def _check_promises(self, card: Card, version: int, pins: dict[str, int]) -> None:
        """Each counter's round needs what it was promised to need, and a reward costs no more than it was to cost."""
        versions = [offer for _, offer in self.model.versions]
        for unit in versions[0].rounds:
            pin = pins.get(unit.partition(":")[2], version)
            assert versions[pin - 1].rounds[unit] == self.model.round_of(card, unit), f"{unit}: promise broken"
        if versions[0].price:
            promised = min(versions[version - 1].price, versions[-1].price)
            assert promised == self.model.price(card), "promise of a price broken"

    def _check_balances(self, balances: Any) -> None:
        stands = {card.card_id: dict[str, int]() for card in self.model.cards}
        for card_id, unit, balance, _ in balances:
            if card_id is not None and balance and not unit.endswith(":rest") and not unit.startswith("tier:"):
                stands[card_id][self._plain(unit)] = balance
        for card in self.model.cards:
            booked, right = stands[card.card_id], self.model.stands(card)
            assert booked == right, f"{booked} stands in the ledger, but {right} is right"

    def _plain(self, unit: str) -> str:
        """A unit as the model calls it."""
        debt = "owed:" if unit.startswith("owed:") else ""
        bare = unit.removeprefix(debt)
        return debt + self.units.get(bare, bare)
