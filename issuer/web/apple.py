"""Apple's web service for passes, exactly as Apple specifies it.

Source: Apple, "Adding a Web Service to Update Passes" and the pages of its five calls; "Updating a Pass" (archive).
"""

import logging
from collections.abc import Sequence

from flask import Blueprint, current_app, g, jsonify, make_response, request
from sqlalchemy.orm import Session
from werkzeug.http import parse_date
from werkzeug.wrappers import Response

from issuer import registrations
from issuer.database import set_merchant, transaction
from issuer.registrations import TooManyPhones
from issuer.schema import Pass
from issuer.sealing import NO_PASS, seal_for
from issuer.web.context import house, now
from issuer.web.guards import apple_token, open_to_all, takes_up_to
from issuer.web.open_log import OpenLog
from signing.tokens import WrongToken

log = logging.getLogger(__name__)
blueprint = Blueprint("apple", __name__, url_prefix="/apple/v1")

PKPASS = "application/vnd.apple.pkpass"
LONGEST_ID = 200
LARGEST_LOG = 128 * 1024
REGISTRATION = "/devices/<library_id>/registrations/<pass_type>/<serial>"


LARGEST_TAG = 2**62


def _bare(status: int) -> Response:
    return make_response("", status)


@blueprint.before_request
def refuse_odd_ids() -> Response | None:
    """Ids are compared with text columns, which take neither control characters nor novels."""
    usable = all(_usable(value) for value in (request.view_args or {}).values())
    return None if usable else _bare(400)


@blueprint.post(REGISTRATION)
@apple_token
def register(library_id: str, pass_type: str, serial: str) -> Response:
    """Register a Pass for Update Notifications: 201 new, 200 known, 401."""
    body = request.get_json(force=True, silent=True)
    push_token = body.get("pushToken") if isinstance(body, dict) else None
    if not _usable(push_token):
        return _bare(400)
    with transaction(house().engine) as session:
        try:
            issue = registrations.authenticated_pass(session, house().keys, pass_type, serial, g.apple_token)
            registrations.card_of(session, issue)
            made = registrations.register(session, issue, library_id, str(push_token), now())
        except WrongToken:
            return _bare(401)
        except TooManyPhones:
            return _bare(403)
    return _bare(201 if made else 200)


@blueprint.delete(REGISTRATION)
@apple_token
def unregister(library_id: str, pass_type: str, serial: str) -> Response:
    """Unregister a Pass for Update Notifications: 200, 401."""
    with transaction(house().engine) as session:
        try:
            issue = registrations.authenticated_pass(session, house().keys, pass_type, serial, g.apple_token)
        except WrongToken:
            return _bare(401)
        registrations.card_of(session, issue)
        registrations.unregister(session, issue, library_id, now())
    return _bare(200)


@blueprint.get("/devices/<library_id>/registrations/<pass_type>")
@open_to_all
def list_updated(library_id: str, pass_type: str) -> Response:
    """Get the List of Updatable Passes: 200 with serials and a tag, 204. The device's id is its secret."""
    tag = request.args.get("passesUpdatedSince", type=int)
    with transaction(house().engine) as session:
        since = None if tag is None else max(-1, min(tag, LARGEST_TAG))
        changed = registrations.changed_since(session, pass_type, library_id, since, now())
    if not changed.serials:
        return _bare(204)
    return jsonify(serialNumbers=list(changed.serials), lastUpdated=str(changed.tag))


@blueprint.get("/passes/<pass_type>/<serial>")
@apple_token
def send(pass_type: str, serial: str) -> Response:
    """Send an Updated Pass: 200 with the pass, 304, 401. Phones ask HEAD, too."""
    with transaction(house().engine) as session:
        try:
            issue, version = registrations.asked_for(session, house().keys, pass_type, serial, g.apple_token)
        except WrongToken:
            return _bare(401)
        held = registrations.held_version(issue, parse_date(request.headers.get("If-Modified-Since")))
        response = _bare(304)
        if held != version:
            response, version = _sealed(session, issue, version)
        if response.status_code < 400 and request.method == "GET":
            registrations.note_fetch(session, issue, held, version, now())
        response.last_modified = registrations.last_modified(issue, version)
    return response


@blueprint.post("/log")
@open_to_all
@takes_up_to(LARGEST_LOG)
def take_log() -> Response:
    """Log a Message: what phones complain about. However much of it is written down, they hear 200."""
    body = request.get_json(force=True, silent=True)
    lines = body.get("logs") if isinstance(body, dict) else None
    sentences = ("a phone says: %s", "phones said %d lines more than are written down")
    phone_log: OpenLog = current_app.extensions.setdefault("treuepass_phone_log", OpenLog(log, *sentences))
    phone_log.take(lines if isinstance(lines, list) else [], request.remote_addr or "")
    return _bare(200)


def _sealed(session: Session, issue: Pass, wanted: int) -> tuple[Response, int]:
    """The pass and the version it shows, which may have come since the one that was wanted."""
    set_merchant(session, issue.merchant_id)
    try:
        sealed = seal_for(session, house().keys, issue, house().settings.public_url, house().clock.real())
    except NO_PASS as error:
        log.error("no pass for %s: %s", issue.serial, error)
        response = _bare(503)
        response.headers["Retry-After"] = "600"
        return response, wanted
    return sealed_file(sealed.parts, PKPASS), sealed.version


def sealed_file(parts: Sequence[bytes], content_type: str) -> Response:
    """A file that has to arrive as it is: a phone drops one that was altered on the way (RFC 9111, 5.2.2.6)."""
    response = Response(parts, content_type=content_type)
    response.headers["Cache-Control"] = "no-store, no-transform"
    return response


def _usable(text: object) -> bool:
    """Ids and tokens go into addresses and text columns."""
    return isinstance(text, str) and 0 < len(text) <= LONGEST_ID and text.isprintable() and text.isascii()
