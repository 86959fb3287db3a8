"""Cards of every kind on the pages that show them: the customer's own, the join page, the console's, the designer's."""

import html
import io
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask_openapi3 import OpenAPI
from PIL import Image
from sqlalchemy import Engine, update

from issuer import counter
from issuer.history import entries
from issuer.keys import Keys
from issuer.ledger import Actor
from issuer.rules.movement import is_internal
from issuer.schema import Card, Notice, Program
from issuer.visits import Visit
from tests.issuer.counting import Shop, Till, locked
from tests.issuer.rules.cases import EXPIRY, LUNCH, TIERS, named
from tests.web.designing import Desk, open_desk
from tests.web.test_console_previews import faces

NBSP = "\N{NO-BREAK SPACE}"
CAKE = "a second reward, of each shop its own"
STAMPS: dict[str, Any] = {"kind": "stamps", "stamps_needed": 10, "reward_id": "R"}
POINTS: dict[str, Any] = {
    "kind": "points",
    "value_points": 100,
    "value_cents": 100,
    "prices": [{"reward_id": "R", "price": 100}, {"reward_id": CAKE, "price": 250}],
}
CASHBACK: dict[str, Any] = {"kind": "cashback", "percent": "5"}
DISCOUNT: dict[str, Any] = {"kind": "discount", "steps": [{"percent": "15"}]}
PREPAID: dict[str, Any] = {"kind": "prepaid", "names": named("Yoga", "Yoga"), "price": 9000}
VOUCHER: dict[str, Any] = {"kind": "voucher", "names": named("Hello", "Hallo"), "worth": {"percent": "15"}}
DONATION: dict[str, Any] = {"kind": "donation", "stamps_needed": 8, "cents": 300, "to": named("Shelter", "Tierheim")}
REFERRAL: dict[str, Any] = {
    "kind": "referral",
    "friend": {"unit": "points", "amount": 20},
    "referrer": {"unit": "points", "amount": 50},
}
KINDS = [STAMPS, POINTS, CASHBACK, DISCOUNT, PREPAID, VOUCHER, DONATION]
GRIDLESS = [POINTS, CASHBACK, DISCOUNT, PREPAID, VOUCHER]

Opened = Callable[..., tuple[Desk, Till]]


@pytest.fixture
def opened(app: OpenAPI, engine: Engine, keys: Keys, now: datetime) -> Opened:
    """A shop whose program has these rules."""

    def shop(*parts: dict[str, Any]) -> tuple[Desk, Till]:
        desk = open_desk(app, engine, now)
        cafe = desk.cafe
        shop = Shop(cafe.merchant_id, cafe.location_id, cafe.program_id, cafe.reward_id, uuid4(), "")
        till = Till(engine, keys, shop, now)
        cake = uuid4()
        own = json.loads(json.dumps(parts).replace(CAKE, str(cake)))
        till.set_rules(*own, names={cake: "Cake"})
        return desk, till

    return shop


def path_of(till: Till, card_id: UUID, suffix: str = "") -> str:
    return f"/card/{till.view(card_id).web_key}{suffix}"


def front(page: str) -> str:
    found = re.search(r'<article class="pass".*?</article>', page, re.DOTALL)
    assert found is not None
    return found[0]


def history(page: str) -> list[str]:
    found = re.search(r'<section id="history".*?</section>', page, re.DOTALL)
    return re.findall(r"<li><span>(.*?)</span>", found[0]) if found else []


def balance(page: str) -> str:
    found = re.search(r'data-show="header_value">(.*?)<', page)
    return found[1] if found else ""


@pytest.mark.parametrize("main", KINDS, ids=lambda one: one["kind"])
def test_every_kind_can_be_joined_shown_designed_printed_and_found(opened: Opened, main: dict[str, Any]) -> None:
    desk, till = opened(main)
    card_id = till.join()
    with till.work() as session:
        slug = session.get_one(Program, till.shop.program_id).slug
    for path in (f"/join/{slug}", path_of(till, card_id), path_of(till, card_id, "/card.pdf"),
                 path_of(till, card_id, "/state.json"), "/console", f"/console/cards/{card_id}", "/console/design",
                 "/console/print/poster-A4.pdf", path_of(till, card_id, "/apple.pkpass")):  # fmt: skip
        assert desk.get(path).status_code == 200, path


