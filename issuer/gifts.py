"""What staff and the merchant's own systems give beside purchases: from the weekly purse, and for other causes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import claims
from issuer.earning import Earning, earn
from issuer.editing import one_line, printable
from issuer.ledger import Booked
from issuer.refusals import Refusal
from issuer.rules.gifts import CauseRule, GoodwillRule
from issuer.schema import Card, Entry, Location, Posting, Purse, Staff, User
from issuer.terms import Terms, terms_of
from issuer.visits import Visit, inactive, refuse

SHORTEST_REASON, LONGEST_REASON = 3, 200
ONCE = "once"


@dataclass(frozen=True)
class Given:
    """A present of the staff's as the owner sees it.

    ``who``: a member of staff, or a user's address; ``lines``: unit and amount; ``taken_back``: undone since.
    """

    posting_id: UUID
    at: datetime
    card_id: UUID
    actor: str
    who: str | None
    where: str | None
    reason: str
    lines: tuple[tuple[str, int], ...]
    taken_back: bool


@dataclass(frozen=True)
class Left:
    """The purse of a week: how many presents were given, and how many may be."""

    given: int
    a_week: int

    @property
    def left(self) -> int:
        return max(0, self.a_week - self.given)


def goodwill(session: Session, card: Card, reason: str, visit: Visit) -> Booked | Refusal:
    """Give the program's small present out of this week's purse. The card is locked.

    Refusals: card_blocked, no_goodwill, reason_needed, purse_empty.
    """
    terms = terms_of(session, card, visit.at)
    rule, said = terms.at.one(GoodwillRule), one_line(reason)
    refusal = inactive(card) or (None if rule else Refusal("no_goodwill"))
    if refusal is None and not (SHORTEST_REASON <= len(said) <= LONGEST_REASON and printable(said)):
        refusal = Refusal("reason_needed", {"least": SHORTEST_REASON, "most": LONGEST_REASON})
    if refusal is None and rule is not None and not _draw(session, card, rule, _monday(terms, visit.now)):
        refusal = Refusal("purse_empty", {"a_week": rule.a_week})
    if refusal or rule is None:
        return refuse(session, card, refusal or Refusal("no_goodwill"), visit)
    deed = visit.deed("goodwill", note=said)
    return earn(session, card, terms, Earning(deed, lines=[rule.grant.movement("goodwill")]))


def bonus(session: Session, card: Card, cause: str, visit: Visit) -> Booked | Refusal:
    """Give what the program gives for another cause than a purchase. The card is locked.

    :param cause: signup, survey, review or event
    Refusals: card_blocked, no_such_cause, given_already.
    """
    terms = terms_of(session, card, visit.at)
    rule = terms.at.one(CauseRule)
    found = rule.bonus_for(cause) if rule else None
    refusal = inactive(card) or (None if found else Refusal("no_such_cause"))
    what = f"cause:{cause}"
    if refusal is None and found and found.once and not claims.claim(session, card, what, ONCE, visit.at):
        refusal = Refusal("given_already")
    if refusal or found is None:
        return refuse(session, card, refusal or Refusal("no_such_cause"), visit)
    booked = earn(session, card, terms, Earning(visit.deed("bonus", note=cause), lines=[found.grant.movement()]))
    if found.once:
        claims.given(session, card, what, ONCE, booked)
    return booked


def purse(session: Session, card: Card, now: datetime) -> Left | None:
    """What is left for the staff to give this week in the card's program; ``None`` when it has no purse."""
    terms = terms_of(session, card, now)
    rule = terms.at.one(GoodwillRule)
    if rule is None:
        return None
    row = session.get(Purse, (card.program_id, _monday(terms, now)), populate_existing=True)
    return Left(row.given if row else 0, rule.a_week)


def goodwill_given(session: Session, program_id: UUID | None, since: datetime, limit: int) -> list[Given]:
    """What staff gave, newest first, over the whole merchant unless a program is named."""
    rows = session.execute(_presents(program_id, since, limit)).all()
    ids = [posting.id for posting, *_ in rows]
    lines: dict[UUID, list[tuple[str, int]]] = {posting_id: [] for posting_id in ids}
    own = select(Entry).where(Entry.posting_id.in_(ids), Entry.card_id.is_not(None), Entry.cause == "goodwill")
    for entry in session.scalars(own.order_by(Entry.number)):
        lines[entry.posting_id].append((entry.unit, entry.amount))
    undone = set(session.scalars(select(Posting.reverses_id).where(Posting.reverses_id.in_(ids))))
    return [
        Given(
            posting_id=posting.id,
            at=posting.recorded_at,
            card_id=posting.card_id,
            actor=posting.actor,
            who=staff or email,
            where=where,
            reason=posting.note or "",
            lines=tuple(lines[posting.id]),
            taken_back=posting.id in undone,
        )
        for posting, staff, email, where in rows
    ]


def taken_back(session: Session, card: Card, terms: Terms, posting: Posting) -> None:
    """A present that was taken back was not given: the purse of its week has it again, and a cause may come again."""
    claims.taken_back(session, card, posting)
    if posting.cause == "goodwill":
        session.execute(
            update(Purse)
            .where(
                Purse.program_id == card.program_id,
                Purse.monday == _monday(terms, posting.recorded_at),
                Purse.given > 0,
            )
            .values(given=Purse.given - 1)
            .execution_options(synchronize_session=False)
        )


def _monday(terms: Terms, now: datetime) -> date:
    """The first day of the week at the shop. By the clock, so that nobody draws on a week gone by."""
    today = terms.local(now).date()
    return today - timedelta(days=today.weekday())


def _draw(session: Session, card: Card, rule: GoodwillRule, monday: date) -> bool:
    """Count one present, if the week has one left: one statement, so that two at once cannot both get the last."""
    row = {"program_id": card.program_id, "monday": monday, "merchant_id": card.merchant_id, "given": 1}
    counted = (
        insert(Purse)
        .values(row)
        .on_conflict_do_update(
            index_elements=[Purse.program_id, Purse.monday],
            set_={"given": Purse.given + 1},
            where=Purse.given < rule.a_week,
        )
        .returning(Purse.given)
    )
    return session.scalar(counted) is not None


def _presents(program_id: UUID | None, since: datetime, limit: int) -> Select[Posting, str, str, str]:
    query = (
        select(Posting, Staff.name, User.email, Location.name)
        .outerjoin(Staff, Staff.id == Posting.actor_id)
        .outerjoin(User, User.id == Posting.actor_id)
        .outerjoin(Location, Location.id == Posting.location_id)
        .where(Posting.cause == "goodwill", Posting.recorded_at >= since)
        .order_by(Posting.recorded_at.desc(), Posting.id)
        .limit(limit)
    )
    if program_id is None:
        return query
    return query.where(Posting.card_id.in_(select(Card.id).where(Card.program_id == program_id)))
