"""Commands that put merchants, people and histories in place."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issuer import api_keys, importing, people, tills
from issuer.branding import Branding, UnknownBranding, load_branding
from issuer.brands import create_brand
from issuer.clock import Clock
from issuer.database import make_engine, set_merchant, transaction
from issuer.keys import keys_of
from issuer.merchants import (
    NameRefused,
    NewMerchant,
    UnknownZone,
    all_merchants,
    create_location,
    create_merchant,
)
from issuer.program_changes import create_stamp_program
from issuer.programs import find_slug
from issuer.schema import Merchant, Program
from issuer.settings import Settings, load_settings

BATCH = 100
LINK_LASTS = timedelta(days=7)


@contextmanager
def open_house() -> Iterator[tuple[Settings, Engine, datetime]]:
    """Settings, an engine for one connection at a time, and the time."""
    settings = load_settings(os.environ)
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        yield settings, engine, Clock(settings.clock_offset).now()
    finally:
        engine.dispose()


@click.group()
def merchant() -> None:
    """Merchants."""


@merchant.command("create")
@click.argument("name")
@click.option("--email", help="of the owner; without it `treuepass user create` makes one later")
@click.option("--zone", default="Europe/Berlin", show_default=True, help="time zone")
@click.option("--branding", default="cafe", show_default=True, help="ready design to start from")
@click.option("--staff", default="Staff", show_default=True, help="name of the first person at the till")
@click.option("--address", help="stands on the back of the card, as the next three do")
@click.option("--phone")
@click.option("--mail")
@click.option("--website")
def create_merchant_command(
    name: str, email: str | None, zone: str, branding: str, staff: str, **contact: str | None
) -> None:
    """Found a merchant with a shop, a till, a stamp program and an API key, and print what is needed to use them."""
    new = NewMerchant(name, zone, contact={key: text for key, text in contact.items() if text})
    with open_house() as (settings, engine, now), transaction(engine) as session:
        try:
            design = load_branding(branding)
            founded = create_merchant(session, new, now)
            password = _invite(session, email, founded.id, "owner", now) if email else None
        except (NameRefused, UnknownZone, UnknownBranding, people.EmailTaken, people.EmailRefused) as error:
            raise click.ClickException(str(error)) from error
        lines = _open_shop(session, founded, design, staff, settings.public_url, now)
    click.echo("\n".join(lines))
    if email and password:
        _tell(settings, email, password)
    else:
        click.echo(f"To sign in: treuepass user create EMAIL --merchant {founded.id}")


def _open_shop(
    session: Session, founded: Merchant, design: Branding, staff: str, public_url: str, now: datetime
) -> list[str]:
    """A shop that can begin to stamp; what its people need to know, line by line."""
    key, link, slug = api_keys.fresh_token(), secrets.token_urlsafe(24), secrets.token_hex(4)
    pin = f"{secrets.randbelow(900_000) + 100_000}"
    shop = create_location(session, founded, founded.name, now, founded.contact.get("address"))
    program = create_stamp_program(session, create_brand(session, founded, design, now), design, slug, now)
    tills.hire(session, founded.id, staff, pin, now)
    tills.invite_till(session, shop.id, founded.id, link, now, expires_at=now + LINK_LASTS)
    api_keys.create_api_key(session, founded.id, key, api_keys.SCOPES, now, name=founded.name[: api_keys.LONGEST_NAME])
    return [
        f"merchant   {founded.id}",
        f"program    {program.id}",
        f"join page  {public_url}/join/{slug}",
        f"till       {public_url}/till/enrol/{link} (within {LINK_LASTS.days} days)",
        f"PIN        {pin} ({staff})",
        f"API key    {key}",
    ]


@click.group()
def user() -> None:
    """People who sign in to the console."""


@user.command("create")
@click.argument("email")
@click.option("--merchant", "merchant_id", type=click.UUID, help="id of the merchant; may be left out if there is one")
@click.option("--role", default="owner", show_default=True, type=click.Choice(["owner", "manager", "staff"]))
@click.option("--new-shop", is_flag=True, help="member of no merchant: they found one when they first sign in")
def create_user_command(email: str, merchant_id: UUID | None, role: str, new_shop: bool) -> None:
    """Let somebody sign in, and print their password once. Where there is no merchant yet, they found the first."""
    if new_shop and merchant_id:
        raise click.ClickException(f"--new-shop founds a merchant of its own: leave --merchant {merchant_id} out.")
    with open_house() as (settings, engine, now), transaction(engine) as session:
        known = all_merchants(session)
        chosen = None if new_shop or not (known or merchant_id) else chosen_merchant(known, merchant_id)
        try:
            password = _invite(session, email, chosen, role, now)
        except (people.EmailTaken, people.EmailRefused) as error:
            raise click.ClickException(str(error)) from error
    _tell(settings, email, password)
    if chosen is None:
        click.echo("They have no shop yet: the first sign-in founds one, with them as its owner.")


@user.command("reset")
@click.argument("email")
def reset_user_command(email: str) -> None:
    """Give somebody a new password and print it once. Unlocks the account and ends all its sessions."""
    password = secrets.token_urlsafe(12)
    with open_house() as (settings, engine, _), transaction(engine) as session:
        try:
            found = people.reset_password(session, email, password)
        except people.UnknownEmail as error:
            raise click.ClickException(str(error)) from error
    _tell(settings, found.email, password)


def _invite(session: Session, email: str, merchant_id: UUID | None, role: str, now: datetime) -> str:
    password = secrets.token_urlsafe(12)
    made = people.create_user(session, email, password, now)
    if merchant_id is not None:
        people.add_member(session, made, merchant_id, role, now)
    return password


def _tell(settings: Settings, email: str, password: str) -> None:
    click.echo(f"console    {settings.public_url}/console\nemail      {email}\npassword   {password}")


def chosen_merchant(known: list[UUID], wanted: UUID | None) -> UUID:
    """The merchant that is meant: the one named, or the only one.

    :raises ClickException: naming the remedy
    """
    if not known:
        raise click.ClickException("There is no merchant yet: `treuepass merchant create NAME` founds one.")
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted not in known:
        what = f"There is no merchant {wanted}" if wanted else "There are several merchants"
        raise click.ClickException(f"{what}: name one of {', '.join(map(str, known))} with --merchant.")
    return wanted


@click.group("import")
def import_group() -> None:
    """Histories of other systems."""


@import_group.command("purchases")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--program", "program_id", required=True, type=click.UUID, help="id of the program that earns")
def import_purchases(file: Path, program_id: UUID) -> None:
    """Book a history by the program's rules. FILE: customer, date, items, amount; a second run books nothing."""
    try:
        rows = importing.read_rows(file)
        with open_house() as (settings, engine, now):
            _import_rows(settings, engine, program_id, rows, now)
    except importing.FileRefused as error:
        raise click.ClickException(str(error)) from error


def _import_rows(
    settings: Settings, engine: Engine, program_id: UUID, rows: list[importing.Row], now: datetime
) -> None:
    booked = known = 0
    with click.progressbar(length=len(rows), label=f"{len(rows)} purchases") as bar:
        for batch in importing.batches(rows, BATCH):
            with transaction(engine) as session:
                program = _program(session, program_id)
                done = importing.import_batch(session, keys_of(settings), program, batch, now)
            booked, known = booked + done.booked, known + done.known
            bar.update(len(batch))
    click.echo(f"Booked {booked} purchases; {known} were booked before.")


def _program(session: Session, program_id: UUID) -> Program:
    row = find_slug(session, str(program_id))
    if row is None:
        raise click.ClickException(f"There is no program {program_id}; the API and the console name those there are.")
    set_merchant(session, row.merchant_id)
    return session.get_one(Program, program_id)


COMMANDS = (merchant, user, import_group)
