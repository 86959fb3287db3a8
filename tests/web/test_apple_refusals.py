"""What Apple's web service refuses: wrong tokens and unknown serials alike, and odd input without an error of ours."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from werkzeug.test import TestResponse

from issuer import registrations
from issuer.database import transaction
from issuer.registrations import MOST_PHONES
from issuer.schema import Card, Certificate, Device, Pass
from issuer.web import create_app
from tests.conftest import PASS_TYPE, Cafe
from tests.web.asking import Api
from tests.web.conftest import web_settings
from tests.web.phones import Held, held

CALLS: dict[str, Callable[[Held], TestResponse]] = {
    "register": Held.register,
    "unregister": Held.unregister,
    "fetch": Held.fetch,
    "head": lambda phone: phone.fetch(method="HEAD"),
}
ODD_IDS = ["%00", "a%00b", "%0A", "%7F", "x" * 201, "%F0%9F%98%80", "%C3%A9", "%FF"]


@pytest.mark.parametrize("call", CALLS)
def test_a_wrong_token_and_an_unknown_serial_are_told_alike(phone: Held, second_phone: Held, call: str) -> None:
    strangers = [
        Held(phone.client, phone.device, phone.serial, "wrong" * 8),
        Held(phone.client, phone.device, phone.serial, phone.token[:-1]),
        Held(phone.client, phone.device, phone.serial, phone.token + "x"),
        Held(phone.client, phone.device, phone.serial, second_phone.token),
        Held(phone.client, phone.device, "f" * 32, phone.token),
        Held(phone.client, phone.device, phone.serial, "tökén"),
    ]
    answers = [CALLS[call](stranger) for stranger in strangers]
    told = {(answer.status_code, answer.data, tuple(sorted(answer.headers))) for answer in answers}
    assert {status for status, _, _ in told} == {401}
    assert len(told) == 1


def test_a_serial_that_is_not_there_costs_the_same_work_as_a_wrong_token(
    phone: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The opening of a seal and one comparison in constant time, whatever was wrong."""
    work = list[str]()

    def watched(name: str) -> Callable[..., object]:
        real = getattr(registrations, name)
        return lambda *given, **named: (work.append(name), real(*given, **named))[1]

    for name in ("unseal", "check_token"):
        monkeypatch.setattr(registrations, name, watched(name))
    phone_of = [Held(phone.client, phone.device, phone.serial, "wrong" * 8)]
    phone_of += [Held(phone.client, phone.device, "f" * 32, token) for token in (phone.token, "wrong")]
    for stranger in phone_of:
        work.clear()
        assert stranger.fetch().status_code == 401
        assert work == ["unseal", "check_token"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "ApplePass"}, {"Authorization": "ApplePass "},
     {"Authorization": "Bearer {token}"}, {"Authorization": "{token}"}, {"Authorization": "AttidoPass {token}"}],
)  # fmt: skip
def test_the_token_comes_as_apple_pass_or_not_at_all(phone: Held, headers: dict[str, str]) -> None:
    given = {name: value.format(token=phone.token) for name, value in headers.items()}
    body = {"pushToken": "ab" * 32}
    fetch = f"/apple/v1/passes/{PASS_TYPE}/{phone.serial}"
    assert phone.client.post(phone.registration, json=body, headers=given).status_code == 401
    assert phone.client.delete(phone.registration, headers=given).status_code == 401
    assert phone.client.get(fetch, headers=given).status_code == 401


def test_a_right_token_under_another_pass_type_is_refused(phone: Held) -> None:
    path = f"/apple/v1/passes/pass.other/{phone.serial}"
    assert phone.client.get(path, headers=phone.authorization).status_code == 401


def test_a_refused_phone_is_not_registered(phone: Held) -> None:
    Held(phone.client, phone.device, phone.serial, "wrong" * 8).register()
    assert phone.listed().status_code == 204


@pytest.mark.parametrize("push_token", [None, "", 7, [], {}, "x" * 201, "a\x00b", "\ud800", "é", " \n"])
def test_a_push_token_that_cannot_be_one_is_refused(phone: Held, push_token: object) -> None:
    assert phone.register(push_token).status_code == 400
    assert phone.listed().status_code == 204


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"{}", b"[" * 100_000, b"\xff", b"9" * 10_000])
def test_a_registration_without_a_body_of_apples_shape_is_refused(phone: Held, body: bytes) -> None:
    assert phone.client.post(phone.registration, data=body, headers=phone.authorization).status_code == 400


