"""Commands that look after the database and the settings."""

import os
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from issuer.settings import GoogleSettings, describe, load_settings

if TYPE_CHECKING:
    from worker.office import Office


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
@click.option(
    "--google-objects",
    default=20,
    show_default=True,
    type=click.IntRange(0),
    help="how many cards at rest are read back from Google Wallet and compared",
)
def audit(google_objects: int) -> None:
    """Check ledger and publications, and a sample at Google; exit 1 and one line at the first breach."""
    from issuer.audit import counted, first_breach  # noqa: PLC0415
    from issuer.database import transaction  # noqa: PLC0415
    from worker.office import Office  # noqa: PLC0415

    office, trouble = Office(load_settings(os.environ)), None
    try:
        # One snapshot for all questions: a stamp committing meanwhile must not look like a breach.
        with transaction(office.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
            breach = first_breach(session)
            totals = counted(session)
        if breach is None and office.settings.google is not None:
            compared, breach, trouble = _at_google(office, office.settings.google, google_objects)
            totals["objects at Google"] = compared
    except SQLAlchemyError as error:
        raise click.ClickException(f"The database cannot be read: {str(error).splitlines()[0]}") from error
    if breach:
        click.echo(breach)
        raise SystemExit(1)
    click.echo("All holds: " + ", ".join(f"{number} {what}" for what, number in totals.items()) + ".")
    if trouble:
        click.echo(f"Google Wallet cannot be asked whether it shows the same: {trouble.rstrip('.')}.")


def _at_google(office: "Office", google: GoogleSettings, most: int) -> tuple[int, str | None, str | None]:
    """How many objects were compared, what is wrong with one of them, and why no more could be."""
    from worker.google_audit import check  # noqa: PLC0415
    from worker.google_desk import Desk  # noqa: PLC0415

    desk = Desk(office, google)
    try:
        checked = check(desk, most)
    finally:
        desk.close()
    return checked.compared, checked.breach, checked.trouble


COMMANDS = (db, settings, audit)
