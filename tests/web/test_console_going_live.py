"""Nothing of a new shop is public before *Go live*; then all of it is, once, however often one tapped."""

import html
import re
from datetime import datetime
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select

from issuer import brands
from issuer.branding import brandings
from issuer.database import transaction
from issuer.design import Design
from issuer.founding import STEPS
from issuer.programs import program_views
from issuer.schema import ApiKey, Card, Merchant, Program, ProgramSlug
from tests.web.conftest import Browser
from tests.web.first_steps import GERMAN, REWARD, RUN, answer, leads, led_to, live, page, palettes, right, shop_of
from tests.web.members import Member, elsewhere, member


@pytest.fixture
def newcomer(app: OpenAPI, now: datetime) -> Member:
    """Somebody who has yet to found a shop."""
    return member(app, now)


@pytest.mark.parametrize("trade", list(brandings()))
def test_every_trade_leads_to_a_live_card_that_can_be_read(
    app: OpenAPI, engine: Engine, now: datetime, trade: str
) -> None:
    who, name = member(app, now), f"{trade} {uuid4().hex[:8]}"
    browser = led_to(who.browser, "look", name=name, trade=trade)
    for number, palette in enumerate(palettes(browser)):
        assert browser.client.get(f"{RUN}/palette/{number}.png").mimetype == "image/png"
        assert answer(browser, "look", palette=palette).status_code == 303
        with transaction(engine, shop_of(engine, who)) as session:
            worn = brands.in_work(session, brands.brand_of_merchant(session))
            assert Design.read(worn.design).too_faint() == ()
    assert browser.client.get(f"{RUN}/trades/{trade}.png").mimetype == "image/png"
    needed, reward = re.findall(r'name="(?:needed|reward_de)"[^>]* value="([^"]+)"', page(browser, "rule"))
    assert (needed, reward) == (str(brandings()[trade].stamps_needed), brandings()[trade].reward_names["de"])
    assert answer(browser, "rule", needed=needed, reward_de=reward, reward_en="").status_code == 303
    assert answer(browser, "live").location == f"{RUN}/done"
    assert app.test_client().get(f"/join/{name.replace('_', '-').replace(' ', '-')}").status_code == 200


def test_nothing_is_public_before_going_live(app: OpenAPI, engine: Engine, newcomer: Member) -> None:
    led_to(newcomer.browser, "live", name=f"Café {uuid4().hex}")
    with transaction(engine, shop_of(engine, newcomer)) as session:
        program = session.scalars(select(Program)).one()
        for table in (ProgramSlug, ApiKey, Card):
            assert session.scalar(select(table).where(table.merchant_id == program.merchant_id)) is None
    stranger = app.test_client()
    for path in (f"/join/{program.slug}", f"/join/{program.id}", f"/brand/{program.slug}/1/brand.css"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"/join/{program.slug}").status_code in (400, 404)


@pytest.mark.parametrize(
    "path", ["/console/print", "/console/print/poster-A4.pdf", "/console/print/tent.pdf", f"{RUN}/done", "/console"]
)
def test_nothing_is_printed_before_going_live(newcomer: Member, path: str) -> None:
    browser = led_to(newcomer.browser, "live")
    assert leads(browser, path) == f"{RUN}/live"
    assert answer(browser, "nonsense").status_code == 303


def test_no_paper_card_is_made_before_going_live(newcomer: Member) -> None:
    browser = led_to(newcomer.browser, "live")
    assert browser.submit("/console/print/cards", count="10").location == RUN


