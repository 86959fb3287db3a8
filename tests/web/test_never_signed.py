"""What the service signs, its own lint finds right; what that finds wrong is not signed."""

import logging
from datetime import UTC, datetime

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


def test_a_pass_with_a_fault_is_not_signed_and_the_log_says_why(
    phone: Held, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction(engine, phone.merchant_id) as session:
        session.scalars(select(Merchant)).one().name = ""
    with caplog.at_level(logging.ERROR):
        answer = phone.fetch()
    assert (answer.status_code, answer.data) == (503, b"")
    assert "The organization is empty" in caplog.text
    assert phone.serial in caplog.text
    assert phone.token not in caplog.text
