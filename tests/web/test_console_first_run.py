"""From the first sign-in to a live card: five questions in order, each wrong answer told and kept."""

import html
import io
import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select

from issuer import brands, people
from issuer.branding import brandings
from issuer.database import transaction
from issuer.design import Design
from issuer.founding import STEPS
from issuer.programs import program_views
from issuer.schema import Merchant
from tests.passes.pictures import drawn, file_of, opened
from tests.web.conftest import Browser
from tests.web.first_steps import (
    GERMAN,
    LETTERING,
    LOGO,
    REWARD,
    RUN,
    answer,
    leads,
    led_to,
    marked,
    page,
    palettes,
    said,
    shop_of,
)
from tests.web.members import PASSWORD, Member, member


@pytest.fixture
def newcomer(app: OpenAPI, now: datetime) -> Member:
    """Somebody who has yet to found a shop."""
    return member(app, now)


def console_pages(app: OpenAPI) -> Iterator[str]:
    """A path to every page of the console that shows a shop."""
    for rule in app.url_map.iter_rules():
        guard = getattr(app.view_functions[rule.endpoint], "guard", "")
        if rule.rule.startswith("/console") and "GET" in (rule.methods or ()) and guard.startswith(("signed", "cons")):
            yield re.sub(r"<int:\w+>", "1", re.sub(r"<\w+>", "x", rule.rule))


def test_without_a_shop_every_page_of_the_console_leads_to_the_first_run(app: OpenAPI, newcomer: Member) -> None:
    paths = list(console_pages(app))
    assert len(paths) > 10
    for path in paths:
        got = newcomer.browser.client.get(path)
        assert (got.status_code, got.location) == (303, RUN), path
    assert leads(newcomer.browser, RUN) == f"{RUN}/shop"


def test_the_first_run_is_for_those_who_signed_in(app: OpenAPI) -> None:
    stranger = app.test_client()
    for path in (RUN, f"{RUN}/shop", f"{RUN}/done", f"{RUN}/trades/cafe.png", f"{RUN}/palette/0.png"):
        assert "/console/sign-in" in stranger.get(path).location


@pytest.mark.parametrize("step", [*STEPS[1:], "done", "nonsense", "%00"])
def test_without_a_shop_there_is_no_later_question(newcomer: Member, step: str) -> None:
    got = newcomer.browser.client.get(f"{RUN}/{step}")
    assert got.status_code in (303, 404)
    if step not in ("done", "%00"):
        assert answer(newcomer.browser, step, **REWARD).status_code == 303
    assert leads(newcomer.browser, RUN) == f"{RUN}/shop"


@pytest.mark.parametrize("step", STEPS[1:])
def test_skipping_ahead_leads_back_to_the_question_that_is_next(engine: Engine, newcomer: Member, step: str) -> None:
    before = STEPS[STEPS.index(step) - 1]
    led_to(newcomer.browser, before)
    assert leads(newcomer.browser, f"{RUN}/{step}") == f"{RUN}/{before}"
    if before != "shop":
        assert answer(newcomer.browser, step, needed="9", palette="#000000", **REWARD).status_code == 303
        with transaction(engine, shop_of(engine, newcomer)) as session:
            assert session.scalars(select(Merchant)).one().setup_step == before
            assert program_views(session, limit=1) == [] or step == "live"


def test_going_back_is_allowed_and_keeps_what_was_answered(newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "live")
    for step in STEPS:
        assert page(browser, step)
    assert 'value="Café Morgenrot"' in page(browser, "shop")
    assert re.search(r'value="cafe" checked', page(browser, "shop"))
    assert 'name="needed" type="number" inputmode="numeric" min="2" max="30" value="8"' in page(browser, "rule")
    chosen = palettes(browser)[2]
    assert answer(browser, "look", palette=chosen).location == f"{RUN}/rule"
    assert f'value="{chosen}" checked' in page(browser, "look")
    assert leads(browser, "/console") == f"{RUN}/live", "it goes on where it was"


@pytest.mark.parametrize("step", STEPS[1:])
def test_who_leaves_and_signs_in_again_goes_on_where_they_were(app: OpenAPI, newcomer: Member, step: str) -> None:
    led_to(newcomer.browser, step)
    again = Browser(app.test_client(), "/console/sign-in")
    got = again.submit("/console/sign-in", email=newcomer.email, password=PASSWORD)
    assert leads(again, got.location) == f"{RUN}/{step}"


