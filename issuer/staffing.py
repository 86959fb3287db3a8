"""The people at the counter, as the console keeps them: names and PINs, leaving and coming back."""

import secrets
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import tills
from issuer.editing import Author, Gone, Objection, name_objection, one_line
from issuer.refusals import N_
from issuer.schema import Staff, Till
from signing.passwords import hash_password

LONGEST_NAME = 40
FEWEST_DIGITS, MOST_DIGITS, DRAWN_DIGITS = 4, 8, 6


def everybody(session: Session) -> Sequence[Staff]:
    """Those who left too, by name."""
    return session.scalars(select(Staff).order_by(func.lower(Staff.name), Staff.id)).all()


def pin_objection(pin: str) -> Objection | None:
    """Against a PIN that is none, or that somebody tries first."""
    if not (pin.isascii() and pin.isdigit() and FEWEST_DIGITS <= len(pin) <= MOST_DIGITS):
        return Objection(
            N_("A PIN has %(fewest)s to %(most)s digits and nothing else. Choose another, or leave the field empty."),
            {"fewest": FEWEST_DIGITS, "most": MOST_DIGITS},
            "pin",
        )
    if _guessed_first(pin):
        return Objection(
            N_("%(pin)s is too easy to guess. Choose another PIN, or leave the field empty."), {"pin": pin}, "pin"
        )
    return None


def draw_pin() -> str:
    """Six digits that nobody tries first."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(DRAWN_DIGITS))
        if not _guessed_first(pin):
            return pin


def add(session: Session, author: Author, name: str, pin: str) -> Staff | Objection:
    """Somebody who may open the tills with this PIN."""
    name = one_line(name)
    objection = _name_objection(session, name, None) or pin_objection(pin)
    if objection:
        return objection
    staff = tills.hire(session, author.merchant_id, name, pin, author.now)
    author.record(session, "staff_added", staff_id=str(staff.id))
    return staff


def rename(session: Session, author: Author, staff_id: UUID, name: str) -> Objection | None:
    """
    :raises Gone: no such person
    """
    staff, name = _staff(session, staff_id), one_line(name)
    objection = _name_objection(session, name, staff_id)
    if objection is None:
        staff.name = name
        author.record(session, "staff_renamed", staff_id=str(staff_id))
    return objection


def change_pin(session: Session, author: Author, staff_id: UUID, pin: str) -> Staff | Objection:
    """A new PIN, asked for at once wherever they are on shift; one that was locked by wrong tries is open again.

    :raises Gone: no such person
    """
    staff, objection = _staff(session, staff_id), pin_objection(pin)
    if objection:
        return objection
    staff.pin_hash, staff.failures, staff.locked_until = hash_password(pin), 0, None
    for till in session.scalars(select(Till).where(Till.merchant_id == author.merchant_id, Till.staff_id == staff_id)):
        tills.close_till(till)
    author.record(session, "staff_pin_changed", staff_id=str(staff_id))
    return staff


def leave(session: Session, author: Author, staff_id: UUID) -> Staff:
    """Off shift at once; what they booked keeps their name.

    :raises Gone: no such person
    """
    staff = _staff(session, staff_id)
    if staff.disabled_at is None:
        staff.disabled_at = author.now
        author.record(session, "staff_left", staff_id=str(staff_id))
    return staff


def come_back(session: Session, author: Author, staff_id: UUID) -> Staff | Objection:
    """With the PIN they had.

    :raises Gone: no such person
    """
    staff = _staff(session, staff_id)
    if staff.disabled_at is None:
        return staff
    objection = _name_objection(session, staff.name, staff_id)
    if objection:
        return objection
    staff.disabled_at, staff.failures, staff.locked_until = None, 0, None
    author.record(session, "staff_came_back", staff_id=str(staff_id))
    return staff


def _staff(session: Session, staff_id: UUID) -> Staff:
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise Gone
    return staff


def _name_objection(session: Session, name: str, own_id: UUID | None) -> Objection | None:
    """At the till one chooses oneself by name, so two of one name would be one too many."""
    taken = any(other.id != own_id and other.name.casefold() == name.casefold() for other in tills.staff_list(session))
    if taken:
        return Objection(
            N_("There is somebody called %(name)s already. Add a letter to tell them apart."), {"name": name}
        )
    return name_objection(name, LONGEST_NAME)


def _guessed_first(pin: str) -> bool:
    """All digits the same, or in a row up or down."""
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    return steps in ({0}, {1}, {-1})
