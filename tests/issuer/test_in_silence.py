"""What programs do by themselves sounds neither at night nor for who wants to hear nothing."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from issuer import due
from issuer.customers import Profile
from tests.issuer.counting import Till
from tests.issuer.elapsing import NOON, STAMPS, at, at_rest, ends, look, planned, told, wish
from tests.issuer.gifting import COFFEE, celebrate, duties, end_gifts, end_voucher, give_voucher

BORN = Profile(birthday=date(1988, 5, 10))


def birthday(**more: Any) -> dict[str, Any]:
    return {"kind": "occasion", "key": "one", "occasion": "birthday", "grant": COFFEE, "days_after": 6} | more


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def stamping(till: Till) -> Till:
    till.set_rules(STAMPS, ends("stamps"))
    return till


def test_a_first_word_waits_for_the_end_of_the_quiet_hours_and_is_loud_then(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    assert not look(at(stamping, "2026-12-16 00:00"), card_id)
    assert (told(stamping, card_id), planned(stamping, card_id)) == ({}, "2026-12-16 08:00")
    assert look(at(stamping, "2026-12-16 08:00"), card_id)
    assert stamping.publication(card_id).loud


def test_what_stands_on_a_card_is_put_right_at_night_too_and_in_silence(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    at(stamping, "2026-01-16 12:00").stamped(card_id, 2)
    look(at(stamping, "2026-12-20 12:00"), card_id)
    at_rest(stamping, card_id)
    assert look(at(stamping, "2027-01-23 00:00"), card_id)
    assert told(stamping, card_id)["ends:stamps"] == {"unit": "stamps", "amount": 2, "day": "2027-01-16"}
    assert not stamping.publication(card_id).loud


def test_who_wants_to_hear_nothing_is_told_in_silence(stamping: Till) -> None:
    card_id = stamping.join()
    stamping.stamped(card_id, 3)
    at_rest(stamping, card_id)
    wish(stamping, card_id, "none")
    assert look(at(stamping, "2026-12-16 12:00"), card_id)
    assert not stamping.publication(card_id).loud


def test_a_gift_that_has_days_to_come_waits_for_the_morning_and_is_loud(till: Till) -> None:
    till.set_rules(STAMPS, birthday())
    card_id = at(till, "2026-12-01 12:00").join(BORN)
    at_rest(till, card_id)
    assert [celebrate(at(till, f"2027-05-10 {clock}")) for clock in ("00:00", "07:59", "08:00")] == [0, 0, 1]
    assert till.publication(card_id).loud


def test_a_gift_of_one_day_only_is_there_from_midnight_on_and_in_silence(till: Till) -> None:
    till.set_rules(STAMPS, birthday(days_after=0))
    card_id = at(till, "2026-12-01 12:00").join(BORN)
    assert celebrate(at(till, "2027-05-09 23:59")) == 0
    assert celebrate(at(till, "2027-05-10 00:00")) == 1
    assert not till.publication(card_id).loud


def test_who_wants_to_hear_nothing_is_given_a_gift_in_silence(till: Till) -> None:
    till.set_rules(STAMPS, birthday())
    card_id = at(till, "2026-12-01 12:00").join(BORN)
    wish(till, card_id, "none")
    assert celebrate(at(till, "2027-05-10 12:00")) == 1
    assert not till.publication(card_id).loud


@pytest.mark.parametrize(("clock", "wanted", "loud"), [(12, "all", True), (12, "none", False), (3, "all", False)])
def test_a_voucher_that_is_over_goes_aloud_by_day_only(till: Till, clock: int, wanted: str, *, loud: bool) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, valid_until=till.now + timedelta(days=1))
    wish(till, card_id, wanted)
    at_rest(till, card_id)
    assert end_voucher(at(till, f"2026-02-01 {clock:02}:00"), voucher)
    assert till.publication(card_id).loud is loud


def test_a_gift_that_nobody_took_goes_in_silence_at_midnight(till: Till) -> None:
    till.set_rules(STAMPS, birthday())
    card_id = at(till, "2026-12-01 12:00").join(BORN)
    celebrate(at(till, "2027-05-10 12:00"))
    at_rest(till, card_id)
    (end,) = duties(till, card_id, due.GIFT_END).values()
    assert len(end_gifts(replace(till, now=end), card_id)) == 1
    assert not till.publication(card_id).loud
