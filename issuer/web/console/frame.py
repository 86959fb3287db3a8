"""The console's blueprint, and what stands around every page of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, g, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from issuer.editing import Author, Gone, Objection
from issuer.schema import Merchant
from issuer.web.context import now, parsed_id
from issuer.web.wording import spoken

blueprint = Blueprint("console", __name__, url_prefix="/console")


@dataclass(frozen=True)
class Wrong:
    """What a page with several forms says again: which form and field, why not, and what was typed into it."""

    form: str
    about: str
    sentence: str
    typed: dict[str, str] = field(default_factory=dict)


def frame(session: Session) -> dict[str, Any]:
    """What `templates/console/_frame.html` needs."""
    return {"merchant": session.get_one(Merchant, g.merchant_id), "sign_out_url": url_for("console.sign_out")}


def author() -> Author:
    """Whoever sent this request, as the author of a change."""
    return Author(g.user_id, g.merchant_id, now())


def wrong(form: str, objection: Objection) -> Wrong:
    """Passwords and PINs are not sent back."""
    typed = {name: text for name, text in request.form.items() if name not in ("csrf_token", "current", "new", "pin")}
    return Wrong(form, objection.about, objection.sentence(spoken()), typed)


def path_id(text: str) -> UUID:
    """The id in a path.

    :raises Gone: not an id at all
    """
    found = parsed_id(text)
    if found is None:
        raise Gone
    return found


def asked_program(asked: Mapping[str, str]) -> UUID | None:
    """The program that a page or a form is about; ``None`` when it names none.

    :raises Gone: what it names is no id
    """
    return path_id(asked["program"]) if asked.get("program") else None


@blueprint.errorhandler(Gone)
def gone(_error: Gone) -> Response:
    answer = current_app.handle_user_exception(NotFound())
    return current_app.make_response(answer)
