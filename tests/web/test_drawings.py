"""Drawings over HTTP: what a phone gets is what was kept, and Google finds each banner under its own address."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select, update

from issuer.brands import worn_by
from issuer.cards import view
from issuer.database import transaction
from issuer.drawings import artwork_of, hero_of, hero_url
from issuer.issuing import face_of, look_of
from issuer.schema import Card, Drawing, Merchant
from passes.face import Face, Stamps
from passes.images import with_alpha
from tests.conftest import Cafe
from tests.passes.pictures import drawn
from tests.web.designing import DARK, DESIGN, Desk, open_desk
from tests.web.phones import Held

STRIPS = {"strip.png": (375, 144), "strip@2x.png": (750, 288), "strip@3x.png": (1125, 432)}


@pytest.fixture
def desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    """A shop of which no process has drawn anything yet."""
    return open_desk(app, engine, now)


def pictures(phone: Held) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(phone.fetch().data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.endswith(".png")}


def kept(engine: Engine, cafe: Cafe) -> Sequence[Drawing]:
    with transaction(engine, cafe.merchant_id) as session:
        return session.scalars(select(Drawing)).all()


def face(engine: Engine, cafe: Cafe, card_id: str, stamps: Stamps) -> Face:
    """Of a card that has so many stamps."""
    with transaction(engine, cafe.merchant_id) as session:
        shown = view(session, session.get_one(Card, UUID(card_id)))
        merchant, look = session.get_one(Merchant, cafe.merchant_id), look_of(session, cafe.program_id)
        return replace(face_of(session, shown, merchant, look, "https://cards.example"), stamps=stamps)


def test_what_a_phone_got_is_kept_for_every_process(engine: Engine, desk: Desk) -> None:
    phone = desk.phone()
    assert {row.name: row.png for row in kept(engine, desk.cafe)} == pictures(phone)


def test_a_phone_gets_what_another_process_drew(engine: Engine, desk: Desk, now: datetime) -> None:
    phone = desk.phone()
    shown = face(engine, desk.cafe, phone.card["id"], Stamps(10, 1))
    marked = {name: with_alpha(drawn(size)) for name, size in STRIPS.items()}
    with transaction(engine, desk.cafe.merchant_id) as session:
        artwork_of(session, worn_by(session, desk.cafe.program_id), shown, now)
        for name, png in marked.items():
            session.execute(update(Drawing).where(Drawing.name == name, Drawing.filled == 1).values(png=png))
    phone.stamp()
    assert {name: png for name, png in pictures(phone).items() if name in STRIPS} == marked


def test_nothing_that_the_designer_shows_is_kept(engine: Engine, desk: Desk) -> None:
    desk.save(**DARK)
    for name in ("strip-empty", "hero-empty", "icon", "logo"):
        assert desk.get(f"{DESIGN}/files/{desk.revision()}/{name}.png").status_code == 200
    assert kept(engine, desk.cafe) == []


@pytest.fixture
def banner(engine: Engine, cafe: Cafe, card: dict[str, Any], now: datetime) -> str:
    """The address of a banner, as Google is told it."""
    shown = face(engine, cafe, card["id"], Stamps(2, 1))
    with transaction(engine, cafe.merchant_id) as session:
        worn = worn_by(session, cafe.program_id)
        return hero_url("http://127.0.0.1:8000", cafe.slug, worn.number, hero_of(session, worn, shown, now))


def test_a_banner_is_served_to_anybody_and_may_be_kept_for_ever(client: FlaskClient, banner: str) -> None:
    answer = client.get(urlsplit(banner).path)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert hashlib.sha256(answer.data).hexdigest() in banner
    assert "Set-Cookie" not in answer.headers


def test_a_banner_is_found_by_the_programs_id_too(client: FlaskClient, banner: str, cafe: Cafe) -> None:
    assert client.get(urlsplit(banner).path.replace("/cafe/", f"/{cafe.program_id}/")).status_code == 200


@pytest.mark.parametrize(
    "wrong", ["{zeros}", "{start}", "{upper}", "%25", "%00", "é", "{digest}0"], ids=lambda wrong: wrong.strip("{}")
)
def test_another_digest_finds_no_banner(client: FlaskClient, banner: str, wrong: str) -> None:
    path = urlsplit(banner).path
    digest = path.rpartition("-")[2].removesuffix(".png")
    spoilt = wrong.format(zeros="0" * 64, start=digest[:16], upper=digest.upper(), digest=digest)
    answer = client.get(path.replace(digest, spoilt))
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("place", ["/cafe/2/", "/cafe/0/", f"/cafe/{2**70}/", "/other/1/", "/nobody/1/"])
def test_another_version_or_shop_has_no_such_banner(
    client: FlaskClient, banner: str, other_cafe: Cafe, place: str
) -> None:
    answer = client.get(urlsplit(banner).path.replace("/cafe/1/", place))
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_picture_of_a_pass_is_not_to_be_had_as_a_banner(client: FlaskClient, engine: Engine, desk: Desk) -> None:
    desk.phone()
    strip = next(row for row in kept(engine, desk.cafe) if row.name == "strip.png")
    assert client.get(f"/brand/{desk.cafe.slug}/1/hero-{strip.sha256.hex()}.png").status_code == 404
