"""What was bought, what was earned and spent, and what happened beside it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Big, Id, Json


class Purchase(Base):
    """``total`` in the currency's smallest unit: the order as it was; ``discount`` off it, ``credit`` paid by the card.

    ``rule_version`` and ``tier``: under which it earned, so that a refund reckons as the purchase did; ``factor``: how
    many times as much, by an offer.
    """

    __tablename__ = "purchase"
    __table_args__ = (UniqueConstraint("merchant_id", "reference"), Index("purchase_card", "card_id"))

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"))
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("location.id"))
    till_id: Mapped[UUID | None] = mapped_column(ForeignKey("till.id"))
    total: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    discount: Mapped[Big] = mapped_column(BigInteger, server_default="0", default=0)
    credit: Mapped[Big] = mapped_column(BigInteger, server_default="0", default=0)
    voucher_id: Mapped[UUID | None]
    items: Mapped[list[Json] | None]
    reference: Mapped[str | None]
    rule_version: Mapped[int | None]
    tier: Mapped[str | None]
    factor: Mapped[Decimal | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Refund(Base):
    """A purchase taken back, whole or in part. ``total`` in the currency's smallest unit."""

    __tablename__ = "refund"
    __table_args__ = (Index("refund_purchase", "purchase_id"),)

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    purchase_id: Mapped[UUID] = mapped_column(ForeignKey("purchase.id"))
    total: Mapped[Big]
    recorded_at: Mapped[datetime]


class Account(Base):
    """Where amounts of one unit stand. Only a card's account stores its balance."""

    __tablename__ = "account"
    __table_args__ = (
        Index("account_of_card", "card_id", "unit", unique=True, postgresql_where=text("card_id IS NOT NULL")),
        Index(
            "account_of_program",
            "program_id",
            "unit",
            "role",
            unique=True,
            postgresql_where=text("card_id IS NULL"),
        ),
    )

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("program.id"))
    card_id: Mapped[UUID | None] = mapped_column(ForeignKey("card.id"))
    unit: Mapped[str]
    role: Mapped[str]
    balance: Mapped[int | None] = mapped_column(BigInteger)


class Posting(Base):
    """Entries that belong together and are reversed together.

    ``version`` is the card's after it, ``program_version`` and ``pins`` the rules it was booked under. ``note``: the
    reason of a gift or another cause; ``reward_id``: what points were spent on.
    """

    __tablename__ = "posting"
    __table_args__ = (
        UniqueConstraint("card_id", "version"),
        Index("posting_occurred", "card_id", "occurred_at"),
        Index("posting_purchase", "purchase_id", postgresql_where=text("purchase_id IS NOT NULL")),
        Index("posting_goodwill", "merchant_id", "recorded_at", postgresql_where=text("cause = 'goodwill'")),
    )

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"))
    version: Mapped[int]
    program_version: Mapped[int]
    cause: Mapped[str]
    actor: Mapped[str]
    actor_id: Mapped[UUID | None]
    till_id: Mapped[UUID | None] = mapped_column(ForeignKey("till.id"))
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("location.id"))
    purchase_id: Mapped[UUID | None] = mapped_column(ForeignKey("purchase.id"))
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("posting.id"), unique=True)
    pins: Mapped[Json | None]
    note: Mapped[str | None]
    reward_id: Mapped[UUID | None] = mapped_column(ForeignKey("reward.id"))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Entry(Base):
    """One line: ``amount`` added to one account. ``card_id`` only on the card's side."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_posting", "posting_id"),
        Index("entry_account", "account_id"),
        Index("entry_card", "card_id", "number", postgresql_where=text("card_id IS NOT NULL")),
    )

    number: Mapped[Big] = mapped_column(Identity(always=True), unique=True)
    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    posting_id: Mapped[UUID] = mapped_column(ForeignKey("posting.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    card_id: Mapped[UUID | None]
    unit: Mapped[str]
    amount: Mapped[Big]
    cause: Mapped[str]


class Hold(Base):
    """A reward, or the points that it costs, set aside between scan and confirmation."""

    __tablename__ = "hold"
    __table_args__ = (Index("hold_open", "account_id", postgresql_where=text("state = 'held'")),)

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    reward_id: Mapped[UUID] = mapped_column(ForeignKey("reward.id"))
    amount: Mapped[Big]
    state: Mapped[str]
    posting_id: Mapped[UUID | None] = mapped_column(ForeignKey("posting.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class IdempotencyKey(Base):
    """The first answer to a caller's key; unfinished ones are never visible to others."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("idempotency_key_age", "created_at"),)

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"), primary_key=True)
    actor: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int | None]
    body: Mapped[Json | None]
    created_at: Mapped[datetime]


class Event(Base):
    """History beside the ledger, append-only."""

    __tablename__ = "event"
    __table_args__ = (Index("event_card", "card_id", "number"),)

    number: Mapped[Big] = mapped_column(Identity(always=True), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    card_id: Mapped[UUID | None]
    kind: Mapped[str]
    data: Mapped[Json]
    at: Mapped[datetime]
