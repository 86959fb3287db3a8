"""Programs in the console: listed, made, each kind and each addition by its form."""

import re
from datetime import datetime

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import founding
from issuer.database import transaction
from issuer.keys import Keys
from issuer.rules import MAIN
from tests.web.members import Member, member
from tests.web.programming import (
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


def test_a_shop_without_programs_is_told_what_they_are_and_how_to_begin(owner: Member) -> None:
    page = get(owner, PROGRAMS)
    assert 'id="no-programs"' in page
    assert f'href="{NEW}"' in page


def test_the_list_says_each_programs_sentence_cards_and_version(
    owner: Member, stamps: str, engine: Engine, keys: Keys, now: datetime
) -> None:
    give_cards(engine, keys, owner, now, begun=1, fresh=1)
    page = get(owner, PROGRAMS)
    for part in ("Ten stamps, one loaf", "10 stamps, then one for free: Loaf of bread", "2 cards", "Version 1", stamps):
        assert part in page


@pytest.mark.parametrize("path", [PROGRAMS, NEW, f"{PROGRAMS}/{{id}}", f"{PROGRAMS}/{{id}}/change"])
def test_staff_see_no_programs(app: OpenAPI, owner: Member, stamps: str, now: datetime, path: str) -> None:
    assert owner.merchant_id is not None
    colleague = member(app, now, (owner.merchant_id, "staff"))
    assert colleague.browser.client.get(path.format(id=stamps)).status_code == 403
    assert app.test_client().get(path.format(id=stamps)).status_code == 303


@pytest.mark.parametrize("path", [PROGRAMS, NEW, f"{NEW}?kind=points"])
def test_who_has_not_gone_live_goes_on_founding_first(engine: Engine, owner: Member, path: str) -> None:
    with transaction(engine, owner.merchant_id) as session:
        found = founding.in_turn(session, owner.merchant_id)  # type: ignore[arg-type]
        found.setup_step = "rule"
    assert owner.browser.client.get(path).location == "/console/first-run"


def test_every_kind_is_offered_with_the_sentence_of_the_trade(owner: Member) -> None:
    page = get(owner, NEW)
    for kind in MAIN:
        assert f'id="kind-{kind}"' in page
    assert "10 stamps, then one for free: Loaf of bread" in page
    assert "1 point per €1.00; to choose from: Pretzel (12)" in page


@pytest.mark.parametrize("kind", ["tiers", "goodwill", "coupons", ""])
def test_a_kind_that_no_program_begins_with_is_not_asked_about(owner: Member, kind: str) -> None:
    assert 'id="kinds"' in get(owner, f"{NEW}?kind={kind}")


@pytest.mark.parametrize("kind", MAIN)
def test_each_kind_can_be_made_as_it_is_proposed(app: OpenAPI, owner: Member, engine: Engine, kind: str) -> None:
    answer = press(owner, NEW, "save", start(owner, kind))
    assert answer.status_code == 303
    (view,) = programs_of(engine, owner)
    assert view.program.kind == kind
    assert answer.location == f"{PROGRAMS}/{view.program.id}"
    assert app.test_client().get(f"/join/{view.program.slug}").status_code == 200
    assert view.sentence("en") in get(owner, answer.location)


def test_a_second_program_has_a_join_page_of_its_own(owner: Member, stamps: str, engine: Engine) -> None:
    press(owner, NEW, "save", start(owner, "stamps"))
    press(owner, NEW, "save", start(owner, "stamps"))
    slugs = {view.program.slug for view in programs_of(engine, owner)}
    assert len(slugs) == 3
    assert stamps in {str(view.program.id) for view in programs_of(engine, owner)}


@pytest.mark.parametrize(
    "what",
    ["birthday", "welcome", "anniversary", "milestone", "referral", "tiers", "goodwill", "causes", "expiry"],
)
def test_what_is_added_says_its_sentence_at_once_and_is_kept(owner: Member, engine: Engine, what: str) -> None:
    page = pressed(owner, NEW, f"add:{what}", start(owner, "points"))
    assert 'id="parts-1-sentence"' in page
    assert 'id="summary"' not in page
    assert press(owner, NEW, "save", fields_of(page)).status_code == 303
    (view,) = programs_of(engine, owner)
    assert view.sentences("en")[1] in page


def test_a_further_counter_needs_a_name_and_a_reward(owner: Member, engine: Engine) -> None:
    page = pressed(owner, NEW, "add:counter", start(owner, "stamps"))
    refused = pressed(owner, NEW, "save", fields_of(page), 422)
    assert 'href="#parts-1-names-de"' in refused
    assert 'href="#parts-1-reward-de"' in refused
    typed = {"parts__1__names__de": "Mittagstisch", "parts__1__reward__de": "Mittagessen"}
    assert press(owner, NEW, "save", fields_of(page), **typed).status_code == 303
    (view,) = programs_of(engine, owner)
    assert view.sentences("de")[1].startswith("Mittagstisch: ")


def test_what_was_added_can_be_taken_away_again(owner: Member) -> None:
    page = pressed(owner, NEW, "add:birthday", start(owner, "points"))
    page = pressed(owner, NEW, "add:goodwill", fields_of(page))
    page = pressed(owner, NEW, "remove:1", fields_of(page))
    assert fields_of(page)["parts.1.kind"] == "goodwill"
    assert "parts.2.kind" not in fields_of(page)


@pytest.mark.parametrize(
    "wish", ["remove:0", "remove:9", "remove:x", "add:counter", "add:nothing", "more:parts.0.names", "less:parts.7.x"]
)
def test_a_wish_that_makes_no_sense_changes_nothing(owner: Member, wish: str) -> None:
    form = start(owner, "points")
    again = fields_of(pressed(owner, NEW, wish, form))
    assert {name: text for name, text in again.items() if name != "csrf_token"} == {
        name: text for name, text in form.items() if name != "csrf_token"
    }


def test_lines_are_added_and_taken_away(owner: Member, engine: Engine) -> None:
    page = pressed(owner, NEW, "more:parts.0.prices", start(owner, "points"))
    named = {"parts__0__prices__3__reward__de": "Torte", "parts__0__prices__3__price": "200"}
    page = pressed(owner, NEW, "less:parts.0.prices.0", fields_of(page), **named)
    assert press(owner, NEW, "save", fields_of(page)).status_code == 303
    (view,) = programs_of(engine, owner)
    assert view.sentence("de") == "1 Punkt je 1,00\xa0€; zur Wahl: Croissant (22), Brot (50), Torte (200)"


def test_what_customers_read_is_shown_in_both_languages_and_goodwill_is_not(owner: Member) -> None:
    page = pressed(owner, NEW, "add:goodwill", start(owner, "stamps"))
    assert listed(page, "told-de") == ["10 Stempel, dann gratis: Brot"]
    assert listed(page, "told-en") == ["10 stamps, then one for free: Loaf of bread"]


def test_the_sentences_follow_what_is_typed(owner: Member) -> None:
    page = pressed(owner, NEW, "look", start(owner, "cashback"), parts__0__percent="7,5")
    assert listed(page, "told-en") == ["7.5% of each purchase comes back as credit"]


@pytest.mark.parametrize("typed", ["4,50", "4.50", "4.5", " 4,5 "])
def test_money_may_be_typed_with_comma_or_point(owner: Member, typed: str) -> None:
    page = pressed(owner, NEW, "look", start(owner, "donation"), parts__0__cents=typed)
    assert listed(page, "told-en")[0].startswith("10 stamps become a donation of €4.50")


REFUSED = [
    ("stamps", "parts.0.stamps_needed", "1", "“1” is too small: write at least 2."),
    ("points", "parts.0.per_cents", "0", "Points, for each: “0” is too small: write a larger amount."),
    ("stamps", "parts.0.stamps_needed", "31", "“31” is too large: write at most 30."),
    ("stamps", "parts.0.stamps_needed", "ten", "“ten” is not a whole number"),
    ("stamps", "parts.0.stamps_needed", "1.000", "“1.000” is not a whole number"),
    ("stamps", "parts.0.stamps_needed", "", "This is missing"),
    ("stamps", "names.de", "", "This is empty"),
    ("stamps", "names.de", "x" * 61, "is too long"),
    ("stamps", "names.en", "\u202eevil", "characters that cannot be printed"),
    ("stamps", "parts.0.reward.de", "", "This is empty"),
    ("stamps", "parts.0.bonus", "10", "A new card cannot begin with 10 of 10 stamps"),
    ("stamps", "pause", "-1", "“-1” seconds cannot be"),
    ("stamps", "pause", "9999999", "seconds cannot be"),
    ("donation", "parts.0.cents", "4,505", "“4,505” is not an amount: write one like 4.50."),
    ("donation", "parts.0.cents", "0", "too small"),
    ("donation", "parts.0.cents", "1.000,00", "is not an amount"),
    ("points", "parts.0.per_cents", "free", "“free” is not an amount"),
    ("points", "parts.0.prices.0.price", "", "This is missing"),
    ("points", "parts.0.value_points", "100", "A value needs both sides"),
    ("cashback", "parts.0.percent", "51", "too large"),
    ("cashback", "parts.0.percent", "a lot", "“a lot” is not a number"),
    ("discount", "parts.0.steps.1.percent", "1", "whoever buys more must not get less"),
    ("prepaid", "parts.0.visits", "1", "too small"),
    ("voucher", "parts.0.worth.cents", "", "This is missing"),
]


@pytest.mark.parametrize(("kind", "field", "typed", "sentence"), REFUSED)
def test_what_cannot_be_used_is_said_at_its_field_and_kept(
    owner: Member, engine: Engine, kind: str, field: str, typed: str, sentence: str
) -> None:
    form = start(owner, kind)
    page = pressed(owner, NEW, "save", {**form, field: typed}, 422)
    summary = page.partition('id="summary"')[2].partition("</div>")[0]
    assert sentence in summary
    (target,) = re.findall(r'href="#([^"]+)"', summary)
    assert f'id="{target}"' in page
    assert fields_of(page) | {"csrf_token": ""} == {**form, field: typed.strip(), "csrf_token": ""}
    assert programs_of(engine, owner) == []


def test_two_mistakes_are_both_said(owner: Member) -> None:
    page = pressed(owner, NEW, "save", start(owner, "stamps"), 422, parts__0__stamps_needed="x", names__de="")
    assert page.partition('id="summary"')[2].partition("</div>")[0].count("<li>") == 2


def test_a_form_without_the_pages_token_makes_nothing(owner: Member, engine: Engine) -> None:
    form = {name: text for name, text in start(owner, "stamps").items() if name != "csrf_token"}
    assert owner.browser.client.post(NEW, data={**form, "do": "save"}).status_code == 400
    assert programs_of(engine, owner) == []


@pytest.mark.parametrize(
    "extra",
    [{"parts.0.kind": "tiers"}, {"parts.0.kind": ""}, {"parts.0": "x"}, {"parts": "x"}],
    ids=str,
)
def test_a_form_of_no_kind_leads_back_to_the_choice(owner: Member, extra: dict[str, str]) -> None:
    assert press(owner, NEW, "save", extra).location == NEW


@pytest.mark.parametrize(
    "extra",
    [
        {"parts.1.kind": "magic"},
        {"parts.1.kind": "stamps", "parts.1.stamps_needed": "5", "parts.1.earn": "visit", "parts.1.reward.de": "X"},
        {"parts.1.kind": "points"},
        {"parts.1.kind": "occasion", "parts.1.occasion": "easter", "parts.1.key": "easter"},
        {f"parts.{number}.kind": "expiry" for number in range(1, 40)},
    ],
    ids=["unknown", "second main counter", "incomplete", "no such occasion", "too many"],
)
def test_parts_that_no_page_offers_are_refused_with_a_sentence(
    owner: Member, engine: Engine, extra: dict[str, str]
) -> None:
    page = pressed(owner, NEW, "save", {**start(owner, "stamps"), **extra}, 422)
    assert 'id="summary"' in page
    assert programs_of(engine, owner) == []


def _choices(page: str, name: str) -> list[str]:
    inside = page.partition(f'name="{name}"')[2].partition("</select>")[0]
    return re.findall(r'<option value="([^"]*)"', inside)


@pytest.mark.parametrize(("kind", "ends"), [
    ("stamps", ["stamps", "rewards"]), ("donation", ["stamps"]), ("points", ["points"]), ("cashback", ["credit"]),
])  # fmt: skip
def test_an_end_is_offered_for_what_the_program_has(owner: Member, kind: str, ends: list[str]) -> None:
    page = pressed(owner, NEW, "add:expiry", start(owner, kind))
    assert _choices(page, "parts.1.what") == ends


def test_what_a_present_brings_may_end_too(owner: Member) -> None:
    page = pressed(owner, NEW, "add:birthday", start(owner, "points"))
    page = pressed(owner, NEW, "add:expiry", fields_of(page))
    assert _choices(page, "parts.2.what") == ["points", "rewards"]


@pytest.mark.parametrize("kind", ["discount", "prepaid", "voucher"])
def test_where_nothing_is_collected_no_end_of_it_is_offered(owner: Member, kind: str) -> None:
    assert 'value="add:expiry"' not in get(owner, f"{NEW}?kind={kind}")


def test_an_end_is_offered_once_for_each_thing_that_ends(owner: Member) -> None:
    page = pressed(owner, NEW, "add:expiry", start(owner, "stamps"))
    assert 'value="add:expiry"' in page
    assert 'value="add:expiry"' not in pressed(owner, NEW, "add:expiry", fields_of(page))


@pytest.mark.parametrize(("kind", "words"), [
    ("points", ["One more reward", "One more time of the week"]), ("discount", ["One more step"]),
])  # fmt: skip
def test_the_button_for_a_further_line_says_what_it_adds(owner: Member, kind: str, words: list[str]) -> None:
    page = get(owner, f"{NEW}?kind={kind}")
    assert re.findall(r'value="more:[^>]*>([^<]*)<', page) == words


def test_points_with_a_name_may_have_one_for_a_single_one(owner: Member) -> None:
    stars = {"parts__0__names__de": "Sterne", "parts__0__names__en": "Stars"}
    page = pressed(owner, NEW, "look", start(owner, "points"), **stars)
    assert listed(page, "told-en")[0].startswith("1 × Stars per ")
    one = {"parts__0__one__de": "Stern", "parts__0__one__en": "Star", "parts__0__bonus": "20"}
    page = pressed(owner, NEW, "look", fields_of(page), **one)
    assert listed(page, "told-en")[0].startswith("1 Star per ")
    assert listed(page, "told-en")[0].endswith("20 Stars to begin with")
    assert listed(page, "told-de")[0].startswith("1 Stern je ")
