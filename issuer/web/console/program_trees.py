"""What stands in the form of a program, as typed: texts in a tree that follows the rules' own names."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from issuer.presets import usual_reward
from issuer.web.console.program_fields import ADDED, Field, fields_of, sort_of

Tree = dict[str, Any]
"""Texts, lists of days, trees, and lists of trees: ``{"parts": [{"kind": "stamps", "stamps_needed": "10", …}]}``."""

NAME = re.compile(r"[a-z_]{1,20}(\.([a-z_]{1,20}|[0-9]{1,2})){0,6}")
ONCE = ("birthday", "welcome", "anniversary", "referral", "tiers", "goodwill", "causes")
STAMPED = ("stamps", "donation")
GIVING = ("stamps", "occasion", "referral", "causes", "goodwill", "tiers")
"""Kinds by which a reward may wait on a card."""


def grown(pairs: Iterable[tuple[str, str]]) -> Tree:
    """The tree of a form whose fields are called "parts.0.stamps_needed"; other names are left aside."""
    root: Tree = {}
    for name, value in pairs:
        if NAME.fullmatch(name):
            *steps, last = name.split(".")
            _put(_below(root, steps), last, value)
    listed = _listed(root)
    return listed if isinstance(listed, dict) else {}


def _below(root: Tree, steps: Iterable[str]) -> Tree:
    here = root
    for step in steps:
        below = here.setdefault(step, {})
        if not isinstance(below, dict):
            return {}
        here = below
    return here


def _put(here: Tree, name: str, value: str) -> None:
    if name == "days":
        here[name] = [*here[name], value] if isinstance(here.get(name), list) else [value]
    elif not isinstance(here.get(name), dict):
        here[name] = value


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    below = {name: _listed(value) for name, value in node.items()}
    if below and all(name.isdecimal() for name in below):
        return [below[name] for name in sorted(below, key=int) if isinstance(below[name], dict)]
    return below


def text_of(node: Tree, name: str) -> str:
    found = node.get(name, "")
    return found.strip() if isinstance(found, str) else ""


def tree_of(node: Tree, name: str) -> Tree:
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def lines_of(node: Tree, name: str) -> list[Tree]:
    found = node.get(name)
    return [line for line in found if isinstance(line, dict)] if isinstance(found, list) else []


def parts_of(tree: Tree) -> list[Tree]:
    return lines_of(tree, "parts")


def flat(node: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """The fields that grow into a tree again."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from flat(value, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from flat(value, path if isinstance(value, str) else f"{path}.{number}")


def changed(tree: Tree, wish: str, trade: str, language: str) -> Tree:
    """The form after a button: "add:birthday", "remove:1", "more:parts.0.prices", "less:parts.0.prices.2".

    A wish that cannot be fulfilled changes nothing: the form comes from an older page.
    """
    what, _, where = wish.partition(":")
    parts = parts_of(tree)
    if what == "add" and where in addable(tree):
        parts = [*parts, addition(where, tree, trade, language)]
    elif what == "remove" and where.isdecimal() and 0 < int(where) < len(parts):
        parts = [part for number, part in enumerate(parts) if number != int(where)]
    elif what in ("more", "less"):
        parts = _relined(parts, where, what)
    return {**tree, "parts": parts}


def _relined(parts: list[Tree], where: str, what: str) -> list[Tree]:
    found = re.fullmatch(r"parts\.([0-9]{1,2})\.([a-z_]+)(?:\.([0-9]{1,2}))?", where)
    number = int(found[1]) if found else len(parts)
    if found is None or number >= len(parts):
        return parts
    part = parts[number]
    field = next((one for one in fields_of(part) if one.name == found[2] and one.sort == "lines"), None)
    if field is None:
        return parts
    lines = lines_of(part, field.name)
    if what == "more":
        lines = [*lines, _fresh(field, lines)]
    elif found[3] is not None:
        lines = [line for place, line in enumerate(lines) if place != int(found[3])]
    return [*parts[:number], {**part, field.name: lines}, *parts[number + 1 :]]


def _fresh(field: Field, lines: list[Tree]) -> Tree:
    line = dict(field.fresh)
    if any(one.name == "key" for one in field.fields):
        line["key"] = _free("tier", {text_of(other, "key") for other in lines})
    return line


def _free(word: str, taken: Iterable[str]) -> str:
    """The word, or the first of word2, word3, … that is not taken."""
    names = [word, *(f"{word}{number}" for number in range(2, 30))]
    return next(name for name in names if name not in set(taken))


