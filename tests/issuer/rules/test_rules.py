"""The rules of a program stand together, or are refused with one clear sentence."""

import json

import pytest
from pydantic import ValidationError

from issuer.rules import MAIN, Rules
from issuer.rules.gifts import OccasionRule
from issuer.rules.points import PointRule
from tests.issuer.rules.cases import (
    ADDED_ONES,
    BIRTHDAY,
    CAKE,
    CASHBACK,
    CAUSES,
    COFFEE,
    DISCOUNT,
    DONATION,
    ENGLISH,
    EXPIRY,
    GOLD,
    GOODWILL,
    LUNCH,
    MAIN_ONES,
    POINTS,
    PREPAID,
    REFERRAL,
    SILVER,
    STAMPS,
    TIERS,
    VOUCHER,
    Document,
    bought,
    refused,
    rules,
)

POINT, CENT = {"unit": "points"}, {"unit": "credit"}
HAPPY: Document = {
    **POINTS,
    "prices": [{"reward_id": str(CAKE), "price": 80, "tier": "gold"}],
    "happy_hours": [{"factor": "1.37", "days": [2], "begin": "14:00", "until": "17:00"}],
}


@pytest.mark.parametrize("document", MAIN_ONES, ids=lambda one: one["kind"])
def test_what_a_version_stores_is_read_as_the_same_rules(document: Document) -> None:
    found = rules(document)
    assert found.kind == document["kind"]
    assert Rules.read(json.loads(json.dumps(found.stored()))) == found


@pytest.mark.parametrize("document", [*ADDED_ONES, HAPPY], ids=lambda one: one["kind"])
def test_what_is_added_is_stored_and_read_too(document: Document) -> None:
    found = rules(STAMPS, document, *([TIERS] if document is HAPPY else []))
    stored = json.loads(json.dumps(found.stored()))
    assert Rules.read(stored) == found
    assert Rules.read(stored).stored() == stored


def test_every_main_kind_can_be_a_program() -> None:
    assert tuple(one["kind"] for one in MAIN_ONES) == MAIN


def test_kinds_combine_on_one_card() -> None:
    found = rules(STAMPS, LUNCH, POINTS, CASHBACK, {**TIERS, "by": "visits"}, BIRTHDAY, REFERRAL, GOODWILL, EXPIRY)
    assert found.earned(bought(1000)) == {
        "stamps": 1,
        "stamps:lunch": 1,
        "points": 10,
        "credit": 50,
        "tier:visits:2026-01-01": 1,
    }
    assert found.reward_ids() == (COFFEE, CAKE)
    assert found.one(PointRule) is found.parts[2]
    assert [part.key for part in found.each(OccasionRule)] == ["birthday"]


def test_a_program_says_its_main_promise_and_each_other() -> None:
    found = rules(STAMPS, BIRTHDAY, GOODWILL)
    assert found.sentence(ENGLISH) == "10 stamps, then one for free: Coffee"
    assert found.sentences(ENGLISH)[1:] == ("On your birthday: Cake", "Staff may give 1 stamp, up to 10 times a week")


def test_customers_are_not_told_what_staff_may_give() -> None:
    promises = ("10 stamps, then one for free: Coffee", "On your birthday: Cake")
    assert rules(STAMPS, GOODWILL, BIRTHDAY).promises(ENGLISH) == promises


def test_the_counter_without_a_key_is_the_one_that_is_drawn() -> None:
    found = rules(LUNCH, STAMPS)
    assert found.grid == found.parts[1]
    assert found.counter("lunch") == found.parts[0]
    assert found.counter("dinner") is None
    assert rules(POINTS).grid is None


GIVE_OTHER = "the program has none. Give something that it has."
NO_COUNTER = "Stamps cannot be given: the card has no such counter. Give something that the program has."


