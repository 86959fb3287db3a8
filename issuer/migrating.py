"""Bring a database to the schema of this release, or say why that cannot be."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

LOCK = 0x7472657565  # any number that nobody else locks with: "treue"


class SchemaNewer(Exception):
    """The database was made by a newer release: run that one, or restore a backup of before."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """Revision of the schema that this release works with."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(connection: Connection) -> str | None:
    """Revision of the schema that the database has; ``None`` before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(owner_url: str) -> None:
    """Migrate to the head, one process at a time.

    :param owner_url: login that owns the tables
    :raises SchemaNewer: the database knows a revision that this release does not
    """
    engine = create_engine(owner_url)
    config = _config()
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        found = current(connection)
        if found is not None and found not in known:
            raise SchemaNewer(
                f"The database is at revision {found}, which this release does not know: it was made by a"
                " newer treuepass. Start that one, or restore a backup from before. Nothing was changed."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()
