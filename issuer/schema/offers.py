"""Offers, to whom they were shown, and when a card is to be looked at for them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Id, Json


class Offer(Base):
    """``state``: draft, live, paused or ended. ``version``: the one that runs, 0 before the first.

    ``draft``: what the merchant works on; null when nothing differs from the version. ``revision`` starts anywhere and
    grows with each save. ``reached``: cards that were shown it; ``value``: cents of the vouchers given out.
    """

    __tablename__ = "offer"
    __table_args__ = (Index("offer_merchant", "merchant_id", "created_at"),)

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    state: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="0", default=0)
    draft: Mapped[Json | None]
    revision: Mapped[int]
    reached: Mapped[int] = mapped_column(server_default="0", default=0)
    value: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    live_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class OfferVersion(Base):
    """Published once, never changed. ``content``: see `issuer.offers.offer.Offer`."""

    __tablename__ = "offer_version"

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offer.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    content: Mapped[Json]
    published_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class Showing(Base):
    """One offer on one card in one window: claimed by whoever inserts it first, so it is shown once.

    ``turn`` names the window. ``state``: shown; over; held, with a ``reason``, until ``closes_at``; out: one of the
    hold-out, who are shown nothing. ``arm``: a, b or out. ``card_version``: since which the card shows it. ``loud``: it
    might sound. ``ambient``: it only lies there. ``ended``: why it is over: closed, done, paused, offer_ended, gone,
    unwanted. ``factor``: what is earned counts so many times. ``value``: cents of its voucher.
    """

    __tablename__ = "showing"
    __table_args__ = (
        ForeignKeyConstraint(["offer_id", "version"], ["offer_version.offer_id", "offer_version.number"]),
        Index("showing_now", "card_id", postgresql_where=text("state = 'shown'")),
        Index("showing_told", "customer_id", "shown_at", postgresql_where=text("shown_at IS NOT NULL")),
        Index("showing_offer", "offer_id", "state", "decided_at"),
        Index("showing_held", "merchant_id", "decided_at", "card_id", postgresql_where=text("state = 'held'")),
        Index("showing_factor", "card_id", postgresql_where=text("factor IS NOT NULL")),
        Index("showing_voucher", "voucher_id", postgresql_where=text("voucher_id IS NOT NULL")),
        Index("showing_posting", "posting_id", postgresql_where=text("posting_id IS NOT NULL")),
    )

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offer.id"), primary_key=True)
    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"), primary_key=True)
    turn: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    version: Mapped[int]
    arm: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    location_id: Mapped[UUID | None]
    decided_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended: Mapped[str | None]
    card_version: Mapped[int | None]
    loud: Mapped[bool] = mapped_column(server_default="false", default=False)
    ambient: Mapped[bool] = mapped_column(server_default="false", default=False)
    factor: Mapped[Decimal | None]
    value: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    voucher_id: Mapped[UUID | None] = mapped_column(ForeignKey("voucher.id"))
    redeemed_at: Mapped[datetime | None]
    posting_id: Mapped[UUID | None] = mapped_column(ForeignKey("posting.id"))


class Agenda(Base):
    """When a card is next to be looked at for offers: one row a card, ids and times only.

    ``attempts``: how often looking failed.
    """

    __tablename__ = "agenda"
    __table_args__ = (Index("agenda_due", "due_at"), Index("agenda_merchant", "merchant_id", "due_at"))

    card_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)


class Sweep(Base):
    """Cards that are to be looked at because an offer began, changed or ended: ``after_card`` is the last one noted.

    ``offer_id``: the merchant's own where it is for no offer of them all. ``due_at``: when the next are to be; null
    when all were.
    """

    __tablename__ = "sweep"
    __table_args__ = (Index("sweep_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),)

    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    after_card: Mapped[UUID | None]
    began_at: Mapped[datetime]
    due_at: Mapped[datetime | None]


class Forecast(Base):
    """What the weather service said of a shop and an hour; ``temperature`` in degrees Celsius, ``rain`` in mm.

    Both null: it did not answer.
    """

    __tablename__ = "forecast"

    location_id: Mapped[UUID] = mapped_column(ForeignKey("location.id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    temperature: Mapped[Decimal | None]
    rain: Mapped[Decimal | None]
    answer: Mapped[str | None]
    asked_at: Mapped[datetime]


class CardPlaces(Base):
    """The ten shops that stand on a card of a merchant with more."""

    __tablename__ = "card_places"

    card_id: Mapped[UUID] = mapped_column(ForeignKey("card.id"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    location_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    chosen_at: Mapped[datetime]


class FifthCuts(Base):
    """Where the fifths of a merchant's cards part: ``cuts`` by measure, four bounds each."""

    __tablename__ = "fifth_cuts"

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"), primary_key=True)
    cuts: Mapped[Json]
    reckoned_at: Mapped[datetime]