def test_a_correct_name_and_address_replace_the_mistyped_ones(engine: Engine, newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "rule", name="Café Morgenrto")
    assert answer(browser, "shop", name="Café Morgenrot", trade="cafe", address="").location == f"{RUN}/logo"
    with transaction(engine, shop_of(engine, newcomer)) as session:
        merchant = session.scalars(select(Merchant)).one()
        assert (merchant.name, merchant.contact, merchant.setup_step) == ("Café Morgenrot", {}, "rule")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "Ca\x00fé"),
        ("trade", ""),
        ("trade", "butcher"),
        ("address", "x" * 201),
        ("address", "Kai\x00 7"),
    ],
)
def test_a_shop_that_cannot_be_is_refused_in_a_sentence_and_what_was_typed_is_kept(
    engine: Engine, newcomer: Member, field: str, text: str
) -> None:
    typed = {"name": "Café <Morgenrot>", "trade": "bakery", "address": "Kai 7"} | {field: text}
    got = answer(newcomer.browser, "shop", **typed)
    assert said(got)
    assert marked(got) == {field}
    shown = html.unescape(got.text)
    for kept in {"name", "address"} - {field}:
        assert f'value="{typed[kept]}"' in shown
    assert ('value="bakery" checked' in shown) == (field != "trade")
    with transaction(engine) as session:
        assert people.workplaces(session, newcomer.user_id) == []


@pytest.mark.parametrize("needed", ["", "0", "1", "31", "abc", "１０", "9" * 5000])
def test_a_number_of_stamps_that_cannot_be_is_refused_and_kept(engine: Engine, newcomer: Member, needed: str) -> None:
    browser = led_to(newcomer.browser, "rule")
    got = answer(browser, "rule", needed=needed, reward_de="ein Eis", reward_en="an ice")
    assert f"„{needed[:10]}“ Stempel" in said(got)
    assert marked(got) == {"needed"}
    for kept in (needed, "ein Eis", "an ice"):
        assert f'value="{kept}"' in got.text
    with transaction(engine, shop_of(engine, newcomer)) as session:
        assert program_views(session, limit=1) == []


@pytest.mark.parametrize(("field", "text"), [("reward_de", ""), ("reward_de", "x" * 41), ("reward_en", "a\x00b")])
def test_a_reward_that_cannot_be_is_refused_and_kept(newcomer: Member, field: str, text: str) -> None:
    browser = led_to(newcomer.browser, "rule")
    typed = {"needed": "7", "reward_de": "ein Eis", "reward_en": "an ice"} | {field: text}
    got = answer(browser, "rule", **typed)
    assert said(got)
    assert marked(got) == {field}
    for name in typed.keys() - {field}:
        assert f'value="{typed[name]}"' in got.text
    assert leads(browser, RUN) == f"{RUN}/rule"


