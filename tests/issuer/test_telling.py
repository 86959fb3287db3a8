"""What a card says of itself, for every kind of program and in both languages; the front, the back, the limits."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from issuer.cards import CardView, RewardCount, Told
from issuer.program_changes import Plan
from issuer.rules import MAIN
from issuer.sample import STAGES, staged
from issuer.telling import count_text, tell
from passes.checks import check_face
from passes.google import GoogleCard, GoogleProgram, loyalty_class, loyalty_object
from tests.issuer.rules.cases import (
    BIRTHDAY,
    CAKE,
    CALLED,
    CASHBACK,
    COFFEE,
    DISCOUNT,
    DONATION,
    EXPIRY,
    GOODWILL,
    LUNCH,
    MAIN_ONES,
    POINTS,
    PREPAID,
    REFERRAL,
    STAMPS,
    TIERS,
    VOUCHER,
    Document,
    named,
    rules,
)
from tests.issuer.telling_cards import (
    BY_SPENDING,
    LONG,
    LONG_DONATION,
    LONG_LUNCH,
    NAMES,
    PRICED,
    SHOP,
    WORTH,
    card,
    face,
    voucher,
    with_vouchers,
)

NBSP = "\N{NO-BREAK SPACE}"
NEW_YEAR = datetime(2026, 12, 31, 23, tzinfo=UTC)
STARS: Document = {**PRICED, "names": named("Stars", "Sterne")}
LADDER: Document = {"kind": "discount", "steps": [{"percent": "5"}, {"from_cents": 5000, "percent": "10"}]}
FOR_GOLD: Document = {**POINTS, "prices": [{"reward_id": str(COFFEE), "price": 10, "tier": "gold"}]}
PICTURE = "https://example.com/picture.png"

Held = dict[str, int]


@pytest.mark.parametrize(("parts", "held", "header", "status"), [
    ((STAMPS,), {"stamps": 7}, "Stamps 7 / 10", "3 more stamps for: Coffee"),
    ((STAMPS,), {"stamps": 9}, "Stamps 9 / 10", "1 more stamp for: Coffee"),
    ((STAMPS,), {}, "Stamps 0 / 10", "10 more stamps for: Coffee"),
    ((LUNCH | {"counter": ""},), {"stamps": 1}, "Lunch 1 / 5", "4 more stamps for: Coffee"),
    ((DONATION,), {"stamps": 7}, "Stamps 7 / 10", "3 more stamps for €3.00: Animal shelter"),
    ((DONATION,), {"stamps": 9}, "Stamps 9 / 10", "1 more stamp for €3.00: Animal shelter"),
    ((WORTH,), {"points": 120}, "Points 120", "120 points are worth €1.20"),
    ((WORTH,), {"points": 1}, "Points 1", "1 point is worth €0.01"),
    ((WORTH,), {}, "Points 0", "1 point per €1.00; 100 points = €1.00"),
    ((POINTS,), {"points": 12_345}, "Points 12,345", "1 point per €1.00"),
    ((PRICED,), {"points": 120}, "Points 120", "30 more points for: Coffee"),
    ((PRICED,), {"points": 149}, "Points 149", "1 more point for: Coffee"),
    ((PRICED,), {"points": 150}, "Points 150", "Yours to choose: Coffee"),
    ((PRICED,), {"points": 400}, "Points 400", "Yours to choose: Coffee, Cake"),
    ((STARS,), {"points": 120}, "Stars 120", "30 × Stars more for: Coffee"),
    ((FOR_GOLD, TIERS), {"points": 50}, "Points 50", "1 point per €1.00; to choose from: Coffee (10)"),
    ((CASHBACK,), {"credit": 250}, "Credit €2.50", "€2.50 to pay with"),
    ((CASHBACK,), {}, "Credit €0.00", "5% of each purchase comes back as credit"),
    ((PREPAID,), {"prepaid": 7}, "Visits 7", "7 visits left"),
    ((PREPAID,), {"prepaid": 1}, "Visits 1", "1 visit left"),
    ((PREPAID,), {}, "Visits 0", "10 × Sauna for €90.00"),
    ((DISCOUNT,), {}, "Discount 15%", "15% off each order"),
    ((LADDER,), {}, "Discount 5–10%", "Discount on each order: 5%, 10% from €50.00"),
    ((BY_SPENDING,), {}, "Discount 0%", "5% off each order after another €100.00"),
    ((BY_SPENDING,), {"spend": 20_000}, "Discount 5%", "5% off each order, 10% after another €300.00"),
    ((BY_SPENDING,), {"spend": 50_000}, "Discount 10%", "10% off each order"),
    ((VOUCHER,), {}, "Voucher none left", "No voucher is left on this card"),
])  # fmt: skip
def test_a_card_says_its_balance_and_what_is_next(
    parts: tuple[Document, ...], held: Held, header: str, status: str
) -> None:
    told = tell(card(*parts, **held))
    assert (f"{told.header.label} {told.header.value}", told.status) == (header, status)


@pytest.mark.parametrize(("parts", "held", "header", "status"), [
    ((STAMPS,), {"stamps": 7}, "Stempel 7 / 10", "Noch 3 Stempel bis: Kaffee"),
    ((DONATION,), {"stamps": 7}, "Stempel 7 / 10", f"Noch 3 Stempel bis 3,00{NBSP}€: Tierheim"),
    ((WORTH,), {"points": 120}, "Punkte 120", f"120 Punkte sind 1,20{NBSP}€ wert"),
    ((WORTH,), {"points": 1}, "Punkte 1", f"1 Punkt ist 0,01{NBSP}€ wert"),
    ((POINTS,), {"points": 12_345}, "Punkte 12.345", f"1 Punkt je 1,00{NBSP}€"),
    ((PRICED,), {"points": 120}, "Punkte 120", "Noch 30 Punkte bis: Kaffee"),
    ((PRICED,), {"points": 149}, "Punkte 149", "Noch 1 Punkt bis: Kaffee"),
    ((PRICED,), {"points": 400}, "Punkte 400", "Such dir etwas aus: Kaffee, Kuchen"),
    ((STARS,), {"points": 120}, "Sterne 120", "Noch 30 × Sterne bis: Kaffee"),
    ((CASHBACK,), {"credit": 250}, f"Guthaben 2,50{NBSP}€", f"2,50{NBSP}€ zum Bezahlen"),
    ((PREPAID,), {"prepaid": 7}, "Besuche 7", "Noch 7 Besuche"),
    ((PREPAID,), {"prepaid": 1}, "Besuche 1", "Noch 1 Besuch"),
    ((DISCOUNT,), {}, "Rabatt 15\u00a0%", "15\u00a0% Rabatt auf jeden Einkauf"),
    ((BY_SPENDING,), {}, "Rabatt 0\u00a0%", f"Nach weiteren 100,00{NBSP}€: 5\u00a0% Rabatt auf jeden Einkauf"),
    ((BY_SPENDING,), {"spend": 20_000}, "Rabatt 5\u00a0%",
     f"5\u00a0% Rabatt auf jeden Einkauf, nach weiteren 300,00{NBSP}€ 10\u00a0%"),
    ((VOUCHER,), {}, "Gutschein keiner mehr", "Auf dieser Karte ist kein Gutschein mehr"),
])  # fmt: skip
def test_a_card_says_the_same_in_german(parts: tuple[Document, ...], held: Held, header: str, status: str) -> None:
    told = tell(card(*parts, **held), "de")
    assert (f"{told.header.label} {told.header.value}", told.status) == (header, status)


@pytest.mark.parametrize("main", MAIN_ONES, ids=lambda one: one["kind"])
def test_a_reward_that_waits_is_said_before_anything_else(main: Document) -> None:
    shown = replace(card(main), rewards=(RewardCount(CAKE, CALLED[CAKE], 2),))
    assert tell(shown).status == "Yours now: 2 × Cake"


def test_the_till_hears_of_a_card_in_its_own_language() -> None:
    shown = card(CASHBACK, language="de", credit=250)
    assert (count_text(shown), count_text(shown, "en"), tell(shown, "en").status) == (
        f"2,50{NBSP}€", "€2.50", "€2.50 to pay with",
    )  # fmt: skip


@pytest.mark.parametrize(("facts", "header", "status"), [
    ({}, "15%", "Yours now: 15% off"),
    ({"uses": 3}, "3 × 15%", "Yours now: 3 × 15% off"),
    ({"worth": {"cents": 500}}, "€5.00", "Yours now: €5.00 off"),
    ({"worth": {"thing": named(LONG, LONG)}}, LONG, f"Yours now: {LONG}"),
    ({"valid_until": NEW_YEAR}, "15%", "Yours until 31 Dec 2026: 15% off"),
    ({"starts_later": True}, "15%", "Yours from 1 Dec 2026: 15% off"),
    ({"starts_later": True, "valid_until": NEW_YEAR}, "15%", "Yours from 1 Dec 2026 to 31 Dec 2026: 15% off"),
])  # fmt: skip
def test_a_voucher_says_its_worth_and_its_days_and_asks_no_clock(
    facts: dict[str, Any], header: str, status: str
) -> None:
    told = tell(with_vouchers(card(VOUCHER), voucher(**facts)))
    assert (told.header.value, told.status) == (header, status)


def test_a_voucher_in_german_counts_to_the_last_day_in_the_shops_zone() -> None:
    told = tell(with_vouchers(card(VOUCHER), voucher(valid_until=NEW_YEAR)), "de")
    assert told.status == "Für dich bis 31. Dez. 2026: 15\u00a0% Rabatt"


def test_a_long_name_is_cut_on_the_pass_only_where_a_wallet_would_cut_the_shops() -> None:
    shown = with_vouchers(card(VOUCHER), voucher(worth={"thing": named(LONG, LONG)}))
    assert [line.value for line in face(shown).header] == ["Frühstück für z…"]
    assert count_text(shown) == LONG


def test_several_vouchers_are_counted_and_each_is_said() -> None:
    told = tell(with_vouchers(card(VOUCHER), voucher(), voucher(2, {"cents": 500})))
    assert (told.header.label, told.header.value) == ("Vouchers", "2")
    assert told.status == "Your vouchers: 15% off, €5.00 off"


@pytest.mark.parametrize(("parts", "held", "facts"), [
    ((STAMPS,), {"stamps": 3}, []),
    ((STAMPS, LUNCH), {"stamps_lunch": 3}, ["stamps-lunch: Lunch 3 / 5"]),
    ((STAMPS, CASHBACK), {"credit": 250}, ["credit: Credit €2.50"]),
    ((STAMPS, CASHBACK), {}, ["credit: Credit €0.00"]),
    ((POINTS, PREPAID), {"prepaid": 7}, ["prepaid: Visits 7"]),
    ((POINTS, STAMPS), {"points": 9}, ["points: Points 9"]),
    ((POINTS, DISCOUNT), {}, ["discount: Discount 15%"]),
    ((STAMPS, VOUCHER), {}, []),
    ((STAMPS, TIERS), {}, ["tier: Tier none yet"]),
    ((CASHBACK, TIERS, LUNCH | {"counter": ""}, PREPAID), {"prepaid": 2, "credit": 100},
     ["tier: Tier none yet", "credit: Credit €1.00", "prepaid: Visits 2"]),
])  # fmt: skip
def test_whatever_else_is_on_a_card_stands_beside_the_first(
    parts: tuple[Document, ...], held: Held, facts: list[str]
) -> None:
    told = tell(card(*parts, **held))
    assert [f"{fact.key}: {fact.label} {fact.value}" for fact in told.facts] == facts


@pytest.mark.parametrize(("until", "english", "german"), [
    (None, "Gold", "Gold"),
    (NEW_YEAR, "Gold until 31 Dec 2026", "Gold bis 31. Dez. 2026"),
])  # fmt: skip
def test_a_tier_is_said_with_its_last_day(until: datetime | None, english: str, german: str) -> None:
    shown = replace(card(POINTS, TIERS), tier="gold", tier_until=until)
    assert [tell(shown, language).facts[0].value for language in ("en", "de")] == [english, german]


@pytest.mark.parametrize(("unit", "amount", "english", "german"), [
    ("stamps", 3, "3 stamps end on 3 December", "3 Stempel verfallen am 3. Dezember"),
    ("stamps", 1, "1 stamp ends on 3 December", "1 Stempel verfällt am 3. Dezember"),
    ("stamps:lunch", 2, "2 × Lunch end on 3 December", "2 × Mittag verfallen am 3. Dezember"),
    ("points", 120, "120 points end on 3 December", "120 Punkte verfallen am 3. Dezember"),
    ("credit", 250, "Only until 3 December: €2.50 of credit", f"Nur noch bis 3. Dezember: 2,50{NBSP}€ Guthaben"),
    (f"reward:{COFFEE}", 1, "Coffee ends on 3 December", "Kaffee verfällt am 3. Dezember"),
])  # fmt: skip
def test_what_ends_soon_is_said_before_it_bites(unit: str, amount: int, english: str, german: str) -> None:
    notice = Told(f"ends:{unit}", "ends", {"unit": unit, "amount": amount, "day": "2026-12-03"})
    shown = replace(card(STAMPS, LUNCH), notices=(notice,))
    assert [tell(shown, language).notices[0][1] for language in ("en", "de")] == [english, german]


def test_a_tier_that_ends_is_announced_with_what_keeps_it() -> None:
    values = {"tier": "gold", "day": "2026-12-31", "missing": 5000}
    shown = replace(card(POINTS, TIERS), notices=(Told("tier", "tier_ends", values),))
    assert tell(shown).notices == (("notice-tier", "Gold ends on 31 December; it stays with another €50.00"),)
    done = replace(shown, notices=(Told("tier", "tier_ends", values | {"missing": 0}),))
    assert tell(done, "de").notices == (("notice-tier", "Gold gilt bis 31. Dezember"),)


def test_a_notice_of_a_kind_that_nobody_knows_is_left_out() -> None:
    assert tell(replace(card(STAMPS), notices=(Told("x", "eclipse", {}),))).notices == ()


def test_a_debt_from_a_refund_is_told_openly() -> None:
    told = tell(card(POINTS, owed_points=20))
    assert told.owed == (("owed-points", "Still owed after a refund: 20 points. What you earn next pays it."),)
    assert tell(card(POINTS, owed_points=0)).owed == ()


def test_what_is_kept_for_the_rules_own_reckoning_is_said_nowhere() -> None:
    held = {"points": 3, "points_rest": 77_777, "visits": 88_888, "spend": 99_999, "tier_spend:2026-10-01": 66_666}
    text = repr(tell(card(POINTS, TIERS, **held)))
    assert not [number for number in ("77", "88", "99", "66") if number in text]


def test_what_an_earlier_rule_left_on_the_card_is_not_forgotten() -> None:
    told = tell(card(STAMPS, credit=250, points=5, stamps_lunch=2))
    assert [(fact.label, fact.value) for fact in told.leftovers] == [
        ("Credit", "€2.50"), ("Points", "5"), ("Stamps", "2"),
    ]  # fmt: skip


def test_rewards_to_choose_from_say_their_price_and_what_is_missing() -> None:
    choices = tell(card(PRICED, points=200)).choices
    assert [(one.name, one.price, one.hint, one.is_theirs) for one in choices] == [
        ("Coffee", "150 points", "", True), ("Cake", "400 points", "200 more", False),
    ]  # fmt: skip


def test_a_reward_of_a_higher_tier_is_not_promised_to_a_lower_one() -> None:
    (choice,) = tell(card(FOR_GOLD, TIERS, points=50)).choices
    assert (choice.hint, choice.is_theirs) == ("from Gold on", False)
    gold = replace(card(FOR_GOLD, TIERS, points=50), tier="gold")
    assert tell(gold).status == "Yours to choose: Coffee"


@pytest.mark.parametrize(("total", "own", "said"), [
    (0, 0, None),
    (12_000, 0, "Together we have given €120.00: Animal shelter"),
    (12_000, 600, "Together we have given €120.00, you €6.00 of it: Animal shelter"),
    (0, 600, "Together we have given €6.00, you €6.00 of it: Animal shelter"),
])  # fmt: skip
def test_what_all_have_given_is_on_the_card(total: int, own: int, said: str | None) -> None:
    assert tell(replace(card(DONATION, donated=own), donated=total)).donated == said


def test_every_promise_is_on_the_card_but_what_staff_may_give() -> None:
    promises = tell(card(STAMPS, REFERRAL, BIRTHDAY, EXPIRY, GOODWILL)).promises
    assert promises == (
        "10 stamps, then one for free: Coffee",
        "Bring a friend: with their first purchase you get 2 stamps, and they get 1 stamp",
        "On your birthday: Cake",
        "Stamps: valid for 12 months from the day of earning",
    )


def test_lines_of_the_front_are_the_same_whatever_is_on_the_card() -> None:
    parts = (POINTS, TIERS, LUNCH | {"counter": ""}, PREPAID)
    shown = card(*parts, points=50, prepaid=3, owed_points=4, credit=9)
    rich = replace(shown, tier="gold", tier_until=NEW_YEAR, vouchers=(voucher(),), rewards=())
    fronts = [face(one) for one in (card(*parts), rich)]
    keys = [[line.key for line in front.header + front.secondary + front.auxiliary] for front in fronts]
    assert keys[0] == keys[1] == ["stamps", "status", "tier", "points", "prepaid"]


def test_a_sentence_that_was_cut_on_the_front_is_announced_in_full_by_the_back() -> None:
    shown = replace(card(LONG_DONATION, LONG_LUNCH, TIERS), tier="gold", tier_until=NEW_YEAR)
    front = face(shown)
    (status,) = front.secondary
    (back,) = [line for line in front.back if line.key == "in-full"]
    assert str(status.value).endswith("…")
    assert (status.change_message, back.change_message) == (None, "%@")
    assert str(back.value).splitlines() == [
        f"10 more stamps for €3.00: {LONG}", "Tier: Gold until 31 Dec 2026", f"{LONG}: 0 / 5",
    ]  # fmt: skip


def test_a_sentence_that_fits_is_announced_by_the_front() -> None:
    front = face(card(STAMPS, CASHBACK))
    assert [line.change_message for line in front.secondary + front.auxiliary] == ["%@", "Credit: %@"]
    assert [line.change_message for line in front.back if line.key == "in-full"] == [None]


def test_a_voucher_stands_on_the_back_with_its_code_and_is_announced() -> None:
    front = face(with_vouchers(card(STAMPS), voucher(valid_until=NEW_YEAR)))
    (line,) = [line for line in front.back if line.key.startswith("voucher-")]
    assert (line.label, line.value) == ("Welcome", "15% off, until 31 Dec 2026\nABCD-EFGH")
    assert line.change_message == "Welcome: %@"


def test_the_most_urgent_stands_first_on_the_back() -> None:
    notice = Told("a", "ends", {"unit": "stamps", "amount": 3, "day": "2026-12-03"})
    shown = replace(with_vouchers(card(STAMPS, REFERRAL, owed_stamps=1), voucher()), notices=(notice,))
    keys = [line.key for line in face(shown).back]
    assert keys[:5] == ["notice-a", "owed-stamps", f"voucher-{0:08x}", "program", "promises"]


def _rich(shown: CardView) -> CardView:
    notice = Told("ends:stamps", "ends", {"unit": "points", "amount": 3, "day": "2026-12-03"})
    return replace(shown, notices=(notice,), vouchers=(*shown.vouchers, voucher(7, {"thing": named(LONG, LONG)})))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("added", [(), (TIERS,), (LONG_LUNCH | {"counter": ""}, TIERS), (GOODWILL, REFERRAL)])
@pytest.mark.parametrize("main", [*MAIN_ONES, PRICED, LONG_DONATION, BY_SPENDING], ids=lambda one: one["kind"])
def test_every_face_is_taken_by_both_wallets_in_both_languages(
    main: Document, added: tuple[Document, ...], stage: str
) -> None:
    parts = [part for part in added if part["kind"] != "stamps" or main["kind"] not in ("stamps", "donation")]
    if not any(part.get("stamps_needed") for part in (main, *parts)):
        parts = [part for part in parts if part is not REFERRAL]
        parts = [part for part in parts if part is not GOODWILL]
    long_names = {reward_id: {"de": LONG, "en": LONG} for reward_id in CALLED}
    plan = Plan(NAMES, rules(main, *parts), long_names)
    faces = [face(_rich(staged(SHOP, plan, stage, language))) for language in ("de", "en")]
    for one in faces:
        check_face(one)
    loyalty_class(faces[0], GoogleProgram("1.class", NAMES, PICTURE), faces[1])
    loyalty_object(faces[0], GoogleCard("1.object", "1.class", PICTURE), faces[1])


@pytest.mark.parametrize("main", MAIN_ONES, ids=lambda one: one["kind"])
def test_a_sample_shows_more_at_every_stage(main: Document) -> None:
    plan = Plan(NAMES, rules(main), CALLED)
    told = [tell(staged(SHOP, plan, stage, "en")) for stage in STAGES]
    if main is DISCOUNT:  # by the order, so there is nothing to collect
        assert len({(one.header, one.status) for one in told}) == 1
    elif main is VOUCHER:  # of one use, so half of it is all of it
        assert [one.header.value for one in told] == ["none left", "15%", "15%"]
    else:
        assert len({one.header.value for one in told}) == len(STAGES)


def test_no_kind_of_program_is_forgotten_here() -> None:
    assert {one["kind"] for one in MAIN_ONES} == set(MAIN)
