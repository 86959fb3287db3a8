"""A plan as its form shows it: texts in the language of the page."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from issuer.program_changes import Names, Plan
from issuer.web.console.program_fields import Field, fields_of
from issuer.web.console.program_trees import Tree


def filled(plan: Plan, pause: int, language: str) -> Tree:
    """What `issuer.web.console.program_forms.read` reads the same plan from."""
    point = "," if language == "de" else "."
    parts = [_Filling(plan.rewards, point).part(part) for part in plan.rules.stored()["parts"]]
    return {"names": dict(plan.names), "pause": str(pause), "parts": parts}


class _Filling:
    def __init__(self, rewards: Mapping[UUID, Names], point: str) -> None:
        self.rewards, self.point, self.in_cents = rewards, point, False

    def part(self, part: Mapping[str, Any]) -> Tree:
        self.in_cents = part.get("by") == "spend"
        return {"kind": part["kind"], **self.fields(fields_of(part), part)}

    def fields(self, fields: tuple[Field, ...], node: Mapping[str, Any]) -> Tree:
        shown = ((field.name, self.value(field, node)) for field in fields)
        return {name: value for name, value in shown if value is not None}

    def value(self, field: Field, node: Mapping[str, Any]) -> Any:
        found = node.get(field.rules_name)
        if found is None:
            return None
        if field.sort == "tick":
            return "on" if found else None
        maker = MAKERS.get(self.sort_of(field, node))
        return maker(self, field, found) if maker else str(found)

    def sort_of(self, field: Field, node: Mapping[str, Any]) -> str:
        if field.sort == "threshold":
            return "money" if self.in_cents else "number"
        if field.sort == "given":
            return "money" if node.get("unit") == "credit" else "number"
        return field.sort

    def money(self, cents: int) -> str:
        return f"{cents // 100}{self.point}{cents % 100:02}"

    def share(self, value: str) -> str:
        plain = format(Decimal(value), "f")
        short = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return short.replace(".", self.point)

    def reward(self, reward_id: str) -> Tree:
        return {"id": reward_id, **self.rewards[UUID(reward_id)]}


def _worth(filling: _Filling, field: Field, worth: Mapping[str, Any]) -> Tree:
    by = next(name for name, value in worth.items() if value is not None)
    return filling.fields(field.fields, {**worth, "by": by})


MAKERS: Mapping[str, Callable[[_Filling, Field, Any], Any]] = {
    "money": lambda filling, _, value: filling.money(value),
    "share": lambda filling, _, value: filling.share(value),
    "clock": lambda _, __, value: value[:5],
    "days": lambda _, __, value: [str(day) for day in value],
    "skus": lambda _, __, value: ", ".join(value),
    "names": lambda _, __, value: dict(value),
    "reward": lambda filling, _, value: filling.reward(value),
    "grant": lambda filling, field, value: filling.fields(field.fields, value),
    "worth": _worth,
    "lines": lambda filling, field, value: [filling.fields(field.fields, line) for line in value],
}
