"""What must always be true of ledger and publications, asked of the rows themselves, merchant by merchant."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from issuer.database import set_merchant
from issuer.merchants import all_merchants
from issuer.publishing import APPLE
from issuer.schema import Account, Card, Entry, Pass, Posting, Publication

Question = Select[str]


def first_breach(session: Session) -> str | None:
    """One line about the first thing that is wrong; ``None`` when all holds."""
    for merchant_id in all_merchants(session):
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
    yield _unpublished()
    yield _numbered_ahead()


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


def _unpublished() -> Question:
    wanted = func.coalesce(Publication.wanted_version, 0)
    return (
        select(
            _words(
                "Card ", Card.id, " is at version ", Card.version, ", but its pass ", Pass.serial,
                " is to show version ", wanted, ".",
            )
        )
        .join(Pass, Pass.card_id == Card.id)
        .outerjoin(Publication, (Publication.pass_id == Pass.id) & (Publication.channel == APPLE))
        .where(Pass.revoked_at.is_(None), wanted != Card.version)
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


def _count(session: Session, column) -> int:  # type: ignore[no-untyped-def]
    return session.scalar(select(func.count(column))) or 0
