"""Why an offer cannot be kept or go live as it is: what it names must be the merchant's, and it must have a moment."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from issuer.editing import Objection
from issuer.offers.bounds import only_shop
from issuer.offers.offer import Offer
from issuer.offers.triggers import PlaceTrigger, TierTrigger, WeatherTrigger
from issuer.refusals import N_
from issuer.rules import Rules
from issuer.rules.tiers import TierRule
from issuer.schema import Location, Merchant, Program, ProgramVersion, Purchase

NO_PROGRAM = N_("“%(value)s” is no program of yours: choose one of the list.")
NO_SHOP = N_("“%(value)s” is no shop of yours: choose one of the list.")
NO_TIER = N_("“%(value)s” is no tier of these programs: choose one that they have.")
NOWHERE = N_("None of your shops has coordinates: give them to a shop first, then the offer can go live.")
UNPLACED = N_("“%(shop)s” has no coordinates: give them to this shop first, or leave it out.")
OVER = N_("The last day %(last)s is over: choose a later one, or leave it out.")
NO_AMOUNTS = N_("No purchase was booked with an amount yet, so nobody can be told apart by what they spend.")
WORTHLESS = N_("What this offer brings has no amount of its own, so its worth sets no limit: limit the cards instead.")


def unknown(session: Session, offer: Offer) -> Objection | None:
    """Against what the offer names and the merchant does not have; asked whenever it is kept."""
    return next(_unknown(session, offer), None)


def unready(session: Session, offer: Offer, now: datetime) -> Objection | None:
    """Against going live: nothing of it could ever be shown."""
    return next(_unready(session, offer, now), None)


def warnings(session: Session, offer: Offer) -> list[Objection]:
    """What is allowed and probably not meant."""
    found = list[Objection]()
    if offer.audience.money is not None and not session.scalar(select(exists().where(Purchase.total.is_not(None)))):
        found.append(Objection(NO_AMOUNTS, about="audience.money"))
    if offer.limits.value is not None and not offer.worth_cents:
        found.append(Objection(WORTHLESS, about="limits.value"))
    return found


def _unknown(session: Session, offer: Offer) -> Iterator[Objection]:
    programs = set(session.scalars(select(Program.id)))
    for number, program_id in enumerate(offer.audience.programs):
        if program_id not in programs:
            yield Objection(NO_PROGRAM, {"value": str(program_id)}, f"audience.programs.{number}")
    shops = set(session.scalars(select(Location.id)))
    for about, location_id in _places(offer):
        if location_id not in shops:
            yield Objection(NO_SHOP, {"value": str(location_id)}, about)
    yield from _unknown_tiers(session, offer)


def _places(offer: Offer) -> Iterator[tuple[str, UUID]]:
    """Every shop that is named, with the field that names it."""
    for number, location_id in enumerate(offer.audience.locations):
        yield f"audience.locations.{number}", location_id
    yield from _trigger_places(offer)


def _trigger_places(offer: Offer) -> Iterator[tuple[str, UUID]]:
    trigger = offer.trigger
    if isinstance(trigger, WeatherTrigger):
        if trigger.location is not None:
            yield "trigger.location", trigger.location
        return
    for number, location_id in enumerate(getattr(trigger, "locations", ())):
        yield f"trigger.locations.{number}", location_id


def _unknown_tiers(session: Session, offer: Offer) -> Iterator[Objection]:
    named = [(f"audience.tiers.{number}", key) for number, key in enumerate(offer.audience.tiers)]
    if isinstance(offer.trigger, TierTrigger) and offer.trigger.tier is not None:
        named.append(("trigger.tier", offer.trigger.tier))
    if not named:
        return
    known = set(_tiers(session, offer))
    for about, key in named:
        if key not in known:
            yield Objection(NO_TIER, {"value": key}, about)


def _tiers(session: Session, offer: Offer) -> Iterator[str]:
    """The keys of all tiers of the programs that are meant."""
    meant = (
        select(ProgramVersion.rule)
        .join(Program, Program.id == ProgramVersion.program_id)
        .where(ProgramVersion.number == Program.current_version)
    )
    if offer.audience.programs:
        meant = meant.where(Program.id.in_(offer.audience.programs))
    for rule in session.scalars(meant):
        for tiers in Rules.read(rule).each(TierRule):
            yield from (tier.key for tier in tiers.tiers)


def _unready(session: Session, offer: Offer, now: datetime) -> Iterator[Objection]:
    last = offer.window.last
    if last is not None and last < now.astimezone(ZoneInfo(_zone(session, offer))).date():
        yield Objection(OVER, {"last": str(last)}, "window.last")
    if isinstance(offer.trigger, PlaceTrigger | WeatherTrigger):
        yield from _unplaced(session, offer)


def _zone(session: Session, offer: Offer) -> str:
    """As `issuer.offers.bounds`: of the one shop that is named, else the merchant's."""
    shops = select(func.coalesce(Location.zone, Merchant.zone)).select_from(Merchant)
    return session.scalars(shops.outerjoin(Location, Location.id == only_shop(offer))).one()


def _unplaced(session: Session, offer: Offer) -> Iterator[Objection]:
    shops = {row.id: row for row in session.scalars(select(Location))}
    named = list(_trigger_places(offer))
    for about, location_id in named:
        if not _has_coordinates(shops[location_id]):
            yield Objection(UNPLACED, {"shop": shops[location_id].name}, about)
    if not named and not any(map(_has_coordinates, shops.values())):
        yield Objection(NOWHERE, about="trigger.kind")


def _has_coordinates(shop: Location) -> bool:
    return shop.latitude is not None and shop.longitude is not None
