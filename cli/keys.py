"""Commands that make, list and revoke keys of the API, for who has no browser at hand."""

from datetime import datetime
from uuid import UUID

import click
from sqlalchemy.orm import Session

from cli.merchants import chosen_merchant, open_house
from issuer import api_keys, events
from issuer.database import set_merchant, transaction
from issuer.editing import Gone
from issuer.merchants import all_merchants
from issuer.schema import ApiKey

MERCHANT = click.option(
    "--merchant-id", "merchant_id", type=click.UUID, help="id of the merchant; may be left out if there is one"
)


@click.group()
def key() -> None:
    """Keys of the API."""


@key.command("create")
@MERCHANT
@click.option("--name", default="", help="what the key is for, to recognise it in the list")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("read", "write"),
    show_default=True,
    type=click.Choice(api_keys.SCOPES),
    help="may be given several times",
)
def create_key(merchant_id: UUID | None, name: str, scopes: tuple[str, ...]) -> None:
    """Make a key and print it once: only its hash is kept."""
    token = api_keys.fresh_token()
    with open_house() as (settings, engine, now), transaction(engine) as session:
        chosen = _enter(session, merchant_id)
        objection = api_keys.key_objection(session, chosen, name or "API", scopes)
        if objection:
            raise click.ClickException(objection.sentence("en"))
        made = api_keys.create_api_key(session, chosen, token, scopes, now, name=name or "API")
        _note(session, "api_key_made", made, now)
    click.echo(f"API        {settings.public_url}/api/v1\nid         {made.id}\nAPI key    {token}")


@key.command("list")
@MERCHANT
def list_keys(merchant_id: UUID | None) -> None:
    """List the keys; tokens are not known any more."""
    with open_house() as (_, engine, _now), transaction(engine) as session:
        found = [view.key for view in api_keys.every(session, _enter(session, merchant_id))]
    for row in found:
        used = f"used {row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never used"
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else used
        click.echo(f"{row.id}  …{row.ending}  {','.join(row.scopes)}  {state}  {row.name}")
    if not found:
        click.echo("There is none yet: `treuepass key create` makes one.")


@key.command("revoke")
@click.argument("key_id", type=click.UUID)
@MERCHANT
def revoke_key(key_id: UUID, merchant_id: UUID | None) -> None:
    """End a key for good; `treuepass key list` names the ids."""
    with open_house() as (_, engine, now), transaction(engine) as session:
        try:
            ended = api_keys.end(session, _enter(session, merchant_id), key_id, now)
        except Gone as error:
            raise click.ClickException(
                f"There is no live key {key_id}: `treuepass key list` names those there are."
            ) from error
        _note(session, "api_key_revoked", ended, now)
    click.echo(f"Revoked. Requests with the key …{ended.ending} are refused from now on.")


def _enter(session: Session, merchant_id: UUID | None) -> UUID:
    chosen = chosen_merchant(all_merchants(session), merchant_id)
    set_merchant(session, chosen)
    return chosen


def _note(session: Session, kind: str, row: ApiKey, now: datetime) -> None:
    """As the console does, but without a user: whoever runs the house did it."""
    events.record(session, row.merchant_id, kind, now, key_id=str(row.id), name=row.name, scopes=row.scopes)


COMMANDS = (key,)