def test_a_registration_is_read_without_a_content_type(phone: Held) -> None:
    body = b'{"pushToken": "' + b"ab" * 32 + b'"}'
    assert phone.client.post(phone.registration, data=body, headers=phone.authorization).status_code == 201


@pytest.mark.parametrize("odd", ODD_IDS)
def test_odd_ids_are_refused_without_an_error_of_ours(client: FlaskClient, phone: Held, odd: str) -> None:
    body, headers = {"pushToken": "ab" * 32}, phone.authorization
    answers = [
        client.post(f"/apple/v1/devices/{odd}/registrations/{PASS_TYPE}/{phone.serial}", json=body, headers=headers),
        client.post(f"/apple/v1/devices/d/registrations/{odd}/{phone.serial}", json=body, headers=headers),
        client.post(f"/apple/v1/devices/d/registrations/{PASS_TYPE}/{odd}", json=body, headers=headers),
        client.delete(f"/apple/v1/devices/{odd}/registrations/{PASS_TYPE}/{phone.serial}", headers=headers),
        client.get(f"/apple/v1/devices/{odd}/registrations/{PASS_TYPE}"),
        client.get(f"/apple/v1/devices/d/registrations/{odd}"),
        client.get(f"/apple/v1/passes/{PASS_TYPE}/{odd}", headers=headers),
        client.get(f"/apple/v1/passes/{odd}/{phone.serial}", headers=headers),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 405
        assert answer.data == b"", "phones read no pages"


def test_ids_that_only_look_odd_are_taken(phone: Held) -> None:
    for device in ("a b", "x" * 200, "A-1_2.3", "%25", "'; DROP TABLE device; --"):
        odd = Held(phone.client, device, phone.serial, phone.token)
        assert odd.register().status_code == 201, device
        assert odd.listed().get_json()["serialNumbers"] == [phone.serial]


def test_paths_and_methods_that_apple_does_not_know_are_refused(phone: Held) -> None:
    assert phone.client.get("/apple/v1/nothing").status_code == 404
    assert phone.client.get("/apple/v1/log").status_code == 405
    assert phone.client.put(phone.registration).status_code == 405


def test_a_pass_is_registered_on_no_more_phones_than_a_family_has(api: Api, cafe: Cafe, engine: Engine) -> None:
    first = held(api, cafe)
    for number in range(MOST_PHONES):
        assert (
            Held(first.client, f"phone {number} {first.device}", first.serial, first.token).register().status_code
            == 201
        )
    for _ in range(3):
        stranger = Held(first.client, uuid4().hex, first.serial, first.token)
        assert stranger.register().status_code == 403
        assert not _is_known(engine, stranger.device), "who is refused leaves nothing behind"
    known = Held(first.client, f"phone 0 {first.device}", first.serial, first.token)
    assert known.register().status_code == 200


def _is_known(engine: Engine, device: str) -> bool:
    with transaction(engine) as session:
        return session.scalar(select(Device.id).where(Device.library_id == device)) is not None


def test_a_revoked_pass_may_still_be_fetched_so_that_it_can_end(phone: Held, engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(update(Pass).where(Pass.serial == phone.serial).values(revoked_at=datetime.now(UTC)))
    assert phone.fetch().status_code in (200, 304)


def test_a_blocked_card_is_still_sent(phone: Held, engine: Engine, cafe: Cafe) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(Card).where(Card.id == phone.card["id"]).values(state="blocked"))
    assert phone.fetch().status_code == 200


def test_without_a_certificate_the_phone_is_asked_to_come_again(
    phone: Held, engine: Engine, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with transaction(engine) as session:
        session.execute(update(Certificate).values(pass_type="pass.moved.away"))
    try:
        fresh = create_app(web_settings(database_url, redis_url, tmp_path)).test_client()
        answer = Held(fresh, phone.device, phone.serial, phone.token).fetch()
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        page = fresh.get("/card/" + phone.card["links"]["web"].rpartition("/")[2] + "/apple.pkpass")
        assert (page.status_code, page.mimetype) == (503, "text/html")
    finally:
        with transaction(engine) as session:
            session.execute(update(Certificate).values(pass_type=PASS_TYPE))
    assert phone.fetch().status_code == 200
