"""Two cards of one person become one: all that the old one holds goes to the other, and the old one ends."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from issuer import due, events, expiring, occasions, offers_taken_over, standing
from issuer.cards import heir_of, locked_card
from issuer.codes import draw_code
from issuer.customers import PURPOSES, Profile, Told, known, remember
from issuer.history import last_earned
from issuer.issuing import current_pass
from issuer.keys import Keys
from issuer.ledger import MERGED, Booked, balances, free_balances, post
from issuer.moving import end_pass
from issuer.publishing import AT_THE_TILL, publish
from issuer.refusals import Refusal
from issuer.rules.movement import Movement, after
from issuer.rules.settling import settled
from issuer.rules.stamps import Collecting
from issuer.rules.tiers import TierRule
from issuer.schema import (
    Card,
    CardCode,
    Consent,
    Customer,
    Due,
    Entry,
    Granted,
    Hold,
    Notice,
    PersonalData,
    Posting,
    Referral,
    Voucher,
)
from issuer.terms import Terms, move_on, promise, terms_of
from issuer.visits import Visit, inactive, refuse


def locked_two(session: Session, one: UUID, other: UUID) -> tuple[Card | None, Card | None]:
    """Two cards, locked in the order that everybody keeps: the younger first. ``None`` for what is nobody's."""
    rows = session.execute(select(Card.created_at, Card.id).where(Card.id.in_([one, other]))).all()
    cards = {card_id: locked_card(session, card_id) for _, card_id in sorted(rows, reverse=True)}
    return cards.get(one), cards.get(other)


def followed(session: Session, card: Card) -> Card:
    """The card on which a locked card's balances are, locked too: itself, unless it was merged into another."""
    while card.merged_into is not None:
        card = session.get_one(Card, card.merged_into, with_for_update=True, populate_existing=True)
    return card


def where_to(session: Session, row: CardCode) -> Card | None:
    """The card that took over from a code's: for a till that scans what was revoked. ``None`` for a code of no card."""
    card = session.get(Card, row.card_id) if row.card_id else None
    return heir_of(session, card) if card else None


def merge(session: Session, keys: Keys, into: Card, from_: Card, visit: Visit) -> Booked | Refusal:
    """Move all that ``from_`` holds to ``into`` by postings on both, and end it; rounds that fill up complete at once.

    :param into: locked, like ``from_``, by `locked_two`
    :returns: what was booked on ``into``
    """
    if refusal := _refused(into, from_):
        return refuse(session, into, refusal, visit)
    brought = {unit: amount for unit, amount in sorted(balances(session, from_).items()) if amount}
    session.execute(update(Hold).where(Hold.card_id == from_.id, Hold.state == "held").values(state="cancelled"))
    out = [Movement(unit, -amount, MERGED, "adjustment") for unit, amount in brought.items()]
    post(session, from_, out, visit.deed("adjustment", note=MERGED))
    twice = _given_twice(session, into, from_)
    _take_promises(session, into, from_, visit)
    _take_over(session, into, from_, visit)
    _take_person(session, keys, into, from_, visit)
    booked = _received(session, into, brought, twice, visit)
    from_.state, from_.merged_into = "moved", into.id
    _end(session, keys, into, from_, visit)
    events.record(session, into.merchant_id, MERGED, visit.now, into.id, card=str(from_.id))
    events.record(session, from_.merchant_id, MERGED, visit.now, from_.id, into=str(into.id))
    publish(session, [from_, into], MERGED, AT_THE_TILL, visit.now)
    return booked


def _refused(into: Card, from_: Card) -> Refusal | None:
    if into.id == from_.id:
        return Refusal("same_card")
    if into.program_id != from_.program_id:
        return Refusal("wrong_program")
    return inactive(into) or inactive(from_)


def _given_twice(session: Session, into: Card, from_: Card) -> Counter[str]:
    """What one person got that a person gets once: the second welcome, and presents for having brought themselves."""
    found = Counter[str]()
    welcomed = select(Posting.id).where(Posting.cause == "bonus", Posting.note == "welcome")
    if session.scalar(welcomed.where(Posting.card_id == into.id).limit(1)) is not None:
        found += _gained(session, Entry.posting_id.in_(welcomed.where(Posting.card_id == from_.id)))
    both = {into.id, from_.id}
    own = (Referral.friend_card_id.in_(both), Referral.referrer_card_id.in_(both), Referral.state == "rewarded")
    for row in session.scalars(select(Referral).where(*own)):
        found += _gained(session, Entry.posting_id == row.referrer_posting_id)
        found += _gained(session, Entry.posting_id == row.friend_posting_id)
        row.state = "void"
    return found


