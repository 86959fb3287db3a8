"""The form of a program as values: what fills it reads back the same, and what nobody's page sends does no harm."""

from uuid import uuid4

import pytest

from issuer.branding import UnknownBranding, brandings
from issuer.presets import preset, presets
from issuer.program_changes import collecting
from issuer.rules import MAIN
from issuer.rules.wording import Wording
from issuer.web.console.program_fields import ADDED
from issuer.web.console.program_filling import filled
from issuer.web.console.program_forms import read
from issuer.web.console.program_trees import Tree, addable, changed, flat, grown

LANGUAGES = ("de", "en")


def _sent(tree: Tree) -> Tree:
    """The form as it comes back from a browser."""
    return grown(list(flat(tree)))


@pytest.mark.parametrize("trade", brandings())
def test_every_trade_has_a_preset_of_every_kind_that_says_itself_in_both_languages(trade: str) -> None:
    for kind, plan in presets(trade).items():
        said = [plan.rules.sentence(Wording(language, plan.rewards)) for language in LANGUAGES]
        assert plan.rules.kind == kind
        assert all(said)
        assert said[0] != said[1]
        assert set(plan.names) == set(LANGUAGES)
    assert tuple(presets(trade)) == MAIN


def test_two_shops_of_a_trade_do_not_share_a_reward() -> None:
    assert set(preset("cafe", "points").rewards).isdisjoint(preset("cafe", "points").rewards)


@pytest.mark.parametrize("trade", ["", "bank", "../cafe"])
def test_there_are_no_presets_of_an_unknown_trade(trade: str) -> None:
    with pytest.raises(UnknownBranding):
        preset(trade, "stamps")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MAIN)
def test_what_fills_a_form_reads_back_as_the_same_plan(kind: str, language: str) -> None:
    plan = preset("cafe", kind)
    typed = read(_sent(filled(plan, 90, language)), plan.rewards)
    assert (typed.plan, typed.pause, typed.objections, typed.renamed) == (plan, 90, (), ())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MAIN)
def test_everything_that_can_be_added_reads_back_the_same_too(kind: str, language: str) -> None:
    tree = filled(preset("cafe", kind), 0, language)
    for what in addable(tree):
        if what not in ("counter", "expiry"):
            tree = changed(tree, f"add:{what}", "cafe", language)
    plan = read(_sent(tree)).plan
    assert plan is not None
    assert read(_sent(filled(plan, 0, language)), plan.rewards).plan == plan


def test_what_a_program_has_once_is_offered_once() -> None:
    tree = filled(preset("cafe", "stamps"), 0, "de")
    for what in ADDED:
        tree = changed(tree, f"add:{what}", "cafe", "de")
    assert addable(tree) == ["milestone", "expiry", "counter"]
    keys = [part["key"] for part in changed(tree, "add:milestone", "cafe", "de")["parts"] if "key" in part]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("kind", [kind for kind in MAIN if kind not in ("stamps", "donation")])
def test_a_counter_is_offered_only_beside_stamps(kind: str) -> None:
    assert "counter" not in addable(filled(preset("cafe", kind), 0, "de"))


def test_the_same_name_is_the_same_reward_in_the_whole_form() -> None:
    tree = changed(filled(preset("cafe", "stamps"), 0, "de"), "add:birthday", "cafe", "de")
    typed = read(_sent(tree))
    assert typed.plan is not None
    assert len(typed.plan.rewards) == 1


def test_a_reward_named_elsewhere_in_the_form_as_before_is_not_renamed() -> None:
    reward_id = uuid4()
    plan = collecting({"de": "K", "en": "K"}, {"de": "Kaffee", "en": "Coffee"}, 10, reward_id)
    tree = changed(filled(plan, 0, "de"), "add:birthday", "cafe", "de")
    tree["parts"][0]["reward"] |= {"de": "Tee", "en": "Tea"}
    typed = read(_sent(tree), plan.rewards, renaming=True)
    assert typed.renamed == ()
    assert typed.rewards[reward_id]["de"] == "Kaffee"


@pytest.mark.parametrize(
    ("pairs", "tree"),
    [
        ([("a.b", "1"), ("a", "2")], {"a": {"b": "1"}}),
        ([("a", "2"), ("a.b", "1")], {"a": "2"}),
        ([("a.9.b", "x"), ("a.2.b", "y")], {"a": [{"b": "y"}, {"b": "x"}]}),
        ([("a.1", "x"), ("a.2.b", "y")], {"a": [{"b": "y"}]}),
        ([("a.999.b", "x")], {}),
        ([("a..b", "x"), (".a", "x"), ("a.", "x"), ("", "x")], {}),
        ([("A.b", "x"), ("a b", "x"), ("a.__class__", "x")], {"a": {"__class__": "x"}}),
        ([(".".join("abcdefghij"), "x")], {}),
        ([("h.days", "1"), ("h.days", "2")], {"h": {"days": ["1", "2"]}}),
    ],
    ids=str,
)
def test_names_that_no_form_has_grow_into_nothing_that_hurts(pairs: list[tuple[str, str]], tree: Tree) -> None:
    assert grown(pairs) == tree


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"parts": []},
        {"parts": "x", "names": "x"},
        {"parts": [{"kind": "stamps"}]},
        {"parts": [{"kind": "stamps", "reward": "x", "earn": {}, "counter": []}], "names": {"de": {}}},
        {"parts": [{"kind": "points", "prices": "x", "happy_hours": [{"days": "x", "begin": "25:99"}]}]},
        {"parts": [{"kind": "points", "prices": [{"tier": "gold", "price": "9" * 12}]}]},
        {"parts": [{"kind": "voucher", "worth": {"by": "all"}}]},
        {"parts": [{"kind": "tiers", "by": "luck", "tiers": {}}]},
    ],
    ids=str,
)
def test_a_form_that_is_not_whole_is_objected_to_and_never_breaks(tree: Tree) -> None:
    typed = read(tree)
    assert typed.plan is None
    assert typed.objections
    for one in typed.objections:
        assert one.sentence("de") != one.sentence("en")
    assert typed.sentences("de", "EUR") == [None] * len(typed.parts)


@pytest.mark.parametrize("typed", ["14", "14:0", "2 pm", "1400", "-1:00", "14:00:00", "99:99"])
def test_a_time_that_is_none_is_refused(typed: str) -> None:
    tree = changed(filled(preset("cafe", "points"), 0, "en"), "more:parts.0.happy_hours", "cafe", "en")
    tree["parts"][0]["happy_hours"][0]["begin"] = typed
    (objection,) = read(_sent(tree)).objections
    assert objection.about == "parts.0.happy_hours.0.begin"
    assert typed in objection.sentence("en")
