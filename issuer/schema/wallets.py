"""Passes and the phones that hold them: the directory, without row-level security, without a word on a person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from issuer.schema.mapping import Base, Id, Small

update_tag = Sequence("update_tag", metadata=Base.metadata)


class CardKey(Base):
    """Capability of a card's page; the key itself stands with the card."""

    __tablename__ = "card_key"

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    card_id: Mapped[UUID]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Pass(Base):
    """One issue of a card, or of the voucher on it that ``voucher_id`` names.

    ``downloaded_version``: the oldest that a phone may hold without having registered.
    """

    __tablename__ = "pass"
    __table_args__ = (
        Index("pass_card", "card_id"),
        Index(
            "pass_voucher",
            "voucher_id",
            unique=True,
            postgresql_where=text("voucher_id IS NOT NULL AND revoked_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    merchant_id: Mapped[UUID]
    card_id: Mapped[UUID]
    pass_type: Mapped[str | None]
    serial: Mapped[str] = mapped_column(unique=True)
    token_sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    downloaded_version: Mapped[int | None]
    downloaded_at: Mapped[datetime | None]
    voucher_id: Mapped[UUID | None]


class CardCode(Base):
    """What a till reads. A paper card's has no card until its first stamp; ``batch_id`` names its `PaperBatch`."""

    __tablename__ = "card_code"
    __table_args__ = (
        UniqueConstraint("merchant_id", "short_code"),
        Index("card_code_card", "card_id"),
        Index("card_code_batch", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    short_code: Mapped[str]
    merchant_id: Mapped[UUID]
    card_id: Mapped[UUID | None]
    pass_id: Mapped[UUID | None] = mapped_column(ForeignKey("pass.id"))
    batch_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Device(Base):
    """A phone as one pass type sees it: Apple's library id and the token to push to.

    ``throttled_until``: Apple asked for a pause; ``throttles``: how often in a row.
    """

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("library_id", "pass_type"),)

    id: Mapped[Id]
    library_id: Mapped[str]
    pass_type: Mapped[str]
    push_token: Mapped[str]
    token_at: Mapped[datetime]
    throttled_until: Mapped[datetime | None]
    throttles: Mapped[int] = mapped_column(server_default="0", default=0)


class Registration(Base):
    """A phone's wish to hear about one pass, and how far it got: told, asked, holds.

    ``repeated_version``: the last one that it was told of a second time, because it had not come.
    """

    __tablename__ = "registration"
    __table_args__ = (
        Index("registration_pass", "pass_id"),
        Index(
            "registration_unfetched",
            "pushed_at",
            postgresql_where=text("pushed_version > GREATEST(fetched_version, repeated_version, 0)"),
        ),
    )

    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), primary_key=True)
    pass_id: Mapped[UUID] = mapped_column(ForeignKey("pass.id"), primary_key=True)
    merchant_id: Mapped[UUID]
    created_at: Mapped[datetime]
    pushed_version: Mapped[int | None]
    pushed_at: Mapped[datetime | None]
    push_answer: Mapped[str | None]
    listed_version: Mapped[int | None]
    listed_at: Mapped[datetime | None]
    fetched_version: Mapped[int | None]
    fetched_at: Mapped[datetime | None]
    repeated_version: Mapped[int | None]


class Publication(Base):
    """What one pass should show on one channel, and how far that got. There is no other queue.

    ``due_at``: the relay shall number it. ``push_at``: the worker shall push it. Both null: at rest.
    ``not_before``: a further change waits until then. ``loud``: a phone may show a note of what waits, or came last.
    """

    __tablename__ = "publication"
    __table_args__ = (
        Index("publication_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("publication_push", "push_at", postgresql_where=text("push_at IS NOT NULL")),
        Index(
            "publication_google",
            "priority",
            "push_at",
            postgresql_where=text("channel = 'google' AND push_at IS NOT NULL"),
        ),
    )

    pass_id: Mapped[UUID] = mapped_column(ForeignKey("pass.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    wanted_version: Mapped[int]
    reason: Mapped[str]
    priority: Mapped[Small]
    due_at: Mapped[datetime | None]
    tag: Mapped[int | None] = mapped_column(BigInteger)
    tagged_version: Mapped[int | None]
    tagged_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    push_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    pushed_version: Mapped[int | None]
    pushed_at: Mapped[datetime | None]
    loud: Mapped[bool] = mapped_column(server_default="true", default=True)


class Rollout(Base):
    """A published design on its way to the cards that phones hold: ``after_card`` is the last one that got it.

    ``begun_at``: when the relay first told a card. ``due_at``: when the next are to be told; null when all were.
    """

    __tablename__ = "rollout"
    __table_args__ = (
        Index("rollout_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("rollout_brand", "brand_id", "brand_version"),
    )

    id: Mapped[Id]
    merchant_id: Mapped[UUID]
    brand_id: Mapped[UUID]
    brand_version: Mapped[int]
    after_card: Mapped[UUID | None]
    told: Mapped[int] = mapped_column(server_default="0", default=0)
    begun_at: Mapped[datetime]
    due_at: Mapped[datetime | None]


class Certificate(Base):
    """A pass type's certificate; ``merchant_id`` is null for the platform's own.

    ``not_after``: until when it signs. ``warned_days``: the last of the days before that was told of; null: none yet.
    """

    __tablename__ = "certificate"
    __table_args__ = (Index("certificate_pass_type", "pass_type"),)

    id: Mapped[Id]
    merchant_id: Mapped[UUID | None]
    pass_type: Mapped[str]
    team_id: Mapped[str]
    certificate_pem: Mapped[bytes]
    intermediate_pem: Mapped[bytes]
    key_sealed: Mapped[bytes]
    not_after: Mapped[datetime]
    created_at: Mapped[datetime]
    warned_days: Mapped[Small | None]


class CertificateRequest(Base):
    """A key that waits for the certificate that Apple is asked for; ``merchant_id`` as in `Certificate`."""

    __tablename__ = "certificate_request"

    id: Mapped[Id]
    merchant_id: Mapped[UUID | None]
    request_pem: Mapped[bytes]
    key_sealed: Mapped[bytes]
    created_at: Mapped[datetime]


class PushStop(Base):
    """Why nothing of a pass type is pushed for now, all of it staying where it is.

    ``refused``: Apple's answer blames the certificate or the request, else it cannot be reached. ``probe_at``: when one
    push is tried again. ``probes``: how often that was in vain. A new certificate ends it.
    """

    __tablename__ = "push_stop"

    pass_type: Mapped[str] = mapped_column(primary_key=True)
    refused: Mapped[bool]
    answer: Mapped[str]
    since: Mapped[datetime]
    probe_at: Mapped[datetime]
    probes: Mapped[int]


class JobRun(Base):
    """A periodic slot, claimed by whoever inserted it first."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    claimed_at: Mapped[datetime]


class Heartbeat(Base):
    """When a process last did its work, as seen by the database."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
