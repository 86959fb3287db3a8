"""The form of a program, read into the plan that the rules check; what cannot be used is said at its field."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError

from issuer.editing import Objection, one_line, whole_number
from issuer.objections import CLOCK, MISSING, NUMBER, SENTENCES, WHOLE_NUMBER, objections, shown
from issuer.program_changes import Names, Plan
from issuer.refusals import N_
from issuer.rules import AnyPart, Rules
from issuer.rules.part import Names as BothNames
from issuer.rules.part import Part
from issuer.rules.wording import Wording
from issuer.web.console import typed_values
from issuer.web.console.program_fields import Field, fields_of
from issuer.web.console.program_trees import Tree, lines_of, parts_of, text_of, tree_of

LONGEST_PAUSE = 31 * 86400
AMOUNT = N_("“%(value)s” is not an amount: write one like 4.50.")
TOO_LITTLE = N_("“%(value)s” is too small: write a larger amount.")
TOO_MUCH = N_("“%(value)s” is too large: write a smaller amount.")
# The rules count cents, and would name a limit that nobody typed.
OF_MONEY = {
    SENTENCES["greater_than"]: TOO_LITTLE,
    SENTENCES["greater_than_equal"]: TOO_LITTLE,
    SENTENCES["less_than"]: TOO_MUCH,
    SENTENCES["less_than_equal"]: TOO_MUCH,
}
DAY = N_("“%(value)s” is not a day: choose from Monday to Sunday.")
PAUSE = N_("“%(value)s” seconds cannot be: write a number from 0 to %(most)s, which are 31 days.")
ONE_PART: TypeAdapter[Part] = TypeAdapter(AnyPart)


@dataclass(frozen=True)
class Typed:
    """What the form says: ``plan`` when all of it can be used. ``parts`` are as the rules are asked for them.

    ``renamed``: rewards whose name is another than before, by old and new names.
    """

    plan: Plan | None
    pause: int
    objections: tuple[Objection, ...]
    parts: tuple[Mapping[str, Any], ...]
    rewards: Mapping[UUID, Names]
    renamed: tuple[tuple[Names, Names], ...]

    def sentences(self, language: str, currency: str) -> list[str | None]:
        """What each part says, as far as it can be said already."""
        words = Wording(language, self.rewards, currency)
        return [_sentence(part, words) for part in self.parts]


def read(tree: Tree, known: Mapping[UUID, Names] | None = None, *, renaming: bool = False) -> Typed:
    """:param known: the program's rewards, which keep their ids by their names
    :param renaming: another name means the same reward; else it means another
    """
    reading = _Reading(known or {}, set(_reward_names(tree)), renaming=renaming)
    names, pause = reading.names("names", tree_of(tree, "names"), optional=False), reading.pause(tree)
    parts = [reading.part(part, f"parts.{number}") for number, part in enumerate(parts_of(tree))]
    rules, found = _checked(parts)
    fresh = [reading.in_money(one) for one in found if not _told(one.about, reading.objections)]
    wrong = [*reading.objections, *fresh]
    plan = Plan(names, rules, reading.rewards) if names and rules and not wrong else None
    return Typed(plan, pause, tuple(wrong), tuple(parts), reading.rewards, tuple(reading.renamed))


def _checked(parts: Sequence[Mapping[str, Any]]) -> tuple[Rules | None, list[Objection]]:
    try:
        return Rules.model_validate({"parts": parts}), []
    except ValidationError as error:
        return None, objections(error)


def _told(about: str, said: Sequence[Objection]) -> bool:
    """Whether somebody objected to this field, or to something in it, already."""
    return any(
        one.about == about or one.about.startswith((f"{about}.", f"{about.removesuffix('_id')}.")) for one in said
    )


def _sentence(part: Mapping[str, Any], words: Wording) -> str | None:
    try:
        return ONE_PART.validate_python(part).sentence(words)
    except ValidationError:
        return None


class _Reading:
    """One form being read: what it objects to, and which rewards it names."""

    def __init__(self, known: Mapping[UUID, Names], there: set[tuple[str, str]], *, renaming: bool) -> None:
        self.known, self.there, self.renaming = known, there, renaming
        self.objections: list[Objection] = []
        self.rewards: dict[UUID, Names] = {}
        self.renamed: list[tuple[Names, Names]] = []
        self.in_cents = False
        self.money: dict[str, str] = {}

    def in_money(self, one: Objection) -> Objection:
        """What the rules object to an amount, as it was typed."""
        typed, message = self.money.get(one.about), OF_MONEY.get(one.message)
        return Objection(message, {"value": shown(typed)}, one.about) if typed and message else one

    def object(self, message: str, about: str, value: str = "", **values: int) -> None:
        self.objections.append(Objection(message, {"value": shown(value), **values}, about))

    def pause(self, tree: Tree) -> int:
        typed = text_of(tree, "pause") or "0"
        seconds = whole_number(typed)
        if seconds is None or seconds > LONGEST_PAUSE:
            self.object(PAUSE, "pause", typed, most=LONGEST_PAUSE)
        return seconds or 0

    def part(self, part: Tree, path: str) -> dict[str, Any]:
        self.in_cents = text_of(part, "by") == "spend"
        return {"kind": text_of(part, "kind"), **self.fields(fields_of(part), part, path)}

    def fields(self, fields: Sequence[Field], node: Tree, path: str) -> dict[str, Any]:
        read = ((field, self.value(field, node, f"{path}.{field.name}")) for field in fields if asked(field, node))
        return {
            "reward_id" if field.sort == "reward" else field.name: value for field, value in read if value is not None
        }

    def value(self, field: Field, node: Tree, path: str) -> Any:
        if field.sort in MADE_OF_SEVERAL:
            return MADE_OF_SEVERAL[field.sort](self, field, node, path)
        if field.sort == "tick":
            return bool(text_of(node, field.name))
        typed = text_of(node, field.name)
        if not typed:
            if not field.optional and field.sort != "hidden":
                self.object(MISSING, path)
            return None
        return SINGLE.get(field.sort, _as_typed)(self, typed, self.sort_of(field, node), path)

    def sort_of(self, field: Field, node: Tree) -> str:
        """A threshold is money, or a number, by what tiers go by; so is what is given, by its unit."""
        if field.sort == "threshold":
            return "money" if self.in_cents else "number"
        if field.sort == "given":
            return "money" if text_of(node, "unit") == "credit" else "number"
        return field.sort

    def names(self, path: str, node: Tree, *, optional: bool) -> dict[str, str] | None:
        """Both languages; an empty English name takes the German one."""
        german, english = one_line(text_of(node, "de")), one_line(text_of(node, "en"))
        if not german and not english and optional:
            return None
        try:
            return BothNames(de=german, en=english or german).model_dump()
        except ValidationError as error:
            found = objections(error)
            self.objections += [Objection(one.message, one.values, f"{path}.{one.about}") for one in found[:1]]
            return None

    def reward(self, node: Tree, path: str, *, optional: bool) -> UUID | None:
        """A reward is known by its names; one that is called otherwise is another, unless it is being renamed."""
        names = self.names(path, node, optional=optional)
        if names is None:
            return None
        reward_id = self._same(names) or self._renamed(_id_of(text_of(node, "id")), names) or uuid4()
        self.rewards[reward_id] = names
        return reward_id

    def _same(self, names: Names) -> UUID | None:
        together = {**self.known, **self.rewards}
        return next((key for key, others in together.items() if _alike(names) == _alike(others)), None)

    def _renamed(self, reward_id: UUID | None, names: Names) -> UUID | None:
        if reward_id is None or reward_id not in self.known or reward_id in self.rewards:
            return None
        if _alike(self.known[reward_id]) in self.there:
            return None
        self.renamed.append((self.known[reward_id], names))
        return reward_id if self.renaming else None


def _reward_names(node: Any) -> Iterator[tuple[str, str]]:
    """What all rewards in the form are called."""
    for name, value in node.items() if isinstance(node, dict) else ():
        if name == "reward" and isinstance(value, dict):
            german, english = one_line(text_of(value, "de")), one_line(text_of(value, "en"))
            yield _alike({"de": german, "en": english or german})
        for below in value if isinstance(value, list) else (value,):
            yield from _reward_names(below)


def _alike(names: Names) -> tuple[str, str]:
    return names["de"].casefold(), names["en"].casefold()


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def asked(field: Field, node: Tree) -> bool:
    """Whether a field counts, as the form stands."""
    return not field.only or text_of(node, field.only[0]) in field.only[1:]


def _lines(reading: _Reading, field: Field, node: Tree, path: str) -> list[dict[str, Any]]:
    lines = lines_of(node, field.name)
    return [reading.fields(field.fields, line, f"{path}.{number}") for number, line in enumerate(lines)]


def _worth(reading: _Reading, field: Field, node: Tree, path: str) -> dict[str, Any]:
    found = reading.fields(field.fields, tree_of(node, field.name), path)
    return {name: value for name, value in found.items() if name != "by"}


def _days(reading: _Reading, field: Field, node: Tree, path: str) -> list[int]:
    typed = [day for day in node.get(field.name, []) if isinstance(day, str)]
    for day in typed:
        if day not in tuple("1234567"):
            reading.object(DAY, path, day)
    if not typed:
        reading.object(N_("No day is chosen: choose at least one."), path)
    return [int(day) for day in typed if day in tuple("1234567")]


def _number(reading: _Reading, typed: str, _sort: str, path: str) -> int | None:
    found = typed_values.number(typed)
    if found is None:
        reading.object(WHOLE_NUMBER, path, typed)
    return found


def _money(reading: _Reading, typed: str, _sort: str, path: str) -> int | None:
    cents = typed_values.money(typed)
    if cents is None:
        reading.object(AMOUNT, path, typed)
    else:
        reading.money[path] = typed
    return cents


def _share(reading: _Reading, typed: str, _sort: str, path: str) -> Decimal | None:
    found = typed_values.share(typed)
    if found is None:
        reading.object(NUMBER, path, typed)
    return found


def _clock(reading: _Reading, typed: str, _sort: str, path: str) -> str | None:
    found = typed_values.clock(typed)
    if found is None:
        reading.object(CLOCK, path, typed)
    return found


def _either(reading: _Reading, typed: str, sort: str, path: str) -> int | None:
    return _money(reading, typed, sort, path) if sort == "money" else _number(reading, typed, sort, path)


def _skus(_reading: _Reading, typed: str, _sort: str, _path: str) -> list[str]:
    return list(_split(typed))


def _split(typed: str) -> Iterator[str]:
    return (sku for sku in (one_line(part) for part in re.split("[,;\n]", typed)) if sku)


def _as_typed(_reading: _Reading, typed: str, _sort: str, _path: str) -> str:
    return typed


SINGLE: Mapping[str, Callable[[_Reading, str, str, str], Any]] = {
    "number": _number,
    "money": _money,
    "share": _share,
    "clock": _clock,
    "threshold": _either,
    "given": _either,
    "skus": _skus,
}
MADE_OF_SEVERAL: Mapping[str, Callable[[_Reading, Field, Tree, str], Any]] = {
    "names": lambda reading, field, node, path: reading.names(path, tree_of(node, field.name), optional=field.optional),
    "reward": lambda reading, field, node, path: reading.reward(
        tree_of(node, field.name), path, optional=field.optional
    ),
    "grant": lambda reading, field, node, path: reading.fields(field.fields, tree_of(node, field.name), path),
    "worth": _worth,
    "lines": _lines,
    "days": _days,
}
