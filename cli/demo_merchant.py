"""The demo's café: made the first time, found the next."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.plan import ZONE
from issuer import api_keys, certificates, people, tills
from issuer.branding import load_branding
from issuer.brands import create_brand
from issuer.clock import Clock
from issuer.database import make_engine, set_merchant, transaction
from issuer.keys import keys_of
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.programs import find_slug, locations
from issuer.schema import Certificate, User
from issuer.settings import Settings, load_settings
from signing.certificates import read_pass_certificate

if TYPE_CHECKING:
    from sandbox.authority import Authority

SLUG = "demo"
EMAIL = "demo@treuepass.example"
CAFE = NewMerchant(
    name="Café Morgenrot",
    zone=ZONE,
    contact={
        "address": "Lindenstraße 12, 10969 Berlin",
        "phone": "+49 30 1234567",
        "mail": "hallo@morgenrot.example",
        "website": "https://morgenrot.example",
    },
)
PLACE = 52.5024, 13.3949
"""Degrees north and east of that address."""


def prepare(
    environ: Mapping[str, str], secrets: Mapping[str, str], authority: "Authority", *, empty: bool = False
) -> Mapping[str, str]:
    """The demo merchant's addresses and ids, by the names of demo.json.

    :param empty: found no merchant; somebody is let in who may. One that is there already is found nevertheless
    """
    settings = load_settings(environ, {})
    now = Clock(settings.clock_offset).now()
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        with transaction(engine) as session:
            _import_certificate(session, settings, authority, now)
            made = _found(session, secrets, now, empty=empty)
    finally:
        engine.dispose()
    console = {"console_url": f"{settings.public_url}/console", "console_email": EMAIL}
    if made is None:
        return console
    return {
        **console,
        "till_url": f"{settings.public_url}/till/enrol/{secrets['till_token']}",
        "join_url": f"{settings.public_url}/join/{SLUG}",
        "program_id": str(made[0]),
        "location_id": str(made[1]),
    }


def _found(session: Session, secrets: Mapping[str, str], now: datetime, *, empty: bool) -> tuple[UUID, UUID] | None:
    """Program and shop of the café, made if need be; ``None`` when nobody wants it."""
    found = find_slug(session, SLUG)
    if found is not None:
        set_merchant(session, found.merchant_id)
        return found.program_id, locations(session)[0].id
    if empty:
        _let_in(session, secrets, now)
        return None
    return _open_cafe(session, secrets, now)


def _open_cafe(session: Session, secrets: Mapping[str, str], now: datetime) -> tuple[UUID, UUID]:
    branding = load_branding("cafe")
    merchant = create_merchant(session, CAFE, now)
    location = create_location(
        session, merchant, "Lindenstraße", now, CAFE.contact["address"] if CAFE.contact else None
    )
    location.latitude, location.longitude = PLACE
    brand = create_brand(session, merchant, branding, now)
    program = create_stamp_program(session, brand, branding, SLUG, now)
    user = _let_in(session, secrets, now)
    people.add_member(session, user, merchant.id, "owner", now)
    tills.hire(session, merchant.id, "Mia", secrets["staff_pin"], now)
    tills.invite_till(session, location.id, merchant.id, secrets["till_token"], now, expires_at=None)
    api_keys.create_api_key(session, merchant.id, secrets["api_key"], api_keys.SCOPES, now, name="Demo")
    return program.id, location.id


def _let_in(session: Session, secrets: Mapping[str, str], now: datetime) -> User:
    """Whoever signs in with the demo's password."""
    return people.user_of(session, EMAIL) or people.create_user(session, EMAIL, secrets["console_password"], now)


def _import_certificate(session: Session, settings: Settings, authority: "Authority", now: datetime) -> None:
    """The sandbox's certificate, unless it or a real one is there already."""
    if session.scalar(select(Certificate.id).limit(1)) is not None:
        return
    paths = (authority.pass_certificate, authority.pass_key, authority.intermediate)
    given = read_pass_certificate([path.read_bytes() for path in paths], password=None, now=now)
    certificates.store(session, keys_of(settings), given, now)
