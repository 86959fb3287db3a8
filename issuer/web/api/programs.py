"""Programs and locations."""

from flask import g, jsonify
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer.database import transaction
from issuer.programs import ProgramView, locations, program_view, program_views
from issuer.web.api import PROBLEM, api, shapes
from issuer.web.api.cards import place
from issuer.web.api.types import LocationList, Page, ProgramChange, ProgramList, ProgramOut, ProgramPath
from issuer.web.context import house, parsed_id
from issuer.web.guards import api_key
from issuer.web.paging import token_of
from issuer.web.problems import not_found


@api.get("/programs", summary="List programs, oldest first", responses={200: ProgramList})
@api_key("read")
def list_programs(query: Page) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        found = program_views(session, limit=query.limit + 1, after=place(query))
        items = [shapes.program(view) for view in found[: query.limit]]
    last = found[query.limit - 1].program if len(found) > query.limit else None
    return jsonify(items=items, next=token_of(last.created_at, last.id) if last else None)


@api.get("/programs/<program_id>", summary="One program", responses={200: ProgramOut})
@api_key("read")
def get_program(path: ProgramPath) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        return jsonify(shapes.program(_found(session, path.program_id)))


@api.patch("/programs/<program_id>", summary="Change a program", responses={200: ProgramOut, 400: dict(PROBLEM)})
@api_key("write")
def change_program(path: ProgramPath, body: ProgramChange) -> Response:
    """The pause between two stamps is the till's affair, no promise: it makes no new version."""
    with transaction(house().engine, g.merchant_id) as session:
        view = _found(session, path.program_id)
        if body.pause_seconds is not None:
            view.program.pause_seconds = body.pause_seconds
        session.flush()
        return jsonify(shapes.program(view))


@api.get("/locations", summary="List the merchant's shops", responses={200: LocationList})
@api_key("read")
def list_locations(query: Page) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        after = place(query)
        found = [row for row in locations(session) if after is None or (row.created_at, row.id) > after]
    last = found[query.limit - 1] if len(found) > query.limit else None
    items = [{"id": str(row.id), "name": row.name} for row in found[: query.limit]]
    return jsonify(items=items, next=token_of(last.created_at, last.id) if last else None)


def _found(session: Session, text: str) -> ProgramView:
    program_id = parsed_id(text)
    view = program_view(session, program_id) if program_id else None
    if view is None:
        raise not_found("program")
    return view
