"""The API's own description: the document, and the document as a page."""

from typing import cast

from flask import Blueprint, current_app, jsonify, render_template
from flask_openapi3 import OpenAPI
from pydantic import BaseModel
from werkzeug.wrappers import Response

from issuer.web.guards import open_to_all
from issuer.web.problem_codes import explained
from issuer.web.wording import spoken

blueprint = Blueprint("docs", __name__, url_prefix="/api/v1")


class FieldError(BaseModel):
    field: str
    message: str


class ProblemOut(BaseModel):
    """RFC 9457, with a stable ``code``."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


@blueprint.get("/openapi.json")
@open_to_all
def document() -> Response:
    return jsonify(cast(OpenAPI, current_app).api_doc)


@blueprint.get("/docs")
@open_to_all
def page() -> str:
    document = cast(OpenAPI, current_app).api_doc
    return render_template("api/docs.html", document=document, problems=explained(spoken()))