@pytest.mark.parametrize(
    ("parts", "about", "sentence"),
    [
        ([], "parts", "This list is too short: write at least 1."),
        (
            [GOODWILL, STAMPS],
            "parts.0.kind",
            "A program cannot begin with “goodwill”: put one of stamps, points, cashback, discount, prepaid, voucher, "
            "donation first.",
        ),
        ([POINTS, POINTS], "parts", "“points” stands here twice: a program has it once."),
        ([STAMPS, TIERS, TIERS], "parts", "“tiers” stands here twice: a program has it once."),
        ([STAMPS, GOODWILL, GOODWILL], "parts", "“goodwill” stands here twice: a program has it once."),
        (
            [STAMPS, STAMPS],
            "parts",
            "Two counters have the key “”: give each its own. Only one may have none.",
        ),
        (
            [STAMPS, DONATION],
            "parts",
            "Two counters have the key “”: give each its own. Only one may have none.",
        ),
        (
            [STAMPS, LUNCH, LUNCH],
            "parts",
            "Two counters have the key “lunch”: give each its own. Only one may have none.",
        ),
        (
            [LUNCH],
            "parts",
            "Every counter has a key: leave one empty, it is the one whose stamps are drawn.",
        ),
        (
            [STAMPS, BIRTHDAY, {**BIRTHDAY, "occasion": "welcome"}],
            "parts",
            "Two occasions have the key “birthday”: give each its own.",
        ),
        ([STAMPS, EXPIRY, EXPIRY], "parts", "Two rules say when “stamps” ends: leave one of them."),
        (
            [STAMPS, {**TIERS, "by": "points"}],
            "parts",
            "Tiers by points need points: add points, or count visits or what is spent.",
        ),
        (
            [STAMPS, {**TIERS, "tiers": [SILVER, {**GOLD, "factor": 2}]}],
            "parts",
            "Only points and credit come faster with a tier, and the program has none: leave the factor at 1.",
        ),
        ([HAPPY], "parts", "No tier is called “gold”: choose one of the program's tiers, or none."),
        (
            [HAPPY, {**TIERS, "tiers": [SILVER]}],
            "parts",
            "No tier is called “gold”: choose one of the program's tiers, or none.",
        ),
        ([POINTS, GOODWILL], "parts.1.grant.unit", NO_COUNTER),
        ([STAMPS, {**GOODWILL, "grant": {"counter": "lunch"}}], "parts.1.grant.counter", NO_COUNTER),
        ([PREPAID, REFERRAL], "parts.1.friend.unit", NO_COUNTER),
        ([STAMPS, {**REFERRAL, "referrer": POINT}], "parts.1.referrer.unit", f"Points cannot be given: {GIVE_OTHER}"),
        ([STAMPS, {**BIRTHDAY, "grant": CENT}], "parts.1.grant.unit", f"Credit cannot be given: {GIVE_OTHER}"),
        (
            [STAMPS, {**CAUSES, "bonuses": [{"cause": "event", "grant": CENT}]}],
            "parts.1.bonuses.0.grant.unit",
            f"Credit cannot be given: {GIVE_OTHER}",
        ),
        ([VOUCHER, EXPIRY], "parts.1.what", "“stamps” cannot end: the program has none. Take this rule away."),
        (
            [{"kind": "lottery"}],
            "parts.0.kind",
            "“lottery” is not possible here: choose one of stamps, donation, points, tiers, cashback, discount, "
            "prepaid, voucher, referral, occasion, goodwill, causes, expiry.",
        ),
        ([{"stamps_needed": 10}], "parts.0.kind", "This has no kind: choose one."),
        (
            [STAMPS, *({**BIRTHDAY, "key": f"day{number}"} for number in range(20))],
            "parts",
            "This list is too long: write at most 20.",
        ),
    ],
)
def test_rules_that_do_not_stand_together_are_refused(parts: list[Document], about: str, sentence: str) -> None:
    assert refused(*parts) == (about, sentence)


@pytest.mark.parametrize("stored", [{}, {"parts": None}, {"parts": "stamps"}, {"stamps_needed": 10}, [], None, "x"])
def test_what_holds_no_rules_is_refused(stored: object) -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate(stored)


def test_rules_are_never_changed() -> None:
    with pytest.raises(ValidationError):
        rules(DISCOUNT).parts[0].by = "spend"  # type: ignore[union-attr]
