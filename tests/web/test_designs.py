"""What customers get to see of a design: all of it once it is published, and nothing before."""

import io
import re
import zipfile
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from issuer import brands
from issuer.brands import pictures_of, revision_of
from issuer.clock import Clock
from issuer.database import transaction
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.schema import BrandDraft, Rollout
from passes.face import Colours
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.phones import Held, held, pass_json

DARK = Colours("#101820", "#ffffff", "#ffd080")
WORDS = {"de": "Neue Worte", "en": "New words"}


@pytest.fixture
def phone(api: Api, cafe: Cafe) -> Held:
    return held(api, cafe)


def page(phone: Held) -> str:
    answer = phone.client.get(urlsplit(phone.card["links"]["web"]).path)
    assert answer.status_code == 200
    return answer.text


def sheet(phone: Held) -> str:
    """The address of the colours that the card's page wears."""
    (found,) = set(re.findall(r"/brand/[\w-]+/\d+/brand\.css", page(phone)))
    return str(found)


def worn(phone: Held) -> dict[str, object]:
    """All that a customer can get hold of: colours and pictures of the page, content and pictures of the pass."""
    folder = sheet(phone).removesuffix("brand.css")
    sealed = phone.download().data
    with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
        pictures = {name: archive.read(name) for name in archive.namelist() if name.endswith(".png")}
    files = {name: phone.client.get(folder + name).data for name in ("brand.css", "logo.png", "stamp.png")}
    return files | {"address": folder, "pass": pass_json(sealed), "pictures": pictures}


def save(engine: Engine, cafe: Cafe, colours: Colours) -> int:
    """A draft in other colours and words, with the logo for a stamp; its revision."""
    with transaction(engine, cafe.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        before = brands.in_work(session, brand)
        design = replace(Design.read(before.design), colours=colours, texts=WORDS, shape="square", show_name=False)
        pictures = replace(pictures_of(before), stamp=before.logo_id)
        draft = brands.save_draft(session, brand, design, pictures, revision_of(before), Clock().now())
        assert isinstance(draft, BrandDraft)
        return draft.revision


def publish(engine: Engine, cafe: Cafe, revision: int) -> int:
    with transaction(engine, cafe.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        rollout = publish_draft(session, brand, None, revision, Clock().now())
        assert isinstance(rollout, Rollout), rollout
        return rollout.brand_version


def test_nothing_of_a_draft_is_seen_on_the_page_or_the_pass_before_it_is_published(
    phone: Held, engine: Engine, cafe: Cafe
) -> None:
    before = worn(phone)
    revision = save(engine, cafe, DARK)
    assert worn(phone) == before
    assert phone.fetch().status_code == 200
    publish(engine, cafe, revision)
    after = worn(phone)
    assert {what for what in before if before[what] != after[what]} == {
        *("address", "brand.css", "stamp.png", "pass", "pictures"),
    }
    assert b"#101820" in after["brand.css"]  # type: ignore[operator]
    shown = pass_json(phone.fetch().data)
    assert (shown["backgroundColor"], shown["description"]) == ("rgb(16, 24, 32)", "Neue Worte")


def test_an_older_page_keeps_the_look_it_was_made_with(phone: Held, engine: Engine, cafe: Cafe) -> None:
    old = sheet(phone)
    css = phone.client.get(old).data
    publish(engine, cafe, save(engine, cafe, Colours("#202020", "#ffffff", "#fefefe")))
    assert phone.client.get(old).data == css
    assert phone.client.get(sheet(phone)).data != css


@pytest.mark.parametrize("name", ["brand.css", "logo.png", "stamp.png"])
@pytest.mark.parametrize("number", [0, 9999, 2**31, 2**70])
def test_a_version_that_is_not_published_is_not_to_be_had_and_so_cached_by_nobody(
    client: FlaskClient, name: str, number: int
) -> None:
    answer = client.get(f"/brand/cafe/{number}/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_a_draft_is_not_to_be_had_under_the_number_that_it_will_have(phone: Held, engine: Engine, cafe: Cafe) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        coming = brands.brand_of_merchant(session).current_version + 1
    revision = save(engine, cafe, Colours("#000000", "#ffffff", "#ffffff"))
    for number in (coming, revision):
        assert phone.client.get(f"/brand/cafe/{number}/brand.css").status_code == 404
    assert publish(engine, cafe, revision) == coming
    assert phone.client.get(f"/brand/cafe/{coming}/brand.css").status_code == 200
