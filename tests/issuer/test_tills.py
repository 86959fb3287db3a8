"""Devices at the counter: enrolled once, opened with a PIN, closed when the shift or the trust is over."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import schema, tills
from issuer.database import transaction
from issuer.tills import ENROL_WITHIN, LOCKED, MOST_FAILURES, SHIFT, WrongPin
from tests.issuer.counting import Till
from tests.issuer.overlapping import overlapping

PIN = "4711"


@pytest.fixture
def secret(till: Till) -> str:
    """The cookie of an enrolled device."""
    with till.work() as session:
        tills.invite_till(
            session, till.shop.location_id, till.shop.merchant_id, till.shop.slug, till.now, expires_at=None
        )
        enrolled = tills.enrol(session, till.shop.slug, till.now)
    assert enrolled is not None
    return enrolled[1]


@pytest.fixture
def mia(till: Till) -> UUID:
    with till.work() as session:
        return tills.hire(session, till.shop.merchant_id, "Mia", PIN, till.now).id


def _open(till: Till, secret: str, staff_id: UUID, pin: str = PIN) -> schema.Staff | WrongPin:
    with transaction(till.engine) as session:
        device = tills.till_of(session, secret, till.now)
        assert device is not None
        return tills.open_till(session, device, staff_id, pin, till.now)


def _on_shift(till: Till, secret: str) -> str | None:
    with transaction(till.engine) as session:
        device = tills.till_of(session, secret, till.now)
        staff = tills.on_shift(session, device, till.now) if device else None
        return staff.name if staff else None


def test_a_device_that_was_enrolled_is_known_by_its_cookie(till: Till, secret: str) -> None:
    with transaction(till.engine) as session:
        device = tills.till_of(session, secret, till.now)
    assert device is not None
    assert (device.merchant_id, device.location_id) == (till.shop.merchant_id, till.shop.location_id)


def test_only_the_hash_of_the_cookie_is_kept(till: Till, secret: str) -> None:
    with till.work() as session:
        device = session.scalars(select(schema.Till).where(schema.Till.merchant_id == till.shop.merchant_id)).one()
    assert secret.encode() not in device.token_hash
    assert len(device.token_hash) == 32


@pytest.mark.parametrize("wrong", ["", "unknown", "x" * 500])
def test_an_unknown_cookie_is_no_till(till: Till, secret: str, wrong: str) -> None:
    with transaction(till.engine) as session:
        assert tills.till_of(session, wrong, till.now) is None
        assert tills.till_of(session, secret[:-1], till.now) is None


def test_an_unknown_link_enrols_nobody(till: Till) -> None:
    with till.work() as session:
        assert tills.enrol(session, "no such link", till.now) is None


def test_a_link_that_is_over_enrols_nobody(till: Till) -> None:
    link, end = uuid4().hex, till.later(60).now
    with till.work() as session:
        tills.invite_till(session, till.shop.location_id, till.shop.merchant_id, link, till.now, expires_at=end)
        assert tills.enrol(session, link, till.later(59).now) is not None
        assert tills.enrol(session, link, end) is None


def _single(till: Till) -> str:
    """A link that works once."""
    link = uuid4().hex
    with till.work() as session:
        tills.invite_till(
            session,
            till.shop.location_id,
            till.shop.merchant_id,
            link,
            till.now,
            expires_at=till.now + ENROL_WITHIN,
            single_use=True,
        )
    return link


def test_a_link_for_one_makes_one_till(till: Till) -> None:
    link = _single(till)
    with till.work() as session:
        assert tills.enrol(session, link, till.now) is not None
        assert tills.enrol(session, link, till.now) is None
        assert tills.enrolment(session, link, till.now) is None


def test_a_link_for_one_that_is_only_looked_at_is_not_used_up(till: Till) -> None:
    link = _single(till)
    with till.work() as session:
        assert tills.enrolment(session, link, till.now) is not None
        assert tills.enrol(session, link, till.now) is not None


def test_of_two_browsers_that_open_a_link_for_one_at_once_one_wins(till: Till) -> None:
    link = _single(till)

    def enrol(session: Session) -> object:
        return tills.enrol(session, link, till.now)

    first, second = overlapping(till.engine, enrol, enrol)
    assert first is not None
    assert second is None


def test_a_link_for_one_is_over_after_half_an_hour(till: Till) -> None:
    link, end = _single(till), ENROL_WITHIN.total_seconds()
    assert timedelta(minutes=30) == ENROL_WITHIN
    with till.work() as session:
        assert tills.enrol(session, link, till.later(end).now) is None
        assert tills.enrol(session, link, till.later(end - 1).now) is not None


def test_a_link_for_all_makes_as_many_tills_as_open_it(till: Till, secret: str) -> None:
    with till.work() as session:
        again = tills.enrol(session, till.shop.slug, till.now)
    assert again is not None
    assert again[0].name == "2"


def test_a_revoked_till_is_shut_out_at_once(till: Till, secret: str, mia: UUID) -> None:
    _open(till, secret, mia)
    with transaction(till.engine) as session:
        tills.till_of(session, secret, till.now).revoked_at = till.now
    with transaction(till.engine) as session:
        assert tills.till_of(session, secret, till.now) is None


def test_the_right_pin_opens_the_till(till: Till, secret: str, mia: UUID) -> None:
    assert isinstance(_open(till, secret, mia), schema.Staff)
    assert _on_shift(till, secret) == "Mia"


def test_nobody_is_on_shift_before_a_pin_was_given(till: Till, secret: str, mia: UUID) -> None:
    assert _on_shift(till, secret) is None


def test_a_wrong_pin_says_how_many_tries_are_left_and_opens_nothing(till: Till, secret: str, mia: UUID) -> None:
    assert [_open(till, secret, mia, "0000") for _ in range(2)] == [WrongPin(4), WrongPin(3)]
    assert _on_shift(till, secret) is None


def test_the_fifth_wrong_pin_locks_for_a_minute_even_for_the_right_one(till: Till, secret: str, mia: UUID) -> None:
    for _ in range(MOST_FAILURES - 1):
        _open(till, secret, mia, "0000")
    until = till.now + LOCKED
    assert _open(till, secret, mia, "0000") == WrongPin(0, until)
    assert _open(till.later(59), secret, mia) == WrongPin(0, until)
    assert isinstance(_open(till.later(60), secret, mia), schema.Staff)


def _fail(till: Till, staff_id: UUID, failures: int) -> None:
    """So many wrong PINs; giving each would take the time that makes them safe."""
    with till.work() as session:
        session.get_one(schema.Staff, staff_id).failures = failures


def test_a_right_pin_forgives_the_wrong_ones_before_it(till: Till, secret: str, mia: UUID) -> None:
    _fail(till, mia, MOST_FAILURES - 1)
    _open(till, secret, mia)
    assert _open(till, secret, mia, "0000") == WrongPin(4)


def test_locking_one_person_does_not_lock_another(till: Till, secret: str, mia: UUID) -> None:
    with till.work() as session:
        ben = tills.hire(session, till.shop.merchant_id, "Ben", "1234", till.now).id
    _fail(till, mia, MOST_FAILURES - 1)
    assert _open(till, secret, mia, "0000") == WrongPin(0, till.now + LOCKED)
    assert isinstance(_open(till, secret, ben, "1234"), schema.Staff)
    assert isinstance(_open(till, secret, ben, PIN), WrongPin)


def test_another_merchants_staff_cannot_open_the_till(till: Till, other_till: Till, secret: str) -> None:
    with other_till.work() as session:
        stranger = tills.hire(session, other_till.shop.merchant_id, "Eve", PIN, till.now).id
    assert _open(till, secret, stranger) == WrongPin(MOST_FAILURES)
    assert _open(till, secret, uuid4()) == WrongPin(MOST_FAILURES)


def test_a_shift_ends_by_itself(till: Till, secret: str, mia: UUID) -> None:
    _open(till, secret, mia)
    end = SHIFT.total_seconds()
    assert _on_shift(till.later(end - 1), secret) == "Mia"
    assert _on_shift(till.later(end), secret) is None


def test_a_closed_till_is_open_to_nobody(till: Till, secret: str, mia: UUID) -> None:
    _open(till, secret, mia)
    with transaction(till.engine) as session:
        tills.close_till(tills.till_of(session, secret, till.now))
    assert _on_shift(till, secret) is None


def test_somebody_who_left_is_off_shift_at_once_and_stays_out(till: Till, secret: str, mia: UUID) -> None:
    _open(till, secret, mia)
    with till.work() as session:
        session.get_one(schema.Staff, mia).disabled_at = till.now
    assert _on_shift(till, secret) is None
    assert isinstance(_open(till, secret, mia), WrongPin)
    with till.work() as session:
        assert tills.staff_list(session) == []


def test_a_till_remembers_when_it_was_last_seen_but_not_every_second(till: Till, secret: str) -> None:
    def seen(seconds: float) -> timedelta:
        with transaction(till.engine) as session:
            return tills.till_of(session, secret, till.later(seconds).now).last_seen_at - till.now

    assert seen(59) == timedelta()
    assert seen(61) == timedelta(seconds=61)


def test_a_pin_is_kept_as_a_hash_only(till: Till, mia: UUID) -> None:
    with till.work() as session:
        assert session.get_one(schema.Staff, mia).pin_hash.startswith("$argon2id$")