def addable(tree: Tree) -> list[str]:
    """What can be added to a program as it stands in the form."""
    parts = parts_of(tree)
    there = {sort_of(part) for part in parts}
    stamped = bool(parts) and text_of(parts[0], "kind") in STAMPED
    left = {"counter": stamped, "expiry": any(what not in _ended(parts) for what in ending(tree))}
    return [what for what in ADDED if not (what in ONCE and what in there) and left.get(what, True)]


def ending(tree: Tree) -> list[str]:
    """What of a program, as it stands in the form, an expiry may end; what it collects first."""
    kinds = {text_of(part, "kind") for part in parts_of(tree)}
    has = {"stamps": STAMPED, "points": ("points",), "credit": ("cashback",), "rewards": GIVING}
    return [what for what, of in has.items() if kinds & set(of)]


def _ended(parts: Iterable[Tree]) -> set[str]:
    return {text_of(part, "what") for part in parts if text_of(part, "kind") == "expiry"}


def addition(what: str, tree: Tree, trade: str, language: str) -> Tree:
    """A part to add, filled in so that little is left to do."""
    maker = ADDITIONS.get(what)
    if maker is None:
        return _occasion(what, tree, trade)
    return maker(tree, trade, "," if language == "de" else ".")


def _occasion(what: str, tree: Tree, trade: str) -> Tree:
    keys = {text_of(part, "key") for part in parts_of(tree)}
    days = {"birthday": {"days_before": "0", "days_after": "14"}, "milestone": {"visits": "10", "days_after": "90"}}
    more = days.get(what, {"days_before": "0", "days_after": "30"})
    return {"kind": "occasion", "occasion": what, "key": _free(what, keys), "grant": _present(trade), **more}


def _present(trade: str) -> Tree:
    return {"unit": "reward", "amount": "1", "reward": dict(usual_reward(trade))}


def _small(tree: Tree, trade: str, point: str) -> Tree:
    """Something little of what the program collects."""
    kind = text_of(parts_of(tree)[0], "kind") if parts_of(tree) else ""
    small: Mapping[str, Tree] = {
        "stamps": {"unit": "stamps", "amount": "1"},
        "donation": {"unit": "stamps", "amount": "1"},
        "points": {"unit": "points", "amount": "10"},
        "cashback": {"unit": "credit", "amount": f"1{point}00"},
    }
    return small.get(kind) or _present(trade)


def _referral(tree: Tree, trade: str, point: str) -> Tree:
    return {"kind": "referral", "referrer": _small(tree, trade, point), "friend": _small(tree, trade, point)}


def _tiers(tree: Tree, _trade: str, point: str) -> Tree:
    kind = text_of(parts_of(tree)[0], "kind") if parts_of(tree) else ""
    by = "points" if kind == "points" else "visits" if kind in STAMPED else "spend"
    steps = {"points": ("100", "300", "600"), "visits": ("10", "25", "50"), "spend": ("100", "300", "600")}[by]
    factors = ("1", f"1{point}25", f"1{point}5") if kind in ("points", "cashback") else ("1", "1", "1")
    names = (("silver", "Silber", "Silver"), ("gold", "Gold", "Gold"), ("platinum", "Platin", "Platinum"))
    lines = [
        {"key": key, "names": {"de": de, "en": en}, "threshold": step, "factor": factor}
        for (key, de, en), step, factor in zip(names, steps, factors, strict=True)
    ]
    return {"kind": "tiers", "by": by, "window": "year", "announce_days": "30", "tiers": lines}


def _goodwill(tree: Tree, trade: str, point: str) -> Tree:
    return {"kind": "goodwill", "grant": _small(tree, trade, point), "a_week": "10"}


def _causes(tree: Tree, trade: str, point: str) -> Tree:
    return {"kind": "causes", "bonuses": [{"cause": "survey", "once": "on", "grant": _small(tree, trade, point)}]}


def _expiry(tree: Tree, _trade: str, _point: str) -> Tree:
    taken = _ended(parts_of(tree))
    what = next((what for what in ending(tree) if what not in taken), "rewards")
    return {"kind": "expiry", "what": what, "months": "12", "since": "earned", "warn_days": "30", "grace_days": "7"}


def _counter(tree: Tree, _trade: str, _point: str) -> Tree:
    keys = {text_of(part, "counter") for part in parts_of(tree)}
    return {"kind": "stamps", "counter": _free("second", keys), "stamps_needed": "10", "earn": "visit"}


ADDITIONS: Mapping[str, Callable[[Tree, str, str], Tree]] = {
    "referral": _referral,
    "tiers": _tiers,
    "goodwill": _goodwill,
    "causes": _causes,
    "expiry": _expiry,
    "counter": _counter,
}
