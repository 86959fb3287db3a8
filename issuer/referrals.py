"""Friends who came by a customer's link: both sides are given something on the friend's first purchase, once."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import earning, expiring
from issuer.cards import heir_of
from issuer.history import EARNING
from issuer.ledger import Actor, Booked, Deed, card_lines, free_balances, post, refuse_reversal
from issuer.publishing import AT_THE_TILL, publish
from issuer.rounds import fall_back, rounds_of
from issuer.rules.gifts import ReferralRule
from issuer.rules.movement import WHOLE, Movement, after
from issuer.rules.settling import taken
from issuer.schema import Card, PersonalData, Posting, Referral
from issuer.terms import Terms, terms_of

INVITE_BYTES = 16
INVITE = re.compile(r"[A-Za-z0-9_-]{22}")
SYSTEM = Actor("system")


@dataclass(frozen=True)
class Brought:
    """A friend who has not bought anything yet, and what was promised to both."""

    referral: Referral
    rule: ReferralRule


def invite_of(session: Session, card: Card) -> str:
    """What the card's link says of it: drawn when it is first asked for, 22 characters."""
    if card.invite is None:
        session.execute(
            update(Card)
            .where(Card.id == card.id, Card.invite.is_(None))
            .values(invite=secrets.token_urlsafe(INVITE_BYTES))
            .execution_options(synchronize_session=False)
        )
        session.refresh(card, ["invite"])
    return str(card.invite)


def referrer_of(session: Session, program_id: UUID, invite: str) -> Card | None:
    """Whose link it is: the card that took theirs in, when it was merged. ``None``: no such link of the program."""
    if not INVITE.fullmatch(invite):
        return None
    found = session.scalar(select(Card).where(Card.invite == invite, Card.program_id == program_id))
    card = heir_of(session, found) if found else None
    return card if card is not None and card.program_id == program_id else None


def bring(session: Session, referrer: Card, friend: Card, now: datetime) -> Referral | None:
    """Note that a friend's card came by another one's link. Neither needs a lock.

    ``None``: it is the same person's; the program has no such rule; the friend bought something before, came by
    a link before, or had a card earlier than the one who is said to have brought them.
    """
    if referrer.program_id != friend.program_id or referrer.created_at > friend.created_at:
        return None
    if (
        _rule(terms_of(session, friend, now)) is None
        or _has_bought(session, friend)
        or _same(session, referrer, friend)
    ):
        return None
    row = {
        "friend_card_id": friend.id,
        "merchant_id": friend.merchant_id,
        "referrer_card_id": referrer.id,
        "state": "waiting",
        "created_at": now,
    }
    return session.scalar(insert(Referral).values(row).on_conflict_do_nothing().returning(Referral))


def waiting(session: Session, card: Card, terms: Terms) -> Brought | None:
    """Whether a card is a friend's, and this their first purchase. Whoever turns out to be oneself ends it."""
    rule = _rule(terms)
    if rule is None:
        return None
    row = session.scalar(select(Referral).where(Referral.friend_card_id == card.id, Referral.state == "waiting"))
    if row is None:
        return None
    if _same(session, heir_of(session, session.get_one(Card, row.referrer_card_id)), card):
        row.state = "void"
        return None
    return Brought(row, rule)


def friend_lines(brought: Brought | None) -> Sequence[Movement]:
    """What a friend is given with their first purchase."""
    return [brought.rule.friend.movement()] if brought else ()


def reward_referrer(session: Session, brought: Brought | None, booked: Booked, deed: Deed) -> None:
    """Give the other side its present. Its card is the older one and locked now, after the friend's.

    A card that is not active is given nothing, and the friend keeps theirs.
    """
    if brought is None:
        return
    row = brought.referral
    row.state, row.friend_posting_id, row.rewarded_at = "rewarded", booked.posting.id, deed.recorded_at
    referrer = _locked(session, row.referrer_card_id)
    if referrer.state == "active":
        terms = terms_of(session, referrer, deed.occurred_at)
        given = Deed("bonus", SYSTEM, deed.occurred_at, deed.recorded_at, note="referral")
        present = earning.Earning(given, lines=[brought.rule.referrer.movement()])
        row.referrer_posting_id = earning.earn(session, referrer, terms, present).posting.id
    session.flush()


