"""What Google tells of a pass is believed when Google signed it for us, and once; whatever else comes does nothing."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, delete, func, select
from werkzeug.test import TestResponse

from issuer import google_callbacks
from issuer.database import transaction
from issuer.schema import Event, GoogleNonce, GoogleObject, GoogleRootKeys, Pass
from issuer.settings import Settings
from issuer.web import create_app
from issuer.web.open_log import LINES_OF_ONE
from tests.conftest import Cafe
from tests.signing import google_signing
from tests.signing.google_signing import HOUR, INTERMEDIATE, ISSUER, ROOT, STRANGER, compact, served, since_1970
from tests.web.google_cards import carried, key_file, with_google

PATH = f"/google/callback/{ISSUER}"
FOREIGN = "3388000000099999999"
LARGEST = 64 * 1024
Body = dict[str, Any]


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return with_google(settings, key_file(tmp_path_factory.mktemp("google")))


@pytest.fixture(autouse=True)
def root_keys(engine: Engine, now: datetime) -> Iterator[None]:
    """What the worker has fetched."""
    stored(engine, served(until=now + 24 * HOUR))
    yield
    stored(engine)


@pytest.fixture(autouse=True)
def fresh_log(app: OpenAPI) -> None:
    """No test uses up what another one may cause in the log."""
    app.extensions.pop("treuepass_callback_log", None)


def stored(engine: Engine, *keys: Any, document: str | None = None) -> None:
    """Nothing at all without keys or a document."""
    with transaction(engine) as session:
        session.execute(delete(GoogleRootKeys))
        if keys or document is not None:
            found = document if document is not None else compact({"keys": keys})
            session.add(GoogleRootKeys(document=found, fetched_at=datetime.now(UTC)))


def message(**changes: object) -> str:
    """Of now, with a number of its own."""
    lasting = since_1970(datetime.now(UTC) + HOUR)
    return google_signing.message(**{"expTimeMillis": lasting, "nonce": str(uuid4())} | changes)


def signed_key(until: datetime | None = None) -> str:
    return google_signing.signed_key(until=until or datetime.now(UTC) + HOUR)


def signed(told: str | None = None, key_text: str | None = None, **how: Any) -> Body:
    return google_signing.callback(told or message(), key_text=key_text or signed_key(), **how)


def sent(client: FlaskClient, body: object, path: str = PATH, **how: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, data=data, headers={"Content-Type": "application/json"}, **how)


@dataclass(frozen=True)
class Told:
    """What we know of a pass at Google, and all that happened to its card in wallets."""

    has_users: bool
    dated: bool
    events: list[tuple[str, Any]]


@dataclass(frozen=True)
class Held:
    """A card that stands at Google."""

    engine: Engine
    merchant_id: UUID
    card: dict[str, Any]

    @property
    def object_id(self) -> str:
        return f"{ISSUER}.{self.card['serial']}"

    def tells(self, event: str = "save", **changes: object) -> Body:
        named = {"classId": f"{ISSUER}.{self.card['program_id']}", "objectId": self.object_id, "eventType": event}
        return signed(message(**named | changes))

    def known(self) -> Told:
        held = select(GoogleObject).join(Pass, Pass.id == GoogleObject.pass_id)
        wallets = select(Event.kind, Event.data["wallet"].astext).where(Event.kind.startswith("wallet_"))
        with transaction(self.engine, self.merchant_id) as session:
            row = session.scalars(held.where(Pass.serial == self.card["serial"])).one()
            events = session.execute(wallets.where(Event.card_id == UUID(self.card["id"])).order_by(Event.number))
            return Told(row.has_users, row.has_users_at is not None, [(kind, wallet) for kind, wallet in events])


UNTOLD = Told(has_users=False, dated=False, events=[])
ADDED, REMOVED = ("wallet_added", "google"), ("wallet_removed", "google")


@pytest.fixture
def held(client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe) -> Held:
    client.get(urlsplit(card["links"]["google"]).path)
    carried(engine)
    return Held(engine, cafe.merchant_id, card)


def nonces(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(GoogleNonce)) or 0


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records if record.name == "issuer.web.google"]
    caplog.clear()
    return lines


def test_a_saved_card_is_in_somebodys_wallet(client: FlaskClient, held: Held) -> None:
    answer = sent(client, held.tells())
    assert (answer.status_code, answer.data) == (200, b"")
    assert held.known() == Told(has_users=True, dated=True, events=[ADDED])


def test_a_removal_is_written_down_and_leaves_it_to_google_who_has_the_card_still(
    client: FlaskClient, held: Held
) -> None:
    for event in ("save", "save", "del"):
        assert sent(client, held.tells(event)).status_code == 200
    assert held.known() == Told(has_users=True, dated=True, events=[ADDED, ADDED, REMOVED])


def test_what_comes_again_is_heard_and_does_nothing(client: FlaskClient, held: Held) -> None:
    body = held.tells()
    assert [sent(client, body).status_code for _ in range(3)] == [200, 200, 200]
    assert held.known().events == [ADDED]


def test_the_same_message_under_another_signature_does_nothing(client: FlaskClient, held: Held) -> None:
    told = message(objectId=held.object_id)
    first, second = signed(told), signed(told)
    assert first["signature"] != second["signature"]
    assert [sent(client, body).status_code for body in (first, second)] == [200, 200]
    assert held.known().events == [ADDED]


def test_of_deliveries_at_the_same_moment_one_does_something(app: OpenAPI, held: Held) -> None:
    body = held.tells()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: sent(app.test_client(), body).status_code, range(12)))
    assert answers == [200] * 12
    assert held.known().events == [ADDED]


def test_the_card_of_another_merchant_hears_nothing(client: FlaskClient, held: Held, other_cafe: Cafe) -> None:
    sent(client, held.tells())
    with transaction(held.engine, other_cafe.merchant_id) as session:
        assert not session.scalars(select(Event).where(Event.kind == "wallet_added")).all()


def test_no_cookie_is_set_and_none_is_needed(client: FlaskClient, held: Held) -> None:
    assert "Set-Cookie" not in sent(client, held.tells()).headers


@pytest.mark.parametrize("name", [f"{ISSUER}.{'a' * 32}", f"{ISSUER}.", f"{ISSUER}.ü".replace("ü", "%C3%BC")])
def test_a_pass_we_do_not_know_is_logged_and_heard(
    client: FlaskClient, held: Held, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Google cannot do anything about it, so it must not come again."""
    assert sent(client, held.tells(objectId=name)).status_code == 200
    assert [one for one in caplog.messages if name in one] == [f"Google tells of {name}, which we do not know"]
    assert held.known() == UNTOLD


