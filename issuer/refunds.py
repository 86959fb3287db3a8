"""Purchases taken back, whole or in part: what they earned goes, what they spent comes back, as paired entries."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import expiring, referrals
from issuer.cards import heir_of
from issuer.counter import undone
from issuer.history import EARNING
from issuer.ledger import Booked, card_lines, free_balances, post
from issuer.merging import followed
from issuer.publishing import AT_THE_TILL, publish
from issuer.refusals import Refusal
from issuer.rounds import Side, fall_back, rounds_of
from issuer.rules import Rules
from issuer.rules.movement import CREDIT, WHOLE, Movement, after
from issuer.rules.part import Item, Sale
from issuer.rules.refunding import in_parts, presents_left, staying, taken_parts, too_much
from issuer.rules.settling import settled, taken
from issuer.rules.stamps import Collecting
from issuer.schema import Card, Posting, ProgramVersion, Purchase, Refund
from issuer.terms import terms_of
from issuer.unreached import taken_gifts
from issuer.visits import Visit, refuse


@dataclass(frozen=True)
class Refunded:
    """What was taken back and what was booked for it, on ``card``: where the balances are now."""

    refund: Refund
    booked: Booked
    card: Card


@dataclass(frozen=True)
class _Part:
    """Cents that are refunded now, after those of ``before``; ``whole``: nothing is left then."""

    purchase: Purchase
    before: int
    now: int
    whole: bool

    @cached_property
    def worth(self) -> int:
        """What was paid, in cash and in credit."""
        return _worth(self.purchase)

    @property
    def cash(self) -> int:
        """Cents that stay of what was paid and earned something: they go first, credit last."""
        return max(0, self.worth - self.purchase.credit - self.before - self.now)

    @property
    def share(self) -> Fraction:
        return Fraction(self.worth - self.before - self.now, self.worth or 1)

    @property
    def credit(self) -> int:
        """Cents of credit that are given back now."""
        return self._credit(self.before + self.now) - self._credit(self.before)

    def _credit(self, refunded: int) -> int:
        return max(0, refunded - (self.worth - self.purchase.credit))


@dataclass(frozen=True)
class _Story:
    """What was booked for a purchase: by itself, and by earlier refunds of it."""

    posting: Posting
    earned: Sequence[Side]
    refunded: Sequence[Side]

    @property
    def booked(self) -> dict[str, int]:
        """What it earned and still has, in parts of a whole."""
        earned = [entry for entry, role in self.earned if entry.cause == self.posting.cause and role == "issued"]
        gone = [entry for entry, role in self.refunded if entry.cause == "refund" and role == "issued"]
        units = in_parts((entry.unit, entry.amount) for entry in earned)
        left = in_parts((entry.unit, entry.amount) for entry in (*earned, *gone))
        return {unit: left[unit] for unit in units}

    @property
    def presents(self) -> Counter[str]:
        """What it brought beside: for a friend, a milestone, a tier."""
        found = Counter[str]()
        for entry, role in self.earned:
            if entry.cause == "bonus" and role == "issued" and entry.amount > 0:
                found[entry.unit] += entry.amount
        return found

    @property
    def fallen(self) -> Counter[str]:
        """Stamps of its rounds that came back with earlier refunds."""
        found = Counter[str]()
        for entry, role in self.refunded:
            if role == "exchanged":
                found[entry.unit] += entry.amount
        return found


def refund(session: Session, card: Card, purchase: Purchase, total: int | None, visit: Visit) -> Refunded | Refusal:
    """Take a purchase back, as much of it as ``total`` cents say; all that is left when they do not.

    What should stay is reckoned under the rules and the tier of the purchase. What was over before it was spent is
    neither taken from anything else nor owed. What was spent is taken from what is there, to zero, and the rest
    recorded as owed: later earnings pay it. Booked whatever state the card is in.

    :param card: the purchase's, locked; if it was merged, the refund is booked on the card that has its balances
    :param total: of what was paid, in cash or in credit: discounts are nobody's to give back
    """
    card = followed(session, card)
    story = _story(session, purchase)
    part = _part(session, purchase, story, total)
    if isinstance(part, Refusal):
        return refuse(session, card, part, visit)
    row = Refund(
        id=uuid4(),
        merchant_id=purchase.merchant_id,
        purchase_id=purchase.id,
        total=part.now,
        recorded_at=visit.now,
    )
    session.add(row)
    free = free_balances(session, card, visit.now)
    lines = list(_lines(session, card, story, part, free))
    lines += taken_gifts(session, card, lines, free, story.posting if part.whole else None)
    terms = terms_of(session, card, purchase.occurred_at)
    lines += settled(terms.counters, after(free, lines))
    booked = post(session, card, lines, visit.deed("refund", purchase_id=purchase.id))
    undone(session, card, terms, booked, story.posting if part.whole else None, lines)
    publish(session, [card], "refund", AT_THE_TILL, visit.now)
    return Refunded(row, booked, card)


def refunded_of(session: Session, purchase: Purchase) -> int:
    """Cents that were refunded so far."""
    return _refunded(session, purchase)[1]


def bearer(session: Session, purchase: Purchase) -> UUID:
    """The card to lock for a refund: the purchase's, or the one that it was merged into."""
    return heir_of(session, session.get_one(Card, purchase.card_id)).id


