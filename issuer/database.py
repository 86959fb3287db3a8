"""Connections that can see one merchant at a time, and the transaction that every change runs in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session

APPLICATION_ROLE = "treuepass_app"


class UnsafeRole(Exception):
    """The application's database user could see past row-level security: do not take traffic."""


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine whose connections have dropped to the role that owns nothing.

    Dropping on connect lets ``DATABASE_URL`` be the owner's login on small installations.
    """
    engine = create_engine(url, pool_size=pool_size, max_overflow=5, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _drop_to_application_role(connection: Any, _record: object) -> None:
        connection.execute(f"SET ROLE {APPLICATION_ROLE}")
        connection.execute("SET lock_timeout = '5s'")
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    return engine


@contextmanager
def transaction(engine: Engine, merchant_id: UUID | None = None) -> Iterator[Session]:
    """One unit of work: committed when the block ends, rolled back when it raises.

    Without a merchant only the directory tables show any rows.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        if merchant_id is not None:
            set_merchant(session, merchant_id)
        yield session


def set_merchant(session: Session, merchant_id: UUID) -> None:
    """Let the rest of this transaction see and write the rows of this merchant, and of no other."""
    session.execute(text("SELECT set_config('treuepass.merchant', :merchant, true)"), {"merchant": str(merchant_id)})


def check_role(session: Session) -> None:
    """Refuse a current user for whom row-level security would not hold.

    :raises UnsafeRole: superuser, BYPASSRLS or owner of our tables
    """
    row = session.execute(
        text(
            "SELECT current_user AS name, rolsuper OR rolbypassrls AS mighty, EXISTS (SELECT FROM pg_tables"
            " WHERE schemaname = 'public' AND tableowner = current_user) AS owner"
            " FROM pg_roles WHERE rolname = current_user"
        )
    ).one()
    if row.mighty or row.owner:
        raise UnsafeRole(
            f"The database user {row.name} can see past row-level security; "
            f"let DATABASE_URL name a login that may SET ROLE {APPLICATION_ROLE}."
        )
