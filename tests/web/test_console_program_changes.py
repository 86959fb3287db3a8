"""A program changed with what that does said before; closed and opened; printed for."""

import re
from collections.abc import Iterable
from datetime import datetime

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, func, select

from issuer.database import transaction
from issuer.keys import Keys
from issuer.programs import ProgramView
from issuer.schema import Event, Program, ProgramSlug
from tests.conftest import Cafe
from tests.web.members import Member
from tests.web.programming import (
    ENGLISH,
    NEW,
    PROGRAMS,
    bakery,
    fields_of,
    get,
    give_cards,
    listed,
    press,
    pressed,
    programs_of,
    start,
    ten_stamps,
)


@pytest.fixture
def owner(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    return bakery(app, engine, now)


@pytest.fixture
def stamps(owner: Member, engine: Engine, now: datetime) -> str:
    return ten_stamps(engine, owner, now)


def _change(stamps: str) -> str:
    return f"{PROGRAMS}/{stamps}/change"


def test_the_form_of_a_change_is_filled_in(owner: Member, stamps: str) -> None:
    form = fields_of(get(owner, _change(stamps)))
    assert (form["parts.0.stamps_needed"], form["parts.0.reward.de"], form["version"]) == ("10", "Brot", "1")


def test_before_publishing_the_merchant_reads_what_will_happen(
    owner: Member, stamps: str, engine: Engine, keys: Keys, now: datetime
) -> None:
    give_cards(engine, keys, owner, now, begun=2, fresh=1)
    page = pressed(
        owner, _change(stamps), "review", fields_of(get(owner, _change(stamps))), parts__0__stamps_needed="8"
    )
    assert listed(page, "before") == ["10 stamps, then one for free: Loaf of bread"]
    assert listed(page, "after") == ["8 stamps, then one for free: Loaf of bread"]
    assert listed(page, "effects") == [
        "2 cards have begun a round of 10: they finish it as promised.",
        "1 card without a stamp keeps the promise it was given, until it is full once.",
        "New cards and every next round go by the new rule.",
        "No card is in a phone's wallet yet: their web pages show the new rules by themselves.",
    ]
    assert programs_of(engine, owner)[0].version.number == 1


def test_publishing_makes_a_version_and_the_old_one_says_what_it_said(
    owner: Member, stamps: str, engine: Engine, keys: Keys, now: datetime
) -> None:
    give_cards(engine, keys, owner, now, begun=1, fresh=0)
    page = pressed(
        owner, _change(stamps), "review", fields_of(get(owner, _change(stamps))), parts__0__stamps_needed="8"
    )
    answer = press(owner, _change(stamps), "publish", fields_of(page))
    assert answer.location == f"{PROGRAMS}/{stamps}"
    shown = get(owner, answer.location).partition('id="versions"')[2]
    new, old = shown.split('<li class="row">')[1:3]
    assert "Version 2" in new
    assert "8 stamps, then one for free" in new
    assert "holds now" in new
    assert "10 stamps, then one for free" in old
    assert "1 card under this promise" in old


def test_a_price_that_rises_is_said_with_who_still_pays_the_old_one(owner: Member, engine: Engine) -> None:
    press(owner, NEW, "save", start(owner, "points"))
    path = f"{PROGRAMS}/{programs_of(engine, owner)[0].program.id}/change"
    page = pressed(owner, path, "review", fields_of(get(owner, path)), parts__0__prices__0__price="15")
    assert "“Pretzel” costs 15 points instead of 12. Cards that are out pay the lower of the two prices" in page
    page = pressed(owner, path, "review", fields_of(get(owner, path)), parts__0__prices__0__price="10")
    assert "the lower of the two prices" not in page


def test_an_expiry_begins_only_for_what_is_earned_from_now_on(owner: Member, stamps: str) -> None:
    page = pressed(owner, _change(stamps), "add:expiry", fields_of(get(owner, _change(stamps))))
    page = pressed(owner, _change(stamps), "review", fields_of(page))
    assert "Stamps: the new end holds for what is earned from now on." in page
    assert "finish it as promised" not in page


def test_a_reward_with_another_name_is_another_reward(owner: Member, stamps: str, engine: Engine) -> None:
    (before,) = programs_of(engine, owner)[0].offered
    form = fields_of(get(owner, _change(stamps)))
    typed = {"parts__0__reward__de": "Kuchen", "parts__0__reward__en": "Cake"}
    page = pressed(owner, _change(stamps), "review", form, **typed)
    assert "“Cake” counts as another reward than “Loaf of bread”" in page
    assert press(owner, _change(stamps), "publish", fields_of(page)).status_code == 303
    (after,) = programs_of(engine, owner)[0].offered
    assert after.id != before.id
    assert "Loaf of bread" in get(owner, f"{PROGRAMS}/{stamps}")


def test_a_reward_that_is_only_renamed_stays_the_same(owner: Member, stamps: str, engine: Engine) -> None:
    (before,) = programs_of(engine, owner)[0].offered
    form = fields_of(get(owner, _change(stamps)))
    page = pressed(owner, _change(stamps), "review", form, parts__0__reward__de="Landbrot", parts__0__reward__en="")
    page = pressed(owner, _change(stamps), "rename", fields_of(page))
    assert "“Loaf of bread” is called “Landbrot” everywhere from now on" in page
    assert press(owner, _change(stamps), "publish", fields_of(page)).status_code == 303
    (after,) = programs_of(engine, owner)[0].offered
    assert (after.id, after.names["de"]) == (before.id, "Landbrot")


def test_from_the_look_at_the_effects_one_goes_back_to_the_form_as_it_was(owner: Member, stamps: str) -> None:
    form = fields_of(get(owner, _change(stamps)))
    page = pressed(owner, _change(stamps), "review", form, parts__0__stamps_needed="8")
    again = fields_of(pressed(owner, _change(stamps), "look", fields_of(page)))
    assert again["parts.0.stamps_needed"] == "8"


def test_a_change_that_changes_nothing_is_not_published(owner: Member, stamps: str, engine: Engine) -> None:
    page = pressed(owner, _change(stamps), "review", fields_of(get(owner, _change(stamps))), 422)
    assert "Nothing is different yet" in page
    assert programs_of(engine, owner)[0].version.number == 1


def test_the_pause_is_no_promise_and_makes_no_version(owner: Member, stamps: str, engine: Engine) -> None:
    page = pressed(owner, _change(stamps), "review", fields_of(get(owner, _change(stamps))), pause="3600")
    assert "The pause between two stamps changes at once: 1 hour instead of 0 seconds." in page
    press(owner, _change(stamps), "publish", fields_of(page))
    (view,) = programs_of(engine, owner)
    assert (view.program.pause_seconds, view.version.number) == (3600, 1)


def test_of_two_windows_the_second_is_refused_and_keeps_what_it_says(
    owner: Member, stamps: str, engine: Engine
) -> None:
    first = second = fields_of(get(owner, _change(stamps)))
    assert press(owner, _change(stamps), "publish", first, parts__0__stamps_needed="8").status_code == 303
    page = pressed(owner, _change(stamps), "publish", second, 409, parts__0__stamps_needed="12")
    assert "customers read version 2 now" in page
    assert programs_of(engine, owner)[0].rules.grid.stamps_needed == 8  # type: ignore[union-attr]
    kept = fields_of(page)
    assert (kept["parts.0.stamps_needed"], kept["version"]) == ("12", "2")
    assert press(owner, _change(stamps), "publish", kept).status_code == 303
    assert programs_of(engine, owner)[0].rules.grid.stamps_needed == 12  # type: ignore[union-attr]


@pytest.mark.parametrize("version", ["", "0", "2", "x"])
def test_a_change_that_was_made_from_no_version_is_refused(
    owner: Member, stamps: str, engine: Engine, version: str
) -> None:
    form = {**fields_of(get(owner, _change(stamps))), "version": version}
    assert press(owner, _change(stamps), "publish", form, parts__0__stamps_needed="8").status_code == 409
    assert programs_of(engine, owner)[0].version.number == 1


def test_a_program_stays_of_its_kind(owner: Member, stamps: str, engine: Engine) -> None:
    answer = press(owner, _change(stamps), "publish", {**start(owner, "points"), "version": "1"})
    assert answer.location == _change(stamps)
    assert programs_of(engine, owner)[0].program.kind == "stamps"


def test_a_change_that_cannot_be_used_is_refused_at_every_button(owner: Member, stamps: str, engine: Engine) -> None:
    form = fields_of(get(owner, _change(stamps)))
    for wish in ("review", "publish", "rename"):
        page = pressed(owner, _change(stamps), wish, form, 422, parts__0__stamps_needed="99")
        assert "“99” is too large: write at most 30." in page
    assert programs_of(engine, owner)[0].version.number == 1


def test_a_reward_id_of_somebody_else_is_not_taken_over(
    owner: Member, stamps: str, engine: Engine, other_cafe: Cafe
) -> None:
    form = fields_of(get(owner, _change(stamps)))
    form |= {"parts.0.reward.id": str(other_cafe.reward_id), "parts.0.reward.de": "Sekt", "rename": "on"}
    assert press(owner, _change(stamps), "publish", form).status_code == 303
    (reward,) = programs_of(engine, owner)[0].offered
    assert reward.id != other_cafe.reward_id


def test_a_closed_program_gives_out_no_card_and_opens_again(
    app: OpenAPI, owner: Member, stamps: str, engine: Engine
) -> None:
    slug = programs_of(engine, owner)[0].program.slug
    assert owner.browser.submit(f"{PROGRAMS}/{stamps}/close").status_code == 303
    customer = app.test_client()
    page = customer.get(f"/join/{slug}", headers=ENGLISH)
    assert (page.status_code, "not given out any more" in page.text) == (410, True)
    token = re.search(r'name="csrf-token" content="([^"]+)"', page.text)[1]  # type: ignore[index]
    assert customer.post(f"/join/{slug}", data={"csrf_token": token}).status_code == 410
    with transaction(engine, owner.merchant_id) as session:
        assert session.scalar(select(func.count()).select_from(Event).where(Event.kind == "joined")) == 0
    assert 'id="closed"' in get(owner, f"{PROGRAMS}/{stamps}")
    assert owner.browser.submit(f"{PROGRAMS}/{stamps}/open").status_code == 303
    assert customer.get(f"/join/{slug}").status_code == 200


def test_closing_twice_keeps_the_first_day_and_is_noted_once(owner: Member, stamps: str, engine: Engine) -> None:
    for wish in ("close", "close", "open", "open"):
        assert owner.browser.submit(f"{PROGRAMS}/{stamps}/{wish}").status_code == 303
    with transaction(engine, owner.merchant_id) as session:
        kinds = session.scalars(select(Event.kind).where(Event.kind.startswith("program_"))).all()
    assert sorted(kinds) == ["program_closed", "program_opened"]


@pytest.mark.parametrize("wish", ["change", "close", "open"])
def test_another_shops_program_is_not_found(owner: Member, other_cafe: Cafe, engine: Engine, wish: str) -> None:
    path = f"{PROGRAMS}/{other_cafe.program_id}/{wish}"
    assert owner.browser.submit(path, do="publish", version="1").status_code == 404
    with transaction(engine, other_cafe.merchant_id) as session:
        program = session.get_one(Program, other_cafe.program_id)
        assert (program.closed_at, program.current_version) == (None, 1)


def test_signs_are_printed_for_the_program_that_was_chosen(owner: Member, stamps: str, engine: Engine) -> None:
    assert 'id="choose"' not in get(owner, "/console/print")
    press(owner, NEW, "save", start(owner, "points"))
    views = programs_of(engine, owner)
    assert _slugs(get(owner, "/console/print")) == {views[0].program.slug}
    page = get(owner, f"/console/print?program={views[1].program.id}")
    assert _slugs(page) == {views[1].program.slug}
    assert f"program={views[1].program.id}" in page.partition('id="poster-a4"')[2][:200]
    assert str(views[0].program.id) == stamps


def test_nothing_is_printed_for_a_program_that_is_not_there(owner: Member, stamps: str, other_cafe: Cafe) -> None:
    for nothing in (str(other_cafe.program_id), "x", stamps[:-1]):
        assert owner.browser.client.get(f"/console/print?program={nothing}").status_code == 404
        assert owner.browser.client.get(f"/console/print/tent.pdf?program={nothing}").status_code == 404
        assert owner.browser.submit("/console/print/cards", count="10", program=nothing).status_code == 404


def _slugs(page: str) -> set[str]:
    return set(re.findall(r"/join/([a-z0-9-]+)", page))


def test_the_addresses_of_join_pages_are_in_the_directory(owner: Member, stamps: str, engine: Engine) -> None:
    press(owner, NEW, "save", start(owner, "voucher"))
    with transaction(engine, owner.merchant_id) as session:
        for view in _all(programs_of(engine, owner)):
            assert session.get_one(ProgramSlug, view.program.slug).program_id == view.program.id


def _all(views: Iterable[ProgramView]) -> list[ProgramView]:
    found = list(views)
    assert len(found) == 2
    return found
