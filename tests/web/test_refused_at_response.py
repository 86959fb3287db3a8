"""What no file shows and what is refused when a pass is to be sent: a certificate out of date or revoked, a mix-up.

Causes 3 and 32 of docs/apple-rules.md.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import Engine, delete, select, update

from issuer import certificates, push_stops
from issuer.certificates import key_purpose
from issuer.database import transaction
from issuer.keys import Keys
from issuer.schema import Certificate, Pass
from issuer.sealing import WrongPass, check_asked
from sandbox.authority import Authority as Sandbox
from signing.certificates import PassCertificate, read_pass_certificate
from signing.envelope import seal
from tests.conftest import PASS_TYPE, Cafe
from tests.own_type import OWN_TYPE, TEAM, own_certificate
from tests.signing.throwaway import DAY, NOW, Authority, make_authority, rsa_key
from tests.web.asking import Api
from tests.web.phones import Held, pass_json

FILES = ("apple.pkpass", "apple.pkpasses")
Put = Callable[[PassCertificate], None]


def ended(apple: Authority, pass_type: str = PASS_TYPE) -> PassCertificate:
    leaf = apple.issue(uid=pass_type, team=TEAM, since=NOW - 400 * DAY, until=NOW - DAY)
    return PassCertificate(leaf.certificate, rsa_key("leaf"), apple.intermediate.certificate)


def not_begun(apple: Authority) -> PassCertificate:
    leaf = apple.issue(uid=PASS_TYPE, team=TEAM, since=NOW + DAY)
    return PassCertificate(leaf.certificate, rsa_key("leaf"), apple.intermediate.certificate)


def ended_above(apple: Authority) -> PassCertificate:
    leaf, intermediate = apple.issue(uid=PASS_TYPE, team=TEAM), apple.intermediate_again(until=NOW - DAY)
    return PassCertificate(leaf.certificate, rsa_key("leaf"), intermediate.certificate)


@pytest.fixture(scope="module")
def apple() -> Authority:
    return make_authority()


@pytest.fixture
def put(engine: Engine, keys: Keys) -> Iterator[Put]:
    """Certificates that are in use until the test is over."""
    with transaction(engine) as session:
        before = list(session.scalars(select(Certificate.id)))

    def put(given: PassCertificate) -> None:
        with transaction(engine) as session:
            certificates.store(session, keys, given, datetime.now(UTC))

    yield put
    with transaction(engine) as session:
        session.execute(delete(Certificate).where(Certificate.id.not_in(before)))


@pytest.mark.parametrize("fault", [ended, not_begun, ended_above])
def test_with_a_certificate_outside_its_dates_no_pass_is_signed_and_the_log_says_why(
    phone: Held,
    put: Put,
    apple: Authority,
    fault: Callable[[Authority], PassCertificate],
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = fault(apple)
    put(given)
    with caplog.at_level(logging.ERROR):
        answer = phone.fetch()
    assert (answer.status_code, answer.data) == (503, b"")
    assert int(answer.headers["Retry-After"]) > 0
    dates = f"{given.not_before:%Y-%m-%d %H:%M} to {given.not_after:%Y-%m-%d %H:%M}"
    for part in (phone.serial, PASS_TYPE, dates, "treuepass certificate import", "clock"):
        assert part in caplog.text
    assert phone.token not in caplog.text


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(("language", "words"), [("en", "is not valid now"), ("de", "zurzeit nicht g\u00fcltig")])
def test_who_wants_the_card_then_reads_that_it_works_on_its_page(
    phone: Held, put: Put, apple: Authority, file: str, language: str, words: str
) -> None:
    put(ended(apple))
    page = urlsplit(phone.card["links"]["web"]).path
    answer = phone.client.get(f"{page}/{file}", headers={"Accept-Language": language})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert int(answer.headers["Retry-After"]) > 0
    assert words in answer.text
    assert f'href="{page}"' in answer.text


def test_what_the_phone_holds_already_is_confirmed_all_the_same(phone: Held, put: Put, apple: Authority) -> None:
    held = phone.fetch().headers["Last-Modified"]
    put(ended(apple))
    assert phone.fetch(since=held).status_code == 304


def test_a_new_certificate_signs_from_the_next_request_on(
    phone: Held, put: Put, apple: Authority, authority: Sandbox, now: datetime
) -> None:
    put(ended(apple))
    assert phone.fetch().status_code == 503
    leaf = apple.issue(uid=PASS_TYPE, team=TEAM)
    put(PassCertificate(leaf.certificate, rsa_key("leaf"), apple.intermediate.certificate))
    assert phone.fetch().status_code == 200


def test_a_card_is_not_bound_to_a_pass_type_that_could_not_sign(
    api: Api, cafe: Cafe, other_cafe: Cafe, engine: Engine, put: Put, apple: Authority
) -> None:
    """It was made before there was any certificate, and asked for while there was only one that had ended."""
    with transaction(engine) as session:
        session.execute(update(Certificate).values(merchant_id=other_cafe.merchant_id))
    try:
        card = api.made("/cards", {"program_id": str(cafe.program_id)})
        path = urlsplit(card["links"]["apple"]).path
        put(ended(apple, OWN_TYPE))
        assert api.client.get(path).status_code == 503
        with transaction(engine) as session:
            session.execute(delete(Certificate).where(Certificate.pass_type == OWN_TYPE))
    finally:
        with transaction(engine) as session:
            session.execute(update(Certificate).values(merchant_id=None))
    assert pass_json(api.client.get(path).data)["passTypeIdentifier"] == PASS_TYPE


def refuse(engine: Engine, answer: str, times: int, pass_type: str = PASS_TYPE) -> None:
    """What the worker notes of so many refused pushes, one asked after the other."""
    now = datetime.now(UTC)
    with transaction(engine) as session:
        for _ in range(times):
            push_stops.stop(session, pass_type, answer, now, now + timedelta(minutes=1), refused=True)


@pytest.fixture
def apples_verdict(engine: Engine, phone: Held) -> Iterator[None]:
    yield
    with transaction(engine) as session:
        for stopped in push_stops.every(session):
            push_stops.resume(session, stopped.pass_type)


@pytest.mark.usefixtures("apples_verdict")
def test_nothing_is_signed_any_more_by_a_certificate_that_apple_has_revoked(
    phone: Held, engine: Engine, put: Put, apple: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(engine, "403 BadCertificate", push_stops.SURE)
    assert phone.fetch().status_code == 200, "it may be a mistake"
    refuse(engine, "403 BadCertificate", 1)
    with caplog.at_level(logging.ERROR):
        answer = phone.fetch()
    assert (answer.status_code, answer.data) == (503, b"")
    for part in (PASS_TYPE, "403 BadCertificate", "revoked", "treuepass certificate import"):
        assert part in caplog.text
    page = phone.client.get(urlsplit(phone.card["links"]["apple"]).path, headers={"Accept-Language": "en"})
    assert page.status_code == 503
    assert "is not valid now" in page.text
    leaf = apple.issue(uid=PASS_TYPE, team=TEAM)
    put(PassCertificate(leaf.certificate, rsa_key("leaf"), apple.intermediate.certificate))
    assert phone.fetch().status_code == 200, "the new one is not the revoked one"


@pytest.mark.usefixtures("apples_verdict")
@pytest.mark.parametrize(
    ("answer", "pass_type"),
    [
        ("403 BadCertificateEnvironment", PASS_TYPE),
        ("403 Forbidden", PASS_TYPE),
        ("400 TopicDisallowed", PASS_TYPE),
        ("403 BadCertificate", OWN_TYPE),
    ],
)
def test_other_refusals_and_other_types_keep_no_card_back(
    phone: Held, engine: Engine, answer: str, pass_type: str
) -> None:
    refuse(engine, answer, push_stops.SURE + 5, pass_type)
    assert phone.fetch().status_code == 200


def kept_under_another_type(keys: Keys, authority: Sandbox) -> Certificate:
    """A row that a faulty import would make: it says one pass type, the certificate in it another."""
    given = read_pass_certificate(own_certificate(authority), password=None, now=NOW)
    row = Certificate(
        id=uuid4(),
        merchant_id=None,
        pass_type=PASS_TYPE,
        team_id=given.team_id,
        certificate_pem=given.certificate_pem(),
        intermediate_pem=given.intermediate_pem(),
        not_after=given.not_after,
        created_at=datetime.now(UTC),
    )
    row.key_sealed = seal(keys.encryption, given.key_pem(), purpose=key_purpose(row))
    return row


@pytest.mark.usefixtures("put")
def test_a_pass_of_another_type_than_the_address_names_is_not_sent(
    phone: Held, engine: Engine, keys: Keys, authority: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction(engine) as session:
        session.add(kept_under_another_type(keys, authority))
    with caplog.at_level(logging.ERROR):
        answers = [phone.fetch(), phone.download()]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert f"Asked for pass {phone.serial} of {PASS_TYPE}, there came {phone.serial} of {OWN_TYPE}" in caplog.text


@pytest.mark.parametrize(
    "made",
    [
        {"passTypeIdentifier": PASS_TYPE, "serialNumber": "another"},
        {"passTypeIdentifier": OWN_TYPE, "serialNumber": "asked"},
        {"passTypeIdentifier": PASS_TYPE},
        {"serialNumber": "asked"},
        {},
    ],
    ids=["serial", "type", "no serial", "no type", "nothing"],
)
def test_content_that_names_another_pass_than_was_asked_for_is_refused(made: dict[str, str]) -> None:
    issue = Pass(pass_type=PASS_TYPE, serial="asked")
    with pytest.raises(WrongPass, match=f"Asked for pass asked of {PASS_TYPE}"):
        check_asked(made, issue)
    check_asked({"passTypeIdentifier": PASS_TYPE, "serialNumber": "asked"}, issue)


def test_phones_that_ask_by_turns_get_each_its_own(phone: Held, second_phone: Held) -> None:
    for one in (phone, second_phone, phone, second_phone):
        content = pass_json(one.fetch().data)
        assert (content["passTypeIdentifier"], content["serialNumber"]) == (PASS_TYPE, one.serial)
