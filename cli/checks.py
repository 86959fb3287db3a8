"""Commands that look after the database and the settings."""

import os

import click
from sqlalchemy.exc import SQLAlchemyError

from issuer.settings import describe, load_settings


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Migrate to the schema of this release."""
    from issuer import migrating  # noqa: PLC0415

    settings = load_settings(os.environ)
    try:
        migrating.upgrade(settings.database_owner_url)
    except (migrating.SchemaNewer, SQLAlchemyError) as error:
        raise click.ClickException(str(error).strip().splitlines()[0]) from error
    click.echo(f"The database is at revision {migrating.head()}.")


@click.command()
def settings() -> None:
    """List every setting, its value and where it comes from; secrets are not shown."""
    for name, value, source in describe(os.environ):
        click.echo(f"{name:32} {value or '-':44} {source}")


@click.command()
def audit() -> None:
    """Check ledger and publications; exit 1 and one line at the first breach."""
    from issuer.audit import counted, first_breach  # noqa: PLC0415
    from issuer.database import make_engine, transaction  # noqa: PLC0415

    engine = make_engine(load_settings(os.environ).database_url, pool_size=1)
    try:
        # One snapshot for all questions: a stamp committing meanwhile must not look like a breach.
        with transaction(engine.execution_options(isolation_level="REPEATABLE READ")) as session:
            breach = first_breach(session)
            totals = counted(session)
    except SQLAlchemyError as error:
        raise click.ClickException(f"The database cannot be read: {str(error).splitlines()[0]}") from error
    if breach:
        click.echo(breach)
        raise SystemExit(1)
    click.echo("All holds: " + ", ".join(f"{number} {what}" for what, number in totals.items()) + ".")


COMMANDS = (db, settings, audit)
