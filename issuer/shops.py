"""A merchant's shops and the tills in them, as the console keeps them."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from issuer import programs, rollouts, sweeps, tills
from issuer.coordinates import read_coordinates
from issuer.editing import Author, Gone, Objection, name_objection, one_line, printable
from issuer.schema import Location, Offer, OfferVersion, Till
from issuer.zones import NO_ZONE, zones

LONGEST_NAME = 60
LONGEST_ADDRESS = 200
LONGEST_TILL_NAME = 40


@dataclass(frozen=True)
class TillView:
    """``on_shift``: who opened it, as long as that lasts."""

    id: UUID
    name: str
    on_shift: str | None
    seen_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True)
class ShopView:
    """A shop with the tills that may book in it, and those that may not any more."""

    location: Location
    tills: Sequence[TillView]
    revoked: Sequence[TillView]


def shops(session: Session, merchant_id: UUID, now: datetime) -> list[ShopView]:
    """In the order in which they were opened."""
    rows = session.scalars(select(Till).where(Till.merchant_id == merchant_id).order_by(Till.enrolled_at, Till.id))
    by_place: dict[UUID, list[TillView]] = {}
    for till in rows.all():
        by_place.setdefault(till.location_id, []).append(_view(session, till, now))
    return [_shop(place, by_place.get(place.id, [])) for place in programs.locations(session)]


@dataclass(frozen=True)
class ShopFields:
    """What was typed. ``at``: latitude and longitude, as maps give them. Empty is none, but for the name.

    ``zone``: where clocks differ from the merchant's.
    """

    name: str
    address: str = ""
    at: str = ""
    zone: str = ""

    def read(self) -> "Described | Objection":
        name, address, at, zone = (one_line(typed) for typed in (self.name, self.address, self.at, self.zone))
        degrees = read_coordinates(at) if at else (None, None)
        objection = _shop_objection(name, address)
        if objection:
            return objection
        if isinstance(degrees, str):
            return Objection(degrees, {"given": _legible(at)}, "at")
        if zone and zone not in zones():
            return Objection(NO_ZONE, {"given": _legible(zone)}, "zone")
        return Described(name, address or None, degrees[0], degrees[1], zone or None)


@dataclass(frozen=True)
class Described:
    """What is known of a shop. Degrees, north and east positive; no zone: the merchant's."""

    name: str
    address: str | None
    latitude: float | None
    longitude: float | None
    zone: str | None


def add_shop(session: Session, author: Author, fields: ShopFields) -> Location | Objection:
    """A new location."""
    said = fields.read()
    if isinstance(said, Objection):
        return said
    place = Location(id=uuid4(), merchant_id=author.merchant_id, created_at=author.now, **asdict(said))
    session.add(place)
    session.flush()
    author.record(session, "shop_added", location_id=str(place.id))
    if said.latitude is not None:
        _tell_cards(session, author)
    return place


def change_shop(session: Session, author: Author, location_id: UUID, fields: ShopFields) -> Objection | None:
    """
    :raises Gone: no such location
    """
    place, said = _place(session, location_id), fields.read()
    if isinstance(said, Objection):
        return said
    has_moved = (place.latitude, place.longitude) != (said.latitude, said.longitude)
    has_other_hours = place.zone != said.zone
    for name, value in asdict(said).items():
        setattr(place, name, value)
    author.record(session, "shop_changed", location_id=str(place.id))
    if has_moved:
        _tell_cards(session, author)
    if has_other_hours:
        sweeps.begin_for_all(session, author.now)
    return None


def _tell_cards(session: Session, author: Author) -> None:
    """Where an offer is near shops, cards on phones have to learn where those are now."""
    version = (OfferVersion.offer_id == Offer.id) & (OfferVersion.number == Offer.version)
    is_near = OfferVersion.content["trigger"]["kind"].astext == "place"
    if session.scalar(select(exists().where(version, is_near, Offer.state == "live"))):
        rollouts.begin_all(session, author.now)


def invite_till(session: Session, author: Author, location_id: UUID) -> tuple[Location, str]:
    """The shop, and the token of a link that makes one browser a till of it, soon.

    :raises Gone: no such location
    """
    place, token = _place(session, location_id), secrets.token_urlsafe(24)
    until = author.now + tills.ENROL_WITHIN
    tills.invite_till(session, place.id, author.merchant_id, token, author.now, expires_at=until, single_use=True)
    author.record(session, "till_invited", location_id=str(place.id))
    return place, token


def rename_till(session: Session, author: Author, till_id: UUID, name: str) -> Objection | None:
    """
    :raises Gone: no such till
    """
    till, name = _till(session, author, till_id), one_line(name)
    objection = name_objection(name, LONGEST_TILL_NAME)
    if objection is None:
        till.name = name
        author.record(session, "till_renamed", till_id=str(till_id))
    return objection


def revoke_till(session: Session, author: Author, till_id: UUID) -> Till:
    """Shut a till out from its next call on; its shift is over too.

    :raises Gone: no such till
    """
    till = _till(session, author, till_id)
    if till.revoked_at is None:
        till.revoked_at = author.now
        tills.close_till(till)
        author.record(session, "till_revoked", till_id=str(till_id))
    return till


def restore_till(session: Session, author: Author, till_id: UUID) -> Till:
    """Let a till in again that was shut out by mistake; it asks for a PIN.

    :raises Gone: no such till
    """
    till = _till(session, author, till_id)
    if till.revoked_at is not None:
        till.revoked_at = None
        author.record(session, "till_restored", till_id=str(till_id))
    return till


def _shop(place: Location, found: Sequence[TillView]) -> ShopView:
    live = [till for till in found if till.revoked_at is None]
    return ShopView(place, live, [till for till in found if till.revoked_at is not None])


def _view(session: Session, till: Till, now: datetime) -> TillView:
    staff = tills.on_shift(session, till, now)
    return TillView(till.id, till.name, staff.name if staff else None, till.last_seen_at, till.revoked_at)


def _place(session: Session, location_id: UUID) -> Location:
    place = session.get(Location, location_id)
    if place is None:
        raise Gone
    return place


def _till(session: Session, author: Author, till_id: UUID) -> Till:
    """Tills stand in the directory, where everybody's are seen: only the merchant's own is meant."""
    till = session.scalar(select(Till).where(Till.id == till_id, Till.merchant_id == author.merchant_id))
    if till is None:
        raise Gone
    return till


def _legible(typed: str) -> str:
    return "".join(filter(printable, typed))[:40]


def _shop_objection(name: str, address: str) -> Objection | None:
    objection = name_objection(name, LONGEST_NAME)
    return objection or (name_objection(address, LONGEST_ADDRESS, "address") if address else None)
