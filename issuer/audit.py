"""What must always be true of ledger, promises and publications, asked of the rows themselves, merchant by merchant."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, Text, case, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONPATH, distinct_on
from sqlalchemy.orm import Session, aliased

from issuer import due
from issuer.database import set_merchant
from issuer.lots import GIVEN_BACK
from issuer.merchants import all_merchants
from issuer.publishing import APPLE, GOOGLE
from issuer.schema import (
    Account,
    Card,
    Due,
    Entry,
    GoogleObject,
    Hold,
    Pass,
    Posting,
    ProgramVersion,
    Publication,
    Purchase,
    Refund,
    Voucher,
)

Question = Select[str]


def first_breach(session: Session) -> str | None:
    """One line about the first thing that is wrong; ``None`` when all holds."""
    breaches = (breach_of(session, merchant_id) for merchant_id in all_merchants(session))
    return next((breach for breach in breaches if breach is not None), None)


def breach_of(session: Session, merchant_id: UUID) -> str | None:
    """The first thing that is wrong with one merchant. The transaction is theirs from now on."""
    set_merchant(session, merchant_id)
    for question in _questions():
        found = session.execute(question.limit(1)).first()
        if found is not None:
            return str(found[0])
    return None


def counted(session: Session) -> dict[str, int]:
    """Cards and entries that were looked at, over all merchants."""
    totals = {"merchants": 0, "cards": 0, "entries": 0}
    for merchant_id in all_merchants(session):
        set_merchant(session, merchant_id)
        totals["merchants"] += 1
        totals["cards"] += _count(session, Card.id)
        totals["entries"] += _count(session, Entry.id)
    return totals


def _questions() -> Iterator[Question]:
    yield _units_off_zero()
    yield _postings_off_zero()
    yield _balances_off()
    yield _below_zero()
    yield _strangers_entries()
    yield _unraised_versions()
    yield _unpublished(APPLE)
    yield _unpublished(GOOGLE)
    yield _numbered_ahead()
    yield _unpaid_debts()
    yield _refunded_too_much()
    yield _too_many_uses()
    yield _unwatched_tiers()
    yield _endless_tiers()
    yield _unwatched_ends()


def _words(*parts: Any) -> ColumnElement[str]:
    """A sentence put together by the database."""
    return func.concat(*(literal(part) if isinstance(part, str) else part for part in parts))


def _units_off_zero() -> Question:
    total = func.sum(Entry.amount)
    return (
        select(_words("The entries of unit ", Entry.unit, " sum to ", total, ", not to zero."))
        .group_by(Entry.unit)
        .having(total != 0)
    )


def _postings_off_zero() -> Question:
    total = func.sum(Entry.amount)
    return (
        select(_words("Posting ", Entry.posting_id, " creates ", total, " ", Entry.unit, " out of nothing."))
        .group_by(Entry.posting_id, Entry.unit)
        .having(total != 0)
    )


def _balances_off() -> Question:
    booked = select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.account_id == Account.id).scalar_subquery()
    return select(
        _words(
            "Card ",
            Account.card_id,
            " stores ",
            Account.balance,
            " ",
            Account.unit,
            ", but its entries sum to ",
            booked,
            ".",
        )
    ).where(Account.card_id.is_not(None), Account.balance != booked)


def _below_zero() -> Question:
    return select(_words("Card ", Account.card_id, " is below zero: ", Account.balance, " ", Account.unit, ".")).where(
        Account.balance < 0
    )


def _strangers_entries() -> Question:
    account_card = func.coalesce(cast(Account.card_id, Text), "none")
    entry_card = func.coalesce(cast(Entry.card_id, Text), "none")
    return (
        select(_words("Entry ", Entry.id, " names card ", entry_card, ", its account card ", account_card, "."))
        .join(Account, Account.id == Entry.account_id)
        .where(or_(account_card != entry_card, Account.unit != Entry.unit))
    )


def _unraised_versions() -> Question:
    return (
        select(
            _words(
                "Posting ", Posting.id, " made version ", Posting.version, " of card ", Card.id,
                ", but the card is at version ", Card.version, ".",
            )
        )
        .join(Card, Card.id == Posting.card_id)
        .where(Posting.version > Card.version)
    )  # fmt: skip


def _unpublished(channel: str) -> Question:
    """Apple's row is made with every pass, Google's for whoever asks."""
    wanted = func.coalesce(Publication.wanted_version, 0)
    asked = exists().where(GoogleObject.pass_id == Pass.id)
    return (
        select(
            _words(
                "Card ", Card.id, " is at version ", Card.version, ", but its pass ", Pass.serial,
                " is to show version ", wanted, f" on {channel}.",
            )
        )
        .join(Pass, Pass.card_id == Card.id)
        .outerjoin(Publication, (Publication.pass_id == Pass.id) & (Publication.channel == channel))
        .where(Pass.revoked_at.is_(None), wanted != Card.version, *([asked] if channel == GOOGLE else []))
    )  # fmt: skip


def _numbered_ahead() -> Question:
    """A change that is neither due nor numbered would never be pushed."""
    numbered = func.coalesce(Publication.tagged_version, 0)
    return (
        select(
            _words(
                "Card ", Card.id, " shows version ", Publication.wanted_version,
                ", but nothing will push it: it was last numbered at version ", numbered, ".",
            )
        )
        .join(Pass, Pass.card_id == Card.id)
        .join(Publication, Publication.pass_id == Pass.id)
        .where(
            Publication.due_at.is_(None),
            Publication.wanted_version > 1,
            numbered < Publication.wanted_version,
        )
    )  # fmt: skip


def _unpaid_debts() -> Question:
    """What is owed is paid by what comes in, unless a till had set that aside at the time."""
    owed = aliased(Account)
    aside = exists().where(Hold.account_id == Account.id, Hold.state != "redeemed")
    return (
        select(
            _words(
                "Card ", owed.card_id, " owes ", owed.balance, " ", Account.unit, ", but has ", Account.balance, "."
            )
        )
        .select_from(Account)
        .join(owed, (owed.card_id == Account.card_id) & (owed.unit == func.concat("owed:", Account.unit)))
        .where(owed.balance > 0, Account.balance > 0, ~aside)
    )  # fmt: skip


def _refunded_too_much() -> Question:
    refunded = func.sum(Refund.total)
    return (
        select(_words("Purchase ", Purchase.id, " was of ", Purchase.total, ", but ", refunded, " were refunded."))
        .select_from(Purchase)
        .join(Refund, Refund.purchase_id == Purchase.id)
        .group_by(Purchase.id)
        .having(refunded > func.coalesce(Purchase.total, 0))
    )


def _too_many_uses() -> Question:
    return (
        select(_words("Voucher ", Voucher.id, " has ", Account.balance, " uses left of ", Voucher.uses, "."))
        .select_from(Voucher)
        .join(Account, Account.unit == func.concat("voucher:", Voucher.id))
        .where(Account.card_id.is_not(None), Account.balance > Voucher.uses)
    )


def _unwatched_tiers() -> Question:
    """Nothing else would ever let a tier fall; and while a row is due, tier and progress may differ."""
    return select(_words("Card ", Card.id, " has tier ", Card.tier, ", but nothing looks after its end.")).where(
        Card.tier.is_not(None), Card.merged_into.is_(None), ~_is_due(Card.id, due.TIER)
    )


def _endless_tiers() -> Question:
    return select(
        _words("Card ", Card.id, " has tier ", func.coalesce(Card.tier, "none"), " until ", Card.tier_until)
    ).where(Card.tier.is_(None) != Card.tier_until.is_(None))


def _unwatched_ends() -> Question:
    """What was earned last is what a balance has for certain."""
    lot = _last_earned()
    then = aliased(ProgramVersion)
    number = select(func.coalesce(func.max(then.number), 1)).where(
        then.program_id == lot.c.program_id, then.created_at <= lot.c.occurred_at
    )
    gone = exists().where(Entry.account_id == lot.c.account_id, Entry.cause == "expiry", Entry.number > lot.c.number)
    return (
        select(_words("Card ", lot.c.card_id, " has ", lot.c.unit, " that end, but nothing looks after their end."))
        .select_from(lot)
        .join(ProgramVersion, ProgramVersion.program_id == lot.c.program_id)
        .where(ProgramVersion.number == number.scalar_subquery())
        .where(_can_end(lot.c.unit), ~gone, ~_is_due(lot.c.card_id, due.EXPIRY))
    )


def _last_earned() -> Subquery:
    """The newest earning of each balance of a card, unless it was taken back, in part or whole."""
    reversal = aliased(Posting)
    taken_back = or_(
        exists().where(reversal.reverses_id == Posting.id), exists().where(Refund.purchase_id == Posting.purchase_id)
    )
    return (
        select(
            Account.id.label("account_id"), Account.card_id, Account.program_id, Account.unit, Entry.number,
            Posting.occurred_at,
        )
        .ext(distinct_on(Account.id))
        .join(Entry, Entry.account_id == Account.id)
        .join(Posting, Posting.id == Entry.posting_id)
        .where(Account.card_id.is_not(None), Account.balance > 0, Entry.amount > 0)
        .where(Entry.cause.not_in(GIVEN_BACK), ~taken_back)
        .order_by(Account.id, Posting.occurred_at.desc(), Entry.number.desc())
        .subquery()
    )  # fmt: skip


def _can_end(unit: ColumnElement[str]) -> ColumnElement[bool]:
    """The same as `lots.end_in`, said to the database."""
    what = case(
        (or_(unit == "stamps", unit.startswith("stamps:")), "stamps"),
        (unit.startswith("reward:"), "rewards"),
        else_=unit,
    )
    expiry = cast('$.parts[*] ? (@.kind == "expiry" && @.what == $what)', JSONPATH)
    prepaid = cast('$.parts[*] ? (@.kind == "prepaid" && @.valid_months != null)', JSONPATH)
    return or_(
        func.jsonb_path_exists(ProgramVersion.rule, expiry, func.jsonb_build_object("what", what)),
        (unit == "prepaid") & func.jsonb_path_exists(ProgramVersion.rule, prepaid),
    )


def _is_due(card_id: Any, what: str) -> ColumnElement[bool]:
    return exists().where(Due.card_id == card_id, Due.what == what)


def _count(session: Session, column) -> int:  # type: ignore[no-untyped-def]
    return session.scalar(select(func.count(column))) or 0
