"""Commands that put merchants, people, certificates and histories in place."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issuer import certificates, importing, people
from issuer.branding import load_branding
from issuer.clock import Clock
from issuer.database import make_engine, set_merchant, transaction
from issuer.keys import keys_of
from issuer.merchants import (
    NewMerchant,
    UnknownZone,
    all_merchants,
    create_brand,
    create_location,
    create_merchant,
    create_stamp_program,
)
from issuer.programs import find_slug
from issuer.schema import Program
from issuer.settings import Settings, load_settings
from signing.certificates import CertificateRefused, read_pass_certificate

BATCH = 100


@contextmanager
def _house() -> Iterator[tuple[Settings, Engine, datetime]]:
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
@click.option("--email", required=True, help="of the owner, who signs in with it")
@click.option("--zone", default="Europe/Berlin", show_default=True, help="time zone")
@click.option("--branding", default="cafe", show_default=True, help="ready design to start from")
def create_merchant_command(name: str, email: str, zone: str, branding: str) -> None:
    """Found a merchant with an owner, a shop, a stamp program and an API key, and print what is needed to sign in."""
    password, token = secrets.token_urlsafe(12), f"tp_{secrets.token_urlsafe(32)}"
    slug = secrets.token_hex(4)
    with _house() as (settings, engine, now), transaction(engine) as session:
        try:
            design = load_branding(branding)
            founded = create_merchant(session, NewMerchant(name, zone), now)
            user = people.create_user(session, email, password, now)
        except (UnknownZone, people.EmailTaken, ValueError) as error:
            raise click.ClickException(str(error)) from error
        people.add_member(session, user, founded.id, "owner", now)
        create_location(session, founded, name, now)
        program = create_stamp_program(session, create_brand(session, founded, design, now), design, slug, now)
        people.create_api_key(session, founded.id, token, ["read", "write"], now)
    click.echo(f"merchant   {founded.id}\nprogram    {program.id}\njoin page  {settings.public_url}/join/{slug}")
    click.echo(
        f"console    {settings.public_url}/console\nemail      {email}\npassword   {password}\nAPI key    {token}"
    )


@click.group()
def user() -> None:
    """People who sign in to the console."""


@user.command("create")
@click.argument("email")
@click.option("--merchant", "merchant_id", required=True, type=click.UUID, help="id of the merchant")
@click.option("--role", default="owner", show_default=True, type=click.Choice(["owner", "manager", "staff"]))
def create_user_command(email: str, merchant_id: UUID, role: str) -> None:
    """Let somebody sign in, and print their password once."""
    password = secrets.token_urlsafe(12)
    with _house() as (settings, engine, now), transaction(engine) as session:
        if merchant_id not in all_merchants(session):
            raise click.ClickException(f"There is no merchant {merchant_id}; `treuepass merchant create` founds one.")
        try:
            made = people.create_user(session, email, password, now)
        except people.EmailTaken as error:
            raise click.ClickException(str(error)) from error
        people.add_member(session, made, merchant_id, role, now)
    click.echo(f"console    {settings.public_url}/console\nemail      {email}\npassword   {password}")


@click.group()
def certificate() -> None:
    """Certificates that sign Apple passes."""


@certificate.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="of a .p12 or key")
def import_certificate(files: tuple[Path, ...], password_file: Path | None) -> None:
    """Put a pass certificate in place: .cer, .pem, .p12 in any mix, with its key and Apple's intermediate."""
    password = password_file.read_bytes().rstrip(b"\r\n") if password_file else None
    with _house() as (settings, engine, now):
        try:
            given = read_pass_certificate([path.read_bytes() for path in files], password=password, now=now)
            with transaction(engine) as session:
                row = certificates.store(session, keys_of(settings), given, now)
        except CertificateRefused as error:
            raise click.ClickException(str(error)) from error
    click.echo(
        f"Passes of type {row.pass_type} (team {row.team_id}) are signed with it until {row.not_after:%Y-%m-%d}."
    )


@certificate.command("show")
def show_certificates() -> None:
    """List the certificates; keys are never shown."""
    with _house() as (_, engine, now), transaction(engine) as session:
        rows = certificates.every(session)
    for row in rows:
        left = (row.not_after - now).days
        whose = row.merchant_id or "platform"
        click.echo(f"{row.pass_type}  team {row.team_id}  {whose}  until {row.not_after:%Y-%m-%d} ({left} days)")
    if not rows:
        click.echo("There is none yet: `treuepass certificate import FILE...` puts one in place.")


@click.group("import")
def import_group() -> None:
    """Histories of other systems."""


@import_group.command("purchases")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--program", "program_id", required=True, type=click.UUID, help="id of the program that earns")
def import_purchases(file: Path, program_id: UUID) -> None:
    """Book one stamp a purchase. FILE has the columns customer, date, items, amount; a second run books nothing."""
    try:
        rows = importing.read_rows(file)
        with _house() as (settings, engine, now):
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


COMMANDS = (merchant, user, certificate, import_group)
