"""Programs and locations."""

from flask import g, jsonify
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer.database import transaction
from issuer.idempotency import Answer
from issuer.program_changes import Plan, change_program
from issuer.program_keeping import AddressTaken, opened
from issuer.programs import ProgramView, locations, program_view, program_views
from issuer.refusals import Refusal
from issuer.rehearsing import refuse_program
from issuer.schema import Brand, Program
from issuer.web.api import PROBLEM, REFUSED, api, shapes
from issuer.web.api.cards import place
from issuer.web.api.plans import plan_of_change, plan_of_new
from issuer.web.api.program_types import NewProgram, ProgramChange, ProgramList, ProgramOut
from issuer.web.api.types import Keyed, LocationList, Page, ProgramPath
from issuer.web.context import house, now, parsed_id
from issuer.web.guards import api_key
from issuer.web.keyed import answer_once
from issuer.web.paging import token_of
from issuer.web.problems import Problem, not_found


@api.get("/programs", summary="List programs, oldest first", responses={200: ProgramList})
@api_key("read")
def list_programs(query: Page) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        found = program_views(session, limit=query.limit + 1, after=place(query))
        items = [shapes.program(view) for view in found[: query.limit]]
    last = found[query.limit - 1].program if len(found) > query.limit else None
    return jsonify(items=items, next=token_of(last.created_at, last.id) if last else None)


@api.post("/programs", summary="Make a program", responses={201: ProgramOut, **REFUSED})
@api_key("programs")
def create(header: Keyed, body: NewProgram) -> Response:
    plan = plan_of_new(body)

    def work(session: Session) -> Answer:
        program = _made(session, plan, body.slug)
        program.pause_seconds = body.pause_seconds
        session.flush()
        return Answer(201, shapes.program(_found(session, str(program.id))))

    return answer_once(g.merchant_id, f"api {g.api_key_id}", work, required=False)


@api.get("/programs/<program_id>", summary="One program", responses={200: ProgramOut})
@api_key("read")
def get_program(path: ProgramPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        return jsonify(shapes.program(_found(session, path.program_id)))


@api.patch(
    "/programs/<program_id>",
    summary="Change a program; what alters a promise makes a new version",
    responses={200: ProgramOut, 400: dict(PROBLEM)},
)
@api_key("programs")
def change(path: ProgramPath, body: ProgramChange) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        view = _found(session, path.program_id)
        if body.touches_rules:
            session.refresh(view.program, with_for_update=True)
            view = _found(session, path.program_id)
            plan = plan_of_change(view, body)
            if refused := refuse_program(session, session.get_one(Brand, view.program.brand_id), plan):
                raise _unsuitable(refused)
            change_program(session, view.program, plan, now())
        if body.pause_seconds is not None:
            view.program.pause_seconds = body.pause_seconds
        if body.closed is not None:
            view.program.closed_at = (view.program.closed_at or now()) if body.closed else None
        session.flush()
        return jsonify(shapes.program(_found(session, path.program_id)))


@api.get("/locations", summary="List the merchant's shops", responses={200: LocationList})
@api_key("read")
def list_locations(query: Page) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        after = place(query)
        found = [row for row in locations(session) if after is None or (row.created_at, row.id) > after]
    last = found[query.limit - 1] if len(found) > query.limit else None
    items = [{"id": str(row.id), "name": row.name} for row in found[: query.limit]]
    return jsonify(items=items, next=token_of(last.created_at, last.id) if last else None)


def _made(session: Session, plan: Plan, wanted: str | None) -> Program:
    """:raises Problem: 422, when the address that is wanted is taken, or no phone would take the cards"""
    try:
        made = opened(session, plan, plan.names["de"], now(), wanted)
    except AddressTaken as error:
        message = f"'{error}' is taken: choose another one"
        raise Problem(422, "invalid_body", f"slug {message}.", [{"field": "slug", "message": message}]) from error
    if isinstance(made, Refusal):
        raise _unsuitable(made)
    return made


def _unsuitable(refused: Refusal) -> Problem:
    message = refused.sentence("en")
    return Problem(422, "invalid_body", message, [{"field": "rule", "message": message}])


def _found(session: Session, text: str) -> ProgramView:
    program_id = parsed_id(text)
    view = program_view(session, program_id) if program_id else None
    if view is None:
        raise not_found("program")
    return view
