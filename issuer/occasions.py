"""Gifts that appear by themselves, once, within their window: at joining, on a day of the year, at a visit's number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, FromClause, LargeBinary, Select, Text, column, func, select, values
from sqlalchemy.orm import Session

from issuer import claims, customers, due, earning, governing, vouchers
from issuer.database import set_merchant
from issuer.keys import Keys
from issuer.ledger import Actor, Booked, Deed, available, post
from issuer.publishing import AT_THE_TILL, CAMPAIGN, publish
from issuer.rules import Rules
from issuer.rules.expiry import end_of
from issuer.rules.gifts import LEAP_DAY, YEARLY, OccasionRule
from issuer.rules.movement import VISITS, Movement
from issuer.rules.vouchers import VoucherRule
from issuer.schema import Card, Entry, Granted, Merchant, PersonalData, Posting, Program, ProgramVersion
from issuer.terms import Terms, terms_of
from issuer.vouchers import Wanted

GIFT_END = "gift_end"
SYSTEM = Actor("system")
BIRTHDAYS_AT_ONCE = 1000
"""Completed in one look, when they are from before there were digests of them."""


@dataclass(frozen=True)
class Gift:
    """An occasion's gift for one day. ``end``: when a reward that was not taken is gone."""

    rule: OccasionRule
    day: date
    end: datetime | None

    @property
    def what(self) -> str:
        return what_of(self.rule)

    @property
    def turn(self) -> str:
        return str(self.day.year) if self.rule.occasion in YEARLY else "once"


def what_of(rule: OccasionRule) -> str:
    """By what a claim names an occasion."""
    return f"{rule.occasion}:{rule.key}"


def gift_of(rule: OccasionRule, day: date, terms: Terms) -> Gift:
    return Gift(rule, day, end_of(rule.window(day)[1], terms.zone) if rule.grant.reward_id else None)


def welcome(session: Session, card: Card, now: datetime) -> Booked | None:
    """What a new card begins with: bonus stamps, gifts for joining, the program's voucher."""
    terms = terms_of(session, card, now)
    today = terms.local(now).date()
    lines = [*terms.at.start(), *_first_voucher(session, card, terms, now)]
    gifts = [gift_of(rule, today, terms) for rule in _rules(terms, "welcome")]
    return give(session, card, terms, gifts, Deed("bonus", SYSTEM, now, now, note="welcome"), lines)


def congratulate(session: Session, customer_id: UUID, birthday: date, now: datetime) -> int:
    """Give what a birthday brings to the cards of whoever just told it within its window; how many gifts.

    A card that somebody else is at work with is left to `celebrate`.
    """
    cards = select(Card).where(Card.customer_id == customer_id, Card.state == "active")
    free = cards.order_by(Card.id).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    found = 0
    for card in session.scalars(free).all():
        terms = terms_of(session, card, now)
        for rule in _rules(terms, "birthday"):
            day = rule.day_in_window((birthday.month, birthday.day), terms.local(now).date())
            found += day is not None and _give_yearly(session, card, terms, rule, day, now)
    return found


def celebrate(session: Session, keys: Keys, merchant_id: UUID, now: datetime, limit: int) -> int:
    """The worker's look, as often as it likes: give what birthdays and anniversaries bring at a shop now.

    Waits for no till: a card that somebody else is at work with is left for the next look. In quiet hours come those
    gifts only that are gone with the day, and in silence.

    :param limit: gifts at most; fewer were given when this is over
    :returns: gifts given
    """
    set_merchant(session, merchant_id)
    customers.complete_birthdays(session, keys, BIRTHDAYS_AT_ONCE)
    zone = session.get_one(Merchant, merchant_id).zone
    today, found = now.astimezone(ZoneInfo(zone)).date(), 0
    is_quiet = governing.is_quiet(session, merchant_id, now)
    for program, rule in _celebrating(session):
        if is_quiet and rule.waits_for_morning:
            continue
        query = _born(keys, rule, today) if rule.occasion == "birthday" else _joined(rule, today, zone)
        mine = query.where(Card.program_id == program.id, Card.state == "active").limit(limit - found)
        for card_id, day in session.execute(mine).all():
            found += _give_if_free(session, card_id, rule, day, now)
    return found