@pytest.mark.parametrize("upload", [b"", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", LOGO[:200]])
def test_an_upload_that_is_no_logo_is_refused_and_the_trades_picture_stays(
    engine: Engine, newcomer: Member, upload: bytes
) -> None:
    browser = led_to(newcomer.browser, "logo")
    got = answer(browser, "logo", logo=(io.BytesIO(upload), "logo.png"))
    assert said(got)
    assert marked(got) == {"logo"}
    with transaction(engine, shop_of(engine, newcomer)) as session:
        worn = brands.in_work(session, brands.brand_of_merchant(session))
        assert brands.picture(session, worn.logo_id) == brandings()["cafe"].logo
    assert leads(browser, RUN) == f"{RUN}/logo"


def test_a_file_of_three_megabytes_is_refused_in_a_sentence(newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "logo")
    got = answer(browser, "logo", logo=(io.BytesIO(b"x" * 3_000_000), "logo.png"))
    assert got.status_code == 413
    assert f'href="{RUN}/logo"' in got.text
    assert leads(browser, RUN) == f"{RUN}/logo"


def test_a_logo_of_two_megabytes_is_read(newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "logo")
    heavy = LOGO + b"\0" * (1_900_000 - len(LOGO))
    assert answer(browser, "logo", logo=(io.BytesIO(heavy), "logo.png")).status_code in (303, 422)


@pytest.mark.parametrize(("upload", "name_beside"), [(LOGO, True), (LETTERING, False)])
def test_a_wide_logo_says_the_name_itself(engine: Engine, newcomer: Member, upload: bytes, name_beside: bool) -> None:
    browser = led_to(newcomer.browser, "logo")
    assert answer(browser, "logo", logo=(io.BytesIO(upload), "logo.png")).location == f"{RUN}/look"
    with transaction(engine, shop_of(engine, newcomer)) as session:
        worn = brands.in_work(session, brands.brand_of_merchant(session))
        assert Design.read(worn.design).show_name == name_beside


def test_a_logo_that_will_look_poor_is_taken_with_a_word_about_it(newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "logo")
    tiny = (io.BytesIO(file_of(drawn((12, 12), "#0b3d91"))), "logo.png")
    got = answer(browser, "logo", logo=tiny)
    shown = browser.client.get(got.location, headers=GERMAN).text
    assert re.search(r'class="banner banner-attention">[^<]*unscharf', shown)
    assert "banner-attention" not in page(browser, "look")


def test_the_icon_of_a_logo_stands_on_the_colour_that_went_live(engine: Engine, newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "look")
    chosen = palettes(browser)[1]
    for step, fields in (("look", {"palette": chosen}), ("rule", {"needed": "8", **REWARD}), ("live", {})):
        assert answer(browser, step, **fields).status_code == 303
    with transaction(engine, shop_of(engine, newcomer)) as session:
        worn = brands.worn_now(session, brands.brand_of_merchant(session))
        corner = opened(brands.picture(session, worn.icon_id)).getpixel((0, 0))
    assert "#{:02x}{:02x}{:02x}".format(*corner[:3]) in (chosen, "#ffffff", "#000000")
    assert corner[:3] != tuple(bytes.fromhex(brandings()["cafe"].design["colours"]["background"][1:]))


def test_without_a_logo_the_trades_icon_stays_whatever_the_colours(engine: Engine, newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "logo")
    assert answer(browser, "logo").status_code == 303
    chosen = palettes(browser)[1]
    for step, fields in (("look", {"palette": chosen}), ("rule", {"needed": "8", **REWARD}), ("live", {})):
        assert answer(browser, step, **fields).status_code == 303
    with transaction(engine, shop_of(engine, newcomer)) as session:
        worn = brands.worn_now(session, brands.brand_of_merchant(session))
        assert brands.picture(session, worn.icon_id) == brandings()["cafe"].icon


@pytest.mark.parametrize("palette", ["", "0", "99", "9" * 5000, "#ffffff", "x"])
def test_colours_that_were_not_offered_are_refused(engine: Engine, newcomer: Member, palette: str) -> None:
    browser = led_to(newcomer.browser, "look")
    assert said(answer(browser, "look", palette=palette)) == "Wählen Sie eine der gezeigten Farben."
    assert leads(browser, RUN) == f"{RUN}/look"


def test_a_window_from_before_another_logo_chooses_no_colours_unseen(newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "look")
    old = palettes(browser)[0]
    red = (io.BytesIO(file_of(drawn((300, 300), "#a01010"))), "logo.png")
    assert answer(browser, "logo", logo=red).status_code == 303
    assert old not in palettes(browser)
    assert said(answer(browser, "look", palette=old))


def test_staff_answer_no_question_of_the_owner(app: OpenAPI, engine: Engine, now: datetime, newcomer: Member) -> None:
    led_to(newcomer.browser, "rule")
    shop = shop_of(engine, newcomer)
    clerk, manager = member(app, now, (shop, "staff")), member(app, now, (shop, "manager"))
    assert answer(clerk.browser, "rule", needed="2", **REWARD).status_code == 403
    assert clerk.browser.client.get(f"{RUN}/rule").status_code == 403
    assert clerk.browser.client.get("/console").status_code == 200, "nor are they led there"
    assert leads(manager.browser, "/console") == f"{RUN}/rule"
    assert answer(manager.browser, "rule", needed="9", **REWARD).location == f"{RUN}/live"


@pytest.mark.parametrize("step", STEPS)
def test_a_form_without_the_pages_token_answers_nothing(newcomer: Member, step: str) -> None:
    led_to(newcomer.browser, step)
    assert newcomer.browser.client.post(f"{RUN}/{step}", data={"name": "x", "trade": "cafe"}).status_code == 400
    assert leads(newcomer.browser, RUN) == f"{RUN}/{step}"


@pytest.mark.parametrize(
    "path", ["palette/3.png", "palette/99999999999999999999.png", "trades/butcher.png", "trades/..%2Fcafe.png"]
)
def test_a_picture_that_was_not_offered_is_not_found(newcomer: Member, path: str) -> None:
    led_to(newcomer.browser, "look")
    assert newcomer.browser.client.get(f"{RUN}/{path}").status_code == 404


def test_without_a_shop_there_is_no_palette(newcomer: Member) -> None:
    assert newcomer.browser.client.get(f"{RUN}/palette/0.png").status_code == 404
