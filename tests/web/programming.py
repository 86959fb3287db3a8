"""A merchant at the pages of their programs: forms read off a page, changed, sent."""

import html
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select

from issuer import brands, founding
from issuer.branding import load_branding
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.programs import ProgramView, program_views
from issuer.schema import Account, Location
from tests.web.members import Member, member

PROGRAMS, NEW = "/console/programs", "/console/programs/new"
ENGLISH = {"Accept-Language": "en"}


def bakery(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    """The owner of a shop with a brand and nothing else."""
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant("Bäckerei Ährenkorn"), now)
        merchant.trade = "bakery"
        create_location(session, merchant, "Bäckerei Ährenkorn", now)
        brands.create_brand(session, merchant, load_branding("bakery"), now)
    return member(app, now, (merchant.id, "owner"))


def placed_bakery(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    """With a program of stamps, and a shop that has coordinates."""
    found = bakery(app, engine, now)
    with transaction(engine, found.merchant_id) as session:
        place = session.scalars(select(Location)).one()
        place.latitude, place.longitude = 52.52, 13.405
    ten_stamps(engine, found, now)
    return found


def merchant_of(owner: Member) -> UUID:
    assert owner.merchant_id is not None
    return owner.merchant_id


def ten_stamps(engine: Engine, who: Member, now: datetime) -> str:
    """The id of a new program: ten stamps, one loaf."""
    with transaction(engine, who.merchant_id) as session:
        brand, slug = brands.brand_of_merchant(session), founding.free_slug(session, "Ährenkorn")
        return str(create_stamp_program(session, brand, load_branding("bakery"), slug, now).id)


def get(who: Member, path: str) -> str:
    answer = who.browser.client.get(path, headers=ENGLISH)
    assert answer.status_code == 200, (answer.status_code, answer.location)
    return html.unescape(answer.text)


def fields_of(page: str) -> dict[str, str]:
    """The form as a browser would send it, boxes with several ticks aside."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "q" and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = value[1] if value else "on"
    for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside) or re.search(r'value="([^"]*)"', inside)
        found[name] = chosen[1] if chosen else ""
    return found


def press(who: Member, path: str, wish: str, form: dict[str, str], **typed: str) -> Any:
    data = {**form, **{name.replace("__", "."): text for name, text in typed.items()}, "do": wish}
    return who.browser.client.post(path, data=data | {"csrf_token": who.browser.token}, headers=ENGLISH)


def start(who: Member, kind: str) -> dict[str, str]:
    return fields_of(get(who, f"{NEW}?kind={kind}"))


def pressed(who: Member, path: str, wish: str, form: dict[str, str], status: int = 200, **typed: str) -> str:
    answer = press(who, path, wish, form, **typed)
    assert answer.status_code == status, (answer.status_code, html.unescape(answer.text)[:3000])
    return html.unescape(answer.text)


def programs_of(engine: Engine, who: Member) -> list[ProgramView]:
    with transaction(engine, who.merchant_id) as session:
        return program_views(session, limit=20)


def give_cards(engine: Engine, keys: Keys, who: Member, now: datetime, begun: int, fresh: int) -> None:
    """Customers of the first program, some with a stamp."""
    with transaction(engine, who.merchant_id) as session:
        program = program_views(session, limit=1)[0].program
        for number in range(begun + fresh):
            card = join(session, keys, program, Joining("de", "api"), now)
            if number < begun:
                session.add(
                    Account(
                        merchant_id=card.merchant_id,
                        program_id=program.id,
                        card_id=card.id,
                        role="card",
                        unit="stamps",
                        balance=3,
                    )
                )


def listed(page: str, anchor: str) -> list[str]:
    inside = page.partition(f'id="{anchor}"')[2].partition("</ul>")[0]
    return re.findall(r"<li>([^<]*)</li>", inside)
