"""What Google Wallet has of us: the directory, without row-level security, without a word on a person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Small


class GoogleClass(Base):
    """The class of a program; ``kind``: loyalty or offer. ``sent_digest``: of the body that Google has.

    ``leased_until``: one worker sends it until then. ``answer``: why Google did not take the last one.
    """

    __tablename__ = "google_class"

    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    sent_digest: Mapped[bytes | None]
    sent_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    answer: Mapped[str | None]


class GoogleObject(Base):
    """A pass that somebody asked for on Google. ``inserted_at``: Google has it since; then it can be saved.

    ``notices``: when updates were sent that Google shows a note of, of the last day. ``has_users``: whether it is in
    anybody's wallet, known at ``has_users_at``. ``answer``: why Google did not take the last update.
    """

    __tablename__ = "google_object"

    pass_id: Mapped[UUID] = mapped_column(ForeignKey("pass.id"), primary_key=True)
    merchant_id: Mapped[UUID]
    program_id: Mapped[UUID]
    asked_at: Mapped[datetime]
    inserted_at: Mapped[datetime | None]
    notices: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)), server_default="{}", default=list)
    has_users: Mapped[bool] = mapped_column(server_default="false", default=False)
    has_users_at: Mapped[datetime | None]
    answer: Mapped[str | None]


class GoogleRootKeys(Base):
    """Google's own answer about the keys that its callbacks are signed under; there is one row or none."""

    __tablename__ = "google_root_keys"

    id: Mapped[Small] = mapped_column(primary_key=True, server_default="1", default=1)
    document: Mapped[str]
    fetched_at: Mapped[datetime]


class GoogleNonce(Base):
    """A callback that was taken already; forgotten when it could not be sent again anyway."""

    __tablename__ = "google_nonce"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
