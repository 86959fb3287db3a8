"""What no iPhone would take is refused before it is published, with a sentence; what it would cut is only warned of."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import brands
from issuer.brands import pictures_of, revision_of
from issuer.database import transaction
from issuer.design import Design
from issuer.programs import ProgramView, program_views
from issuer.schema import BrandDraft, Certificate, Merchant
from passes.extras import Extras
from tests.web.designing import DARK, DESIGN, Desk, open_desk
from tests.web.programming import fields_of
from tests.web.test_console_previews import LONG

REVIEW = f"{DESIGN}/publish"
PROGRAMS = "/console/programs"
CASHBACK = {"name": {"de": "Guthaben", "en": "Credit"}, "kind": "cashback", "rule": {"percent": "5"}}


@pytest.fixture
def desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    return open_desk(app, engine, now)


def without_a_name(desk: Desk) -> None:
    desk.rename("")


def with_a_stamp_that_is_no_picture(desk: Desk) -> None:
    with transaction(desk.engine, desk.cafe.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.in_work(session, brand)
        broken = brands.store_image(session, brand.merchant_id, b"no picture", worn.updated_at)  # type: ignore[union-attr]
        pictures = replace(pictures_of(worn), stamp=broken)
        design, revision = Design.read(worn.design), revision_of(worn)
        saved = brands.save_draft(session, brand, design, pictures, revision, worn.updated_at)  # type: ignore[union-attr]
        assert isinstance(saved, BrandDraft)


def in_a_currency_of_nobodys(desk: Desk) -> None:
    """Only a card that lets the phone write its amounts needs to say the currency."""
    desk.api.made("/programs", CASHBACK)
    with transaction(desk.engine, desk.cafe.merchant_id) as session:
        session.get_one(Merchant, desk.cafe.merchant_id).currency = "euro"
    _tell_wallet(desk, Extras(phone_formats=True))


def _tell_wallet(desk: Desk, extras: Extras) -> None:
    with transaction(desk.engine, desk.cafe.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.in_work(session, brand)
        design = replace(Design.read(worn.design), wallet=extras)
        brands.save_draft(session, brand, design, pictures_of(worn), revision_of(worn), brand.created_at)


FAULTS: list[tuple[Callable[[Desk], None], str]] = [
    (without_a_name, "The organization is empty"),
    (with_a_stamp_that_is_no_picture, "no readable PNG"),
    (in_a_currency_of_nobodys, "none of ISO 4217"),
]


@pytest.mark.parametrize(("spoil", "why"), FAULTS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_design_that_a_phone_would_not_take_is_not_published_and_nothing_is_lost(
    desk: Desk, spoil: Callable[[Desk], None], why: str
) -> None:
    desk.save(**DARK)
    spoil(desk)
    drafted, page = desk.worn().design, desk.page(REVIEW)
    assert why in page
    assert 'id="publish-now"' not in page
    answer = desk.post(REVIEW)
    assert answer.status_code == 409
    assert answer.text.count(why) == 1
    assert (desk.drafted(), desk.worn().design) == (True, drafted)
    assert desk.get(f"{DESIGN}/versions/2").status_code == 404


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Apple Wallet would not take the card of “Zehn Stempel, ein Kaffee” and would not say why."),
        ("de", "Apple Wallet würde die Karte von „Zehn Stempel, ein Kaffee“ nicht annehmen und nicht sagen, warum."),
    ],
)
def test_whose_card_it_is_is_said_in_the_pages_language(desk: Desk, language: str, sentence: str) -> None:
    desk.save(**DARK)
    desk.rename("")
    desk.language = language
    assert sentence in html.unescape(desk.post(REVIEW).text)


def test_a_fault_that_only_a_further_program_has_is_found(desk: Desk) -> None:
    desk.save(**DARK)
    in_a_currency_of_nobodys(desk)
    assert "“Guthaben”" in desk.post(REVIEW).text


def test_who_has_no_certificate_yet_publishes_all_the_same(desk: Desk) -> None:
    with transaction(desk.engine) as session:
        for row in session.query(Certificate):
            session.delete(row)
    desk.save(**DARK)
    assert desk.publish().status_code == 303


def test_a_text_that_is_cut_is_warned_of_before_publishing_and_published(desk: Desk) -> None:
    desk.rename(LONG)
    desk.reward("Ein sehr großer Kaffee mit einem Stück Kuchen")
    desk.save(**DARK, show_name="1")
    told = _warnings(desk.page(REVIEW))
    assert [sentence.partition(" on an iPhone")[0] for sentence in told] == [
        "The name is cut beside the logo",
        "The sentence below the stamps is cut",
    ]
    assert desk.publish().status_code == 303


def test_a_text_that_fits_is_not_warned_of(desk: Desk) -> None:
    desk.save(**DARK)
    assert _warnings(desk.page(REVIEW)) == []


def test_what_is_cut_on_the_cards_of_one_program_only_is_said_with_its_name(desk: Desk) -> None:
    rule = {"names": {"de": "Yoga", "en": "Yoga"}, "price": 9000}
    desk.api.made("/programs", {"name": {"de": LONG, "en": LONG}, "kind": "prepaid", "rule": rule})
    desk.save(**DARK)
    (told,) = _warnings(desk.page(REVIEW))
    assert told.startswith(f"{LONG}: The name of the program is cut on an iPhone")


def _warnings(page: str) -> list[str]:
    found = re.search(r'<ul class="warnings.+?</ul>', page, re.DOTALL)
    return re.findall(r"<li[^>]*>(.+?)</li>", found[0]) if found else []


def _programs(desk: Desk) -> list[ProgramView]:
    with transaction(desk.engine, desk.cafe.merchant_id) as session:
        found = program_views(session, limit=9)
        session.expunge_all()
    return found


def _press(desk: Desk, path: str, wish: str, **typed: str) -> Any:
    form = fields_of(desk.page(path)) | {name.replace("__", "."): text for name, text in typed.items()}
    return desk.post(path.partition("?")[0], **form | {"do": wish})


def test_a_change_of_rules_that_no_phone_would_take_is_refused_and_stays_in_the_form(desk: Desk) -> None:
    desk.rename("")
    path = f"{PROGRAMS}/{desk.cafe.program_id}/change"
    answer = _press(desk, path, "publish", parts__0__stamps_needed="8")
    assert answer.status_code == 409
    assert "The organization is empty" in answer.text
    assert fields_of(html.unescape(answer.text))["parts.0.stamps_needed"] == "8"
    assert [view.version.number for view in _programs(desk)] == [1]
    desk.rename("Café Ada")
    assert _press(desk, path, "publish", parts__0__stamps_needed="8").status_code == 303
    assert [view.version.number for view in _programs(desk)] == [2]


def test_a_program_that_no_phone_would_take_is_not_made(desk: Desk) -> None:
    desk.rename("")
    answer = _press(desk, f"{PROGRAMS}/new?kind=points", "save")
    assert answer.status_code == 409
    assert "The organization is empty" in answer.text
    assert len(_programs(desk)) == 1


def test_the_api_refuses_such_a_program_as_a_body_that_cannot_be_used(desk: Desk) -> None:
    desk.rename("")
    name = {"name": {"de": "Acht", "en": "Eight"}}
    answers = [
        desk.api.post("/programs", CASHBACK),
        desk.api.send("PATCH", f"/programs/{desk.cafe.program_id}", json=name),
    ]
    for answer in answers:
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_body")
        assert "The organization is empty" in answer.get_json()["detail"]
    assert [(view.version.number, view.name("de")) for view in _programs(desk)] == [(1, "Zehn Stempel, ein Kaffee")]


def test_before_new_rules_are_published_the_merchant_reads_what_an_iphone_would_cut(desk: Desk) -> None:
    path = f"{PROGRAMS}/{desk.cafe.program_id}/change"
    fits = _press(desk, path, "review", parts__0__stamps_needed="8")
    assert _warnings(html.unescape(fits.text)) == []
    long = _press(desk, path, "review", **{"parts.0.reward.de": LONG, "parts.0.reward.en": LONG})
    (told,) = _warnings(html.unescape(long.text))
    assert "The sentence below the stamps is cut on an iPhone" in told
