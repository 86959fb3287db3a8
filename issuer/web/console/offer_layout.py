"""How the form of an offer is laid out: every field with its value, its name and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from babel.dates import get_day_names

from issuer.language import LANGUAGES
from issuer.refusals import N_
from issuer.web.console.offer_fields import Field, Section, fields_of, sections_of
from issuer.web.console.offer_forms import Typed, summary_order
from issuer.web.wording import said, spoken

SEGMENTS = {
    "new": N_("new: first came within 30 days"),
    "regular": N_("regulars: on three days of the last 90"),
    "lapsed": N_("lost: not come for long"),
}
LANGUAGE_NAMES = {"de": N_("German"), "en": N_("English")}
FIFTHS = {
    "1": N_("the lowest fifth"),
    "2": N_("the second fifth"),
    "3": N_("the middle fifth"),
    "4": N_("the fourth fifth"),
    "5": N_("the best fifth"),
}


@dataclass(frozen=True)
class Owned:
    """What the merchant has to choose from: ids or keys, and what they are called."""

    shops: Mapping[UUID, str]
    programs: Mapping[UUID, str]
    tiers: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """A form as it stands, and what is wrong in it."""

    typed: Typed
    owned: Owned

    def sections(self) -> list[dict[str, Any]]:
        return [self._section(one) for one in sections_of(self.typed.kind)]

    def summary(self) -> list[dict[str, str]]:
        """Each complaint once, with the field to go to."""
        return [
            {"sentence": one.sentence(spoken()), "id": self._target(one.about), "where": self._where(one.about)}
            for one in summary_order(self.typed.wrong, self.typed.kind)
        ]

    def errors(self, path: str, *, within: bool = False) -> list[str]:
        """:param within: those of its parts as well, which show none themselves"""
        return [
            one.sentence(spoken())
            for one in self.typed.wrong
            if one.about == path or (within and one.about.startswith(f"{path}."))
        ]

    def _asked(self, about: str) -> Field | None:
        """The field that a complaint is about: the closest of those whose names it begins with."""
        found = [one for one in fields_of(self.typed.kind) if f"{about}.".startswith(f"{one.path}.")]
        return max(found, key=lambda one: len(one.path), default=None)

    def _target(self, about: str) -> str:
        """What to go to: of a text that is missing in both languages, the first."""
        asked = self._asked(about)
        name = f"{about}.{next(iter(LANGUAGES))}" if asked and asked.pair and asked.path == about else about
        return name.replace(".", "-")

    def _where(self, about: str) -> str:
        if about == "name":
            return said(N_("Your name for it"))
        asked = self._asked(about)
        label, language = said(asked.label) if asked else "", LANGUAGE_NAMES.get(about.rpartition(".")[2])
        return f"{label} ({said(language)})" if language else label

    def _section(self, section: Section) -> dict[str, Any]:
        shown = [(one, self._field(one)) for one in section.fields if self._is_there(one)]
        further = [dressed for one, dressed in shown if not one.main]
        return {
            "key": section.key,
            "title": said(section.title),
            "more": said(section.more) if section.more else "",
            "fields": [dressed for one, dressed in shown if one.main],
            "further": further,
            "open": any(one["wrong"] or one["filled"] for one in further),
        }

    def _is_there(self, one: Field) -> bool:
        """Nobody chooses between one thing."""
        sizes = {
            "shops": len(self.owned.shops),
            "shop": len(self.owned.shops),
            "programs": len(self.owned.programs),
            "tiers": len(self.owned.tiers) + 1,
            "tier": len(self.owned.tiers) + 1,
        }
        return sizes.get(one.sort, 2) > 1

    def _field(self, one: Field) -> dict[str, Any]:
        form = self.typed.form
        shown: dict[str, Any] = {
            "name": one.path,
            "id": one.path.replace(".", "-"),
            "sort": one.sort,
            "label": said(one.label),
            "hint": said(one.hint) if one.hint else "",
            "optional": False,
            "only": {"name": one.only[0], "values": " ".join(one.only[1:])} if one.only else None,
            "errors": self.errors(one.path, within=not one.pair),
            "wrong": any(wrong.about.startswith(one.path) for wrong in self.typed.wrong),
            "filled": any(form.get(name) not in ("", "0", None) for name in form if name.startswith(one.path)),
            "most": one.most,
            "unit": one.unit,
            "units": [{"of": one.units[0], "value": value, "unit": unit} for value, unit in one.units[1].items()]
            if one.units
            else [],
        }
        if one.pair:
            return shown | {"sort": "pair", "area": one.sort == "area", "inputs": self._pair(one)}
        maker = SHAPES.get(one.sort)
        return shown | (maker(self, one) if maker else {"value": form.get(one.path, "")})

    def _pair(self, one: Field) -> list[dict[str, Any]]:
        names = {language: f"{one.path}.{language}" for language in LANGUAGES}
        return [
            {
                "name": name,
                "id": name.replace(".", "-"),
                "value": self.typed.form.get(name, ""),
                "errors": self.errors(name),
                "lang": language,
                "most": one.most,
            }
            for language, name in names.items()
        ]

    def _ticks(self, one: Field, choices: Mapping[str, str]) -> dict[str, Any]:
        chosen = self.typed.form.getlist(one.path)
        return {"sort": "days", "days": [(value, label, value in chosen) for value, label in choices.items()]}

    def _choice(self, one: Field, choices: Mapping[str, str]) -> dict[str, Any]:
        return {"sort": "choice", "value": self.typed.form.get(one.path, ""), "choices": list(choices.items())}

    def _fifths(self, one: Field) -> dict[str, Any]:
        form, choices = self.typed.form, [(value, said(label)) for value, label in FIFTHS.items()]
        ends = (("least", N_("from"), "1"), ("most", N_("to"), "5"))
        return {
            "filled": any(form.get(f"{one.path}.{end}", usual) != usual for end, _, usual in ends),
            "selects": [
                {
                    "name": f"{one.path}.{end}",
                    "id": f"{one.path}.{end}".replace(".", "-"),
                    "label": said(label),
                    "value": form.get(f"{one.path}.{end}", usual),
                    "choices": choices,
                }
                for end, label, usual in ends
            ],
        }


def _named(names: Mapping[Any, str]) -> dict[str, str]:
    return {str(key): name for key, name in names.items()}


def _worded(names: Mapping[str, str]) -> dict[str, str]:
    return {key: said(name) for key, name in names.items()}


def _days() -> dict[str, str]:
    names = get_day_names("abbreviated", locale=spoken())
    return {str(day): names[day] for day in range(7)}


SHAPES: Mapping[str, Callable[[Layout, Field], dict[str, Any]]] = {
    "choice": lambda layout, one: layout._choice(one, _worded(one.choices)),
    "tick": lambda layout, one: {"value": one.path in layout.typed.form},
    "days": lambda layout, one: layout._ticks(one, _days()),
    "shops": lambda layout, one: layout._ticks(one, _named(layout.owned.shops)),
    "programs": lambda layout, one: layout._ticks(one, _named(layout.owned.programs)),
    "tiers": lambda layout, one: layout._ticks(one, layout.owned.tiers),
    "segments": lambda layout, one: layout._ticks(one, _worded(SEGMENTS)),
    "languages": lambda layout, one: layout._ticks(one, _worded(LANGUAGE_NAMES)),
    "shop": lambda layout, one: layout._choice(
        one, {"": said(N_("your first shop with coordinates")), **_named(layout.owned.shops)}
    ),
    "tier": lambda layout, one: layout._choice(one, {"": said(N_("any")), **layout.owned.tiers}),
    "fifths": Layout._fifths,
}