@pytest.mark.parametrize("main", GRIDLESS, ids=lambda one: one["kind"])
def test_what_is_not_stamped_is_nowhere_called_a_stamp(opened: Opened, main: dict[str, Any]) -> None:
    desk, till = opened(main)
    card_id = till.join()
    for path in (path_of(till, card_id), f"/console/cards/{card_id}"):
        page = desk.page(path)
        said = " ".join(re.findall(r">([^<]+)<", page) + re.findall(r'(?:aria-label|alt)="([^"]*)"', page)).lower()
        assert "stempel" not in said
        assert "stamp" not in said
        assert 'class="stamps' not in page


def test_a_card_of_points_shows_a_balance_in_place_of_a_grid(opened: Opened) -> None:
    desk, till = opened(POINTS)
    card_id = till.join()
    till.bought(card_id, 18_000)
    page = desk.page(path_of(till, card_id))
    assert balance(front(page)) == "180"
    assert "Such dir etwas aus: " in front(page)
    assert "180 Punkte sind 1,80\N{NO-BREAK SPACE}€ wert" in front(page)
    assert re.findall(r'choice-line"><span>(.*?)</span> <span class="numbers">(.*?)<', page)[1] == (
        "Cake",
        "250 Punkte",
    )
    assert "noch 70" in page


def test_further_counters_are_bars(opened: Opened) -> None:
    desk, till = opened(STAMPS, LUNCH | {"reward_id": "R"})
    card_id = till.join()
    with till.work() as session:
        visit = Visit(Actor("staff", till.shop.staff_id), till.now)
        counter.stamp(session, locked(session, card_id), 3, visit, counter="lunch")
    page = front(desk.page(path_of(till, card_id)))
    assert "<dt>Mittag</dt>" in page
    assert '<progress class="pass-bar" value="3" max="5"' in page
    assert balance(page) == "0 / 10"


def test_what_ends_soon_is_on_the_card_before_it_bites(opened: Opened) -> None:
    desk, till = opened(STAMPS, EXPIRY)
    card_id = till.join()
    values = {"unit": "stamps", "amount": 3, "day": "2026-12-03"}
    with till.work() as session:
        session.add(Notice(card_id=card_id, key="ends:stamps", merchant_id=till.shop.merchant_id, kind="ends",
                           values=values, created_at=till.now))  # fmt: skip
    assert "3 Stempel verfallen am 3. Dezember" in front(desk.page(path_of(till, card_id)))
    assert "3 stamps end on 3 December" in desk.page(f"/console/cards/{card_id}")


def test_the_state_of_a_card_says_all_that_its_front_does(opened: Opened) -> None:
    desk, till = opened(POINTS, TIERS)
    card_id = till.join()
    till.bought(card_id, 5_000)
    with till.work() as session:
        session.execute(update(Card).where(Card.id == card_id).values(tier="silver", tier_until=None))
    state = desk.get(path_of(till, card_id, "/state.json")).json
    assert state is not None
    assert (state["header_value"], state["needed"], state["stamps"]) == ("50", None, 0)
    assert state["facts"] == [{"key": "tier", "label": "Stufe", "value": "Silber", "done": None, "most": None}]


def test_the_join_page_lists_every_promise(opened: Opened) -> None:
    desk, till = opened(POINTS, REFERRAL, {"kind": "goodwill", "grant": {"unit": "points", "amount": 5}})
    with till.work() as session:
        slug = session.get_one(Program, till.shop.program_id).slug
    page = desk.page(f"/join/{slug}")
    assert "Bring a friend: with their first purchase you get 50 points, and they get 20 points" in page
    assert "Staff may give" not in page