def _gained(session: Session, which: ColumnElement[bool]) -> Counter[str]:
    """Presents in these postings, unless they were taken back."""
    undone = aliased(Posting)
    taken = select(undone.id).where(undone.reverses_id == Entry.posting_id).exists()
    rows = session.execute(
        select(Entry.unit, func.sum(Entry.amount))
        .where(which, Entry.card_id.is_not(None), Entry.cause == "bonus", Entry.amount > 0, ~taken)
        .group_by(Entry.unit)
    )
    return Counter({unit: int(amount) for unit, amount in rows})


def _received(
    session: Session, into: Card, brought: Mapping[str, int], twice: Mapping[str, int], visit: Visit
) -> Booked:
    terms, there, deed = (
        terms_of(session, into, visit.at),
        free_balances(session, into, visit.now),
        visit.deed("adjustment", note=MERGED),
    )
    lines = [Movement(unit, amount, MERGED, "adjustment") for unit, amount in brought.items()]
    now = after(there, lines)
    back = {unit: min(amount, max(0, now.get(unit, 0))) for unit, amount in twice.items()}
    lines += [Movement(unit, -amount, "issued", "adjustment") for unit, amount in back.items() if amount]
    gifts = occasions.milestones(session, into, terms, there, after(there, lines), deed)
    lines += [gift.rule.grant.movement() for gift in gifts]
    lines += standing.tier_lines(session, into, terms, after(there, lines), deed)
    lines += settled(terms.counters, after(there, lines))
    booked = post(session, into, lines, deed)
    move_on(into, terms, tuple(lines))
    occasions.note(session, into, gifts, booked)
    expiring.review(session, into, terms, visit.now)
    return booked


def _take_promises(session: Session, into: Card, from_: Card, visit: Visit) -> None:
    """Of two promises the better one: each counter's round needs the fewer stamps of both; the higher tier holds.

    Of two lists of prices the cheaper one, or the card's own where each is cheaper in something.
    """
    ours, theirs = terms_of(session, into, visit.now), terms_of(session, from_, visit.now)
    for rule in ours.counters:
        other = next((one for one in theirs.counters if one.counter == rule.counter), rule)
        if _better(other, rule) and rule.counter:
            into.pins = {**into.pins, rule.counter: theirs.pin_of(rule.counter)}
        elif _better(other, rule):
            promise(into, ours, from_.program_version)
    if not ours.counters and _cheaper(theirs, ours):
        promise(into, ours, from_.program_version)
    _take_tier(ours, into, from_)


def _cheaper(one: Terms, other: Terms) -> bool:
    """Whether a reward was promised for fewer points, and none for more."""
    rewards = {price.reward_id for terms in (one, other) for price in terms.prices}
    pairs = [(one.price_of(reward_id), other.price_of(reward_id)) for reward_id in rewards]
    better = any(ours and (theirs is None or ours.price < theirs.price) for ours, theirs in pairs)
    return better and not any(theirs and (ours is None or ours.price > theirs.price) for ours, theirs in pairs)


def _better(one: Collecting, other: Collecting) -> bool:
    return one.stamps_needed < other.stamps_needed


def _take_tier(terms: Terms, into: Card, from_: Card) -> None:
    rule = terms.current.one(TierRule)
    if rule is None or from_.tier is None:
        return
    ranks = rule.rank(from_.tier), rule.rank(into.tier)
    longer = into.tier_until is not None and (from_.tier_until is None or from_.tier_until > into.tier_until)
    if ranks[0] > ranks[1] or (ranks[0] == ranks[1] and longer):
        into.tier, into.tier_until = from_.tier, from_.tier_until