def test_a_pass_that_was_never_asked_for_at_google_is_not_known(
    client: FlaskClient, held: Held, card: dict[str, Any], api: Any, cafe: Cafe
) -> None:
    other = api.made("/cards", {"program_id": str(cafe.program_id)})
    assert sent(client, held.tells(objectId=f"{ISSUER}.{other['serial']}")).status_code == 200
    with transaction(held.engine, cafe.merchant_id) as session:
        query = select(Event).where(Event.card_id == UUID(other["id"]), Event.kind.startswith("wallet_"))
        assert not session.scalars(query).all()


TAMPERED: dict[str, Callable[[], object]] = {
    "envelope": lambda: signed() | {"more": 1},
    "protocol": lambda: signed() | {"protocolVersion": "ECv1"},
    "key_signature": lambda: signed(root=STRANGER),
    "key": lambda: signed(key_text=compact({"keyValue": "AAAA", "keyExpiration": "9999999999999"})),
    "key_expired": lambda: signed(key_text=signed_key(datetime.now(UTC))),
    "message_signature": lambda: signed(key=STRANGER),
    "message": lambda: signed(message(nonce=...)),
    "event_type": lambda: signed(message(eventType="update")),
    "message_expired": lambda: signed(message(expTimeMillis=since_1970(datetime.now(UTC)))),
    "foreign": lambda: signed(message(objectId=f"{FOREIGN}.{'a' * 32}")),
}


@pytest.mark.parametrize("code", TAMPERED)
def test_what_is_not_verified_is_refused_with_one_line_in_the_log(
    client: FlaskClient, engine: Engine, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    before = nonces(engine)
    answer = sent(client, TAMPERED[code]())
    assert (answer.status_code, answer.data) == (400, b"")
    (line,) = refusals(caplog)
    assert f"refused: '{code}: " in line
    assert nonces(engine) == before


NOTHING_OF_GOOGLES = [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"\x00", b"{" * 5000, b"signedMessage=x",
    b'{"protocolVersion":"ECv2SigningOnly"}',
]  # fmt: skip


@pytest.mark.parametrize("body", NOTHING_OF_GOOGLES, ids=range(len(NOTHING_OF_GOOGLES)))
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "", "text/plain"])
def test_a_body_that_is_nothing_of_googles_is_refused(client: FlaskClient, body: bytes, content_type: str) -> None:
    assert client.post(PATH, data=body, content_type=content_type).status_code == 400


@pytest.mark.parametrize("how", [
    {"sender": "GoogleWalletPasses"}, {"recipient": FOREIGN}, {"recipient": ""}, {"protocol": "ECv1"},
    {"key": ROOT}, {"root": INTERMEDIATE},
], ids=["sender", "recipient", "nobody", "protocol", "root-as-key", "key-as-root"])  # fmt: skip
def test_what_was_signed_for_another_purpose_is_refused(client: FlaskClient, held: Held, how: dict[str, Any]) -> None:
    assert sent(client, signed(message(objectId=held.object_id), **how)).status_code == 400
    assert held.known() == UNTOLD


@pytest.mark.parametrize(("old", "new"), [('"save"', '"del"'), ("serial", "other"), (" ", "  ")])
def test_a_message_with_one_word_changed_is_refused(
    client: FlaskClient, held: Held, api: Any, cafe: Cafe, old: str, new: str
) -> None:
    body = held.tells(serial=" ")
    body["signedMessage"] = body["signedMessage"].replace(old, new)
    assert sent(client, body).status_code == 400
    assert held.known() == UNTOLD


