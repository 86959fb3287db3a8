"""The form of an offer, read into the model that checks it; what cannot be used is said at its field."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from issuer.editing import Objection, one_line
from issuer.language import LANGUAGES
from issuer.objections import CLOCK, MISSING, NUMBER, WHOLE_NUMBER, objections, shown
from issuer.offers.content import Multiplier, OnlyWords, VoucherOffer
from issuer.offers.hours import EVERY_DAY
from issuer.offers.offer import Offer
from issuer.refusals import N_
from issuer.web.console import typed_values
from issuer.web.console.offer_fields import UNLOCK, Field, fields_of

AMOUNT = N_("“%(value)s” is not an amount: write one like 4.50.")
UNSAID = N_("Nothing stands here yet: write it in German, in English or in both.")
DATE = N_("“%(value)s” is not a day: write it like 2026-12-24.")
MANY = ("days", "shops", "programs", "tiers", "segments", "languages")
OF_ONE_LANGUAGE = ("content.message", "content.place", "content.back")
"""May stay empty in one language: then the text on the card stands for it."""
FIRST, LAST = "1", "5"
MIDNIGHT = "00:00"
NO_DAY = N_("No day is chosen: choose at least one.")


@dataclass
class Typed:
    """What the form says: ``offer`` when all of it can be used; else ``wrong``, by path."""

    form: MultiDict[str, str]
    kind: str
    offer: Offer | None = None
    wrong: list[Objection] = field(default_factory=list)


def read(form: MultiDict[str, str], kind: str, before: Offer | None = None) -> Typed:
    """
    :param kind: one of `TRIGGER_FIELDS`
    :param before: what is changed; of it stays what the form has no field for
    """
    typed = Typed(form, kind)
    reading = _Reading(form, typed.wrong)
    stored: dict[str, Any] = {"name": one_line(form.get("name", "")), "trigger": {"kind": kind}}
    for one in fields_of(kind):
        if one.path.startswith("unlock"):
            continue
        for path, value in reading.values(one):
            _put(stored, path, value)
    _without_idle_hours(stored["trigger"])
    stored["unlocks"] = _unlocks(reading, stored)
    if before is not None:
        _keep(stored, before, kind)
    stored["name"] = stored["name"] or _called(stored)
    try:
        offer = Offer.model_validate(_complete(stored))
    except ValidationError as error:
        _object(typed, error)
    else:
        typed.offer = _with_its_names(offer, before) if not typed.wrong else None
    return typed


def _object(typed: Typed, error: ValidationError) -> None:
    """What the model says, each at its field."""
    # What nobody typed is not objected to: the name is what stands on the card.
    told = {one.about for one in typed.wrong} | ({"name"} if not typed.form.get("name", "").strip() else set())
    for objection in objections(error):
        fresh = _at_its_field(objection, typed.form, typed.kind)
        # What holds a value that is objected to is wrong because of that.
        if not any(f"{known}.".startswith(f"{fresh.about}.") for known in told):
            told.add(fresh.about)
            typed.wrong.append(fresh)


class _Reading:
    """One form being read, and what it objects to."""

    def __init__(self, form: MultiDict[str, str], wrong: list[Objection]) -> None:
        self.form, self.wrong = form, wrong

    def values(self, one: Field) -> Iterator[tuple[str, Any]]:
        """Paths of the model with what was typed for them; nothing for what was left empty."""
        if one.pair:
            yield from self._pair(one)
        elif one.sort == "fifths":
            least, most = self.form.get(f"{one.path}.least", FIRST), self.form.get(f"{one.path}.most", LAST)
            if (least, most) != (FIRST, LAST):
                yield one.path, {"least": least, "most": most}
        elif one.sort in MANY:
            yield from self._many(one)
        elif one.sort == "tick":
            yield one.path, one.path in self.form
        elif (value := self.single(one)) is not None:
            yield one.path, value

    def _many(self, one: Field) -> Iterator[tuple[str, list[str]]]:
        if chosen := self.form.getlist(one.path):
            yield one.path, chosen
        elif one.sort == "days":
            self.wrong.append(Objection(NO_DAY, {}, one.path))

    def _pair(self, one: Field) -> Iterator[tuple[str, str]]:
        """A text that must be there is the other language's where it is missing."""
        texts = {language: self.form.get(f"{one.path}.{language}", "").strip() for language in LANGUAGES}
        spare = "" if one.path in OF_ONE_LANGUAGE else next(filter(None, texts.values()), "")
        if any(texts.values()) or not one.optional:
            head, _, last = one.path.rpartition(".")
            for language, text in texts.items():
                yield f"{head}.{language}.{last}", text or spare

    def single(self, one: Field) -> Any:
        text = self.form.get(one.path, "").strip()
        if not text:
            if not one.optional:
                self.wrong.append(Objection(MISSING, {"value": ""}, one.path))
            return None
        make, message = SINGLE.get(one.sort, (_as_typed, MISSING))
        value = make(text)
        if value is None:
            self.wrong.append(Objection(message, {"value": shown(text)}, one.path))
        return value


