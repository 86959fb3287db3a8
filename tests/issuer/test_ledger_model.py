"""The ledger against a model of a few numbers: whatever the counter does in whatever order, both agree."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from issuer import counter
from issuer.audit import first_breach
from issuer.counter import Redemption
from issuer.database import transaction
from issuer.idempotency import Answer, Attempt, fingerprint, once
from issuer.ledger import Booked, available, balances
from issuer.refusals import Refusal
from issuer.rules.movement import reward_unit
from issuer.schema import Account, Card, Entry, Pass, Publication
from tests.issuer.counting import Till, locked

NEEDED = 5
PICK = st.integers(min_value=0, max_value=1000)


@dataclass
class Deed:
    """What a posting did to the card, as the model has it."""

    posting_id: UUID
    stamps: int
    rewards: int
    undone: bool = False


@dataclass
class Aside:
    """A hold, as the model has it."""

    hold_id: UUID
    until: float
    state: str = "held"


class Counter(RuleBasedStateMachine):
    """One card. `clock` is seconds since the till opened."""

    till: Till

    @initialize()
    def join(self) -> None:
        self.card_id = self.till.join()
        self.reward = reward_unit(self.till.shop.reward_id)
        self.stamps = self.rewards = 0
        self.clock = 0.0
        self.version = 1
        self.deeds = list[Deed]()
        self.asides = list[Aside]()
        self.answers = dict[str, Answer]()

    @property
    def at(self) -> Till:
        return self.till.later(self.clock)

    @property
    def free(self) -> int:
        held = sum(aside.state == "held" and aside.until > self.clock for aside in self.asides)
        return self.rewards - held

    def _book(self, outcome: Booked | Refusal, stamps: int, rewards: int) -> None:
        assert isinstance(outcome, Booked), outcome
        self.stamps += stamps
        self.rewards += rewards
        self.version += 1
        self.deeds.append(Deed(outcome.posting.id, stamps, rewards))

    def _refused(self, outcome: object, code: str) -> None:
        assert isinstance(outcome, Refusal), outcome
        assert outcome.code == code

    def _stamp(self, key: str, count: int) -> tuple[Answer, Booked | None]:
        made = list[Booked]()
        at = self.at
        with at.work() as session:

            def work() -> Answer:
                outcome = counter.stamp(session, locked(session, self.card_id), count, at.visit())
                assert isinstance(outcome, Booked)
                made.append(outcome)
                return Answer(201, {"posting": str(outcome.posting.id), "count": count})

            attempt = Attempt(at.shop.merchant_id, "model", "stamps", key, fingerprint(count))
            answer = once(session, attempt, work, at.now)
        return answer, made[0] if made else None

    @rule(count=st.integers(min_value=1, max_value=2 * NEEDED + 1))
    def earn(self, count: int) -> None:
        key = uuid4().hex
        answer, outcome = self._stamp(key, count)
        assert outcome is not None
        rounds = (self.stamps + count) // NEEDED
        self._book(outcome, count - rounds * NEEDED, rounds)
        self.answers[key] = answer

    @precondition(lambda self: self.answers)
    @rule(pick=PICK)
    def send_again(self, pick: int) -> None:
        key = list(self.answers)[pick % len(self.answers)]
        first = self.answers[key]
        answer, outcome = self._stamp(key, first.body["count"])
        assert outcome is None
        assert (answer.status, answer.body, answer.replayed) == (first.status, first.body, True)

    @rule()
    def redeem(self) -> None:
        outcome = self.at.redeem(self.card_id)
        if self.free > 0:
            self._book(outcome, 0, -1)
        else:
            self._refused(outcome, "nothing_to_redeem")

    @rule()
    def hold(self) -> None:
        outcome = self.at.hold(self.card_id)
        if self.free > 0:
            assert isinstance(outcome, Redemption), outcome
            self.asides.append(Aside(outcome.hold.id, self.clock + 60))
        else:
            self._refused(outcome, "nothing_to_redeem")

    @precondition(lambda self: self.asides)
    @rule(pick=PICK)
    def confirm(self, pick: int) -> None:
        aside = self.asides[pick % len(self.asides)]
        outcome = self.at.confirm(aside.hold_id)
        if aside.state == "redeemed":
            self._refused(outcome, "already_spent")
        elif aside.state == "cancelled" or aside.until <= self.clock:
            self._refused(outcome, "hold_expired")
        else:
            assert isinstance(outcome, Redemption), outcome
            assert outcome.booked is not None
            aside.state = "redeemed"
            self._book(outcome.booked, 0, -1)

    @precondition(lambda self: self.asides)
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        aside = self.asides[pick % len(self.asides)]
        outcome = self.at.cancel(aside.hold_id)
        if aside.state == "redeemed":
            self._refused(outcome, "already_spent")
        else:
            assert isinstance(outcome, Redemption), outcome
            aside.state = "cancelled"

    @precondition(lambda self: self.deeds)
    @rule(pick=PICK)
    def reverse(self, pick: int) -> None:
        deed = self.deeds[pick % len(self.deeds)]
        outcome = self.at.reverse(deed.posting_id)
        if deed.undone:
            self._refused(outcome, "already_reversed")
        elif (deed.stamps > 0 and self.stamps < deed.stamps) or (deed.rewards > 0 and self.free < deed.rewards):
            self._refused(outcome, "already_spent")
        else:
            deed.undone = True
            again = (self.stamps - deed.stamps) // NEEDED
            self._book(outcome, -deed.stamps - again * NEEDED, again - deed.rewards)
            self.deeds[-1].undone = True  # a reversal is never reversed

    @rule(seconds=st.sampled_from([1, 30, 59, 60, 3600]))
    def wait(self, seconds: int) -> None:
        """Holds expire in no other way."""
        self.clock += seconds

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        with self.till.work() as session:
            card = session.get_one(Card, self.card_id)
            held = balances(session, card)
            free = available(session, card, self.reward, self.at.now)
            wanted = session.scalar(select(Publication.wanted_version).join(Pass).where(Pass.card_id == card.id))
        assert (held.get("stamps", 0), held.get(self.reward, 0)) == (self.stamps, self.rewards)
        assert (free, card.version, wanted) == (self.free, self.version, self.version)

    @invariant()
    def every_balance_is_the_sum_of_its_entries_and_never_below_zero(self) -> None:
        sums = select(Account.balance, func.coalesce(func.sum(Entry.amount), 0)).outerjoin(
            Entry, Entry.account_id == Account.id
        )
        with self.till.work() as session:
            rows = session.execute(sums.where(Account.card_id == self.card_id).group_by(Account.id)).all()
        assert all(balance == booked >= 0 for balance, booked in rows)

    def teardown(self) -> None:
        with transaction(self.till.engine) as session:
            assert first_breach(session) is None


def test_the_counter_does_what_a_few_numbers_do(own_till: Till) -> None:
    own_till.change_rule(NEEDED)
    machine = type("AtThisTill", (Counter,), {"till": own_till})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
