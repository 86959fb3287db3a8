"""The people at the counter in the console: PINs nobody guesses, names one can choose by, leaving and coming back."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from issuer import people, schema, staffing, tills
from issuer.editing import Author, Gone, Objection
from issuer.schema import Event, Staff
from issuer.staffing import LONGEST_NAME, pin_objection
from tests.issuer.counting import Till

PIN = "4711"


@pytest.fixture
def owner(till: Till) -> Author:
    with till.work() as session:
        user = people.create_user(session, f"{uuid4().hex}@cafe.example", "right horse", till.now)
    return Author(user.id, till.shop.merchant_id, till.now)


@pytest.fixture
def mia(till: Till, owner: Author) -> UUID:
    with till.work() as session:
        return _added(staffing.add(session, owner, "Mia", PIN)).id


@pytest.fixture
def device(till: Till) -> Till:
    return till.at_a_till()


def _added(outcome: Staff | Objection) -> Staff:
    assert isinstance(outcome, Staff), outcome
    return outcome


def _opens(device: Till, staff_id: UUID, pin: str) -> bool:
    with device.work() as session:
        outcome = tills.open_till(session, session.get_one(schema.Till, device.till_id), staff_id, pin, device.now)
        return isinstance(outcome, Staff)


def _on_shift(device: Till) -> Staff | None:
    with device.work() as session:
        return tills.on_shift(session, session.get_one(schema.Till, device.till_id), device.now)


@pytest.mark.parametrize("pin", ["4711", "1212", "12345679", "9081", "0001"])
def test_four_to_eight_digits_are_a_pin(pin: str) -> None:
    assert pin_objection(pin) is None


@pytest.mark.parametrize("pin", ["", "471", "123456780", "47 11", "47a1", "٤٧١١", "²²²¹", "-471", "4711\n"])
def test_anything_else_is_none(pin: str) -> None:
    objection = pin_objection(pin)
    assert objection is not None
    assert objection.about == "pin"


@pytest.mark.parametrize("pin", ["0000", "1111", "99999999", "1234", "4321", "0123", "12345678", "9876"])
def test_a_pin_that_is_tried_first_is_refused_by_name(pin: str) -> None:
    objection = pin_objection(pin)
    assert objection is not None
    assert pin in objection.sentence("de")
    assert pin in objection.sentence("en")


def test_a_drawn_pin_has_six_digits_and_will_do() -> None:
    drawn = {staffing.draw_pin() for _ in range(50)}
    assert len(drawn) > 45
    assert {len(pin) for pin in drawn} == {6}
    assert [pin_objection(pin) for pin in drawn] == [None] * len(drawn)


def test_who_is_added_opens_a_till_with_their_pin(device: Till, mia: UUID) -> None:
    assert not _opens(device, mia, "4712")
    assert _opens(device, mia, PIN)


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "M\x00ia"])
def test_nobody_is_added_without_a_name(till: Till, owner: Author, name: str) -> None:
    with till.work() as session:
        assert isinstance(staffing.add(session, owner, name, PIN), Objection)
        assert list(staffing.everybody(session)) == []


@pytest.mark.parametrize("name", ["Mia", "MIA", "  mia "])
def test_two_of_one_name_could_not_be_told_apart(till: Till, owner: Author, mia: UUID, name: str) -> None:
    with till.work() as session:
        assert isinstance(staffing.add(session, owner, name, PIN), Objection)
        ben = _added(staffing.add(session, owner, "Ben", PIN))
        assert staffing.rename(session, owner, ben.id, name) is not None
        assert staffing.rename(session, owner, mia, name) is None, "the own name in another spelling"


def test_nobody_is_added_with_a_weak_pin_or_given_one(till: Till, device: Till, owner: Author, mia: UUID) -> None:
    with till.work() as session:
        assert isinstance(staffing.add(session, owner, "Ben", "1234"), Objection)
        assert isinstance(staffing.change_pin(session, owner, mia, "0000"), Objection)
    assert _opens(device, mia, PIN)


def test_a_new_pin_replaces_the_old_one_and_is_asked_for_at_once(
    till: Till, device: Till, owner: Author, mia: UUID
) -> None:
    assert _opens(device, mia, PIN)
    with till.work() as session:
        staffing.change_pin(session, owner, mia, "8025")
    assert _on_shift(device) is None
    assert not _opens(device, mia, PIN)
    assert _opens(device, mia, "8025")


def test_a_new_pin_opens_a_locked_one(till: Till, device: Till, owner: Author, mia: UUID) -> None:
    with till.work() as session:
        session.get_one(Staff, mia).locked_until = till.later(60).now
        staffing.change_pin(session, owner, mia, "8025")
    assert _opens(device, mia, "8025")


def test_who_left_is_off_shift_at_once_and_cannot_come_in(till: Till, device: Till, owner: Author, mia: UUID) -> None:
    assert _opens(device, mia, PIN)
    with till.work() as session:
        staffing.leave(session, owner, mia)
    assert _on_shift(device) is None
    assert not _opens(device, mia, PIN)


def test_who_comes_back_has_the_pin_they_had(till: Till, device: Till, owner: Author, mia: UUID) -> None:
    with till.work() as session:
        staffing.leave(session, owner, mia)
        assert isinstance(staffing.come_back(session, owner, mia), Staff)
    assert _opens(device, mia, PIN)


def test_who_comes_back_when_the_name_is_taken_is_asked_for_another(till: Till, owner: Author, mia: UUID) -> None:
    with till.work() as session:
        staffing.leave(session, owner, mia)
        _added(staffing.add(session, owner, "mia", PIN))
        assert isinstance(staffing.come_back(session, owner, mia), Objection)
        assert session.get_one(Staff, mia).disabled_at is not None


def test_what_is_done_is_remembered_with_its_author_and_never_the_pin(till: Till, owner: Author, mia: UUID) -> None:
    with till.work() as session:
        staffing.change_pin(session, owner, mia, "8025")
        staffing.rename(session, owner, mia, "Mia K.")
        staffing.leave(session, owner, mia)
        staffing.come_back(session, owner, mia)
        told = session.execute(select(Event.kind, Event.data).order_by(Event.number)).all()
    assert [kind for kind, _ in told] == [
        "staff_added", "staff_pin_changed", "staff_renamed", "staff_left", "staff_came_back",
    ]  # fmt: skip
    assert all(data == {"user_id": str(owner.user_id), "staff_id": str(mia)} for _, data in told)


DEEDS: dict[str, Callable[..., object]] = {
    "rename": lambda session, owner, meant: staffing.rename(session, owner, meant, "Eve"),
    "change_pin": lambda session, owner, meant: staffing.change_pin(session, owner, meant, "8025"),
    "leave": staffing.leave,
    "come_back": staffing.come_back,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_touches_the_staff_of_another_merchant(
    other_till: Till, device: Till, owner: Author, mia: UUID, deed: str
) -> None:
    stranger = Author(owner.user_id, other_till.shop.merchant_id, other_till.now)
    for meant in (mia, uuid4()):
        with other_till.work() as session, pytest.raises(Gone):
            DEEDS[deed](session, stranger, meant)
    assert _opens(device, mia, PIN)