def test_a_new_card_on_the_join_page_begins_with_what_new_cards_get(opened: Opened) -> None:
    for part, shown in ((POINTS | {"bonus": 25}, "25"), (VOUCHER, "15%"), (STAMPS | {"bonus": 2}, "2 / 10")):
        desk, till = opened(part)
        with till.work() as session:
            slug = session.get_one(Program, till.shop.program_id).slug
        assert balance(front(desk.page(f"/join/{slug}"))) == shown


@pytest.mark.parametrize(("main", "lines"), [
    (POINTS, ["Einkauf: Punkte +150"]),
    (CASHBACK, ["Einkauf: Guthaben +7,50\N{NO-BREAK SPACE}€"]),
])  # fmt: skip
def test_the_history_says_what_was_earned_and_nothing_of_the_reckoning(
    opened: Opened, main: dict[str, Any], lines: list[str]
) -> None:
    desk, till = opened(main, TIERS)
    card_id = till.join()
    till.bought(card_id, 15_000)
    assert history(desk.page(path_of(till, card_id))) == lines


def test_points_that_were_spent_say_for_what(opened: Opened) -> None:
    desk, till = opened(POINTS)
    card_id = till.join()
    till.bought(card_id, 30_000)
    till.redeem(card_id, till.view(card_id).prices[-1].reward_id)
    assert history(desk.page(path_of(till, card_id)))[0] == "Eingelöst: Cake (Punkte) −250"
    page = desk.page(f"/console/cards/{card_id}")
    assert "Redeemed: Cake (Points)" in page
    assert '<span class="amount-down">−250</span>' in page


def test_the_rules_own_reckoning_is_in_no_list_of_entries(opened: Opened) -> None:
    _, till = opened(POINTS, TIERS)
    card_id = till.join()
    till.bought(card_id, 1_234)
    with till.work() as session:
        found = entries(session, card_id, limit=99)
    assert [entry.unit for entry in found] == ["points"]
    assert any(is_internal(unit) for unit in till.view(card_id).balances)


def test_the_console_shows_the_balance_of_any_card(opened: Opened) -> None:
    desk, till = opened(CASHBACK)
    card_id = till.join()
    till.bought(card_id, 5_000)
    assert re.search(r"<span>€2\.50 <span[^>]*>Credit</span></span>", desk.page("/console"))
    page = desk.page(f"/console/cards/{card_id}")
    assert '<dt>Credit</dt> <dd class="numbers">€2.50</dd>' in page
    assert '<span class="amount-up">+€2.50</span>' in page


@pytest.mark.parametrize(("main", "shown"), [
    (POINTS, ["0", "125", "250"]),
    (CASHBACK, ["€0.00", "€2.50", "€5.00"]),
    (PREPAID, ["0", "5", "10"]),
    (VOUCHER | {"uses": 4}, ["none left", "2 × 15%", "4 × 15%"]),
    (DISCOUNT, ["15%", "15%", "15%"]),
    (DONATION, ["0 / 8", "4 / 8", "7 / 8"]),
])  # fmt: skip
def test_the_designer_shows_three_states_of_any_kind(opened: Opened, main: dict[str, Any], shown: list[str]) -> None:
    desk, _ = opened(main)
    page = desk.page()
    assert [balance(face) for face in faces(page, "web")] == shown
    for state in ("empty", "half", "full"):
        picture = re.search(rf'src="([^"]+/strip-{state}\.png)"', page)
        assert picture is not None
        assert desk.get(picture[1]).status_code == 200


def test_the_designer_draws_a_voucher_as_the_coupon_that_it_becomes(opened: Opened) -> None:
    desk, _ = opened(VOUCHER)
    empty, _, full = faces(page := desk.page(), "apple")
    assert re.findall(r'class="apple-large">(.*?)<', full) == ["15% off"]
    assert 'class="apple-large"' not in empty
    assert "cut on an iPhone" not in page


