"""Merchants, their shops and programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from issuer.database import set_merchant
from issuer.editing import printable
from issuer.schema import (
    Location,
    Membership,
    Merchant,
    Program,
    ProgramSlug,
)
from issuer.zones import NO_ZONE, zones

LONGEST_NAME = 100


class UnknownZone(Exception):
    """A time zone that the IANA database does not know: give another name."""


class NameRefused(Exception):
    """A name that passes and pages cannot show: give one line of text."""


@dataclass(frozen=True)
class NewMerchant:
    """What a shop is founded with. ``contact``: address, phone, mail, website; Apple wants it on the back."""

    name: str
    zone: str = "Europe/Berlin"
    currency: str = "EUR"
    contact: Mapping[str, str] | None = None


def create_merchant(session: Session, new: NewMerchant, now: datetime) -> Merchant:
    """Found a merchant and make it the transaction's.

    :raises NameRefused: empty, longer than 100 characters or not printable
    :raises UnknownZone: not of `issuer.zones`
    """
    if not new.name.strip() or len(new.name) > LONGEST_NAME or not printable(new.name):
        raise NameRefused(f"{new.name[:40]!r} is no name of a shop: use 1 to {LONGEST_NAME} printable characters.")
    if new.zone not in zones():
        raise UnknownZone(NO_ZONE % {"given": new.zone})
    merchant = Merchant(
        id=uuid4(),
        name=new.name,
        zone=new.zone,
        currency=new.currency,
        contact=dict(new.contact or {}),
        created_at=now,
    )
    set_merchant(session, merchant.id)
    session.add(merchant)
    session.flush()
    return merchant


def create_location(
    session: Session, merchant: Merchant, name: str, now: datetime, address: str | None = None
) -> Location:
    location = Location(id=uuid4(), merchant_id=merchant.id, name=name, address=address, created_at=now)
    session.add(location)
    session.flush()
    return location


def open_join_page(session: Session, program: Program) -> None:
    """Let customers in, under the program's slug."""
    session.add(ProgramSlug(slug=program.slug, merchant_id=program.merchant_id, program_id=program.id))
    session.flush()


def all_merchants(session: Session) -> list[UUID]:
    """Every merchant that has a program or a member, from the directory."""
    return list(session.scalars(union(select(ProgramSlug.merchant_id), select(Membership.merchant_id))))