def give(
    session: Session,
    card: Card,
    terms: Terms,
    gifts: Sequence[Gift],
    deed: Deed,
    lines: Sequence[Movement] = (),
    priority: int = AT_THE_TILL,
) -> Booked | None:
    """Book the lines and those of the gifts that were not given yet. The card is locked."""
    mine = [gift for gift in gifts if claims.claim(session, card, gift.what, gift.turn, deed.occurred_at, gift.end)]
    booking = [*lines, *(gift.rule.grant.movement() for gift in mine)]
    if not booking:
        return None
    loud = priority == AT_THE_TILL or governing.may_sound(session, card, deed.recorded_at)
    booked = earning.earn(session, card, terms, earning.Earning(deed, lines=booking, priority=priority, loud=loud))
    note(session, card, mine, booked)
    return booked


def milestones(
    session: Session, card: Card, terms: Terms, before: Mapping[str, int], now: Mapping[str, int], deed: Deed
) -> Sequence[Gift]:
    """Gifts for the visit that makes a number full, claimed; and for the next one when that visit was taken back."""
    visits, were = now.get(VISITS, 0), before.get(VISITS, 0)
    reached = [rule for rule in terms.at.each(OccasionRule) if rule.visits and rule.visits <= visits]
    if visits == were or not reached:
        return ()
    again = claims.reopened(session, card)
    today = terms.local(deed.recorded_at).date()
    gifts = [gift_of(rule, today, terms) for rule in reached if were < (rule.visits or 0) or what_of(rule) in again]
    return [gift for gift in gifts if claims.claim(session, card, gift.what, gift.turn, deed.occurred_at, gift.end)]


def note(session: Session, card: Card, gifts: Sequence[Gift], booked: Booked) -> None:
    """Keep by which posting claimed gifts were given, and when the worker has to look after them."""
    for gift in gifts:
        claims.given(session, card, gift.what, gift.turn, booked)
        if gift.end is not None:
            due.plan(session, card.id, card.merchant_id, GIFT_END, f"{gift.what} {gift.turn}", gift.end)


@dataclass(frozen=True)
class Untaken:
    """What nobody has taken yet of a gift, in the ledger's ``unit``, and the instant at which it is gone."""

    unit: str
    amount: int
    until: datetime
    occasion: str


def untaken(session: Session, card: Card, key: str) -> Untaken | None:
    """The gift of a due row ``gift_end``; ``None`` when it was not given, or has no end."""
    what, _, turn = key.rpartition(" ")
    row = claims.found(session, card, what, turn)
    if row is None or row.posting_id is None or row.until is None:
        return None
    terms = terms_of(session, card, row.at)
    rule = next((part for part in terms.at.each(OccasionRule) if what_of(part) == what), None)
    if rule is None:
        return None
    unit = rule.grant.ledger_unit
    return Untaken(unit, rule.grant.amount - _redeemed_since(session, card, row, unit), row.until, rule.occasion)


def end_gift(session: Session, card: Card, key: str, now: datetime) -> Booked | None:
    """Take back what is still untaken of a gift whose window is over. The card is locked.

    :param key: of the due row ``gift_end``
    """
    gift = untaken(session, card, key)
    if gift is None or now < gift.until:
        return None
    left = min(gift.amount, available(session, card, gift.unit, now))
    if left <= 0:
        return None
    deed = Deed("expiry", SYSTEM, now, now, note=gift.occasion)
    booked = post(session, card, [Movement(gift.unit, -left, "expired", "expiry")], deed)
    publish(session, [card], "expiry", CAMPAIGN, now, loud=governing.may_sound(session, card, now))
    return booked


def _rules(terms: Terms, occasion: Literal["welcome", "birthday", "anniversary"]) -> Iterator[OccasionRule]:
    return (rule for rule in terms.at.each(OccasionRule) if rule.occasion == occasion)


def _give_yearly(session: Session, card: Card, terms: Terms, rule: OccasionRule, day: date, now: datetime) -> bool:
    deed = Deed("bonus", SYSTEM, now, now, note=rule.occasion)
    return give(session, card, terms, [gift_of(rule, day, terms)], deed, priority=CAMPAIGN) is not None


