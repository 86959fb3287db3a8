"""The tenant, its shops, how its cards look and by which rules they earn."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Id, Json, Small


class Merchant(Base):
    """``trade``: the ready design it began with. ``setup_step``: where its first run stands; null when that is over.

    ``policy``: see `issuer.offers.policy.Policy`. ``has_offers``: some offer runs, so changed cards are looked at.
    """

    __tablename__ = "merchant"

    id: Mapped[Id]
    name: Mapped[str]
    zone: Mapped[str]
    currency: Mapped[str]
    contact: Mapped[Json]
    trade: Mapped[str | None]
    setup_step: Mapped[str | None]
    policy: Mapped[Json] = mapped_column(server_default="{}", default=dict)
    has_offers: Mapped[bool] = mapped_column(server_default="false", default=False)
    created_at: Mapped[datetime]


class Location(Base):
    __tablename__ = "location"

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    name: Mapped[str]
    address: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    zone: Mapped[str | None]
    currency: Mapped[str | None]
    created_at: Mapped[datetime]


class Image(Base):
    __tablename__ = "image"
    __table_args__ = (UniqueConstraint("merchant_id", "sha256"),)

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    sha256: Mapped[bytes]
    png: Mapped[bytes]
    created_at: Mapped[datetime]


class Brand(Base):
    __tablename__ = "brand"

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    current_version: Mapped[int]
    created_at: Mapped[datetime]


class BrandDraft(Base):
    """What the merchant works on and no customer sees.

    ``revision`` starts anywhere and grows with each save, so that two windows notice each other.
    ``design``: see `issuer.design.Design`.
    """

    __tablename__ = "brand_draft"

    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    revision: Mapped[int]
    icon_id: Mapped[UUID] = mapped_column(ForeignKey("image.id"))
    logo_id: Mapped[UUID] = mapped_column(ForeignKey("image.id"))
    stamp_id: Mapped[UUID] = mapped_column(ForeignKey("image.id"))
    design: Mapped[Json]
    updated_at: Mapped[datetime]


class BrandVersion(Base):
    """Published once, never changed. ``design``: see `issuer.design.Design`; ``published_by``: a user."""

    __tablename__ = "brand_version"

    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    icon_id: Mapped[UUID] = mapped_column(ForeignKey("image.id"))
    logo_id: Mapped[UUID] = mapped_column(ForeignKey("image.id"))
    stamp_id: Mapped[UUID] = mapped_column(ForeignKey("image.id"))
    design: Mapped[Json]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class Drawing(Base):
    """A picture as it was drawn of a brand version; ``edition``: of `passes.images.EDITION`, by which code.

    ``kind``: see `issuer.drawings`. ``needed``, ``filled``: stamps; both 0 where none are drawn. ``name``: its file's.
    """

    __tablename__ = "drawing"
    __table_args__ = (
        ForeignKeyConstraint(
            ["brand_id", "brand_version"], ["brand_version.brand_id", "brand_version.number"], ondelete="CASCADE"
        ),
    )

    brand_id: Mapped[UUID] = mapped_column(primary_key=True)
    brand_version: Mapped[int] = mapped_column(primary_key=True)
    edition: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    needed: Mapped[Small] = mapped_column(primary_key=True)
    filled: Mapped[Small] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    png: Mapped[bytes]
    sha256: Mapped[bytes]
    created_at: Mapped[datetime]


class PaperBatch(Base):
    """Paper cards printed together; each is a code without a card until its first stamp."""

    __tablename__ = "paper_batch"

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("program.id"))
    language: Mapped[str]
    count: Mapped[int]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Program(Base):
    """``donated``: cents that its cards have given, as the cards show it since ``donated_at``."""

    __tablename__ = "program"

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brand.id"))
    kind: Mapped[str]
    slug: Mapped[str]
    current_version: Mapped[int]
    pause_seconds: Mapped[int] = mapped_column(server_default="0", default=0)
    donated: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    donated_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ProgramVersion(Base):
    """``names``: language to text. ``rule``: what `issuer.rules.Rules` reads. Never changed once a card is out."""

    __tablename__ = "program_version"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("program.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    names: Mapped[Json]
    rule: Mapped[Json]
    created_at: Mapped[datetime]


class Reward(Base):
    __tablename__ = "reward"

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    program_id: Mapped[UUID] = mapped_column(ForeignKey("program.id"))
    names: Mapped[Json]
    created_at: Mapped[datetime]


class ProgramSlug(Base):
    __tablename__ = "program_slug"

    slug: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    program_id: Mapped[UUID]