def taken_back(session: Session, card: Card, posting: Posting, booked: Booked) -> None:
    """A friend's first purchase was taken back: the other side's present goes back too, and waits for the next one.

    :param posting: the friend's, whose lines the caller has taken back by ``booked``
    """
    mine = Referral.friend_card_id.in_({card.id, posting.card_id}), Referral.friend_posting_id == posting.id
    row = session.scalar(select(Referral).where(*mine, Referral.state == "rewarded"))
    if row is None:
        return
    present, row.referrer_posting_id = row.referrer_posting_id, None
    # The row of a card that was merged into the one that brought it stays where it was, and ends.
    row.state = "waiting" if row.friend_card_id == card.id else "void"
    row.friend_posting_id, row.rewarded_at = None, None
    _take_present(session, present, booked)
    session.flush()


def was_void(session: Session, posting: Posting) -> bool:
    """Whether a first purchase turned out to be that of somebody who had brought themselves: its present is gone."""
    found = select(Referral.state).where(Referral.friend_posting_id == posting.id, Referral.state == "void")
    return session.scalar(found) is not None


def _rule(terms: Terms) -> ReferralRule | None:
    """What the friend was promised when they joined, else what is promised now."""
    return terms.promised.one(ReferralRule) or terms.current.one(ReferralRule)


def _has_bought(session: Session, card: Card) -> bool:
    bought = select(Posting.id).where(Posting.card_id == card.id, Posting.cause.in_(EARNING)).limit(1)
    return session.scalar(bought) is not None


def _same(session: Session, one: Card, other: Card) -> bool:
    """Whether two cards are one person's, as far as anybody knows."""
    if one.id == other.id or one.customer_id == other.customer_id:
        return True
    owners = PersonalData.customer_id.in_([one.customer_id, other.customer_id])
    digests = session.scalars(select(PersonalData.mail_digest).where(owners, PersonalData.mail_digest.is_not(None)))
    found = digests.all()
    return len(found) == 2 and found[0] == found[1]


def _locked(session: Session, card_id: UUID) -> Card:
    """The card that holds what this one held, as it is once it is locked."""
    while True:
        card = heir_of(session, session.get_one(Card, card_id))
        session.refresh(card, with_for_update=True)
        if card.merged_into is None:
            return card


def _take_present(session: Session, posting_id: UUID | None, booked: Booked) -> None:
    """Take back what a referrer was given, to zero; the rest is owed. What staff took back before is left alone."""
    if posting_id is None:
        return
    posting, occurred_at, now = (
        session.get_one(Posting, posting_id),
        booked.posting.occurred_at,
        booked.posting.recorded_at,
    )
    if refuse_reversal(session, posting):
        return
    card = _locked(session, posting.card_id)
    if card.id == booked.posting.card_id:
        # A card that took its friend's in: what was booked has made a version, and this makes the next.
        publish(session, [card], "reversal", AT_THE_TILL, now)
    sides, terms = card_lines(session, posting), terms_of(session, card, occurred_at)
    present, free = sides[0][0], free_balances(session, card, now)
    own, going = list(rounds_of(sides, terms.promised.counter)), {present.unit: present.amount * WHOLE}
    rounds = [(posting, one) for one in own]
    lines = fall_back(session, card, rounds, terms.promised.counter, going, free, "reversal")
    lines += taken(present.unit, present.amount, after(free, lines).get(present.unit, 0), "reversal")
    post(session, card, lines, Deed("reversal", SYSTEM, occurred_at, now, reverses_id=posting.id, note="referral"))
    expiring.review(session, card, terms, now)
    publish(session, [card], "reversal", AT_THE_TILL, now)
