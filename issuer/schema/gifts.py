"""What cards get beside purchases, and what is due on them: vouchers, friends, occasions, purses, notices."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Id, Json


class Voucher(Base):
    """One card's voucher. Its uses stand in the ledger; ``worth``: see `issuer.rules.vouchers.Worth`.

    ``code``: what the customer shows; ``origin``: program, console or api.
    """

    __tablename__ = "voucher"
    __table_args__ = (UniqueConstraint("merchant_id", "code"), Index("voucher_card", "card_id"))

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"))
    code: Mapped[str]
    names: Mapped[Json]
    worth: Mapped[Json]
    uses: Mapped[int]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    origin: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Referral(Base):
    """A friend's card that came by another card's link. Each card comes by one link at most.

    ``state``: waiting, rewarded or void. The postings are those that gave each side its present.
    """

    __tablename__ = "referral"
    __table_args__ = (Index("referral_referrer", "referrer_card_id"),)

    friend_card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    referrer_card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"))
    state: Mapped[str]
    friend_posting_id: Mapped[UUID | None] = mapped_column(ForeignKey("posting.id"))
    referrer_posting_id: Mapped[UUID | None] = mapped_column(ForeignKey("posting.id"))
    created_at: Mapped[datetime]
    rewarded_at: Mapped[datetime | None]


class Granted(Base):
    """An occasion's gift, claimed once: ``turn`` is the year, or the window, or "once". ``until``: when it is gone."""

    __tablename__ = "granted"

    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"), primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    posting_id: Mapped[UUID | None] = mapped_column(ForeignKey("posting.id"))
    at: Mapped[datetime]
    until: Mapped[datetime | None]


class Purse(Base):
    """How often staff gave of a program's goodwill in a week, which begins on its ``monday``."""

    __tablename__ = "purse"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("program.id"), primary_key=True)
    monday: Mapped[date] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    given: Mapped[int]


class Notice(Base):
    """A line that a card bears for a while: what ends soon. ``values`` fill the sentence of its ``kind``."""

    __tablename__ = "notice"

    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    kind: Mapped[str]
    values: Mapped[Json]
    created_at: Mapped[datetime]


class Due(Base):
    """Something to be looked after on a card, and when. The directory holds ids and times only.

    ``what``: expiry, tier, gift_end or voucher_end; ``key`` tells several of a card apart. ``attempts``:
    how often that failed.
    """

    __tablename__ = "due"
    __table_args__ = (Index("due_due", "due_at"),)

    card_id: Mapped[UUID] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
