"""Connections that can see one merchant at a time, and the transaction that every change runs in."""

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

APPLICATION_ROLE = "treuepass_app"
LOCK_TIMEOUT = "5s"
AHEAD = "treuepass.ahead"
Row = TypeVar("Row", bound=DeclarativeBase)
Statement = tuple[str, Mapping[str, Any]]


class UnsafeRole(Exception):
    """The application's database user could see past row-level security: do not take traffic."""


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine whose connections have dropped to the role that owns nothing.

    Dropping on connect lets ``DATABASE_URL`` be the owner's login on small installations.
    """
    engine = create_engine(url, pool_size=pool_size, max_overflow=5)

    @event.listens_for(engine, "connect")
    def _drop_to_application_role(connection: Any, _record: object) -> None:
        connection.execute(f"SET ROLE {APPLICATION_ROLE}")
        connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    event.listen(engine, "checkout", _forget_ahead)
    event.listen(engine, "checkout", _refuse_dead)
    event.listen(engine, "before_cursor_execute", lambda connection, *_: _catch_up(connection))
    event.listen(engine, "commit", _commit)
    return engine


def _forget_ahead(_connection: Any, record: Any, _proxy: object) -> None:
    """What waited in a transaction that was given up."""
    record.info.pop(AHEAD, None)


def _refuse_dead(connection: Any, _record: object, _proxy: object) -> None:
    """Ask a pooled connection whether it lives only when it has something to say, as one that was closed has.

    Asking each time would be a round trip more in every transaction.
    """
    idle = select.poll()
    try:
        idle.register(connection.fileno(), select.POLLIN)
        if idle.poll(0):
            connection.execute("SELECT 1")
            connection.rollback()
    except psycopg.Error as error:
        raise InvalidatePoolError from error


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
    send_ahead(session, "SELECT set_config('treuepass.merchant', %(merchant)s, true)", {"merchant": str(merchant_id)})


def send(session: Session, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows that a statement answers with, which goes to the driver as it is written.

    For what every stamp sends: SQLAlchemy takes two to five times as long to make a statement and to read its answer
    as the server takes to run it. What the session holds is written before.

    :param sql: with ``%(name)s`` for a value and ``%%`` for a percent sign
    """
    session.flush()
    return _run(session.connection(), (sql, values)).fetchall()  # type: ignore[no-any-return]


def send_ahead(session: Session, sql: str, values: Mapping[str, Any]) -> None:
    """Like `send`, for a statement whose answer nobody waits for.

    It goes to the server with the next statement or with the commit, before it and in one round trip with it (pipeline
    mode of PostgreSQL's protocol). What is wrong with it comes up there.
    """
    session.flush()
    session.connection().info.setdefault(AHEAD, []).append((sql, values))


def _run(connection: Connection, *statements: Statement, commit: bool = False) -> Any:
    """The cursor of the last statement, after all that was sent ahead."""
    driver: Any = connection.connection.dbapi_connection
    ahead: list[Statement] = connection.info.pop(AHEAD, [])
    *earlier, last = (*ahead, *statements)
    with _told(connection, driver, last):
        if not earlier and not commit:
            return driver.execute(*last)
        with driver.pipeline():
            for statement in earlier:
                driver.execute(*statement)
            cursor = driver.execute(*last)
            if commit:
                # Not the driver's commit(): in a pipeline it waits for the answer before all is sent, and so for ever
                # when a value is larger than the socket takes at once (psycopg, Pipeline.sync). Leaving does not.
                driver.execute("COMMIT", prepare=False)
        return cursor


def _catch_up(connection: Connection) -> None:
    """Send what waits on its own, as the next statement is SQLAlchemy's."""
    if connection.info.get(AHEAD):
        _run(connection)


def _commit(connection: Connection) -> None:
    """Commit in one round trip with what waits; SQLAlchemy's own commit finds nothing left to do."""
    if not connection.info.get(AHEAD):
        return
    try:
        _run(connection, commit=True)
    except DBAPIError as error:
        # A commit that failed leaves no transaction open, and so SQLAlchemy ends none.
        if not error.connection_invalidated:
            connection.connection.rollback()
        raise


@contextmanager
def _told(connection: Connection, driver: Any, statement: Statement) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy does."""
    sql, values = statement
    try:
        yield
    except psycopg.Error as error:
        gone = driver.closed
        told = DBAPIError.instance(
            sql, dict(values), error, psycopg.Error, connection_invalidated=gone, dialect=connection.dialect
        )
        if gone:
            connection.invalidate(error)
        raise told from error


def held(session: Session, kind: type[Row], row: tuple[Any, ...]) -> Row:
    """The session's object for a row with all columns in their order: what a query of SQLAlchemy's would have made.

    What the session knew of the row gives way.
    """
    names = kind.__table__.columns.keys()
    values = dict(zip(names, row, strict=True))
    known = session.identity_map.get(identity_key(kind, row[names.index("id")]))
    if known is None:
        known = kind(**values)
        make_transient_to_detached(known)
        session.add(known)
    else:
        for name, value in values.items():
            set_committed_value(known, name, value)
    return known


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