def _unlocks(reading: _Reading, stored: Mapping[str, Any]) -> dict[str, Any] | None:
    """A voucher is called what stands on the card."""
    chosen = reading.form.get("unlock", "none")
    fields = {one.path: one for one in UNLOCK}
    if chosen == "multiplier":
        return {"kind": chosen, "factor": reading.single(fields["unlock.factor"])}
    if chosen == "words":
        return {"kind": chosen}
    if chosen not in ("percent", "cents", "thing"):
        return None
    if chosen == "thing":
        said = {path.split(".")[1]: text for path, text in reading.values(fields["unlock.thing"])}
        worth: Any = said
    else:
        worth = reading.single(fields[f"unlock.{chosen}"])
    names = {language: stored.get("content", {}).get(language, {}).get("card", "") for language in LANGUAGES}
    uses = reading.single(fields["unlock.uses"])
    return {"kind": "voucher", "names": names, "worth": {chosen: worth}, "uses": 1 if uses is None else uses}


def _keep(stored: dict[str, Any], before: Offer, kind: str) -> None:
    """Texts that another system gave an offer, and that the form does not ask."""
    asked, was = {one.path for one in fields_of(kind)}, before.stored()
    other, first = was.get("trial", {}).get("other", {}), was["content"]
    for language, texts in stored.get("content", {}).items():
        texts |= {name: text for name, text in first[language].items() if f"content.{name}" not in asked}
    for language, texts in (stored.get("trial", {}).get("other") or {}).items():
        own = other.get(language, {}).items()
        texts |= {name: text for name, text in own if name != "card" and text != first[language].get(name)}


def _with_its_names(offer: Offer, before: Offer | None) -> Offer:
    """A voucher that was not called what stands on the card, and is the same still, keeps its name."""
    old, new = before.unlocks if before else None, offer.unlocks
    if before is None or not isinstance(old, VoucherOffer) or not isinstance(new, VoucherOffer):
        return offer
    cards = {language: before.content.in_(language).card for language in LANGUAGES}
    if old.worth != new.worth or old.names.model_dump() == cards:
        return offer
    return offer.model_copy(update={"unlocks": new.model_copy(update={"names": old.names})})


def _called(stored: Mapping[str, Any]) -> str:
    """Without a name it is called what stands on the card."""
    content = stored.get("content", {})
    return next((one_line(text["card"]) for text in content.values() if text.get("card")), "")


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        tree = tree.setdefault(step, {})
    tree[last] = value


def _without_idle_hours(trigger: dict[str, Any]) -> None:
    """Every day and no time is no hours at all."""
    for name in ("hours", "daypart"):
        hours = trigger.get(name)
        if hours is not None and set(hours) <= {"weekdays"}:
            every = {str(day) for day in EVERY_DAY}
            if set(hours.get("weekdays", every)) == every:
                del trigger[name]


def _complete(stored: dict[str, Any]) -> dict[str, Any]:
    """The second text has the first one's small print."""
    other = stored.get("trial", {}).get("other")
    if other is not None:
        first = stored.get("content", {})
        stored["trial"]["other"] = {
            language: {**first.get(language, {}), **other.get(language, {})} for language in LANGUAGES
        }
    return stored


def _at_its_field(one: Objection, form: MultiDict[str, str], kind: str) -> Objection:
    """A text that only stands in for the other language's is objected to where it was typed, if anywhere."""
    about = _field_of(one.about, kind)
    head, _, language = about.rpartition(".")
    if language not in LANGUAGES or form.get(about, "").strip():
        return Objection(one.message, one.values, about)
    typed = next((f"{head}.{other}" for other in LANGUAGES if form.get(f"{head}.{other}", "").strip()), None)
    return Objection(one.message, one.values, typed) if typed else Objection(UNSAID, {}, head)