def _take_over(session: Session, into: Card, from_: Card, visit: Visit) -> None:
    """What is not in the ledger: vouchers, claims of gifts, what is due, offers, friends, the link for friends."""
    session.execute(update(Voucher).where(Voucher.card_id == from_.id).values(card_id=into.id))
    names = ("what", "turn", "merchant_id", "posting_id", "at", "until")
    claims = select(literal(into.id), *(getattr(Granted, name) for name in names)).where(Granted.card_id == from_.id)
    session.execute(insert(Granted).from_select(["card_id", *names], claims).on_conflict_do_nothing())
    for row in session.scalars(select(Due).where(Due.card_id == from_.id)):
        due.plan(session, into.id, into.merchant_id, row.what, row.key, row.due_at, earlier_only=True)
    session.execute(delete(Due).where(Due.card_id == from_.id))
    session.execute(delete(Notice).where(Notice.card_id == from_.id))
    offers_taken_over.take_over(session, into, from_, visit)
    _follow_friends(session, into, from_)
    if into.invite is None and from_.invite is not None:
        invite, from_.invite = from_.invite, None
        session.flush()
        into.invite = invite


def _follow_friends(session: Session, into: Card, from_: Card) -> None:
    """Friendships go along, unless somebody would have brought themselves, or was a customer already."""
    ids = {from_.id, into.id}
    rows = session.scalars(
        select(Referral).where(or_(Referral.friend_card_id.in_(ids), Referral.referrer_card_id.in_(ids)))
    ).all()
    came_already = last_earned(session, into.id) is not None or any(row.friend_card_id == into.id for row in rows)
    for row in rows:
        friend = into.id if row.friend_card_id == from_.id else row.friend_card_id
        referrer = into.id if row.referrer_card_id == from_.id else row.referrer_card_id
        if friend == referrer or (row.friend_card_id == from_.id and came_already):
            row.state = "void" if row.state == "waiting" else row.state
        else:
            row.friend_card_id, row.referrer_card_id = friend, referrer
    session.flush()


def _take_person(session: Session, keys: Keys, into: Card, from_: Card, visit: Visit) -> None:
    """What is known of the person stays; what was known of the old card's only is added, with its consents."""
    if into.customer_id == from_.customer_id:
        return
    ours, theirs = known(session, keys, into.customer_id), known(session, keys, from_.customer_id)
    missing = {what for what in PURPOSES if getattr(ours.profile, what) is None and getattr(theirs.profile, what)}
    for one in theirs.decisions:
        if one.purpose in missing or one.purpose not in PURPOSES:
            session.add(
                Consent(
                    id=uuid4(),
                    merchant_id=into.merchant_id,
                    customer_id=into.customer_id,
                    purpose=one.purpose,
                    given=one.given,
                    source=one.source,
                    wording=one.wording,
                    at=one.at,
                )
            )
    added = Profile(**{what: getattr(theirs.profile, what) for what in missing})
    remember(session, keys, into.customer_id, added, Told(MERGED), visit.now)
    _leave_person(session, into, from_)


def _leave_person(session: Session, into: Card, from_: Card) -> None:
    """Nobody is known twice: without a card left, the old person's data goes, and their number to the other."""
    others = select(Card.id).where(
        Card.customer_id == from_.customer_id, Card.id != from_.id, Card.merged_into.is_(None)
    )
    if session.scalar(others.limit(1)) is not None:
        return
    session.execute(delete(PersonalData).where(PersonalData.customer_id == from_.customer_id))
    ours, theirs = session.get_one(Customer, into.customer_id), session.get_one(Customer, from_.customer_id)
    if ours.reference is None and theirs.reference is not None:
        reference, theirs.reference = theirs.reference, None
        session.flush()
        ours.reference = reference


def _end(session: Session, keys: Keys, into: Card, from_: Card, visit: Visit) -> None:
    """The old card's pass, code and page are revoked; what is printed on paper names the other card from now on."""
    last, paper = current_pass(session, from_), (CardCode.card_id == from_.id, CardCode.batch_id.is_not(None))
    end_pass(session, from_, visit.now)
    now_on = {"card_id": into.id, "pass_id": current_pass(session, into).id}
    session.execute(update(CardCode).where(*paper).values(now_on))
    if session.scalar(select(CardCode.code).where(CardCode.card_id == from_.id).limit(1)) is None:
        # It was known by its paper alone; every card has a code, if only one that is not taken any more.
        code = draw_code(session, keys, from_.merchant_id, visit.now)
        code.card_id, code.pass_id, code.revoked_at = from_.id, last.id, visit.now
        session.add(code)
    session.flush()
