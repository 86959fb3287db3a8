"""Programs to begin with, by trade and kind: data under ``templates/branding/<trade>/programs.json``."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from issuer.branding import FOLDER, UnknownBranding, brandings
from issuer.program_changes import Plan
from issuer.rules import MAIN, Rules


def preset(trade: str, kind: str) -> Plan:
    """What a shop of this trade would begin with; its rewards are new each time.

    :param kind: one of `issuer.rules.MAIN`
    :raises UnknownBranding: no such trade
    """
    return _plan(kind, _presets(trade)[kind])


def presets(trade: str) -> Mapping[str, Plan]:
    """A plan for each kind, in the order of `issuer.rules.MAIN`.

    :raises UnknownBranding: no such trade
    """
    return {kind: preset(trade, kind) for kind in MAIN}


def usual_reward(trade: str) -> Mapping[str, str]:
    """What the trade gives first, by language: a name to begin a present with."""
    return brandings()[trade].reward_names


@cache
def _presets(trade: str) -> Mapping[str, Any]:
    if trade not in brandings():
        raise UnknownBranding(f"{trade!r} is no ready design: choose one of {', '.join(brandings())}.")
    found: Mapping[str, Any] = json.loads((FOLDER / trade / "programs.json").read_text(encoding="utf-8"))
    return found


def _plan(kind: str, data: Mapping[str, Any]) -> Plan:
    rewards = {key: uuid4() for key in data.get("rewards", {})}
    part = {"kind": kind} | dict(_named(data["part"].items(), rewards))
    return Plan(data["names"], Rules.read({"parts": [part]}), {rewards[key]: names for key, names in _rewards(data)})


def _rewards(data: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, str]]]:
    found: Mapping[str, Mapping[str, str]] = data.get("rewards", {})
    return found.items()


def _named(pairs: Iterable[tuple[str, Any]], rewards: Mapping[str, UUID]) -> Iterable[tuple[str, Any]]:
    """The data calls its rewards by words; the rules want ids."""
    for name, value in pairs:
        if name == "reward_id":
            yield name, rewards[value]
        elif isinstance(value, list):
            yield name, [dict(_named(line.items(), rewards)) for line in value]
        else:
            yield name, value
