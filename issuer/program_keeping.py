"""A merchant's programs in the console: founded, changed from one version to the next, closed and opened again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from issuer import brands, founding
from issuer.editing import Author, Gone
from issuer.program_changes import KindChanged, Plan, change_program, create_program
from issuer.programs import ProgramView, program_view
from issuer.refusals import Refusal
from issuer.rehearsing import refuse_program
from issuer.schema import Brand, Merchant, Program, ProgramSlug


class AddressTaken(Exception):
    """Another program is found under the address that was wanted: choose another one."""


@dataclass(frozen=True)
class Overtaken:
    """Somebody else published another version meanwhile: look at it, then decide again."""

    version: int


def found(session: Session, author: Author, plan: Plan, pause: int) -> Program | Refusal:
    """A further program in the shop's clothes, with a join page of its own that is open at once."""
    merchant = session.get_one(Merchant, author.merchant_id)
    program = opened(session, plan, f"{merchant.name} {plan.names['de']}", author.now)
    if isinstance(program, Refusal):
        return program
    program.pause_seconds = pause
    session.flush()
    author.record(session, "program_founded", program_id=str(program.id), program=plan.names["de"])
    return program


def opened(session: Session, plan: Plan, name: str, now: datetime, wanted: str | None = None) -> Program | Refusal:
    """A program whose join page is open, under the address that is wanted or one that is made from a name.

    :raises AddressTaken: the wanted one is somebody's
    """
    brand = brands.brand_of_merchant(session)
    if refused := refuse_program(session, brand, plan):
        return refused
    while True:
        slug = wanted or founding.free_slug(session, name)
        if wanted and session.get(ProgramSlug, slug) is not None:
            raise AddressTaken(slug)
        try:
            with session.begin_nested():
                return create_program(session, brand, plan, slug, now)
        except IntegrityError:
            # Another program took this address at this very moment.
            continue


def change(
    session: Session, author: Author, program_id: UUID, plan: Plan, pause: int, made_from: int
) -> Program | Overtaken | Refusal:
    """Publish what was made from version ``made_from``; the pause between stamps is no promise and has no version.

    :raises Gone: the merchant has no such program
    :raises issuer.program_changes.KindChanged: the plan is of another kind
    """
    program = _own(session, program_id)
    if program.kind != plan.rules.kind:
        raise KindChanged(program.kind)
    if program.current_version != made_from:
        return Overtaken(program.current_version)
    if refused := refuse_program(session, session.get_one(Brand, program.brand_id), plan):
        return refused
    if change_program(session, program, plan, author.now):
        version = program.current_version
        author.record(session, "program_changed", program_id=str(program.id), version=version)
    program.pause_seconds = pause
    session.flush()
    return program


def close(session: Session, author: Author, program_id: UUID) -> None:
    """No new cards; those that are out go on as promised.

    :raises Gone: the merchant has no such program
    """
    program = _own(session, program_id)
    if program.closed_at is None:
        program.closed_at = author.now
        author.record(session, "program_closed", program_id=str(program.id))
    session.flush()


def reopen(session: Session, author: Author, program_id: UUID) -> None:
    """Let customers in again.

    :raises Gone: the merchant has no such program
    """
    program = _own(session, program_id)
    if program.closed_at is not None:
        program.closed_at = None
        author.record(session, "program_opened", program_id=str(program.id))
    session.flush()


def own_view(session: Session, program_id: UUID) -> ProgramView:
    """:raises Gone: the merchant has no such program"""
    view = program_view(session, program_id)
    if view is None:
        raise Gone
    return view


def _own(session: Session, program_id: UUID) -> Program:
    """Locked, so that two windows come one after the other."""
    program = session.get(Program, program_id, with_for_update=True)
    if program is None:
        raise Gone
    return program
