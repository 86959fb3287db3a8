"""When what a card holds ends: told before, booked after.

What was earned keeps the end that it was promised, by the version of the program that held then: a rule made later
does not touch it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, case, delete, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from issuer import due, governing, notices
from issuer.heaps import Heap, Heaps, play
from issuer.ledger import Actor, Deed, balances, free_balances, post
from issuer.lots import EndAt, Line, Lot, Outlook, any_end, end_in, first_told, outlook
from issuer.publishing import CAMPAIGN, publish
from issuer.rules import Rules
from issuer.rules.expiry import end_of
from issuer.rules.movement import Movement, is_counter
from issuer.schema import Card, Due, Entry, Merchant, Notice, Posting, ProgramVersion, Purchase
from issuer.terms import Terms, move_on, terms_of

KIND = "ends"
"""Notices of this kind: values ``unit``, ``amount`` and ``day``, the last on which it counts (ISO 8601)."""

PATIENCE = timedelta(minutes=1)
"""How long to wait for what a till has set aside; a hold lasts no longer."""

FIRST_PAGE, LONGEST_PAGE = 50, 2000


def plan(session: Session, card: Card, terms: Terms, lines: Sequence[Movement], deed: Deed) -> None:
    """Note when the worker has to look after what was just booked: one statement, and none where nothing ends."""
    if not any_end(terms.at):
        return
    at, now = terms.local(deed.occurred_at), terms.local(deed.recorded_at)
    days = [
        first_told(end, at, now)
        for unit in {line.unit for line in lines if line.amount > 0}
        if (end := end_in(terms.at, unit))
    ]
    if not days:
        reconsider(session, card, deed.recorded_at)
        return
    told = exists().where(Notice.card_id == card.id, Notice.kind == KIND)
    first = case((told, _instant(deed.recorded_at)), else_=_instant(_begin(min(days), terms.zone)))
    due.plan(session, card.id, card.merchant_id, due.EXPIRY, "", first, earlier_only=True)


def reconsider(session: Session, card: Card, now: datetime) -> None:
    """Look at once whether what the card says of ends still holds, if it says something. One statement."""
    notice = select(Notice.card_id).where(Notice.card_id == card.id, Notice.kind == KIND).limit(1)
    _look_now(session, card, notice.exists(), now)


def review(session: Session, card: Card, terms: Terms, now: datetime) -> None:
    """Let the worker reckon anew what ends when, after something was taken back, given back or moved here."""
    del terms
    ends = or_(*(ProgramVersion.rule.contains({"parts": [{"kind": kind}]}) for kind in ("expiry", "prepaid")))
    version = select(ProgramVersion.number).where(ProgramVersion.program_id == card.program_id, ends).limit(1)
    _look_now(session, card, version.exists(), now)


def look_after(session: Session, card: Card, now: datetime) -> bool:
    """Book what is over, tell what ends next, plan the next look; whether the card changed, and was published.

    Something is over when its last day and the days of grace are, in the shop's zone. What a till has set aside is
    waited for. A first word of what ends next waits for the end of the quiet hours. The card is locked.
    """
    promises = promises_of(session, card)
    held = {unit: amount for unit, amount in balances(session, card).items() if amount > 0 and promises.touch(unit)}
    found = lots_of(session, card, promises, held)
    today = promises.local(now).date()
    ahead = {unit: outlook(held[unit], found[unit], today) for unit in held}
    free = free_balances(session, card, now) if any(one.over for one in ahead.values()) else {}
    waits = {unit for unit, one in ahead.items() if one.over > free.get(unit, 0)}
    lines = [
        Movement(unit, -one.over, "expired", "expiry") for unit, one in ahead.items() if one.over and unit not in waits
    ]
    _plan_next(session, card, [one for unit, one in ahead.items() if unit not in waits], promises, now, bool(waits))
    changed = _tell(session, card, {unit: one for unit, one in ahead.items() if _is_told(one, today)}, waits, now)
    if lines:
        post(session, card, lines, Deed("expiry", Actor("system"), now, now))
        _end_rounds(session, card, {line.unit for line in lines if held[line.unit] + line.amount == 0}, now)
    if lines or changed:
        loud = governing.may_sound(session, card, now)
        publish(session, [card], "expiry" if lines else "notice", CAMPAIGN, now, loud=loud)
    return bool(lines) or changed


@dataclass(frozen=True)
class Promises:
    """Every version of a program's rules, each with the instant from which on it held, oldest first."""

    zone: str
    versions: Sequence[tuple[datetime, Rules]]

    def touch(self, unit: str) -> bool:
        """Whether something of this unit may end."""
        return any(end_in(rules, unit) for _, rules in self._ending)

    def at(self, instant: datetime) -> Rules:
        """The version that held; before the first, that one. The same as `terms.terms_of` finds."""
        return next((rules for since, rules in reversed(self.versions) if since <= instant), self.versions[0][1])

    def end_at(self, unit: str) -> EndAt:
        return lambda instant: end_in(self.at(instant), unit)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(ZoneInfo(self.zone))

    @cached_property
    def _ending(self) -> list[tuple[datetime, Rules]]:
        return [(since, rules) for since, rules in self.versions if any_end(rules)]


