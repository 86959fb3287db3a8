"""Customers, what is known about them, and their cards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Id


class Customer(Base):
    """A person, possibly nameless. ``reference``: the merchant's own number for them."""

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("merchant_id", "reference"),)

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    reference: Mapped[str | None]
    created_at: Mapped[datetime]


class PersonalData(Base):
    """The only table about a person. Erasing a row destroys the key of all that was sealed under it.

    ``mail_digest``: keyed, so that a card is found by its owner's whole address and the address by nobody.
    """

    __tablename__ = "personal_data"
    __table_args__ = (Index("personal_data_mail", "merchant_id", "mail_digest"),)

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    name: Mapped[str | None]
    key_sealed: Mapped[bytes]
    mail_sealed: Mapped[bytes | None]
    mail_digest: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    birthday_sealed: Mapped[bytes | None]


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
    """One customer in one program. ``version`` counts changes of what is shown."""

    __tablename__ = "card"
    __table_args__ = (
        ForeignKeyConstraint(
            ["program_id", "program_version"], ["program_version.program_id", "program_version.number"]
        ),
        Index("card_newest", "merchant_id", "created_at", "id"),
        Index("card_customer", "customer_id"),
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
    created_at: Mapped[datetime]