@pytest.mark.parametrize("main", [PREPAID, DISCOUNT], ids=lambda one: one["kind"])
def test_the_designer_draws_a_membership_with_its_thumbnail_and_no_strip(opened: Opened, main: dict[str, Any]) -> None:
    desk, _ = opened(main)
    half = faces(desk.page(), "apple")[1].partition('<div data-view="stack">')[0]
    assert 'class="apple-strip"' not in half
    path = re.search(r'class="apple-thumbnail" src="([^"]+)"', half)
    assert path is not None
    assert Image.open(io.BytesIO(desk.get(path[1]).data)).size == (180, 180)


@pytest.mark.parametrize(("long", "warned"), [("x", False), ("Slice of cake with cream and a large coffee", True)])
def test_the_designer_warns_of_a_voucher_that_is_cut_where_it_stands_large(
    opened: Opened, long: str, warned: bool
) -> None:
    desk, _ = opened(VOUCHER | {"worth": {"thing": named(long, long)}})
    assert ("where it stands large" in desk.page()) is warned


@pytest.mark.parametrize("main", GRIDLESS, ids=lambda one: one["kind"])
def test_the_designer_does_not_speak_of_stamps_where_there_are_none(opened: Opened, main: dict[str, Any]) -> None:
    desk, _ = opened(main)
    page = desk.page().partition('id="preview"')[2]
    texts = re.sub(r"Ten stamps, one \w+", "", " ".join(re.findall(r">([^<]+)<", page)))
    assert "stamp" not in texts.lower()


def test_a_preview_shows_the_row_that_both_wallets_show(opened: Opened) -> None:
    desk, _ = opened(POINTS, TIERS)
    page = desk.page()
    for view in ("apple", "google"):
        half = faces(page, view)[1].partition("</div>\n        <div data-view")[0]
        assert "Silver" in half


def test_text_of_a_merchant_is_text_everywhere(opened: Opened) -> None:
    bad = "<script>alert(1)</script>"
    desk, till = opened(STAMPS, LUNCH | {"reward_id": "R", "names": named(bad, bad)})
    card_id = till.join()
    for path in (path_of(till, card_id), f"/console/cards/{card_id}", "/console/design"):
        assert html.escape(bad, quote=False) in desk.get(path).text
        assert bad not in desk.get(path).text


def test_the_history_says_what_a_discount_saved(opened: Opened) -> None:
    desk, till = opened(DISCOUNT)
    card_id = till.join()
    till.bought(card_id, 4_000)
    assert history(desk.page(path_of(till, card_id))) == [f"Einkauf: 40,00{NBSP}€, du hast 6,00{NBSP}€ gespart"]
    assert "Purchase: €40.00, €6.00 off" in desk.page(f"/console/cards/{card_id}")


def test_a_purchase_that_saved_nothing_has_no_line_of_its_own(opened: Opened) -> None:
    desk, till = opened(DISCOUNT | {"steps": [{"from_cents": 5_000, "percent": "10"}]})
    card_id = till.join()
    till.bought(card_id, 4_000)
    assert history(desk.page(path_of(till, card_id))) == []


def test_what_was_saved_stands_among_the_rest_newest_first(opened: Opened) -> None:
    desk, till = opened(POINTS, DISCOUNT)
    card_id = till.join()
    till.bought(card_id, 4_000)
    till.later(1).bought(card_id, 2_000)
    assert [line.partition(":")[2] for line in history(desk.page(path_of(till, card_id)))] == [
        " Punkte +17", f" 20,00{NBSP}€, du hast 3,00{NBSP}€ gespart",
        " Punkte +34", f" 40,00{NBSP}€, du hast 6,00{NBSP}€ gespart",
    ]  # fmt: skip


def test_the_join_page_says_its_promise_once(opened: Opened) -> None:
    desk, till = opened(DISCOUNT)
    with till.work() as session:
        slug = session.get_one(Program, till.shop.program_id).slug
    page = desk.page(f"/join/{slug}")
    assert page.count("15% off each order") == 1