def promises_of(session: Session, card: Card) -> Promises:
    """What the card's program promised, from its first version on."""
    rows = session.execute(
        select(ProgramVersion.created_at, ProgramVersion.rule, Merchant.zone)
        .join(Merchant, Merchant.id == ProgramVersion.merchant_id)
        .where(ProgramVersion.program_id == card.program_id)
        .order_by(ProgramVersion.number)
    ).all()
    return Promises(rows[0].zone, [(since, Rules.read(rule)) for since, rule, _ in rows])


def lots_of(session: Session, card: Card, promises: Promises, held: Mapping[str, int]) -> dict[str, list[Lot]]:
    """What each balance consists of. Reads no further back than to what is left of it."""
    played = dict[str, Heaps]()
    for lines, is_all in _histories(session, card, promises) if held else ():
        played = {
            unit: play(lines, unit, amount, promises.end_at(unit), is_all=is_all) for unit, amount in held.items()
        }
        if all(one.is_certain for one in played.values()):
            break
    return {unit: one.left() for unit, one in played.items()}


def ended_of(session: Session, purchase: Purchase) -> Counter[str]:
    """How much of what a purchase brought was over before it was spent, by unit, wherever its card was merged to."""
    cards = _heirs(session, purchase)
    over = (
        select(Entry.unit)
        .join(Posting, Posting.id == Entry.posting_id)
        .where(Entry.card_id.in_([card.id for card in cards]), Entry.amount < 0)
        .where(Posting.cause == "expiry", Posting.recorded_at >= purchase.recorded_at)
    )
    found, moved = Counter[str](), Counter[str]()
    for unit in session.scalars(over.distinct()).all():
        for card in cards:
            heaps = _heaps_since(session, card, purchase.occurred_at, unit)
            if card.id == purchase.card_id:
                mine = [heap for heap in heaps if heap.purchase_id == purchase.id and heap.cause != "round"]
                found[unit], moved[unit] = sum(heap.ended for heap in mine), sum(heap.moved for heap in mine)
            else:
                # Of a merged card's balance nobody knows which was whose: in doubt what ended was the purchase's.
                mine = [heap for heap in heaps if heap.is_merged]
                ended = min(moved[unit], sum(heap.ended for heap in mine))
                found[unit] += ended
                moved[unit] = min(moved[unit] - ended, sum(heap.moved for heap in mine))
    return found


def _heaps_since(session: Session, card: Card, since: datetime, unit: str) -> list[Heap]:
    """What was earned since an instant in a unit, and what became of it."""
    promises, held = promises_of(session, card), balances(session, card).get(unit, 0)
    for lines, is_all in _histories(session, card, promises):
        if is_all or lines[-1].recorded < since:
            return play(lines, unit, held, promises.end_at(unit), is_all=is_all).known
    return []


def _heirs(session: Session, purchase: Purchase) -> list[Card]:
    """The cards on which what a purchase earned has been, one after the other."""
    cards = [session.get_one(Card, purchase.card_id)]
    while cards[-1].merged_into is not None:
        cards.append(session.get_one(Card, cards[-1].merged_into))
    return cards


def _histories(session: Session, card: Card, promises: Promises) -> Iterator[tuple[list[Line], bool]]:
    """The card's entries, newest first: longer and longer, and whether these are all."""
    lines = list[Line]()
    for page, is_all in _pages(session, card, promises):
        lines += page
        yield lines, is_all