def test_a_live_card_wears_the_chosen_colours_under_the_shops_own_address(app: OpenAPI, now: datetime) -> None:
    name = uuid4().hex[:8]
    who = member(app, now)
    browser = led_to(who.browser, "look", name=f"Café {name}")
    chosen = palettes(browser)[1]
    answer(browser, "look", palette=chosen)
    answer(browser, "rule", needed="8", **REWARD)
    answer(browser, "live")
    join = app.test_client().get(f"/join/cafe-{name}", headers=GERMAN)
    assert join.status_code == 200
    assert f"Café {name}" in html.unescape(join.text)
    (sheet,) = set(re.findall(r"/brand/[\w-]+/\d+/brand\.css", join.text))
    assert f"--brand-background:{chosen}" in app.test_client().get(sheet).text
    done = page(browser, "done")
    assert f'value="http://127.0.0.1:8000/join/cafe-{name}"' in done
    assert 'href="/console/print/poster-A4.pdf"' in done


def test_a_name_that_is_taken_gets_an_address_beside_it(app: OpenAPI, now: datetime) -> None:
    name = f"Café {uuid4().hex[:8]}"
    first, second = (page(live(app, now, name=name).browser, "done") for _ in range(2))
    (one,), (other,) = (re.findall(r"/join/([\w-]+)", shown)[:1] for shown in (first, second))
    assert re.fullmatch(f"{one}-[0-9a-f]{{6}}", other)


def test_when_the_shop_is_live_no_question_is_open_any_more(app: OpenAPI, engine: Engine, now: datetime) -> None:
    who = live(app, now)
    for step in STEPS[:-1]:
        assert leads(who.browser, f"{RUN}/{step}") == "/console"
        assert answer(who.browser, step, name="Other", trade="cafe", needed="2", **REWARD).status_code == 303
    with transaction(engine, shop_of(engine, who)) as session:
        (program,) = program_views(session, limit=9)
        assert (session.scalars(select(Merchant)).one().name, program.rules.grid.stamps_needed) == ("Café Morgenrot", 8)


def test_tapping_go_live_twice_shows_what_the_first_tap_did(app: OpenAPI, now: datetime) -> None:
    who = live(app, now)
    assert answer(who.browser, "live").location == f"{RUN}/done"


@pytest.mark.parametrize("step", STEPS)
def test_two_taps_at_once_do_what_one_does(app: OpenAPI, engine: Engine, now: datetime, step: str) -> None:
    who = member(app, now)
    led_to(who.browser, step)
    windows = [who.browser, elsewhere(app, now, who.user_id, None)]
    sent = [({"csrf_token": window.token} | right(who.browser, step)) for window in windows]
    start, codes = Barrier(2), []

    def tap(window: Browser, data: dict[str, Any]) -> None:
        start.wait(timeout=10)
        codes.append(window.client.post(f"{RUN}/{step}", data=data).status_code)

    taps = [Thread(target=tap, args=pair) for pair in zip(windows, sent, strict=True)]
    for thread in taps:
        thread.start()
    for thread in taps:
        thread.join(timeout=30)
    assert codes == [303, 303]
    with transaction(engine, shop_of(engine, who)) as session:
        expected = "done" if step == "live" else STEPS[STEPS.index(step) + 1]
        assert (session.scalars(select(Merchant)).one().setup_step or "done") == expected
        assert len(program_views(session, limit=9)) == (step in ("rule", "live"))


def test_a_second_window_goes_on_with_the_shop_of_the_first(app: OpenAPI, now: datetime, newcomer: Member) -> None:
    other = elsewhere(app, now, newcomer.user_id, None)
    assert page(other, "shop")
    led_to(newcomer.browser, "look")
    assert leads(other, RUN) == f"{RUN}/look"


@pytest.mark.parametrize("name", ["مقهى الصباح", "Café 👩‍🍳☕", "Bäckerei Konditorei Café Großmütterchens"])
def test_names_that_are_long_turned_or_drawn_go_live_too(app: OpenAPI, now: datetime, name: str) -> None:
    shown = page(live(app, now, name=name).browser, "done")
    (slug,) = set(re.findall(r"/join/([\w-]+)", shown))
    assert name in html.unescape(app.test_client().get(f"/join/{slug}").text)
