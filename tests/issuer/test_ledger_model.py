"""The ledger against a model of a few numbers: whatever a counter does in whatever order, both agree.

`make test` tries fifty days of fifty deeds with one seed, `make soak` as many as EXAMPLES says with any SEED.
With SHRINK=1 a failure is told as briefly as can be found, which takes minutes; else as it was met.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issuer import audit, counter, merging, prepaid, purchases, refunds
from issuer.counter import Redemption
from issuer.database import transaction
from issuer.keys import Keys
from issuer.ledger import Booked
from issuer.purchases import Order
from issuer.refunds import Refunded
from issuer.refusals import Refusal
from issuer.rules.part import Item
from issuer.schema import Posting, Purchase
from tests.issuer.counting import found, locked, locked_hold
from tests.issuer.gifting import give_voucher
from tests.issuer.model import HOLD_SECONDS, PRICES, Model
from tests.issuer.model_cards import Bought, Card, Change, Deed, Held, Sale, Voucher
from tests.issuer.offers import CAKE, COFFEE, CREDIT, DISH, KINDS, LUNCH, NUMBERS, POINTS, PREPAID, VOUCHER_CENTS
from tests.issuer.shop_model import DONE, FATES, Shop

EXAMPLES, SEED = int(os.environ.get("EXAMPLES") or 50), int(os.environ.get("SEED") or 4)
PHASES = [Phase.generate, Phase.shrink] if os.environ.get("SHRINK") else [Phase.generate]
STEPS = int(os.environ.get("STEPS") or 50)
OPENING = datetime(2026, 5, 4, 6, tzinfo=UTC)
MOST_CARDS = 3
PICK = st.integers(min_value=0, max_value=999)
FATE = st.sampled_from(FATES)
FEW = st.integers(min_value=0, max_value=3)
CENTS = st.integers(min_value=0, max_value=4_000)
LATE = st.sampled_from([0.0, 0.0, 0.0, 0.4, 1.0])


class Days(RuleBasedStateMachine):
    """Any deeds at a shop of one kind, each of which may meet a crash."""

    engine: ClassVar[Engine]
    keys: ClassVar[Keys]
    kind: ClassVar[str]
    tally: ClassVar[Counter[str]]

    @initialize(numbers=NUMBERS)
    def open(self, numbers: tuple[int, int]) -> None:
        build = KINDS[self.kind]
        self.shop = Shop(found(self.engine, self.keys, OPENING), build, build(*numbers), self.tally)
        self.bought, self.references = list[Bought](), list[str]()
        for _ in range(2):
            self._join()

    @property
    def model(self) -> Model:
        return self.shop.model

    def _join(self) -> None:
        card = self.model.join(self.shop.at.join())
        if self.model.offer.back:
            voucher = give_voucher(self.shop.at, card.card_id, uses=2)
            unit = f"voucher:{voucher.id}"
            card.has[unit] += 2
            card.vouchers.append(Voucher(voucher.code, unit, self.model.clock))
            card.version += 1

    def _card(self, pick: int) -> Card:
        active = [card for card in self.model.cards if not card.into]
        return active[pick % len(active)]

    def _refused(self, outcome: object, code: str) -> None:
        assert isinstance(outcome, Refusal), outcome
        assert outcome.code == code

    def _book(self, card: Card, booked: object, change: Change) -> Deed:
        assert isinstance(booked, Booked), booked
        deed = self.model.book(card, booked.posting.id, change)
        self.shop.deeds.append(deed)
        return deed

    def _bought(self, bought: Bought, deed: Deed, reference: str) -> None:
        deed.bought, bought.rounds = bought, deed.rounds
        self.bought.append(bought)
        self.references.append(reference)

    @precondition(lambda self: sum(not card.into for card in self.model.cards) < MOST_CARDS)
    @rule()
    def join(self) -> None:
        self._join()

    @rule(seconds=st.sampled_from([1, 30, 59, 60, 600]))
    def wait(self, seconds: int) -> None:
        """Holds end in no other way."""
        self.model.clock += seconds

    @rule(numbers=NUMBERS)
    def change_rule(self, numbers: tuple[int, int]) -> None:
        offer = self.shop.build(*numbers)
        differs = offer != self.model.offer
        assert self.shop.change(offer) == differs
        if differs:
            self.model.change(offer)

    @precondition(lambda self: self.model.offer.rounds)
    @rule(pick=PICK, fate=FATE, count=st.integers(min_value=1, max_value=9), named=st.booleans(), late=LATE)
    def stamp(self, pick: int, fate: str, count: int, named: bool, late: float) -> None:
        card, model = self._card(pick), self.model
        unit = sorted(model.offer.rounds)[pick % len(model.offer.rounds)]
        reference, ago = uuid4().hex if named else None, model.ago(late)
        key = unit.partition(":")[2]

        def work(session: Session) -> Booked | Refusal:
            visit = self.shop.visit(ago, reference=reference)
            return counter.stamp(session, locked(session, card.card_id), count, visit, counter=key)

        booked = self.shop.do(fate, "stamp", work)
        change = Change(card)
        assert isinstance(booked, Booked), booked
        source, at = booked.posting.id, model.clock - ago
        card.gain(unit, count, at, source)
        change.rounds = model.settle(card, source, at)
        deed = self._book(card, booked, change)
        if reference and booked.posting.purchase_id:
            self._bought(Bought(booked.posting.purchase_id, card, source, {unit: count}), deed, reference)

    @precondition(lambda self: not self.model.offer.visits[0])
    @rule(pick=PICK, fate=FATE, cents=CENTS, lunches=FEW, credit=FEW, voucher=st.booleans(), late=LATE)
    def buy(self, pick: int, fate: str, cents: int, lunches: int, credit: int, voucher: bool, late: float) -> None:
        card, model = self._card(pick), self.model
        given = card.vouchers[pick % len(card.vouchers)] if voucher and card.vouchers else None
        code, unit = (given.code, given.unit) if given else (None, None)
        paid = min(model.free(card, CREDIT) * credit // 2, cents)
        sale = Sale(cents, min(cents, VOUCHER_CENTS) if unit else 0, paid, lunches, unit)
        outcome, ago, reference = None, model.ago(late), uuid4().hex

        def work(session: Session) -> purchases.Bought | Refusal:
            items = (Item(DISH, "Lunch", lunches, 900),) if lunches else ()
            order, visit = Order(cents, items, paid, code), self.shop.visit(ago, reference=reference)
            return purchases.buy(session, locked(session, card.card_id), order, visit)

        outcome = self.shop.do(fate, "buy", work)
        if given and model.clock - ago < given.since:
            self._refused(outcome, "voucher_not_valid")
        elif unit and model.free(card, unit) < 1:
            self._refused(outcome, "voucher_used")
        elif paid > min(model.spendable(card, CREDIT), sale.worth):
            self._refused(outcome, "not_enough_credit")
        else:
            self._sold(card, sale, outcome, ago, reference)

    def _sold(self, card: Card, sale: Sale, outcome: object, ago: int, reference: str) -> None:
        assert isinstance(outcome, purchases.Bought), outcome
        assert outcome.quote.to_pay == sale.cash
        change, source, at = Change(card), outcome.booked.posting.id, self.model.clock - ago
        earned, day, factor = self.model.buy(card, source, sale, at)
        change.rounds = self.model.settle(card, source, at)
        bought = Bought(outcome.purchase.id, card, source, earned, sale, day, factor)
        self._bought(bought, self._book(card, outcome.booked, change), reference)

    @precondition(lambda self: self.model.offer.visits[0])
    @rule(pick=PICK, fate=FATE, late=LATE)
    def buy_visits(self, pick: int, fate: str, late: float) -> None:
        card, ago, reference = self._card(pick), self.model.ago(late), uuid4().hex

        def work(session: Session) -> purchases.Bought | Refusal:
            return prepaid.buy_visits(session, locked(session, card.card_id), self.shop.visit(ago, reference=reference))

        outcome = self.shop.do(fate, "visits", work)
        assert isinstance(outcome, purchases.Bought), outcome
        change, source, at = Change(card), outcome.booked.posting.id, self.model.clock - ago
        day = self.model.then(at)
        visits, price = day.visits
        card.gain(PREPAID, visits, at, source)
        self.model.settle(card, source, at)
        deed = self._book(card, outcome.booked, change)
        bought = Bought(outcome.purchase.id, card, source, {PREPAID: visits}, Sale(price), day)
        self._bought(bought, deed, reference)

    @precondition(lambda self: self.model.offer.visits[0])
    @rule(pick=PICK, fate=FATE, count=st.integers(min_value=1, max_value=4))
    def use_visits(self, pick: int, fate: str, count: int) -> None:
        card = self._card(pick)

        def work(session: Session) -> Booked | Refusal:
            return prepaid.use_visits(session, locked(session, card.card_id), count, self.shop.visit())

        outcome = self.shop.do(fate, "uses", work)
        if self.model.spendable(card, PREPAID) < count:
            self._refused(outcome, "not_enough_visits")
        else:
            change = Change(card)
            card.spend(PREPAID, count)
            self._book(card, outcome, change)

    def _price(self, card: Card, reward: str) -> tuple[str, int, str]:
        """What a reward is paid with, and what is said when that is not there."""
        if self.model.offer.price:
            return POINTS, self.model.price(card), "not_enough"
        return reward, 1, "nothing_to_redeem"

    @precondition(lambda self: self.model.offer.rounds or self.model.offer.price)
    @rule(pick=PICK, fate=FATE, reward=st.sampled_from([COFFEE, COFFEE, CAKE]), hand_over=st.booleans())
    def redeem(self, pick: int, fate: str, reward: str, hand_over: bool) -> None:
        card, act = self._card(pick), counter.redeem if hand_over else counter.hold
        reward = reward if LUNCH in self.model.offer.rounds else COFFEE
        unit, price, short = self._price(card, reward)
        reward_id = self.shop.reward_id(reward)

        def work(session: Session) -> Redemption | Refusal:
            return act(session, locked(session, card.card_id), reward_id, self.shop.visit())

        outcome = self.shop.do(fate, "redeem", work)
        if self.model.spendable(card, unit) < price:
            self._refused(outcome, short)
            return
        assert isinstance(outcome, Redemption), outcome
        held = Held(outcome.hold.id, unit, price, self.model.clock + HOLD_SECONDS)
        self.shop.asides.append((card, held))
        card.held.append(held)
        if hand_over:
            self._hand_over(card, held, outcome)

    def _hand_over(self, card: Card, held: Held, outcome: Redemption) -> None:
        held.state = "redeemed"
        change = Change(card)
        card.spend(held.unit, held.amount)
        if held.unit == POINTS:
            change.rounds = {PRICES: 1}
        self._book(card, outcome.booked, change)

    @precondition(lambda self: self.shop.asides)
    @rule(pick=PICK, fate=FATE)
    def confirm(self, pick: int, fate: str) -> None:
        card, held = self.shop.asides[pick % len(self.shop.asides)]

        def work(session: Session) -> Redemption | Refusal:
            return counter.confirm(session, *locked_hold(session, held.hold_id), self.shop.visit())

        outcome = self.shop.do(fate, "confirm", work)
        if held.state == "redeemed":
            self._refused(outcome, "already_spent")
        elif not self.model.lasts(held):
            self._refused(outcome, "hold_expired")
        else:
            assert isinstance(outcome, Redemption), outcome
            self._hand_over(card, held, outcome)

    @precondition(lambda self: self.shop.asides)
    @rule(pick=PICK, fate=FATE)
    def cancel(self, pick: int, fate: str) -> None:
        _, held = self.shop.asides[pick % len(self.shop.asides)]

        def work(session: Session) -> Redemption | Refusal:
            return counter.cancel(session, *locked_hold(session, held.hold_id), self.shop.visit())

        outcome = self.shop.do(fate, "cancel", work)
        if held.state == "redeemed":
            self._refused(outcome, "already_spent")
        else:
            assert isinstance(outcome, Redemption), outcome
            held.state = "cancelled"

    @precondition(lambda self: self.shop.deeds)
    @rule(pick=PICK, fate=FATE)
    def reverse(self, pick: int, fate: str) -> None:
        deed = self.shop.deeds[-1 - pick % len(self.shop.deeds)]

        def work(session: Session) -> Booked | Refusal:
            posting = session.get_one(Posting, deed.posting_id)
            return counter.reverse(session, locked(session, posting.card_id), posting, self.shop.visit())

        outcome = self.shop.do(fate, "reverse", work)
        if deed.is_final:
            self._refused(outcome, "already_reversed")
            return
        change = self.model.undo(deed)
        if change is None:
            self._refused(outcome, "already_spent")
            return
        self._book(deed.card.home, outcome, change).undone = True
        if deed.bought:
            deed.bought.undone = True

    @precondition(lambda self: self.bought)
    @rule(pick=PICK, fate=FATE, cents=st.none() | CENTS)
    def refund(self, pick: int, fate: str, cents: int | None) -> None:
        bought = self.bought[-1 - pick % len(self.bought)]

        def work(session: Session) -> Refunded | Refusal:
            purchase = session.get_one(Purchase, bought.purchase_id)
            card = locked(session, refunds.bearer(session, purchase))
            return refunds.refund(session, card, purchase, cents, self.shop.visit())

        outcome = self.shop.do(fate, "refund", work)
        if refusal := bought.why_not(cents):
            self._refused(outcome, refusal)
            return
        assert isinstance(outcome, Refunded), outcome
        change = Change(bought.card.home)
        self.model.refund(bought, bought.rest if cents is None else cents)
        change.rounds = self.model.settle(bought.card.home)
        self._book(bought.card.home, outcome.booked, change).undone = True

    @rule(pick=PICK, other=PICK, fate=FATE)
    def merge(self, pick: int, other: int, fate: str) -> None:
        into, source = self._card(pick), self._card(pick + (other % 8 > 0))

        def work(session: Session) -> Booked | Refusal:
            one, two = merging.locked_two(session, into.card_id, source.card_id)
            assert one is not None
            assert two is not None
            return merging.merge(session, self.keys, one, two, self.shop.visit())

        outcome = self.shop.do(fate, "merge", work)
        if into is source:
            self._refused(outcome, "same_card")
            return
        assert isinstance(outcome, Booked), outcome
        change = Change(into)
        change.rounds = self.model.merge(into, source)
        self.model.book(into, outcome.posting.id, change)

    @precondition(lambda self: self.model.offer.ends)
    @rule(days=st.sampled_from([0, 400]))
    def look_after(self, days: int) -> None:
        """The worker's look: whatever ends has ended after 400 days, and nothing on the day it was booked."""
        self.model.clock += days * 86_400
        self.shop.forget_keys_after(days)
        for card in (card for card in self.model.cards if not card.into):
            ended = bool(days) and self.model.end(card)
            assert self.shop.look_after(card) == ended

    @precondition(lambda self: self.shop.sent and self.references)
    @rule(pick=PICK, what=st.sampled_from(["same", "other body", "other key"]))
    def send_again(self, pick: int, what: str) -> None:
        """The same request, another with its key, or a bill that was told before with another key."""
        sent = self.shop.sent[pick % len(self.shop.sent)]
        if what == "same":
            self.shop.again(sent)
        elif what == "other body":
            self.shop.other_body(sent)
        else:
            card, reference = self._card(pick), self.references[pick % len(self.references)]
            self._refused(self.shop.do(DONE, "buy", self._buying(card, reference)), "reference_reused")

    def _buying(self, card: Card, reference: str) -> Callable[[Session], purchases.Bought | Refusal]:
        visit = self.shop.visit(reference=reference)
        return lambda session: purchases.buy(session, locked(session, card.card_id), Order(1000), visit)

    @invariant()
    def both_agree(self) -> None:
        self.shop.check()

    def teardown(self) -> None:
        with transaction(self.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
            assert audit.breach_of(session, self.shop.till.shop.merchant_id) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_counter_does_what_a_few_numbers_do(engine: Engine, keys: Keys, kind: str) -> None:
    examples, tally = -(-EXAMPLES // len(KINDS)), Counter[str]()
    days = type("DaysHere", (Days,), {"engine": engine, "keys": keys, "kind": kind, "tally": tally})
    run_state_machine_as_test(
        seed(SEED)(days),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            phases=PHASES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"\n{kind}: {examples} x {STEPS}, SEED={SEED}; {dict(tally.most_common())}")
    assert tally["done"] > tally.total() / 10, "most of it was refused: little was tried"