def _pages(session: Session, card: Card, promises: Promises) -> Iterator[tuple[list[Line], bool]]:
    """The card's entries, newest first, and whether these are the last."""
    reversal = aliased(Posting)
    undone = select(reversal.id).where(reversal.reverses_id == Posting.id).exists()
    query = (
        select(Entry, Posting, undone)
        .join(Posting, Posting.id == Entry.posting_id)
        .where(Entry.card_id == card.id)
        .order_by(Entry.number.desc())
    )
    size, before = FIRST_PAGE, None
    while True:
        further = query if before is None else query.where(Entry.number < before)
        rows = session.execute(further.limit(size)).all()
        lines = [_line(entry, posting, promises, undone=is_undone) for entry, posting, is_undone in rows]
        yield lines, len(rows) < size
        if len(rows) < size:
            return
        size, before = min(2 * size, LONGEST_PAGE), rows[-1][0].number


def _line(entry: Entry, posting: Posting, promises: Promises, *, undone: bool) -> Line:
    return Line(
        posting_id=posting.id,
        reverses_id=posting.reverses_id,
        unit=entry.unit,
        amount=entry.amount,
        cause=entry.cause,
        deed=posting.cause,
        note=posting.note,
        occurred=promises.local(posting.occurred_at),
        recorded=promises.local(posting.recorded_at),
        purchase_id=posting.purchase_id,
        undone=undone,
    )


def _is_told(ahead: Outlook, today: date) -> bool:
    return ahead.told is not None and ahead.told <= today


def _plan_next(
    session: Session, card: Card, ahead: Sequence[Outlook], promises: Promises, now: datetime, waits: bool
) -> None:
    """The next look: when a day of grace is over, or something is to be told."""
    looks = [end_of(one.next, promises.zone) for one in ahead if one.next]
    looks += [begin for one in ahead if one.told and (begin := _begin(one.told, promises.zone)) > now]
    looks += [now + PATIENCE] if waits else []
    if looks:
        due.plan(session, card.id, card.merchant_id, due.EXPIRY, "", min(looks))
    else:
        due.drop(session, card.id, due.EXPIRY, "")


def _tell(session: Session, card: Card, told: Mapping[str, Outlook], waits: set[str], now: datetime) -> bool:
    """Put on the card what ends next, take away what does not end any more; whether anything differs."""
    wanted = {
        f"{KIND}:{unit}": {"unit": unit, "amount": one.amount, "day": one.day.isoformat()}
        for unit, one in told.items()
        if one.day
    }
    query = select(Notice.key, Notice.values).where(Notice.card_id == card.id, Notice.kind == KIND)
    there: dict[str, dict[str, Any]] = dict(session.execute(query).all())
    calm, kept = governing.calm_at(session, card.merchant_id, now), {f"{KIND}:{unit}" for unit in waits}
    late = wanted.keys() - there.keys() - kept if calm > now else set()
    if late:
        due.plan(session, card.id, card.merchant_id, due.EXPIRY, "", calm, earlier_only=True)
    gone = there.keys() - wanted.keys() - kept
    news = {key: values for key, values in wanted.items() if there.get(key) != values and key not in kept | late}
    if gone:
        session.execute(delete(Notice).where(Notice.card_id == card.id, Notice.key.in_(gone)))
    for key, values in news.items():
        notices.write(session, card, key, KIND, values, now)
    return bool(gone or news)


def _end_rounds(session: Session, card: Card, emptied: set[str], now: datetime) -> None:
    """Whoever has to begin anew does so under the rules of today."""
    counters = tuple(Movement(unit, 0, "exchanged", "round") for unit in emptied if is_counter(unit))
    if counters:
        move_on(card, terms_of(session, card, now), counters)


def _look_now(session: Session, card: Card, when: Any, now: datetime) -> None:
    row = select(*(literal(value) for value in (card.id, due.EXPIRY, "", card.merchant_id)), _instant(now)).where(when)
    wish = insert(Due).from_select(["card_id", "what", "key", "merchant_id", "due_at"], row)
    session.execute(
        wish.on_conflict_do_update(
            index_elements=[Due.card_id, Due.what, Due.key],
            set_={"due_at": func.least(Due.due_at, wish.excluded.due_at)},
        )
    )


def _begin(day: date, zone: str) -> datetime:
    """The instant at which a local day begins."""
    return end_of(day - timedelta(days=1), zone)


def _instant(at: datetime) -> Any:
    return literal(at, DateTime(timezone=True))
