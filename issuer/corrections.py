"""What of a card can be put right in the console, and what is typed to do so."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from issuer.editing import Objection, name_objection, one_line, whole_number
from issuer.history import EntryView, entries
from issuer.refusals import N_
from issuer.rules.expiry import end_of
from issuer.rules.vouchers import Worth
from issuer.schema import Card, Posting, Purchase, Refund
from issuer.vouchers import Wanted

_MONEY = re.compile(r"([0-9]{1,7})(?:[.,]([0-9]{1,2}))?")
SHOWN = 20
LONGEST_NAME = 60
MOST_USES = 100
FINAL = ("reversal", "refund", "expiry", "adjustment")
"""Causes of postings that are not taken back: they are corrections themselves, or follow from time."""


@dataclass(frozen=True)
class Correctable:
    """A booking that can be taken back, with its lines."""

    posting_id: UUID
    lines: tuple[EntryView, ...]


@dataclass(frozen=True)
class Bill:
    """A purchase, and cents of it that were not refunded yet."""

    purchase: Purchase
    left: int


def correctable(session: Session, card: Card) -> list[Correctable]:
    """The newest bookings that nobody has taken back."""
    undone, refund = aliased(Posting), aliased(Posting)
    taken = select(undone.id).where(undone.reverses_id == Posting.id).exists()
    refunded = select(refund.id).where(
        refund.purchase_id == Posting.purchase_id, refund.cause == "refund", Posting.purchase_id.is_not(None)
    )
    rows = session.scalars(
        select(Posting)
        .where(Posting.card_id == card.id, Posting.cause.not_in(FINAL), ~taken, ~refunded.exists())
        .order_by(Posting.version.desc())
        .limit(SHOWN)
    ).all()
    found = [(row, tuple(reversed(entries(session, card.id, limit=50, posting_id=row.id)))) for row in rows]
    return [Correctable(row.id, lines) for row, lines in found if lines]


def bills(session: Session, card: Card) -> list[Bill]:
    """The newest purchases of which something is left to refund."""
    back = select(func.coalesce(func.sum(Refund.total), 0)).where(Refund.purchase_id == Purchase.id).scalar_subquery()
    due = Purchase.total - Purchase.discount
    rows = session.execute(
        select(Purchase, back)
        .where(Purchase.card_id == card.id, Purchase.total.is_not(None), due > back)
        .order_by(Purchase.recorded_at.desc(), Purchase.id)
        .limit(SHOWN)
    )
    return [Bill(purchase, (purchase.total or 0) - purchase.discount - int(refunded)) for purchase, refunded in rows]


def read_cents(typed: str, about: str) -> int | Objection:
    """ "4,50" and "4.50" are 450."""
    found = _MONEY.fullmatch(typed.strip())
    if found is None or not (cents := int(Decimal(typed.strip().replace(",", ".")) * 100)):
        return Objection(N_("“%(typed)s” is no amount: write one like 4.50."), {"typed": typed.strip()[:20]}, about)
    return cents


@dataclass(frozen=True)
class VoucherForm:
    """What was typed to give a voucher; ``kind``: percent, money or thing."""

    name_de: str
    name_en: str
    kind: str
    worth: str
    uses: str
    until: str

    def read(self, zone: str, today: date) -> Wanted | Objection:
        """The voucher that is meant; the English name may be left out."""
        names = {"de": one_line(self.name_de), "en": one_line(self.name_en) or one_line(self.name_de)}
        for language, name in names.items():
            if objection := name_objection(name, LONGEST_NAME, f"name_{language}"):
                return objection
        worth, uses, until = self._worth(), whole_number(self.uses), self._until(zone, today)
        if isinstance(worth, Objection):
            return worth
        if uses is None or not 1 <= uses <= MOST_USES:
            text = N_("“%(typed)s” times cannot be: write a number from 1 to %(most)s.")
            return Objection(text, {"typed": self.uses.strip()[:10], "most": MOST_USES}, "uses")
        if isinstance(until, Objection):
            return until
        return Wanted(names, worth, uses, None, until)

    def _worth(self) -> Worth | Objection:
        if self.kind == "percent":
            percent = whole_number(self.worth.removesuffix("%"))
            if percent is None or not 1 <= percent <= 100:
                text = N_("“%(typed)s” per cent cannot be: write a number from 1 to 100.")
                return Objection(text, {"typed": self.worth.strip()[:10]}, "worth")
            return Worth.model_validate({"percent": percent})
        if self.kind == "money":
            cents = read_cents(self.worth, "worth")
            return cents if isinstance(cents, Objection) else Worth.model_validate({"cents": cents})
        thing = one_line(self.worth)
        if objection := name_objection(thing, LONGEST_NAME, "worth"):
            return objection
        return Worth.model_validate({"thing": {"de": thing, "en": thing}})

    def _until(self, zone: str, today: date) -> datetime | Objection | None:
        """Its last day counts to its end in the shop's time."""
        if not self.until.strip():
            return None
        try:
            day = date.fromisoformat(self.until.strip())
        except ValueError:
            day = date.min
        if day < today or day.year > today.year + 10:
            text = N_("“%(typed)s” cannot be the last day: choose one from today on.")
            return Objection(text, {"typed": self.until.strip()[:20]}, "until")
        return end_of(day, zone)
