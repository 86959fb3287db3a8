"""Merchants, their shops and programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from issuer import ledger
from issuer.branding import Branding
from issuer.database import set_merchant
from issuer.editing import printable
from issuer.rules.movement import STAMPS, reward_unit
from issuer.schema import (
    Brand,
    Location,
    Membership,
    Merchant,
    Program,
    ProgramSlug,
    ProgramVersion,
    Reward,
)

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
    :raises UnknownZone: zone not in the IANA database
    """
    if not new.name.strip() or len(new.name) > LONGEST_NAME or not printable(new.name):
        raise NameRefused(f"{new.name[:40]!r} is no name of a shop: use 1 to {LONGEST_NAME} printable characters.")
    try:
        ZoneInfo(new.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnknownZone(f"{new.zone!r} is no time zone: use a name like Europe/Berlin.") from error
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


def create_stamp_program(
    session: Session,
    brand: Brand,
    branding: Branding,
    slug: str,
    now: datetime,
    stamps_needed: int = 10,
    *,
    public: bool = True,
) -> Program:
    """ "N for 1" with the names that the design proposes.

    :param public: its join page is open at once
    """
    program = Program(
        id=uuid4(),
        merchant_id=brand.merchant_id,
        brand_id=brand.id,
        kind="stamps",
        slug=slug,
        current_version=1,
        created_at=now,
    )
    session.add(program)
    session.flush()
    if public:
        open_join_page(session, program)
    reward_id = _first_version(session, program, branding, stamps_needed, now)
    reward = reward_unit(reward_id)
    ends = [(STAMPS, "issued"), (STAMPS, "exchanged"), (reward, "issued"), (reward, "redeemed")]
    ledger.open_accounts(session, program, ends)
    return program


def open_join_page(session: Session, program: Program) -> None:
    """Let customers in, under the program's slug."""
    session.add(ProgramSlug(slug=program.slug, merchant_id=program.merchant_id, program_id=program.id))
    session.flush()


def _first_version(session: Session, program: Program, branding: Branding, stamps_needed: int, now: datetime) -> UUID:
    """The rule a stamp program begins with; the id of the reward it promises."""
    reward = Reward(
        id=uuid4(),
        merchant_id=program.merchant_id,
        program_id=program.id,
        names=branding.reward_names,
        created_at=now,
    )
    version = ProgramVersion(
        program_id=program.id,
        number=1,
        merchant_id=program.merchant_id,
        names=branding.program_names,
        rule={"stamps_needed": stamps_needed, "reward_id": str(reward.id)},
        created_at=now,
    )
    session.add_all([reward, version])
    session.flush()
    return reward.id


def all_merchants(session: Session) -> list[UUID]:
    """Every merchant that has a program or a member, from the directory."""
    return list(session.scalars(union(select(ProgramSlug.merchant_id), select(Membership.merchant_id))))