def _field_of(about: str, kind: str) -> str:
    """The form's name of a field that the model objects to: without the kind of a union, the language last."""
    steps = [step for step in about.split(".") if step not in (kind, "voucher", "multiplier")]
    if steps[0] == "trigger" and len(steps) == 1:
        return "trigger"
    if steps[:2] == ["unlocks", "names"]:
        return ".".join(["content", "card", *steps[2:]])
    if steps[0] == "unlocks":
        return ".".join(["unlock", *(step for step in steps[1:] if step != "worth")])
    if steps[0] in ("content", "trial"):
        said = [step for step in steps if step in LANGUAGES]
        return ".".join([*(step for step in steps if step not in LANGUAGES), *said])
    return ".".join(steps[:-1] if steps[-1].isdigit() else steps)


def filled(offer: Offer, language: str) -> MultiDict[str, str]:
    """The form that `read` reads the same offer from. ``language``: of the page, by which numbers are written."""
    form: MultiDict[str, str] = MultiDict([("name", offer.name)])
    tree = _without_midnights(offer.stored())
    for one in fields_of(offer.trigger.kind):
        for name, text in _written(one, tree, language):
            form.add(name, text)
    for name, text in _unlock_filled(offer, language):
        form.add(name, text)
    return form


def _without_midnights(tree: dict[str, Any]) -> dict[str, Any]:
    """Whole days have no times."""
    for name in ("hours", "daypart"):
        hours = tree["trigger"].get(name, {})
        if hours.get("start") == hours.get("end") == MIDNIGHT:
            tree["trigger"][name] = {"weekdays": hours["weekdays"]}
    return tree


def _written(one: Field, tree: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    if one.path.startswith("unlock"):
        return
    if one.pair:
        head, _, last = one.path.rpartition(".")
        for spoken in LANGUAGES:
            yield f"{one.path}.{spoken}", str(_found(tree, f"{head}.{spoken}.{last}") or "")
    elif one.sort in MANY:
        usual = EVERY_DAY if one.sort == "days" else ()
        yield from ((one.path, str(chosen)) for chosen in _found(tree, one.path) or usual)
    elif (value := _found(tree, one.path)) is not None and value is not False:
        yield from _single_written(one, value, language)


def _single_written(one: Field, value: Any, language: str) -> Iterator[tuple[str, str]]:
    if one.sort == "fifths":
        yield from ((f"{one.path}.{name}", str(value[name])) for name in ("least", "most"))
    elif one.sort == "tick":
        yield one.path, "on"
    else:
        yield one.path, WRITTEN.get(one.sort, _plainly)(value, language)


def _unlock_filled(offer: Offer, language: str) -> Iterator[tuple[str, str]]:
    if isinstance(offer.unlocks, Multiplier):
        yield from (("unlock", "multiplier"), ("unlock.factor", _share(offer.unlocks.factor, language)))
    elif isinstance(offer.unlocks, VoucherOffer):
        worth = offer.unlocks.worth
        yield "unlock.uses", str(offer.unlocks.uses)
        if worth.thing is not None:
            yield from (("unlock", "thing"), ("unlock.thing.de", worth.thing.de), ("unlock.thing.en", worth.thing.en))
        elif worth.cents is not None:
            yield from (("unlock", "cents"), ("unlock.cents", _money(worth.cents, language)))
        elif worth.percent is not None:
            yield from (("unlock", "percent"), ("unlock.percent", _share(worth.percent, language)))
    else:
        yield "unlock", "words" if isinstance(offer.unlocks, OnlyWords) else "none"


def _found(tree: Any, path: str) -> Any:
    for step in path.split("."):
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def _money(cents: int, language: str) -> str:
    return f"{cents // 100}{',' if language == 'de' else '.'}{cents % 100:02}"


def _share(value: Any, language: str) -> str:
    plain = format(Decimal(str(value)), "f")
    short = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return short.replace(".", "," if language == "de" else ".")


def _clock(value: Any, _language: str) -> str:
    return str(value)[:5]


def _plainly(value: Any, _language: str) -> str:
    return str(value)


def _as_typed(text: str) -> str:
    return text


WRITTEN: Mapping[str, Callable[[Any, str], str]] = {"money": _money, "share": _share, "clock": _clock}
SINGLE: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "number": (typed_values.number, WHOLE_NUMBER),
    "money": (typed_values.money, AMOUNT),
    "share": (typed_values.signed_share, NUMBER),
    "clock": (typed_values.clock, CLOCK),
    "date": (typed_values.day, DATE),
}


def summary_order(wrong: Sequence[Objection], kind: str) -> list[Objection]:
    """Complaints in the order of the fields."""
    order = {"name": -1, **{one.path: number for number, one in enumerate(fields_of(kind))}}
    return sorted(wrong, key=lambda one: next((order[path] for path in order if one.about.startswith(path)), 999))
