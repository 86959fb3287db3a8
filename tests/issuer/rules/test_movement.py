"""What the ledger counts in, and which of it people see."""

import ast
import sys
from pathlib import Path

import pytest

import issuer.rules
from issuer.rules.movement import (
    Movement,
    after,
    counter_unit,
    is_counter,
    is_internal,
    is_owed,
    is_rest,
    is_reward,
    owed_unit,
    rest_unit,
    reward_unit,
    tier_unit,
    voucher_unit,
)
from tests.issuer.rules.cases import COFFEE


def test_the_main_counter_has_no_key_and_others_have_one() -> None:
    assert counter_unit("") == "stamps"
    assert counter_unit("lunch") == "stamps:lunch"


@pytest.mark.parametrize(
    ("unit", "seen"),
    [
        ("stamps", True),
        ("stamps:lunch", True),
        ("points", True),
        ("credit", True),
        ("prepaid", True),
        ("donated", True),
        (reward_unit(COFFEE), True),
        (voucher_unit(COFFEE), True),
        (owed_unit("points"), True),
        ("visits", False),
        ("spend", False),
        (rest_unit("points"), False),
        (rest_unit("credit"), False),
        (tier_unit("spend:2026-01-01"), False),
        (rest_unit(tier_unit("points:2026-01-01")), False),
    ],
)
def test_what_the_rules_keep_for_their_own_reckoning_is_shown_to_nobody(unit: str, seen: bool) -> None:
    assert is_internal(unit) is not seen


@pytest.mark.parametrize("unit", ["points", "stampsx", "reward:1", "owed:stamps", "tier:spend:2026-01-01", ""])
def test_what_is_no_counter_is_not_taken_for_one(unit: str) -> None:
    assert not is_counter(unit)


@pytest.mark.parametrize("unit", ["stamps", "voucher:1", "owed:reward:1", "points:rest", ""])
def test_what_is_no_reward_is_not_taken_for_one(unit: str) -> None:
    assert not is_reward(unit)


def test_debts_and_remainders_are_told_apart() -> None:
    assert is_owed("owed:points")
    assert not is_owed("points")
    assert is_rest("points:rest")
    assert not is_rest("points")


def test_booking_adds_up_and_leaves_what_it_was_given_alone() -> None:
    before = {"stamps": 9}
    lines = [Movement("stamps", 1, "issued", "stamp"), Movement("points", 5, "issued", "stamp")]
    assert after(before, lines) == {"stamps": 10, "points": 5}
    assert before == {"stamps": 9}


def test_rules_import_no_database_no_web_and_no_clock() -> None:
    allowed = {*sys.stdlib_module_names, "pydantic", "pydantic_core", "babel"}
    ours = ("issuer.rules", "issuer.language", "issuer.refusals")
    for path in Path(issuer.rules.__file__).parent.glob("*.py"):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in allowed or name.startswith(ours), f"{path.name} imports {name}"
        assert not any(word in text for word in (".now(", ".today(", "time.time", "float(")), path.name
