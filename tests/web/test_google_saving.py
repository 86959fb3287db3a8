"""The way of a card to Google Wallet: asked for, waited for a moment, then a link that was signed just now."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, delete, func, select, update
from werkzeug.test import TestResponse

from issuer import google_saving, push_stops, vouchers
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.google_relaying import Outcome, stop_key
from issuer.keys import Keys
from issuer.ledger import Actor
from issuer.moving import move
from issuer.publishing import AT_THE_TILL, GOOGLE
from issuer.rules.vouchers import Worth
from issuer.schema import Card, GoogleObject, Pass, Publication
from issuer.settings import Settings, SettingsRefused
from issuer.visits import Visit
from issuer.vouchers import Wanted
from issuer.web import create_app
from tests.conftest import Cafe
from tests.signing.google_signing import ISSUER
from tests.web.asking import Api
from tests.web.conftest import Travel
from tests.web.google_cards import SAVE, answered, carried, claimed, key_file, saved, with_google


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return with_google(settings, key_file(tmp_path_factory.mktemp("google")))


@pytest.fixture(autouse=True)
def nothing_waits(engine: Engine) -> Iterator[None]:
    """No test's worker carries another one's cards."""
    yield
    with transaction(engine) as session:
        session.execute(delete(Publication).where(Publication.channel == GOOGLE))


def way(card: dict[str, Any]) -> str:
    return urlsplit(card["links"]["web"]).path + "/google"


def asked(engine: Engine, card: dict[str, Any]) -> list[GoogleObject]:
    query = select(GoogleObject).join(Pass, Pass.id == GoogleObject.pass_id).where(Pass.card_id == UUID(card["id"]))
    with transaction(engine) as session:
        return list(session.scalars(query.order_by(Pass.voucher_id.is_not(None), Pass.id)))


def given(engine: Engine, cafe: Cafe, card: dict[str, Any], count: int) -> None:
    """Vouchers on a card."""
    visit = Visit(Actor("api"), datetime.now(UTC))
    with transaction(engine, cafe.merchant_id) as session:
        row = locked_card(session, UUID(card["id"]))
        assert row is not None
        for _ in range(count):
            vouchers.issue(session, row, Wanted({"de": "Kuchen", "en": "Cake"}, Worth(cents=500)), visit, "console")


def leads_to_google(answer: TestResponse) -> dict[str, list[dict[str, str]]]:
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert len(answer.location) <= 1800
    return saved(answer.location)


def test_the_first_to_ask_makes_the_card_due_at_google_and_waits(
    client: FlaskClient, engine: Engine, card: dict[str, Any]
) -> None:
    answer = client.get(way(card))
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert answer.headers["Retry-After"] == "1"
    (wish,) = claimed(engine)
    assert (str(wish.card_id), wish.priority, wish.inserted) == (card["id"], AT_THE_TILL, False)


def test_a_card_that_google_has_is_saved_by_a_link_signed_for_it_alone(
    client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe
) -> None:
    client.get(way(card))
    carried(engine)
    named = {"id": f"{ISSUER}.{card['serial']}", "classId": f"{ISSUER}.{cafe.program_id}"}
    assert leads_to_google(client.get(way(card))) == {"loyaltyObjects": [named]}


def test_whoever_comes_again_gets_a_link_again_and_nothing_more_is_sent(
    client: FlaskClient, engine: Engine, card: dict[str, Any]
) -> None:
    client.get(way(card))
    carried(engine)
    assert {client.get(way(card)).status_code for _ in range(3)} == {302}
    assert claimed(engine) == []


def test_asking_again_while_the_card_is_on_its_way_asks_once(
    client: FlaskClient, engine: Engine, card: dict[str, Any]
) -> None:
    for tried in range(4):
        assert client.get(way(card), query_string={"tried": tried}).status_code == 503
    assert len(claimed(engine)) == len(asked(engine, card)) == 1


def test_two_who_ask_at_once_ask_once(app: OpenAPI, engine: Engine, card: dict[str, Any]) -> None:
    threads = [Thread(target=lambda: app.test_client().get(way(card))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed(engine)) == len(asked(engine, card)) == 1


def test_a_look_at_the_head_alone_asks_for_nothing(client: FlaskClient, engine: Engine, card: dict[str, Any]) -> None:
    answer = client.head(way(card))
    assert (answer.status_code, answer.data) == (503, b"")
    assert asked(engine, card) == []
    client.get(way(card))
    carried(engine)
    assert client.head(way(card)).status_code == 302


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_but_asking_is_possible(client: FlaskClient, card: dict[str, Any], method: str) -> None:
    assert client.open(way(card), method=method).status_code in (400, 405)


@pytest.mark.parametrize("tried", range(13))
def test_the_page_asks_again_by_itself_without_script_within_half_a_minute(
    client: FlaskClient, card: dict[str, Any], tried: int
) -> None:
    answer = client.get(way(card), query_string={"tried": tried})
    seconds, _, onward = answer.headers["Refresh"].partition("; url=")
    assert int(seconds) in (1, 3)
    assert onward == f"{way(card)}?tried={tried + 1}"
    assert answer.headers["Retry-After"] == seconds
    assert "<script" not in answer.text
    assert html.escape(onward) in answer.text, "a link for who goes on by hand"


@pytest.mark.parametrize("tried", ["13", "14", "9" * 400])
def test_the_page_gives_up_and_leads_back_to_the_card(client: FlaskClient, card: dict[str, Any], tried: str) -> None:
    answer = client.get(way(card), query_string={"tried": tried})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Refresh" not in answer.headers
    assert f'href="{urlsplit(card["links"]["web"]).path}"' in answer.text


@pytest.mark.parametrize(("refused", "lead"), [(True, "antwortet gerade nicht"), (False, "Einen Moment")])
def test_nobody_waits_for_a_google_that_refuses_us_but_a_moment_for_one_that_is_away(
    client: FlaskClient, engine: Engine, card: dict[str, Any], *, refused: bool, lead: str
) -> None:
    key, at = stop_key(ISSUER), datetime.now(UTC)
    with transaction(engine) as session:
        push_stops.stop(session, key, "403 permissionDenied", at, at, refused=refused)
    try:
        answer = client.get(way(card))
    finally:
        with transaction(engine) as session:
            push_stops.resume(session, key)
    assert answer.status_code == 503
    assert ("Refresh" in answer.headers) is not refused
    assert lead in answer.text
    assert len(asked(engine, card)) == 1


@pytest.mark.parametrize("tried", ["", "-1", "x", "\x00", "1.5", "9" * 5000])
def test_an_odd_count_of_tries_is_the_first(client: FlaskClient, card: dict[str, Any], tried: str) -> None:
    answer = client.get(way(card), query_string={"tried": tried})
    assert answer.headers["Refresh"] == f"1; url={way(card)}?tried=1"


@pytest.mark.parametrize(("language", "sentence"), [
    ("de", "Deine Karte ist auf dem Weg zu Google Wallet."), ("en", "Your card is on its way to Google Wallet."),
])  # fmt: skip
def test_the_page_speaks_the_cards_language(
    client: FlaskClient, api: Api, cafe: Cafe, language: str, sentence: str
) -> None:
    card = api.made("/cards", {"program_id": str(cafe.program_id), "language": language})
    for header in ("de", "en"):
        assert sentence in client.get(way(card), headers={"Accept-Language": header}).text


def test_a_form_ends_on_our_page_and_only_that_leads_on(
    client: FlaskClient, engine: Engine, card: dict[str, Any]
) -> None:
    """Browsers refuse to follow a form to another site, even by redirections."""
    waiting = client.get(f"{way(card)}?form=1")
    assert (waiting.status_code, waiting.headers["Refresh"]) == (503, f"1; url={way(card)}?tried=1")
    carried(engine)
    there = client.get(f"{way(card)}?form=1")
    assert (there.status_code, there.headers["Refresh"]) == (200, f"0; url={way(card)}")
    assert "Retry-After" not in there.headers
    assert SAVE not in there.text


def test_vouchers_are_saved_with_the_card(
    client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe
) -> None:
    given(engine, cafe, card, 2)
    client.get(way(card))
    assert len(carried(engine)) == 3
    found = leads_to_google(client.get(way(card)))
    assert [one["id"] for one in found["loyaltyObjects"]] == [f"{ISSUER}.{card['serial']}"]
    assert {one["classId"] for one in found["offerObjects"]} == {f"{ISSUER}.{cafe.program_id}-voucher"}
    assert len({one["id"] for one in found["offerObjects"]}) == 2


def test_more_vouchers_than_a_link_holds_leave_room_for_the_card(
    client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe
) -> None:
    given(engine, cafe, card, 9)
    client.get(way(card))
    assert len(carried(engine)) == 10
    found = leads_to_google(client.get(way(card)))
    assert len(found["loyaltyObjects"]) == 1
    assert 3 <= len(found["offerObjects"]) < 9


def test_a_voucher_that_came_later_is_waited_for_a_few_seconds_and_no_longer(
    client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe, travel: Travel
) -> None:
    client.get(way(card))
    carried(engine)
    given(engine, cafe, card, 1)
    assert client.get(way(card)).status_code == 503
    travel(google_saving.PATIENCE + timedelta(seconds=1))
    assert list(leads_to_google(client.get(way(card)))) == ["loyaltyObjects"]


def test_a_voucher_that_google_does_not_take_keeps_no_card_away(
    client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe
) -> None:
    given(engine, cafe, card, 1)
    client.get(way(card))
    taken, refused = sorted(claimed(engine), key=lambda claim: claim.kind)
    answered(engine, [Outcome(taken, sent=True), Outcome(refused, sent=False, answer="400 invalid")])
    assert list(leads_to_google(client.get(way(card)))) == ["loyaltyObjects"]


def test_a_voucher_alone_is_no_card(client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe) -> None:
    given(engine, cafe, card, 1)
    client.get(way(card))
    refused, taken = sorted(claimed(engine), key=lambda claim: claim.kind)
    answered(engine, [Outcome(taken, sent=True), Outcome(refused, sent=False, answer="400 invalid")])
    assert client.get(way(card)).status_code == 503


def test_a_card_that_google_did_not_take_waits_on(client: FlaskClient, engine: Engine, card: dict[str, Any]) -> None:
    client.get(way(card))
    (claim,) = claimed(engine)
    answered(engine, [Outcome(claim, sent=False, answer="403 permissionDenied")])
    assert client.get(way(card)).status_code == 503


def test_a_card_that_moved_is_gone_from_here_and_saved_from_its_new_page(
    client: FlaskClient, engine: Engine, keys: Keys, api: Api, card: dict[str, Any], cafe: Cafe
) -> None:
    client.get(way(card))
    carried(engine)
    with transaction(engine, cafe.merchant_id) as session:
        row = locked_card(session, UUID(card["id"]))
        assert row is not None
        move(session, keys, row, Visit(Actor("api"), datetime.now(UTC)))
    old = client.get(way(card))
    assert old.status_code == 410
    assert SAVE not in old.text
    moved = api.found(f"/cards/{card['id']}")
    assert client.get(way(moved)).status_code == 503
    carried(engine)
    (named,) = leads_to_google(client.get(way(moved)))["loyaltyObjects"]
    assert named["id"] == f"{ISSUER}.{moved['serial']}"


@pytest.mark.parametrize("there", [False, True])
def test_a_card_that_is_not_active_is_put_into_no_wallet(
    client: FlaskClient, engine: Engine, card: dict[str, Any], cafe: Cafe, there: bool
) -> None:
    if there:
        client.get(way(card))
        carried(engine)
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(Card).where(Card.id == UUID(card["id"])).values(state="blocked"))
    answer = client.get(way(card))
    assert answer.status_code == 409
    assert "Café Test" in answer.text
    assert len(asked(engine, card)) == there


@pytest.mark.parametrize("key", ["wrong", "%00", "é", "x" * 1000, "{serial}", "{code}", "{id}"])
def test_a_strangers_key_asks_for_nothing(client: FlaskClient, engine: Engine, card: dict[str, Any], key: str) -> None:
    with transaction(engine) as session:
        before = session.scalar(select(func.count()).select_from(GoogleObject))
    assert client.get(f"/card/{key.format(**card)}/google").status_code == 404
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).select_from(GoogleObject)) == before


def test_the_api_names_the_way(api: Api, card: dict[str, Any]) -> None:
    assert card["links"]["google"] == card["links"]["web"] + "/google"
    assert api.found(f"/cards/{card['id']}")["links"]["google"] == card["links"]["google"]


@pytest.mark.parametrize(("content", "why"), [
    (None, "cannot be read"), (b"no json", "is no JSON"), (b'{"type": "authorized_user"}', "not that of a service"),
])  # fmt: skip
def test_a_service_with_a_key_file_that_cannot_be_used_does_not_start(
    settings: Settings, tmp_path: Any, content: bytes | None, why: str
) -> None:
    file = tmp_path / "key.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(
        SettingsRefused, match=rf"^GOOGLE_SERVICE_ACCOUNT_FILE is '{re.escape(str(file))}': .*{why}.*\.$"
    ):
        create_app(with_google(settings, file))


def test_the_key_file_is_read_once(settings: Settings, tmp_path: Any) -> None:
    file = key_file(tmp_path)
    app = create_app(with_google(settings, file))
    file.unlink()
    assert app.extensions["treuepass"].google.key_id == "key-1"
    assert "PRIVATE" not in repr(app.extensions["treuepass"].google)


def test_without_an_issuer_there_is_no_way_and_no_word_of_one(settings: Settings, card: dict[str, Any]) -> None:
    app = create_app(replace(settings, google=None))
    client = app.test_client()
    assert client.get(way(card)).status_code == 404
    for agent in ("Android", "iPhone", "curl/8"):
        for path in (urlsplit(card["links"]["web"]).path, "/join/cafe"):
            assert "google" not in client.get(path, headers={"User-Agent": agent}).text.lower()
    app.extensions["treuepass"].engine.dispose()
