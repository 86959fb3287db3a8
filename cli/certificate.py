"""Commands for the certificates that sign Apple passes, from the request to the change of the key that guards them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from cli.merchants import chosen_merchant, open_house
from issuer import certificate_ends, certificates, push_stops, resealing
from issuer.certificate_ends import Use
from issuer.certificates import Offer
from issuer.database import transaction
from issuer.keys import Keys, keys_of
from issuer.merchants import all_merchants
from issuer.resealing import Sealed
from issuer.schema import Certificate, CertificateRequest, PushStop
from signing.certificates import CertificateRefused, facts_of
from signing.envelope import SealBroken, key_ids
from signing.keyfiles import PasswordMissing

AT_ONCE = 500
LARGEST_FILE = 256 * 1024
NONE_YET = (
    "There is none yet: `treuepass certificate request` begins one, `certificate import FILE...` puts it in place."
)
MERCHANT = click.option(
    "--merchant-id", "merchant_id", type=click.UUID, help="for this merchant alone; without it for all who have none"
)
READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def certificate() -> None:
    """Certificates that sign Apple passes."""


@contextmanager
def _in_sentences() -> Iterator[None]:
    try:
        yield
    except (CertificateRefused, SealBroken) as error:
        raise click.ClickException(str(error)) from error


@certificate.command("request")
@MERCHANT
@click.option(
    "--output", type=click.File("wb", atomic=True), default="-", help="file for the request; else it is printed"
)
def request_certificate(merchant_id: UUID | None, output: BinaryIO) -> None:
    """Make a key and the request to upload at Apple. The key stays in the database, sealed."""
    with open_house() as (settings, engine, now), transaction(engine) as session:
        _check_merchant(session, merchant_id)
        row = certificates.request(session, keys_of(settings), now, merchant_id)
    output.write(row.request_pem)
    click.echo(
        "Upload it under Certificates, Pass Type ID Certificate, in the Apple developer account, download pass.cer and "
        "run `treuepass certificate import pass.cer`.",
        err=True,
    )


@certificate.command("import")
@click.argument("files", nargs=-1, required=True, type=READABLE)
@MERCHANT
@click.option(
    "--password-file",
    type=click.File("rb"),
    help="holds the password of a .p12 or key; - is standard input. Without it you are asked",
)
def import_certificate(files: tuple[Path, ...], merchant_id: UUID | None, password_file: BinaryIO | None) -> None:
    """Put a pass certificate in place: .cer, .pem, .p12 in any mix.

    The key and Apple's intermediate are needed only if they are not here: that of `certificate request` is.
    """
    password = _first_line(password_file.read()) if password_file else None
    offer = Offer([_read(path) for path in files], password, merchant_id)
    with _in_sentences(), open_house() as (settings, engine, now):
        try:
            row = _take(engine, keys_of(settings), offer, now)
        except PasswordMissing as missing:
            row = _take(engine, keys_of(settings), Offer(offer.files, _asked(missing), merchant_id), now)
    click.echo(
        f"Passes of type {row.pass_type} (team {row.team_id}) are signed with it until {row.not_after:%Y-%m-%d}."
    )


def _read(path: Path) -> bytes:
    """A file need not have an end."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST_FILE:
        raise click.ClickException(
            f"{path} has more than {LARGEST_FILE} bytes; give the certificate or .p12 file alone."
        )
    return data


def _take(engine: Engine, keys: Keys, offer: Offer, now: datetime) -> Certificate:
    with transaction(engine) as session:
        _check_merchant(session, offer.merchant_id)
        return certificates.take(session, keys, offer, now)


def _check_merchant(session: Session, merchant_id: UUID | None) -> None:
    if merchant_id is not None:
        chosen_merchant(all_merchants(session), merchant_id)


def _first_line(data: bytes) -> bytes:
    return data.partition(b"\n")[0].rstrip(b"\r")


def _asked(missing: PasswordMissing) -> bytes:
    if not sys.stdin.isatty():
        raise click.ClickException(f"{missing} It is read from --password-file FILE, or - for standard input.")
    return str(click.prompt("Password", hide_input=True)).encode()


