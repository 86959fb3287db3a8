"""The rule "N stamps, then one for free", as a table of cases. Nothing here knows a database or a clock."""

import ast
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

import issuer.rules
from issuer.rules import KINDS, rule_of
from issuer.rules.movement import Movement, is_reward, reward_unit
from issuer.rules.stamps import StampRule, pause_left

REWARD = UUID("00000000-0000-4000-8000-000000000001")
UNIT = f"reward:{REWARD}"
RULE = StampRule(10, REWARD)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def rounds(number: int, needed: int = 10) -> tuple[Movement, ...]:
    return (
        Movement("stamps", -number * needed, "exchanged", "round"),
        Movement(UNIT, number, "issued", "round"),
    )


@pytest.mark.parametrize(
    ("before", "count", "completed"),
    [
        ({}, 1, 0),
        ({"stamps": 0}, 9, 0),
        ({"stamps": 8}, 1, 0),
        ({"stamps": 9}, 1, 1),
        ({}, 10, 1),
        ({}, 19, 1),
        ({"stamps": 9}, 11, 2),
        ({"stamps": 5}, 25, 3),
        ({"stamps": 9, UNIT: 4}, 1, 1),
    ],
)
def test_every_full_round_becomes_one_reward(before: Mapping[str, int], count: int, completed: int) -> None:
    earned = RULE.earn(before, count, "stamp")
    assert earned[0] == Movement("stamps", count, "issued", "stamp")
    assert earned[1:] == (rounds(completed) if completed else ())


@pytest.mark.parametrize(("needed", "before", "completed"), [(2, 1, 1), (2, 0, 0), (30, 28, 0), (30, 29, 1), (3, 8, 3)])
def test_a_round_is_as_long_as_the_rule_says(needed: int, before: int, completed: int) -> None:
    earned = StampRule(needed, REWARD).earn({"stamps": before}, 1, "stamp")
    assert earned[1:] == (rounds(completed, needed) if completed else ())


def test_the_cause_is_the_stamps_while_the_exchange_is_always_a_round() -> None:
    assert [movement.cause for movement in RULE.earn({"stamps": 9}, 1, "import")] == ["import", "round", "round"]


def test_earning_leaves_the_balances_it_was_given_alone() -> None:
    before = {"stamps": 9}
    RULE.earn(before, 1, "stamp")
    assert before == {"stamps": 9}


@pytest.mark.parametrize(
    ("balances", "shown"),
    [
        ({}, 0),
        ({"stamps": 0}, 0),
        ({"stamps": 4}, 4),
        ({"stamps": 0, UNIT: 1}, 10),
        ({"stamps": 0, UNIT: 0}, 0),
        ({UNIT: 3}, 10),
        ({"stamps": 1, UNIT: 1}, 1),
        ({"stamps": 0, "reward:of another rule": 1}, 0),
    ],
)
def test_the_grid_stays_full_while_a_reward_waits_and_no_new_stamp_has_come(
    balances: Mapping[str, int], shown: int
) -> None:
    assert RULE.shown(balances) == shown


@pytest.mark.parametrize(
    ("language", "reward", "sentence"),
    [
        ("de", "Kaffee", "10 Stempel, dann gratis: Kaffee"),
        ("en", "Coffee", "10 stamps, then one for free: Coffee"),
    ],
)
def test_a_rule_prints_itself_as_one_sentence_in_both_languages(language: str, reward: str, sentence: str) -> None:
    assert RULE.sentence(language, reward) == sentence


def test_a_per_cent_sign_in_a_reward_is_only_text() -> None:
    assert RULE.sentence("en", "100% fruit %(needed)s") == "10 stamps, then one for free: 100% fruit %(needed)s"


@pytest.mark.parametrize(
    ("seconds_ago", "left"),
    [(0, 300), (1, 299), (299, 1), (300, 0), (301, -1), (-10, 290)],
)
def test_the_pause_runs_from_the_other_stamp_on_whichever_came_first(seconds_ago: int, left: int) -> None:
    assert pause_left(NOON - timedelta(seconds=seconds_ago), NOON, 300) == timedelta(seconds=left)


def test_a_card_that_never_earned_need_not_wait() -> None:
    assert pause_left(None, NOON, 300) == timedelta()


def test_what_a_version_stores_is_read_as_the_rule_of_its_kind() -> None:
    assert rule_of("stamps", {"stamps_needed": 10, "reward_id": str(REWARD)}) == RULE


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"stamps_needed": 10},
        {"stamps_needed": "ten", "reward_id": str(REWARD)},
        {"stamps_needed": 10, "reward_id": "x"},
    ],
)
def test_a_stored_rule_that_is_not_whole_is_refused(stored: Mapping[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        rule_of("stamps", stored)


def test_a_kind_of_program_that_nobody_wrote_is_refused() -> None:
    with pytest.raises(KeyError):
        rule_of("points", {})


def test_a_reward_is_a_unit_of_its_own() -> None:
    assert reward_unit(REWARD) == UNIT
    assert is_reward(UNIT)
    assert not is_reward("stamps")


def test_rules_import_no_database_no_web_and_no_clock() -> None:
    allowed = set(sys.stdlib_module_names) | {"issuer.rules", "issuer.language"}
    for path in Path(issuer.rules.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                known = name.split(".")[0] in allowed or any(name.startswith(prefix) for prefix in allowed)
                assert known, f"{path.name} imports {name}"
        assert ".now(" not in path.read_text(), f"{path.name} asks the clock"
    assert set(KINDS) == {"stamps"}
