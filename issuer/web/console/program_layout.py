"""How the form of a program is laid out: every field with its value, its name and what is wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.dates import get_day_names

from issuer.editing import Objection
from issuer.language import LANGUAGES
from issuer.web.console.program_fields import HINTS, TITLES, Field, fields_of, sort_of
from issuer.web.console.program_forms import asked
from issuer.web.console.program_trees import STAMPED, Tree, addable, ending, lines_of, parts_of, text_of, tree_of
from issuer.web.wording import said, spoken

UNKNOWN = TITLES["stamps"]


@dataclass(frozen=True)
class Layout:
    """A form as it stands, and what is wrong in it; both as typed."""

    tree: Tree
    wrong: Sequence[Objection] = ()

    def blocks(self, sentences: Sequence[str | None]) -> list[dict[str, Any]]:
        """One for each part, with the sentence it makes so far."""
        return [self._block(number, part, sentences[number]) for number, part in enumerate(parts_of(self.tree))]

    def additions(self) -> list[dict[str, str]]:
        return [{"what": what, "title": said(TITLES[what]), "hint": said(HINTS[what])} for what in addable(self.tree)]

    def summary(self) -> list[dict[str, str]]:
        """Each complaint once, with the field to go to."""
        language = spoken()
        return [
            {"sentence": one.sentence(language), "id": self._target(one.about), "where": self._where(one.about)}
            for one in self.wrong
        ]

    def _where(self, about: str) -> str:
        """What the field is called, below its part: "Points, Price in points"; empty for what is above all parts."""
        steps, parts = about.removesuffix("_id").split("."), parts_of(self.tree)
        if len(steps) < 2 or steps[0] != "parts" or not steps[1].isdigit() or int(steps[1]) >= len(parts):
            return ""
        part = parts[int(steps[1])]
        title, label, fields = TITLES.get(sort_of(part), UNKNOWN), "", fields_of(part)
        for step in steps[2:]:
            field = next((one for one in fields if one.name == step), None)
            label, fields = (field.label, field.fields) if field else (label, fields)
        return ", ".join(said(text) for text in (title, label) if text)

    def errors(self, path: str) -> list[str]:
        """What is wrong with exactly this field."""
        return [one.sentence(spoken()) for one in self.wrong if one.about in (path, f"{path}_id")]

    def plain(self, name: str) -> dict[str, Any]:
        """A field above all parts."""
        return {"name": name, "id": name, "value": text_of(self.tree, name), "errors": self.errors(name)}

    def names(self, node: Tree, path: str) -> list[dict[str, Any]]:
        """The two inputs of a name."""
        return [self._input(node, f"{path}.{language}", language) for language in LANGUAGES]

    def _input(self, node: Tree, path: str, name: str) -> dict[str, Any]:
        return {"name": path, "id": _id(path), "value": text_of(node, name), "errors": self.errors(path), "lang": name}

    def _target(self, about: str) -> str:
        """The nearest thing on the page that an objection can be about."""
        steps = about.removesuffix("_id").split(".")
        if steps[-1] in ("reward", "names", "one", "thing", "to"):
            steps.append("de")
        if steps[0] == "parts" and len(steps) == 1:
            return "parts"
        return _id(".".join(steps))

    def _block(self, number: int, part: Tree, sentence: str | None) -> dict[str, Any]:
        path = f"parts.{number}"
        fields = fields_of(part)
        shown = [self._field(field, part, path) for field in fields if self._is_there(field, part)]
        further = [one for one in shown if not one["main"]]
        return {
            "number": number,
            "id": _id(path),
            "title": said(TITLES.get(sort_of(part), UNKNOWN)),
            "kind": {"name": f"{path}.kind", "value": text_of(part, "kind")},
            "sentence": sentence,
            "fields": [one for one in shown if one["main"]],
            "further": further,
            "open": any(one["wrong"] for one in further),
            "errors": self.errors(path),
            "removable": number > 0,
        }

    def _is_there(self, field: Field, node: Tree) -> bool:
        """Fields that hang on something hidden, which cannot be chosen here, are left out with it."""
        if field.only and field.only[0] == "occasion":
            return asked(field, node)
        if field.sort == "tier":
            return bool(self._tiers())
        return field.sort != "counter" or len(self._counters()) > 1

    def _field(self, field: Field, node: Tree, path: str) -> dict[str, Any]:
        name = f"{path}.{field.name}"
        shown: dict[str, Any] = {
            "name": name,
            "id": _id(name),
            "sort": field.sort,
            "label": said(field.label) if field.label else "",
            "hint": said(field.hint) if field.hint else "",
            "main": field.main,
            "optional": field.optional,
            "only": {"name": f"{path}.{field.only[0]}", "values": " ".join(field.only[1:])} if field.only else None,
            "errors": self.errors(name),
            "wrong": any(one.about == name or one.about.startswith(f"{name}") for one in self.wrong),
        }
        maker = SHAPES.get(field.sort)
        return shown | (maker(self, field, node, name) if maker else {"value": text_of(node, field.name)})

    def _choice(self, field: Field, node: Tree, _name: str) -> dict[str, Any]:
        chosen = text_of(node, field.name)
        there = set(field.choices)
        if field.name == "unit":
            there = self._units(chosen)
        elif field.name == "what":
            there = {chosen, *ending(self.tree)}
        choices = [(value, said(label)) for value, label in field.choices.items() if value in there]
        return {"value": chosen, "choices": choices}

    def _units(self, chosen: str) -> set[str]:
        """What the program has to give."""
        kinds = {text_of(part, "kind") for part in parts_of(self.tree)}
        has = {"stamps": bool(kinds & set(STAMPED)), "points": "points" in kinds, "credit": "cashback" in kinds}
        return {"reward", chosen} | {unit for unit, there in has.items() if there}

    def _counters(self) -> list[tuple[str, str]]:
        found = [part for part in parts_of(self.tree) if text_of(part, "kind") in STAMPED]
        return [(text_of(part, "counter"), _called(part) or said(UNKNOWN)) for part in found]

    def _tiers(self) -> list[tuple[str, str]]:
        lines = [line for part in parts_of(self.tree) for line in lines_of(part, "tiers")]
        return [(text_of(line, "key"), _called(line)) for line in lines]

    def _made_of(self, field: Field, node: Tree, name: str) -> dict[str, Any]:
        below = tree_of(node, field.name)
        return {"fields": [self._field(one, below, name) for one in field.fields if self._is_there(one, below)]}

    def _lines(self, field: Field, node: Tree, name: str) -> dict[str, Any]:
        lines = lines_of(node, field.name)
        return {
            "more": said(field.more),
            "lines": [
                {
                    "path": f"{name}.{number}",
                    "id": _id(f"{name}.{number}"),
                    "fields": [
                        self._field(one, line, f"{name}.{number}") for one in field.fields if self._is_there(one, line)
                    ],
                }
                for number, line in enumerate(lines)
            ],
        }

    def _reward(self, field: Field, node: Tree, name: str) -> dict[str, Any]:
        below = tree_of(node, field.name)
        return {"inputs": self.names(below, name), "kept": {"name": f"{name}.id", "value": text_of(below, "id")}}

    def _days(self, field: Field, node: Tree, _name: str) -> dict[str, Any]:
        chosen, names = node.get(field.name, []), get_day_names("abbreviated", locale=spoken())
        return {"days": [(str(day), names[day - 1], str(day) in chosen) for day in range(1, 8)]}


def _called(node: Tree) -> str:
    return text_of(tree_of(node, "names"), spoken())


def _id(path: str) -> str:
    return path.replace(".", "-")


SHAPES: Mapping[str, Callable[[Layout, Field, Tree, str], dict[str, Any]]] = {
    "choice": Layout._choice,
    "counter": lambda layout, field, node, _: {"value": text_of(node, field.name), "choices": layout._counters()},
    "tier": lambda layout, field, node, _: {
        "value": text_of(node, field.name),
        "choices": [("", said("every card")), *layout._tiers()],
    },
    "names": lambda layout, field, node, name: {"inputs": layout.names(tree_of(node, field.name), name)},
    "reward": Layout._reward,
    "grant": Layout._made_of,
    "worth": Layout._made_of,
    "lines": Layout._lines,
    "days": Layout._days,
}
