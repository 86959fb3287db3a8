"""Customers, what is known about them, and their cards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Id, Json


class Customer(Base):
    """A person, possibly nameless. ``reference``: the merchant's own number for them.

    ``wish``: what they want to be told: all, fewer or none.
    """

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("merchant_id", "reference"),)

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    reference: Mapped[str | None]
    wish: Mapped[str] = mapped_column(server_default="fewer", default="fewer")
    created_at: Mapped[datetime]


class PersonalData(Base):
    """The only table about a person. Erasing a row destroys the key of all that was sealed under it.

    ``mail_digest``: keyed, so that a card is found by its owner's whole address and the address by nobody;
    ``birthday_digest``: of month and day, in the same way, for whoever has birthday today.
    """

    __tablename__ = "personal_data"
    __table_args__ = (
        Index("personal_data_mail", "merchant_id", "mail_digest"),
        Index("personal_data_birthday", "merchant_id", "birthday_digest"),
    )

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    name: Mapped[str | None]
    key_sealed: Mapped[bytes]
    mail_sealed: Mapped[bytes | None]
    mail_digest: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    birthday_sealed: Mapped[bytes | None]
    birthday_digest: Mapped[bytes | None]


class Consent(Base):
    """``wording``: the sentence that the person read when they decided."""

    __tablename__ = "consent"

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    purpose: Mapped[str]
    given: Mapped[bool]
    source: Mapped[str]
    wording: Mapped[str | None]
    at: Mapped[datetime]


class Card(Base):
    """One customer in one program. ``version`` counts changes of what is shown.

    ``program_version`` is the promise of the card's round, ``pins`` those of its further counters, by key.
    ``tier`` holds until ``tier_until``. ``invite``: what a friend's link says. ``merged_into``: where its balances are.
    """

    __tablename__ = "card"
    __table_args__ = (
        ForeignKeyConstraint(
            ["program_id", "program_version"], ["program_version.program_id", "program_version.number"]
        ),
        Index("card_newest", "merchant_id", "created_at", "id"),
        Index("card_customer", "customer_id"),
        Index("card_program", "program_id"),
        UniqueConstraint("merchant_id", "invite"),
    )

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("program.id"))
    program_version: Mapped[int]
    language: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    web_key: Mapped[str]
    pins: Mapped[Json] = mapped_column(server_default="{}", default=dict)
    tier: Mapped[str | None]
    tier_until: Mapped[datetime | None]
    invite: Mapped[str | None]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("card.id"))
    created_at: Mapped[datetime]
