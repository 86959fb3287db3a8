"""What cards hold, kept in dictionaries and reckoned in fractions: the rules once more, as plainly as can be said.

Nothing of `issuer.rules` is used here, so that a mistake in it cannot hide. A shop's day goes by in seconds.
"""

from copy import deepcopy
from fractions import Fraction
from math import ceil, floor
from uuid import UUID

from tests.issuer.heaps import MERGED
from tests.issuer.model_cards import Amounts, Bought, Card, Change, Deed, Held, Rounds, Sale
from tests.issuer.offers import COFFEE, CREDIT, LUNCH, POINTS, PREPAID, STAMPS, Offer

REST, OWED, SPENT = ":rest", "owed:", "spent"
PRICES = "prices"
HOLD_SECONDS = 60


class Model:
    """A program in all its versions and its cards. ``clock``: seconds since it began."""

    def __init__(self, offer: Offer) -> None:
        self.versions = [(0.0, offer)]
        self.clock = 0.0
        self.cards = list[Card]()

    @property
    def offer(self) -> Offer:
        """What holds now."""
        return self.versions[-1][1]

    @property
    def now(self) -> int:
        return len(self.versions) - 1

    def then(self, at: float) -> Offer:
        """What held at an instant."""
        return next(offer for since, offer in reversed(self.versions) if since <= at)

    def ago(self, late: float) -> int:
        """How late something is told."""
        return int(self.clock * late)

    def change(self, offer: Offer) -> None:
        self.versions.append((self.clock, offer))

    def join(self, card_id: UUID) -> Card:
        card = Card(card_id, dict.fromkeys([*self.offer.rounds, PRICES], self.now))
        self.cards.append(card)
        return card

    def aside(self, card: Card, unit: str) -> int:
        return sum(one.amount for one in card.held if one.unit == unit and self.lasts(one))

    def lasts(self, one: Held) -> bool:
        return one.state == "held" and one.until > self.clock

    def free(self, card: Card, unit: str) -> int:
        return int(card.has[unit]) - self.aside(card, unit)

    def spendable(self, card: Card, unit: str) -> int:
        """What is free less what is owed: a debt may have met something set aside that was given up since."""
        free = self.free(card, unit)
        return max(0, free - int(card.has[OWED + unit])) if free > 0 else free

    def round_of(self, card: Card, counter: str) -> tuple[int, str]:
        """Stamps needed for the card's round, and what they become: as it was promised."""
        return self.versions[card.under[counter]][1].rounds[counter]

    def price(self, card: Card) -> int:
        """The promised price, or today's if that is lower."""
        return min(self.versions[card.under[PRICES]][1].price, self.offer.price)

    def settle(self, card: Card, source: object = None, at: float | None = None) -> dict[str, int]:
        """Pay debts, put remainders right, complete rounds; how often each counter's was completed.

        :param source: the posting that does so, of something that happened ``at``
        """
        rounds, at = {}, self.clock if at is None else at
        self._pay(card)
        self._put_right(card, source, at)
        for counter in self.offer.rounds:
            needed, reward = self.round_of(card, counter)
            if (times := int(card.has[counter]) // needed) > 0:
                card.spend(counter, times * needed)
                card.gain(reward, times, at, source)
                rounds[counter] = times
        self._pay(card)
        return rounds

    def _put_right(self, card: Card, source: object, at: float) -> None:
        for unit in (POINTS, CREDIT):
            whole = floor(card.has[unit + REST])
            card.has[unit + REST] -= whole
            if whole > 0:
                card.gain(unit, whole, at, source)
            else:
                self.take(card, unit, -whole)

    def _pay(self, card: Card) -> None:
        """Not with what is set aside for somebody who stands at the counter."""
        for debt in [unit for unit, amount in card.has.items() if unit.startswith(OWED) and amount > 0]:
            unit = debt.removeprefix(OWED)
            paid = min(int(card.has[debt]), max(self.free(card, unit), 0))
            card.spend(unit, paid)
            card.has[debt] -= paid

    def take(self, card: Card, unit: str, amount: int, bought: Bought | None = None) -> None:
        """To zero, and the rest is owed."""
        there = min(amount, max(self.free(card, unit), 0))
        if bought:
            card.take_back(unit, there, bought.posting_id)
        else:
            card.spend(unit, there)
        card.has[OWED + unit] += amount - there

    def book(self, card: Card, posting_id: UUID, change: Change) -> Deed:
        """Keep in mind what was done; whoever ended a round begins the next under the promise of today."""
        card.version += 1
        ended = {promise: card.under[promise] for promise in change.rounds}
        card.under |= dict.fromkeys(ended, self.now)
        changed = {unit: card.has[unit] - change.before[unit] for unit in {*card.has, *change.before}}
        rounds = [Rounds(key, ended[key], times) for key, times in change.rounds.items() if key != PRICES]
        card.rounds += rounds
        return Deed(posting_id, card, changed, change.gross(card), ended, rounds)

    def earned(self, day: Offer, sale: Sale, cash: int, share: Fraction, factor: Fraction) -> Amounts:
        """What a sale brings, or that part of it which stays."""
        found: Amounts = {}
        if STAMPS in day.rounds:
            found[STAMPS] = Fraction(1)
        if LUNCH in day.rounds:
            found[LUNCH] = Fraction(ceil(sale.lunches * share))
        if day.tiers:
            found[SPENT] = Fraction(cash)
        found[POINTS], found[CREDIT] = day.points * cash * factor, day.back * cash
        return found

    def add(self, card: Card, amounts: Amounts, source: object, at: float) -> None:
        """Wholes to the balance, parts beside it."""
        for unit, amount in amounts.items():
            if unit in (POINTS, CREDIT):
                card.has[unit + REST] += amount
            elif unit == SPENT:
                card.has[unit] += amount
            else:
                card.gain(unit, int(amount), at, source)
        self._put_right(card, source, at)

    def buy(self, card: Card, posting_id: UUID, sale: Sale, at: float) -> tuple[Amounts, Offer, Fraction]:
        """Spend and earn; what was earned, under which version, and how fast."""
        day, factor = self.then(at), self.offer.faster(card.has[SPENT])
        card.spend(CREDIT, sale.credit)
        if sale.voucher:
            card.has[sale.voucher] -= 1
        amounts = self.earned(day, sale, sale.cash, Fraction(1), factor)
        self.add(card, amounts, posting_id, at)
        return amounts, day, factor

    def refund(self, bought: Bought, now: int) -> None:
        """Give back so many cents of a purchase: cash first, then credit; what it earned goes in the same measure."""
        card, sale = bought.card.home, bought.sale
        before, after = bought.refunded, bought.refunded + now
        bought.refunded, bought.refunds = after, bought.refunds + 1
        whole = after == sale.worth
        card.give_back(CREDIT, max(0, after - sale.cash) - max(0, before - sale.cash))
        if whole and sale.voucher:
            card.has[sale.voucher] += 1
        share = Fraction(sale.worth - after, sale.worth or 1)
        stay: Amounts = {}
        if not whole:
            stay = self.earned(bought.day, sale, max(0, sale.cash - after), share, bought.factor)
            if PREPAID in bought.left:
                stay[PREPAID] = Fraction(floor(bought.day.visits[0] * share))
        for unit, amount in bought.left.items():
            goes = max(amount - self.ended(bought, unit) - stay.get(unit, 0), 0)
            bought.left[unit] -= goes
            self._go(card, bought, unit, goes)

    def ended(self, bought: Bought, unit: str) -> int:
        """What was over of a purchase before it was spent. Of cards that were merged, in doubt what ended was its."""
        card = bought.card
        ended, moved = card.heaps[unit].sums(lambda heap: heap.source == bought.posting_id)
        while card.into:
            card = card.into
            more, further = card.heaps[unit].sums(lambda heap: heap.source == MERGED)
            ended, moved = ended + min(moved, more), min(max(moved - more, 0), further)
        return ended

    def _go(self, card: Card, bought: Bought, unit: str, amount: Fraction) -> None:
        if unit in (POINTS, CREDIT):
            card.has[unit + REST] -= amount
            whole = floor(card.has[unit + REST])
            card.has[unit + REST] -= whole
            self.take(card, unit, -whole, bought)
        elif unit == SPENT:
            card.has[unit] = max(card.has[unit] - amount, 0)
        else:
            if unit in self.offer.rounds:
                self._fall_back(card, bought, unit, amount)
            self.take(card, unit, int(amount), bought)

    def _fall_back(self, card: Card, bought: Bought, counter: str, amount: Fraction) -> None:
        """Rounds are undone as stamps are missing and rewards are there: the purchase's own, then the newest."""
        for one in [*bought.rounds, *reversed(card.rounds)]:
            needed, reward = self.versions[one.under][1].rounds[counter] if one.counter == counter else (1, COFFEE)
            missing = int(amount) - int(card.has[counter]) if one.counter == counter else 0
            times = min(ceil(Fraction(missing, needed)), one.left, max(self.free(card, reward), 0))
            if times > 0:
                one.left -= times
                card.give_back(counter, times * needed)
                card.take_back(reward, times, bought.posting_id)
                card.under[counter] = one.under

    def undo(self, deed: Deed) -> Change | None:
        """Take a posting back with all that it changed; ``None``, and nothing is done, when something of it is gone."""
        card = deed.card.home
        change, heaps = Change(card), deepcopy(card.heaps)
        for unit, amount in deed.change.items():
            card.has[unit] -= amount
        for unit, (plus, minus) in deed.gross.items():
            card.heaps[unit].give_back(minus)
            card.heaps[unit].take_back(plus, deed.posting_id)
        card.has[SPENT] = max(card.has[SPENT], 0)
        card.under |= deed.ended
        change.rounds = self.settle(card)
        if any(self._is_gone(card, unit, change.before[unit]) for unit in list(card.has)):
            card.has, card.heaps, card.under = change.before, heaps, change.under
            return None
        deed.undone = True
        for one in deed.rounds:
            one.left = 0
        return change

    def _is_gone(self, card: Card, unit: str, before: Fraction) -> bool:
        """Whether more was taken than is there and not set aside."""
        if unit.startswith(OWED):
            return card.has[unit] > before
        return card.has[unit] < before and self.free(card, unit) < 0

    def merge(self, into: Card, other: Card) -> dict[str, int]:
        """All that the other card holds, and the better one of two promises."""
        for one in other.held:
            one.state = "cancelled" if one.state == "held" else one.state
        for counter in self.offer.rounds:
            if self.round_of(other, counter) < self.round_of(into, counter):
                into.under[counter] = other.under[counter]
        if self.price(other) < self.price(into):
            into.under[PRICES] = other.under[PRICES]
        for unit, amount in other.has.items():
            into.has[unit] += amount
            if moved := other.heaps[unit].move():
                into.heaps[unit].put(moved, self.clock, MERGED)
        other.has.clear()
        into.vouchers += other.vouchers
        other.into, other.version = into, other.version + 1
        return self.settle(into, MERGED)

    def end(self, card: Card) -> bool:
        """What ends is over, all of it; whoever loses stamps begins anew under the promise of today."""
        over = [unit for unit in self.offer.ends if card.has[unit] > 0]
        for unit in over:
            card.has[unit] = 0
            card.heaps[unit].end()
            if unit in self.offer.rounds:
                card.under[unit] = self.now
        return bool(over)

    def stands(self, card: Card) -> dict[str, int]:
        """Whole amounts by unit, what is zero left out."""
        assert all(heaps.total == card.has[unit] for unit, heaps in card.heaps.items() if unit != SPENT)
        shown = {unit: amount for unit, amount in card.has.items() if not unit.endswith(REST) and unit != SPENT}
        return {unit: int(amount) for unit, amount in shown.items() if amount}