@certificate.command("show")
def show_certificates() -> None:
    """List certificates, who uses them and until when, and open requests; keys are never shown."""
    with _in_sentences(), open_house() as (_, engine, now), transaction(engine) as session:
        rows, waiting = certificates.every(session), certificates.requests(session)
        in_use = {row.id for row in certificates.in_use(session)}
        stops = {one.pass_type: one for one in push_stops.every(session)}
        uses = certificate_ends.uses(session)
        blocks = [
            _shown(row, _state(stops.get(row.pass_type)), uses.get(row.pass_type, []), now)
            if row.id in in_use
            else _shown(row, "replaced by a newer one", [], now)
            for row in rows
        ] + [_shown_request(row) for row in waiting]
    click.echo("\n\n".join(blocks) or NONE_YET)


def _shown(row: Certificate, state: str, uses: Sequence[Use], now: datetime) -> str:
    own, intermediate = facts_of(row.certificate_pem), facts_of(row.intermediate_pem)
    since = max(own.not_before, intermediate.not_before)
    lines = [
        ("team", row.team_id),
        ("owner", f"merchant {row.merchant_id}" if row.merchant_id else "platform"),
        ("state", state),
        ("valid", f"{since:%Y-%m-%d} to {row.not_after:%Y-%m-%d}, {_left(since, row.not_after, now)}"),
        ("serial", own.serial),
        ("SHA-256", own.fingerprint),
        ("issued by", f"{intermediate.name} (until {intermediate.not_after:%Y-%m-%d})"),
        *(("used by", _use(use)) for use in uses),
    ]
    return "\n".join([row.pass_type, *(f"  {name:<10} {value}" for name, value in lines)])


def _state(stopped: PushStop | None) -> str:
    """Of one in use."""
    if stopped is None:
        return "in use"
    signing = "nothing is signed with it any more" if push_stops.is_invalid(stopped) else "passes are still signed"
    return f"in use; since {stopped.since:%Y-%m-%d %H:%M} UTC pushes wait ({stopped.answer}), {signing}"


def _left(since: datetime, until: datetime, now: datetime) -> str:
    if now < since:
        return "not valid yet: look at this machine's clock"
    return f"{(until - now).days} days left" if now <= until else "it has ended: nothing is signed with it any more"


def _use(use: Use) -> str:
    coming = ", new cards too" if use.new_cards else ", older cards only"
    return f"{use.name} ({use.merchant_id}): {use.passes} passes{coming}"


def _shown_request(row: CertificateRequest) -> str:
    whose = f"merchant {row.merchant_id}" if row.merchant_id else "platform"
    return f"Request of {row.created_at:%Y-%m-%d %H:%M} UTC for {whose}: waits for its certificate."


@certificate.command("rotate-key")
def rotate_key() -> None:
    """Put everything sealed under the first key of KEY_ENCRYPTION_KEY. May be stopped and run again at any time."""
    with open_house() as (settings, engine, _):
        keys, broken = keys_of(settings), list[str]()
        with transaction(engine) as session:
            places = resealing.places(session)
        for sealed, merchant_id in places:
            _take_over(engine, keys, sealed, merchant_id, broken)
        broken = broken or _left_over(engine, keys)
    if broken:
        raise click.ClickException("\n".join(broken))
    click.echo("Everything is under the new key: take the old one out of KEY_ENCRYPTION_KEY and restart the processes.")


def _take_over(engine: Engine, keys: Keys, sealed: Sealed, merchant_id: UUID | None, broken: list[str]) -> None:
    """First what nobody holds, many at a time; then what somebody held, one by one."""
    done = 0
    for patient, limit in ((False, AT_ONCE), (True, 1)):
        after, more = None, True
        while more:
            with transaction(engine, merchant_id) as session:
                step = resealing.reseal(session, keys, sealed, after, limit, patient=patient)
            after, more, done = step.last, step.last is not None, done + step.done
            if patient:
                broken += [f"{sealed.what}, {row_id}: {why}" for row_id, why in step.broken.items()]
    if done:
        click.echo(f"{sealed.what}: {done}")


def _left_over(engine: Engine, keys: Keys) -> list[str]:
    """What is under another key than the new one, and why that may be."""
    found, known = [], {key.hex() for key in key_ids(keys.encryption)}
    with transaction(engine) as session:
        places = resealing.places(session)
    for sealed, merchant_id in places:
        with transaction(engine, merchant_id) as session:
            for key, count in resealing.left(session, keys, sealed).items():
                what = f"{sealed.what}: {count} still under the key {key}"
                remedy = (
                    "restart the processes that still seal with it"
                    if key in known
                    else "add that to KEY_ENCRYPTION_KEY"
                )
                found.append(f"{what}; {remedy} and run this again.")
    return found


COMMANDS = (certificate,)
