"""How fast a published design goes round, on a PostgreSQL of its own: `python -m benchmarks.rollout`."""

import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import click
from sqlalchemy import Engine, select

from cli.postgresql import PostgreSQL
from issuer import brands, migrating, registrations, relaying, rollouts
from issuer.branding import load_branding
from issuer.database import make_engine, transaction
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.merchants import NewMerchant, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.refusals import Refusal
from issuer.schema import Pass, Program, Rollout
from passes.face import Colours
from worker.relay import POLL_SECONDS

KEYS = Keys(codes=b"c" * 32, encryption=b"k" * 32, mail=b"m" * 32)
ON_PHONES = "pass.example.treuepass.bench"


@click.command()
@click.option("--cards", default=2000, help="on no phone")
@click.option("--phones", default=100, help="cards on a phone each, beside as many on none")
@click.option("--rate", default=20, help="TREUEPASS_CAMPAIGN_RATE")
def main(cards: int, phones: int, rate: int) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with _engine() as engine:
        resting = _shop(engine, cards, on_phones=0)
        redesign(engine, resting)
        took, steps = _as_fast_as_it_goes(engine)
        click.echo(f"{cards} cards on no phone: {cards / took:.0f} a second in {steps} steps without a pause")
        took = _numbered(engine)
        click.echo(f"their publications: {cards / took:.0f} numbered a second")
        held = _shop(engine, 2 * phones, on_phones=phones)
        redesign(engine, held)
        took = _at_the_relays_pace(engine, rate)
        click.echo(f"{phones} cards on phones among {2 * phones}: {phones / took:.1f} a second, asked for {rate}")


@contextmanager
def _engine() -> Iterator[Engine]:
    server = PostgreSQL()
    with tempfile.TemporaryDirectory(prefix="treuepass-bench-") as folder:
        url = server.ensure(Path(folder), lambda _sentence: None).url
        try:
            migrating.upgrade(url)
            engine = make_engine(url)
            yield engine
            engine.dispose()
        finally:
            server.discard()


def _shop(engine: Engine, cards: int, *, on_phones: int) -> UUID:
    """A merchant whose first cards are on a phone each."""
    now, branding = datetime.now(UTC), load_branding("cafe")
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant(uuid4().hex), now)
        brand = brands.create_brand(session, merchant, branding, now)
        program_id = create_stamp_program(session, brand, branding, uuid4().hex, now).id
    for number in range(cards):
        with transaction(engine, merchant.id) as session:
            card = join(session, KEYS, session.get_one(Program, program_id), Joining("de", "api"), now)
            if number < on_phones:
                issue = session.scalars(select(Pass).where(Pass.card_id == card.id)).one()
                issue.pass_type = ON_PHONES
                registrations.register(session, issue, uuid4().hex, uuid4().hex * 2, now)
    return merchant.id


def redesign(engine: Engine, merchant_id: UUID) -> None:
    """The merchant publishes other colours."""
    now = datetime.now(UTC)
    with transaction(engine, merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.worn_now(session, brand)
        design = replace(Design.read(worn.design), colours=Colours("#101820", "#ffffff", "#ffd080"))
        revision = brands.revision_of(worn)
        draft = brands.save_draft(session, brand, design, brands.pictures_of(worn), revision, now)
        if isinstance(draft, Refusal):
            raise click.ClickException(draft.sentence("en"))
        published = publish_draft(session, brand, None, draft.revision, now)
        if isinstance(published, Refusal):
            raise click.ClickException(published.sentence("en"))


def _step(engine: Engine, rate: int) -> bool:
    with transaction(engine) as session:
        return rollouts.advance(session, datetime.now(UTC), rate)


def _as_fast_as_it_goes(engine: Engine) -> tuple[float, int]:
    """Seconds and steps."""
    begun, steps = time.monotonic(), 0
    while _step(engine, 1):
        steps += 1
    return time.monotonic() - begun, steps


def _numbered(engine: Engine) -> float:
    begun = time.monotonic()
    while True:
        with transaction(engine) as session:
            if not relaying.number_due(session, datetime.now(UTC), timedelta(seconds=3)):
                return time.monotonic() - begun


def _at_the_relays_pace(engine: Engine, rate: int) -> float:
    """Seconds until nothing is due, with one step a look as the relay takes it."""
    begun = time.monotonic()
    while True:
        _step(engine, rate)
        with transaction(engine) as session:
            if session.scalar(select(Rollout.id).where(Rollout.due_at.is_not(None)).limit(1)) is None:
                return time.monotonic() - begun
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main()
