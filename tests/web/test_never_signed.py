"""What the service signs, its own lint finds right; what that finds wrong is not signed."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, select

from cli.lint import judge
from issuer.database import transaction
from issuer.schema import Merchant
from sandbox.authority import Authority
from tests.web.phones import Held

# The tests' shop says no address, and its server is this machine.
OF_THE_TESTS = {"contact-missing", "web-service-local"}


def test_a_pass_that_a_phone_fetches_has_no_fault(phone: Held, authority: Authority) -> None:
    (verdict,) = judge("card.pkpass", phone.fetch().data, datetime.now(UTC), authority.root.read_bytes())
    assert verdict.is_pass
    assert {one.code for one in verdict.findings} <= OF_THE_TESTS


def _call(engine: Engine, phone: Held, name: str) -> None:
    with transaction(engine, phone.merchant_id) as session:
        session.scalars(select(Merchant)).one().name = name


@pytest.fixture
def faulty(phone: Held, engine: Engine) -> Iterator[Held]:
    _call(engine, phone, "")
    yield phone
    _call(engine, phone, "Café Morgenrot")


def test_a_pass_with_a_fault_is_not_signed_and_the_log_says_why(faulty: Held, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = faulty.fetch()
    assert (answer.status_code, answer.data) == (503, b"")
    assert "The organization is empty" in caplog.text
    assert faulty.serial in caplog.text
    assert faulty.token not in caplog.text


@pytest.mark.parametrize("file", ["apple.pkpass", "apple.pkpasses"])
def test_who_downloads_a_pass_with_a_fault_reads_that_the_card_works_on_its_page(faulty: Held, file: str) -> None:
    page = urlsplit(faulty.card["links"]["web"]).path
    answer = faulty.client.get(f"{page}/{file}", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert "not as Apple Wallet wants it" in answer.text