def _give_if_free(session: Session, card_id: UUID, rule: OccasionRule, day: date, now: datetime) -> bool:
    free = select(Card).where(Card.id == card_id, Card.state == "active").with_for_update(skip_locked=True)
    card = session.scalar(free.execution_options(populate_existing=True))
    return card is not None and _give_yearly(session, card, terms_of(session, card, now), rule, day, now)


def _celebrating(session: Session) -> Iterator[tuple[Program, OccasionRule]]:
    """The yearly occasions of the merchant's programs as they are now."""
    rows = session.execute(
        select(Program, ProgramVersion)
        .join(ProgramVersion, ProgramVersion.program_id == Program.id)
        .where(ProgramVersion.number == Program.current_version)
        .order_by(Program.id)
    ).all()
    for program, version in rows:
        yield from ((program, rule) for rule in Rules.read(version.rule).each(OccasionRule) if rule.occasion in YEARLY)


def _days(rule: OccasionRule, today: date) -> Iterator[tuple[tuple[int, int], date]]:
    """Each (month, day) whose window holds today, with the day of it that is meant."""
    for back in range(-rule.days_before, rule.days_after + 1):
        day = today - timedelta(days=back)
        for born in {(day.month, day.day), *([LEAP_DAY] if (day.month, day.day) == (2, 28) else [])}:
            if rule.day_in_window(born, today) == day:
                yield born, day


def _born(keys: Keys, rule: OccasionRule, today: date) -> Select[UUID, date]:
    rows = [(customers.birthday_digest(keys, *born), day, str(day.year)) for born, day in _days(rule, today)]
    days = _table(rows, LargeBinary())
    return (
        _ungiven(rule, days)
        .join(PersonalData, PersonalData.customer_id == Card.customer_id)
        .join(days, days.c.born == PersonalData.birthday_digest)
    )


def _joined(rule: OccasionRule, today: date, zone: str) -> Select[UUID, date]:
    """Cards that are a year older; the day on which somebody joined is no anniversary."""
    days = _table([(f"{month:02}-{day:02}", at, str(at.year)) for (month, day), at in _days(rule, today)], Text())
    made = func.timezone(zone, Card.created_at)
    return _ungiven(rule, days).join(
        days, (days.c.born == func.to_char(made, "MM-DD")) & (days.c.turn > func.to_char(made, "YYYY"))
    )


def _table(rows: Sequence[tuple[object, date, str]], kind: LargeBinary | Text) -> FromClause:
    return values(column("born", kind), column("day", Date()), column("turn", Text()), name="days").data(rows)


def _ungiven(rule: OccasionRule, days: FromClause) -> Select[UUID, date]:
    had = select(Granted.card_id).where(
        Granted.card_id == Card.id, Granted.what == what_of(rule), Granted.turn == days.c.turn
    )
    return select(Card.id, days.c.day).select_from(Card).where(~had.exists()).order_by(Card.id)


def _first_voucher(session: Session, card: Card, terms: Terms, now: datetime) -> Iterator[Movement]:
    rule = terms.at.one(VoucherRule)
    if rule is not None:
        days = timedelta(days=rule.valid_days or 0)
        until = end_of(terms.local(now).date() + days, terms.zone) if rule.valid_days else None
        wanted = Wanted(rule.names.model_dump(), rule.worth, rule.uses, valid_until=until)
        yield vouchers.uses_of(vouchers.draw(session, card, wanted, now, "program"))


def _redeemed_since(session: Session, card: Card, row: Granted, unit: str) -> int:
    """How many of a unit were handed over since a gift came: the gift goes first."""
    undone = select(Posting.reverses_id).where(Posting.reverses_id == Entry.posting_id).exists()
    began = select(func.min(Entry.number)).where(Entry.posting_id == row.posting_id).scalar_subquery()
    taken = select(func.coalesce(-func.sum(Entry.amount), 0)).where(
        Entry.card_id == card.id, Entry.unit == unit, Entry.number > began, Entry.cause == "redemption", ~undone
    )
    return int(session.scalar(taken) or 0)
