"""Who may act: users of the console, staff and their tills, API keys."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Id


class User(Base):
    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    failures: Mapped[int] = mapped_column(server_default="0", default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Membership(Base):
    __tablename__ = "membership"
    __table_args__ = (Index("membership_merchant", "merchant_id"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime]


class Invitation(Base):
    """A link that makes whoever opens it a member of a merchant, once."""

    __tablename__ = "invitation"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    merchant_id: Mapped[UUID]
    email: Mapped[str]
    role: Mapped[str]
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LoginSession(Base):
    """``merchant_id`` is null for somebody who has yet to found a shop; ``agent`` names browser and system."""

    __tablename__ = "login_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    merchant_id: Mapped[UUID | None]
    agent: Mapped[str | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiKey(Base):
    """``name``: the merchant's word for it; ``ending``: of its token, to tell keys apart. No maker: by command."""

    __tablename__ = "api_key"

    id: Mapped[Id]
    merchant_id: Mapped[UUID]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    name: Mapped[str] = mapped_column(server_default="", default="")
    ending: Mapped[str] = mapped_column(server_default="", default="")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Staff(Base):
    __tablename__ = "staff"

    id: Mapped[Id]
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    pin_hash: Mapped[str]
    failures: Mapped[int] = mapped_column(server_default="0", default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Till(Base):
    __tablename__ = "till"

    id: Mapped[Id]
    merchant_id: Mapped[UUID]
    location_id: Mapped[UUID]
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    staff_id: Mapped[UUID | None]
    staff_since: Mapped[datetime | None]
    enrolled_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TillEnrolment(Base):
    """A link that makes the browser which opens it a till; ``single_use``: the first one only."""

    __tablename__ = "till_enrolment"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    location_id: Mapped[UUID]
    single_use: Mapped[bool] = mapped_column(server_default="false", default=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