@pytest.mark.parametrize("issuer", [FOREIGN, "0", f"{ISSUER}0", ISSUER[:-1], "%00", "é", "x" * 1000, f"{ISSUER}%20"])
def test_another_issuers_address_is_not_found_whatever_was_signed(client: FlaskClient, held: Held, issuer: str) -> None:
    for body in (held.tells(), signed(recipient=FOREIGN), b"{}"):
        assert sent(client, body, f"/google/callback/{issuer}").status_code == 404
    assert held.known() == UNTOLD


def test_a_genuine_message_for_another_issuer_is_refused_at_our_address(client: FlaskClient, held: Held) -> None:
    names = {"classId": f"{FOREIGN}.coffee", "objectId": f"{FOREIGN}.{held.card['serial']}"}
    assert sent(client, signed(message(**names), recipient=FOREIGN)).status_code == 400
    assert held.known() == UNTOLD


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_nothing_but_posting_is_possible(client: FlaskClient, held: Held, method: str) -> None:
    answer = client.open(PATH, method=method, data=json.dumps(held.tells()))
    assert (answer.status_code, answer.data) == (405, b"")
    assert held.known() == UNTOLD


def test_what_is_too_large_is_not_read(client: FlaskClient, held: Held) -> None:
    body = json.dumps(held.tells()).encode()
    assert sent(client, body.ljust(LARGEST + 1)).status_code == 413
    assert held.known() == UNTOLD
    assert sent(client, body.ljust(LARGEST)).status_code == 200


def test_of_a_body_that_does_not_tell_its_length_no_more_is_read(client: FlaskClient, held: Held) -> None:
    endless = BytesIO(b" " * LARGEST + json.dumps(held.tells()).encode() + b" " * LARGEST)
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = client.post(PATH, input_stream=endless, environ_overrides=environ)
    assert answer.status_code in (400, 413)
    assert endless.tell() <= LARGEST
    assert held.known() == UNTOLD


@pytest.mark.parametrize("document", [None, "", "{}", '{"keys": []}', "no json"])
def test_without_googles_keys_nothing_is_believed_yet(
    client: FlaskClient, engine: Engine, held: Held, document: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    body = held.tells()
    stored(engine, document=document)
    answer = sent(client, body)
    assert (answer.status_code, answer.data) == (503, b"")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(refusals(caplog)) == 1
    assert held.known() == UNTOLD
    stored(engine, served(until=datetime.now(UTC) + HOUR))
    assert sent(client, body).status_code == 200
    assert held.known().events == [ADDED]


def test_keys_that_have_all_expired_are_none(client: FlaskClient, engine: Engine, held: Held) -> None:
    stored(engine, served(until=datetime.now(UTC)))
    assert sent(client, held.tells()).status_code == 503
    assert held.known() == UNTOLD


def test_without_keys_nonsense_is_refused_all_the_same(client: FlaskClient, engine: Engine) -> None:
    stored(engine)
    assert sent(client, b"nonsense").status_code == 400


def test_keys_are_never_fetched_by_a_request(client: FlaskClient, engine: Engine, held: Held) -> None:
    """Their address leads nowhere here: a request that went there would fail or wait."""
    stored(engine, served(key=STRANGER, until=datetime.now(UTC) + HOUR))
    assert sent(client, held.tells()).status_code == 400
    with transaction(engine) as session:
        assert json.loads(session.get_one(GoogleRootKeys, 1).document)["keys"][0]["keyValue"] != served()["keyValue"]


def test_a_flood_of_refusals_fills_no_log(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(LINES_OF_ONE + 10):
        assert sent(client, b"{}", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 400
    assert len(refusals(caplog)) == LINES_OF_ONE
    sent(client, b"{}", environ_overrides={"REMOTE_ADDR": "192.0.2.2"})
    assert len(refusals(caplog)) == 1, "one address keeps no other from the log"


def test_without_an_issuer_there_is_no_such_address(settings: Settings, held: Held) -> None:
    app = create_app(replace(settings, google=None))
    assert sent(app.test_client(), held.tells()).status_code == 404
    assert held.known() == UNTOLD
    app.extensions["treuepass"].engine.dispose()


def test_robots_may_come_here(client: FlaskClient) -> None:
    """A robots.txt that is not there admits everybody (RFC 9309, 2.3.1.3); Google obeys one that is."""
    answer = client.get("/robots.txt")
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines() if answer.status_code == 200 else [])
    rules.modified()
    assert answer.status_code in (200, 404)
    assert rules.can_fetch("Googlebot", f"http://127.0.0.1:8000{PATH}")


def test_numbers_are_forgotten_when_nobody_would_believe_their_messages(
    client: FlaskClient, engine: Engine, held: Held, now: datetime
) -> None:
    sent(client, held.tells())
    for ahead, kept in ((timedelta(), True), (HOUR, True), (3 * HOUR, False)):
        with transaction(engine) as session:
            google_callbacks.forget_old(session, now + ahead)
        assert (nonces(engine) > 0) is kept
