"""Where Google Wallet tells that a pass was saved or removed (Google Wallet, "Add and delete callbacks")."""

import logging

from flask import Blueprint, abort, current_app, make_response, request
from werkzeug.wrappers import Response

from issuer import google_callbacks
from issuer.database import transaction
from issuer.web.context import house, now
from issuer.web.guards import open_to_all, takes_up_to
from issuer.web.open_log import OpenLog
from signing.google_callbacks import CallbackNotVerified, verify_callback
from signing.google_keys import MOST_BYTES

blueprint = Blueprint("google", __name__, url_prefix="/google")
log = logging.getLogger(__name__)

WITHOUT_KEYS = "no_root_key"
AGAIN_SECONDS = 60


@blueprint.post("/callback/<issuer_id>")
@open_to_all
@takes_up_to(MOST_BYTES)
def callback(issuer_id: str) -> Response:
    """200 believed, or believed before; 400 not verified; 404 not our issuer; 503 nothing to verify it with, yet."""
    google = house().settings.google
    if google is None or issuer_id != google.issuer_id:
        abort(404)
    body = request.get_data(cache=False)
    with transaction(house().directory) as session:
        keys = google_callbacks.root_keys(session)
    try:
        told = verify_callback(body, issuer_id=google.issuer_id, root_keys=keys, now=now())
    except CallbackNotVerified as refused:
        return _refused(refused)
    with transaction(house().engine) as session:
        google_callbacks.take(session, told, now())
    return make_response("", 200)


def _refused(refused: CallbackNotVerified) -> Response:
    """Anybody may send one, so that not everything is written down. Without keys the fault is ours: Google repeats."""
    sentences = ("a callback of Google Wallet was refused: %s", "%d more callbacks of Google Wallet were refused")
    refusals: OpenLog = current_app.extensions.setdefault("treuepass_callback_log", OpenLog(log, *sentences))
    refusals.take([f"{refused.code}: {refused}"], request.remote_addr or "")
    if refused.code != WITHOUT_KEYS:
        return make_response("", 400)
    return make_response("", 503, {"Retry-After": str(AGAIN_SECONDS)})