def _worth(purchase: Purchase) -> int:
    return (purchase.total or 0) - purchase.discount


def _refunded(session: Session, purchase: Purchase) -> tuple[int, int]:
    """How often, and how many cents."""
    counted = select(func.count(), func.coalesce(func.sum(Refund.total), 0)).where(Refund.purchase_id == purchase.id)
    times, cents = session.execute(counted).one()
    return int(times), int(cents)


def _story(session: Session, purchase: Purchase) -> _Story:
    rows = session.scalars(
        select(Posting)
        .where(Posting.purchase_id == purchase.id, Posting.cause.in_((*EARNING, "refund")))
        .order_by(Posting.recorded_at, Posting.version)
    ).all()
    earned = next(row for row in rows if row.cause in EARNING)
    refunds = [side for row in rows if row.cause == "refund" for side in card_lines(session, row)]
    return _Story(earned, card_lines(session, earned), refunds)


def _part(session: Session, purchase: Purchase, story: _Story, total: int | None) -> _Part | Refusal:
    times, before = _refunded(session, purchase)
    left = _worth(purchase) - before
    reversed_ = session.scalar(select(Posting.id).where(Posting.reverses_id == story.posting.id))
    if reversed_ or (times and not left):
        return Refusal("already_reversed")
    if total is not None and purchase.total is None:
        return Refusal("refund_whole_only")
    if total is not None and total > left:
        return Refusal("refund_too_large", {"left": f"{left // 100}.{left % 100:02} {purchase.currency}"})
    if total is not None and (total < 0 or total == 0 < left):
        return Refusal("refund_of_nothing")
    now = left if total is None else total
    return _Part(purchase, before, now, whole=now == left)


def _lines(session: Session, card: Card, story: _Story, part: _Part, free: Mapping[str, int]) -> Iterator[Movement]:
    """What is given back, the rounds that fall back, then what is taken."""
    rules = _rules_then(session, card, story, part.purchase)
    lines = list(_given_back(story, part))
    ended = expiring.ended_of(session, part.purchase)
    stay = {} if part.whole else staying(rules, _sale(session, card, part), part.share)
    parts = too_much(story.booked, stay, ended)
    brought = story.presents if part.whole and not referrals.was_void(session, story.posting) else {}
    presents = presents_left(brought, story.booked, ended)
    own = [(story.posting, one) for one in rounds_of(story.earned, rules.counter, story.fallen)]
    going = Counter(parts) + Counter({unit: amount * WHOLE for unit, amount in presents.items()})
    lines += fall_back(session, card, own, rules.counter, going, after(free, lines), "refund")
    lines += taken_parts(parts, after(free, lines), "refund")
    for unit, amount in presents.items():
        lines += taken(unit, amount, after(free, lines).get(unit, 0), "refund")
    yield from lines


def _given_back(story: _Story, part: _Part) -> Iterator[Movement]:
    """Credit when the cash is used up; what else was spent, with the whole purchase. A voucher ends by its date."""
    if part.credit:
        yield Movement(CREDIT, part.credit, "redeemed", "refund")
    for entry, role in story.earned if part.whole else ():
        if entry.cause == "redemption" and entry.unit != CREDIT:
            yield Movement(entry.unit, -entry.amount, role, "refund")


def _sale(session: Session, card: Card, part: _Part) -> Sale:
    """The purchase as it was, with the money that stays."""
    bought = part.purchase
    local = terms_of(session, card, bought.occurred_at).local(bought.occurred_at)
    items = tuple(Item(**item) for item in bought.items or ())
    return Sale(local, total=part.cash, items=items, tier=bought.tier, factor=Fraction(bought.factor or 1))


def _rules_then(session: Session, card: Card, story: _Story, purchase: Purchase) -> Rules:
    """What the purchase earned by: each counter under the promise of its round, all else under the day's version."""
    posting = story.posting
    day, pins = purchase.rule_version or posting.program_version, posting.pins or {}
    numbers = {day, posting.program_version, *(int(pin) for pin in pins.values())}
    rows = select(ProgramVersion).where(
        ProgramVersion.program_id == card.program_id, ProgramVersion.number.in_(numbers)
    )
    versions = {row.number: Rules.read(row.rule) for row in session.scalars(rows)}
    counters = []
    for key in dict.fromkeys(rule.counter for rules in versions.values() for rule in rules.each(Collecting)):
        pin = int(pins.get(key, posting.program_version)) if key else posting.program_version
        counters.append(versions[pin].counter(key) or versions[day].counter(key))
    others = [part for part in versions[day].parts if not isinstance(part, Collecting)]
    return Rules.model_construct(parts=(*filter(None, counters), *others))
