"""N stamps, then one for free."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from issuer.rules.movement import Movement
from issuer.rules.part import Item
from issuer.rules.settling import granted, settled
from issuer.rules.stamps import StampRule, pause_left
from tests.issuer.rules.cases import (
    COFFEE,
    ENGLISH,
    GERMAN,
    LUNCH,
    STAMPS,
    Document,
    bought,
    by_hand,
    named,
    part,
    refused,
    rules,
)

CUP = f"reward:{COFFEE}"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def stamped(document: Document, times: int) -> dict[str, int]:
    """The balances after so many visits, one by one."""
    program, balances = rules(document), dict[str, int]()
    for _ in range(times):
        lines = [*granted(program.earned(by_hand(1)), balances, "stamp")]
        for line in [*lines, *settled([part(document)], {**balances, **_sum(balances, lines)})]:
            balances[line.unit] = balances.get(line.unit, 0) + line.amount
    return balances


def _sum(balances: Mapping[str, int], lines: list[Movement]) -> dict[str, int]:
    return {line.unit: balances.get(line.unit, 0) + line.amount for line in lines}


@pytest.mark.parametrize(
    ("needed", "visits", "balances"),
    [
        (10, 9, {"stamps": 9}),
        (10, 10, {"stamps": 0, CUP: 1}),
        (10, 11, {"stamps": 1, CUP: 1}),
        (5, 5, {"stamps": 0, CUP: 1}),
        (3, 3, {"stamps": 0, CUP: 1}),
        (3, 4, {"stamps": 1, CUP: 1}),
        (2, 5, {"stamps": 1, CUP: 2}),
        (30, 29, {"stamps": 29}),
        (30, 30, {"stamps": 0, CUP: 1}),
    ],
)
def test_ten_scans_are_one_pastry_and_the_eleventh_starts_the_next_card(
    needed: int, visits: int, balances: Mapping[str, int]
) -> None:
    assert stamped({**STAMPS, "stamps_needed": needed}, visits) == balances


@pytest.mark.parametrize(
    ("balance", "completed"), [(0, 0), (9, 0), (10, 1), (19, 1), (20, 2), (30, 3), (-1, 0), (-11, 0)]
)
def test_every_full_round_becomes_one_reward_and_nothing_else_does(balance: int, completed: int) -> None:
    lines = tuple(part(STAMPS).complete({"stamps": balance}))
    expected = (Movement("stamps", -completed * 10, "exchanged", "round"), Movement(CUP, completed, "issued", "round"))
    assert lines == (expected if completed else ())


@pytest.mark.parametrize(
    ("change", "sale", "stamps"),
    [
        ({}, by_hand(3), 3),
        ({}, by_hand(3, "lunch"), None),
        ({}, bought(0), 1),
        ({}, bought(None), 1),
        ({"earn": "amount", "amount": 500}, bought(499), None),
        ({"earn": "amount", "amount": 500}, bought(500), 1),
        ({"earn": "amount", "amount": 500}, bought(99_999), 1),
        ({"earn": "amount", "amount": 500}, bought(None), None),
        ({"earn": "amount", "amount": 500}, by_hand(2), 2),
        ({"earn": "item"}, bought(900), None),
        ({"earn": "item"}, bought(900, items=(Item("a", "A", 2, 300), Item("b", "B", 1, 300))), 3),
        ({"earn": "item", "items": ["b"]}, bought(900, items=(Item("a", "A", 2, 300), Item("b", "B", 1, 300))), 1),
        ({"earn": "item", "items": ["c"]}, bought(900, items=(Item("a", "A", 2, 300),)), None),
    ],
)
def test_a_stamp_is_earned_per_visit_per_item_or_from_an_amount(
    change: Document, sale: Any, stamps: int | None
) -> None:
    assert rules({**STAMPS, **change}).earned(sale) == ({} if stamps is None else {"stamps": stamps})


def test_a_visit_stamps_each_counter_and_a_stamp_by_hand_only_its_own() -> None:
    both = rules(STAMPS, LUNCH)
    assert both.earned(bought(900)) == {"stamps": 1, "stamps:lunch": 1}
    assert both.earned(by_hand(2, "lunch")) == {"stamps:lunch": 2}
    assert both.earned(by_hand(2)) == {"stamps": 2}


def test_a_new_card_may_begin_with_stamps() -> None:
    assert rules({**STAMPS, "bonus": 2}).start() == (Movement("stamps", 2, "issued", "bonus"),)
    assert rules(STAMPS).start() == ()
    assert rules(STAMPS, {**LUNCH, "bonus": 1}).start() == (Movement("stamps:lunch", 1, "issued", "bonus"),)


@pytest.mark.parametrize(
    ("balances", "shown"),
    [
        ({}, 0),
        ({"stamps": 0}, 0),
        ({"stamps": 4}, 4),
        ({"stamps": 0, CUP: 1}, 10),
        ({"stamps": 0, CUP: 0}, 0),
        ({CUP: 3}, 10),
        ({"stamps": 1, CUP: 1}, 1),
        ({"stamps": 0, "reward:of another rule": 1}, 0),
    ],
)
def test_the_grid_stays_full_while_a_reward_waits_and_no_new_stamp_has_come(
    balances: Mapping[str, int], shown: int
) -> None:
    assert part(STAMPS).shown(balances) == shown


@pytest.mark.parametrize(
    ("change", "english", "german"),
    [
        ({}, "10 stamps, then one for free: Coffee", "10 Stempel, dann gratis: Kaffee"),
        (
            {"stamps_needed": 3, "next_free": True},
            "Buy 3, the 4th is free: Coffee",
            "3 Mal zahlen, das 4. Mal ist gratis: Kaffee",
        ),
        (
            {"stamps_needed": 21, "next_free": True},
            "Buy 21, the 22nd is free: Coffee",
            "21 Mal zahlen, das 22. Mal ist gratis: Kaffee",
        ),
        (
            {"stamps_needed": 12, "next_free": True},
            "Buy 12, the 13th is free: Coffee",
            "12 Mal zahlen, das 13. Mal ist gratis: Kaffee",
        ),
        (
            {"earn": "item", "bonus": 1},
            "10 stamps, then one for free: Coffee; One stamp for each item; 1 stamp is there already",
            "10 Stempel, dann gratis: Kaffee; Ein Stempel je Artikel; 1 Stempel ist schon da",
        ),
        (
            {"earn": "amount", "amount": 1050, "bonus": 2},
            "10 stamps, then one for free: Coffee; One stamp from €10.50; 2 stamps are there already",
            "10 Stempel, dann gratis: Kaffee; Ein Stempel ab 10,50\u00a0€; 2 Stempel sind schon da",
        ),
        (
            {"names": named("Coffee card", "Kaffeekarte")},
            "Coffee card: 10 stamps, then one for free: Coffee",
            "Kaffeekarte: 10 Stempel, dann gratis: Kaffee",
        ),
    ],
)
def test_stamps_say_themselves_in_one_sentence(change: Document, english: str, german: str) -> None:
    rule = part({**STAMPS, **change})
    assert (rule.sentence(ENGLISH), rule.sentence(GERMAN)) == (english, german)


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"stamps_needed": 1}, "stamps_needed", "“1” is too small: write at least 2."),
        ({"stamps_needed": 31}, "stamps_needed", "“31” is too large: write at most 30."),
        ({"stamps_needed": "ten"}, "stamps_needed", "“ten” is not a whole number: write digits only."),
        ({"stamps_needed": 2.5}, "stamps_needed", "“2.5” is not a whole number: write digits only."),
        ({"stamps_needed": " "}, "stamps_needed", "This is missing: fill it in."),
        ({"reward_id": "x"}, "reward_id", "“x” is not a reward: choose one of the program's."),
        ({"reward_id": None}, "reward_id", "This is missing: fill it in."),
        ({"earn": "luck"}, "earn", "“luck” is not possible here: choose one of visit, item, amount."),
        ({"earn": "amount"}, "amount", "Stamps are earned from an amount: say from which."),
        ({"earn": "amount", "amount": 0}, "amount", "“0” is too small: write at least 1."),
        (
            {"amount": 500},
            "amount",
            "No stamp is earned from an amount here: take the amount away, or earn stamps from an amount.",
        ),
        (
            {"items": ["a"]},
            "items",
            "No stamp is earned for an item here: take the items away, or earn stamps for items.",
        ),
        ({"earn": "item", "items": [""]}, "items.0", "This is empty: write what it is called."),
        (
            {"earn": "item", "items": ["a\x00"]},
            "items.0",
            "This holds characters that cannot be printed: type it anew.",
        ),
        (
            {"bonus": 10},
            "bonus",
            "A new card cannot begin with 10 of 10 stamps: leave at least one to collect.",
        ),
        ({"bonus": -1}, "bonus", "“-1” is too small: write at least 0."),
        ({"bonus": 30}, "bonus", "“30” is too large: write less than 30."),
        (
            {"counter": "Lunch"},
            "counter",
            "“Lunch” is not a key: write up to 20 small letters, digits and _, a letter first.",
        ),
        ({"stamps": 3}, "stamps", "There is no field “stamps” here: take it away."),
        ({"names": {"de": "Kaffee"}}, "names.en", "This is missing: fill it in."),
    ],
)
def test_a_rule_that_no_card_could_follow_is_refused(change: Document, about: str, sentence: str) -> None:
    assert refused({**STAMPS, **change}) == (f"parts.0.{about}", sentence)


@pytest.mark.parametrize(
    ("change", "about", "sentence"),
    [
        ({"names": None}, "names", "The counter “lunch” has no name: say what its stamps are called."),
        ({"counter": "rest"}, "counter", "No counter can have the key “rest”: choose another."),
    ],
)
def test_a_further_counter_needs_a_name_and_a_key_of_its_own(change: Document, about: str, sentence: str) -> None:
    assert refused(STAMPS, {**LUNCH, **change}) == (f"parts.1.{about}", sentence)


@pytest.mark.parametrize("missing", ["stamps_needed", "reward_id"])
def test_a_rule_that_is_not_whole_is_refused(missing: str) -> None:
    document = {key: value for key, value in STAMPS.items() if key != missing}
    assert refused(document) == (f"parts.0.{missing}", "This is missing: fill it in.")


def test_a_rule_is_the_same_for_the_same_words() -> None:
    assert part(STAMPS) == StampRule(stamps_needed=10, reward_id=COFFEE)


@pytest.mark.parametrize(
    ("seconds_ago", "left"),
    [(0, 300), (1, 299), (299, 1), (300, 0), (301, -1), (-10, 290)],
)
def test_the_pause_runs_from_the_other_stamp_on_whichever_came_first(seconds_ago: int, left: int) -> None:
    assert pause_left(NOON - timedelta(seconds=seconds_ago), NOON, 300) == timedelta(seconds=left)


def test_a_card_that_never_earned_need_not_wait() -> None:
    assert pause_left(None, NOON, 300) == timedelta()
