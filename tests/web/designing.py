"""A merchant at the designer, with a shop that no other test knows."""

import html
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from flask_openapi3 import OpenAPI
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from issuer import api_keys, brands, people
from issuer.branding import load_branding
from issuer.brands import Worn, create_brand, revision_of
from issuer.database import transaction
from issuer.design import Design
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.programs import program_view
from issuer.schema import BrandDraft, Merchant, Reward
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser
from tests.web.members import PASSWORD, elsewhere
from tests.web.phones import Held, held

OWNER = "owner-of-many@cafe.example"
DESIGN = "/console/design"
PART = {"Accept": "text/x-part"}
DARK = {"background": "#101820", "foreground": "#ffffff", "label": "#ffd080"}
FAINT = {"background": "#ffffff", "foreground": "#eeeeee", "label": "#303030"}


@dataclass
class Desk:
    """The owner's browser, and a look into the database beside it."""

    app: OpenAPI
    engine: Engine
    cafe: Cafe
    browser: Browser
    api: Api
    language: str = "en"

    def worn(self) -> Worn:
        with transaction(self.engine, self.cafe.merchant_id) as session:
            found = brands.in_work(session, brands.brand_of_merchant(session))
            session.expunge_all()
        return found

    def design(self) -> Design:
        return Design.read(self.worn().design)

    def drafted(self) -> bool:
        return isinstance(self.worn(), BrandDraft)

    def revision(self) -> int:
        return revision_of(self.worn())

    def get(self, path: str = DESIGN) -> TestResponse:
        return self.browser.client.get(path, headers={"Accept-Language": self.language})

    def page(self, path: str = DESIGN) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return html.unescape(answer.text)

    def post(self, path: str, part: bool = False, **fields: Any) -> TestResponse:
        """What a form sends that was opened just now, unless ``revision`` says otherwise."""
        given = {"csrf_token": self.browser.token, "revision": str(self.revision())} | fields
        headers = {"Accept-Language": self.language} | (PART if part else {})
        return self.browser.client.post(path, data=given, headers=headers)

    def save(self, **fields: Any) -> TestResponse:
        answer = self.post(DESIGN, **fields)
        assert answer.status_code == 303, answer.status
        return answer

    def upload(self, data: bytes, kind: str = "logo", name: str = "picture.png", **fields: Any) -> TestResponse:
        return self.post(f"{DESIGN}/pictures", **{kind: (io.BytesIO(data), name)}, **fields)

    def publish(self) -> TestResponse:
        answer = self.post(f"{DESIGN}/publish")
        assert answer.status_code == 303, answer.status
        return answer

    def phone(self) -> Held:
        """A new card on a new phone that wishes to hear of it."""
        phone = held(self.api, self.cafe)
        phone.register()
        return phone

    def rename(self, name: str) -> None:
        with transaction(self.engine, self.cafe.merchant_id) as session:
            session.get_one(Merchant, self.cafe.merchant_id).name = name

    def reward(self, name: str) -> None:
        with transaction(self.engine, self.cafe.merchant_id) as session:
            session.get_one(Reward, self.cafe.reward_id).names = {"de": name, "en": name}


def open_desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    """A shop with a ready design, a program and an owner, who owns all these shops: hashing a password takes long."""
    mark, branding = uuid4().hex, load_branding("cafe")
    with transaction(engine) as session:
        merchant = create_merchant(
            session, NewMerchant(f"Café {mark[:4]}", contact={"mail": "hallo@cafe.example"}), now
        )
        location = create_location(session, merchant, "Lindenstraße", now)
        brand = create_brand(session, merchant, branding, now)
        program = create_stamp_program(session, brand, branding, mark, now)
        api_keys.create_api_key(session, merchant.id, mark, api_keys.SCOPES, now)
        owner = people.user_of(session, OWNER) or people.create_user(session, OWNER, PASSWORD, now)
        people.add_member(session, owner, merchant.id, "owner", now)
        view = program_view(session, program.id)
        assert view is not None
        cafe = Cafe(merchant.id, location.id, program.id, view.rewards[0].id, uuid4(), mark)
    browser = elsewhere(app, now, owner.id, merchant.id)
    return Desk(app, engine, cafe, browser, Api(app.test_client(), mark))
