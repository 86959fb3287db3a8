"""How a brand's cards look, as values: read, checked, compared. No database."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from issuer.design_wallet import read_wallet, wallet_differences
from issuer.editing import one_line, printable
from issuer.language import LANGUAGES, translator
from issuer.refusals import N_
from passes.contrast import Pair, pairs, repaired
from passes.extras import NO_EXTRAS, Extras
from passes.face import Colours
from passes.stamps import SHAPES

LONGEST_TEXT = 100
LONGEST_BACK = 500
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


@dataclass(frozen=True)
class Design:
    """What a version of a brand says beside its pictures; ``texts`` and ``back`` by language.

    ``texts``: what the card is, read aloud by a phone. ``back``: the merchant's own words on the back, may be empty.
    ``show_name``: the shop's name stands beside the logo. ``wallet``: what only Apple Wallet is told.
    """

    colours: Colours
    shape: str
    texts: Mapping[str, str]
    back: Mapping[str, str]
    show_name: bool
    wallet: Extras = NO_EXTRAS

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """From ``brand_version.design``; what a first design did not say yet has its plain meaning."""
        texts, back = stored.get("texts", {}), stored.get("back", {})
        return cls(
            colours=Colours(**stored["colours"]),
            shape=stored.get("shape", SHAPES[0]),
            texts={
                language: texts.get(language) or translator(language).gettext("Stamp card") for language in LANGUAGES
            },
            back={language: back.get(language, "") for language in LANGUAGES},
            show_name=stored.get("show_name", True),
            wallet=Extras.model_validate(stored["wallet"]) if stored.get("wallet") else NO_EXTRAS,
        )

    def stored(self) -> dict[str, Any]:
        colours = self.colours
        return {
            "colours": {
                "background": colours.background,
                "foreground": colours.foreground,
                "label": colours.label,
            },
            "shape": self.shape,
            "texts": dict(self.texts),
            "back": dict(self.back),
            "show_name": self.show_name,
            **({"wallet": self.wallet.model_dump(mode="json", exclude_defaults=True)} if self.tells_wallet else {}),
        }

    @property
    def tells_wallet(self) -> bool:
        return self.wallet != NO_EXTRAS

    def too_faint(self) -> tuple[Pair, ...]:
        """The pairs of text and ground that nobody with weak eyes can read (WCAG 2.2, 1.4.3): not to be published."""
        return tuple(pair for pair in pairs(self.colours) if not pair.readable)

    def with_repaired_colours(self) -> Self:
        return replace(self, colours=repaired(self.colours))


def read_colour(text: str) -> str | None:
    """ "#rrggbb" from what people type: with or without #, three digits or six; ``None`` for anything else."""
    found = _COLOUR.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def read_form(fields: Mapping[str, str], before: Design, zone: str = "UTC") -> tuple[Design, dict[str, str]]:
    """A design from a form, and what cannot be used: field -> sentence (with %(given)s).

    Fields that are missing or cannot be used keep what ``before`` says, so nothing that was right is lost.

    :param fields: background, foreground, label, shape, text_<language>, back_<language>, show_name ("1" or "0") and
        those of `issuer.design_wallet.read_wallet`
    :param zone: in which times were typed
    """
    wallet, problems = read_wallet(fields, before.wallet, zone)
    colours = {name: _colour(fields, name, before, problems) for name in ("background", "foreground", "label")}
    shape = fields.get("shape", before.shape)
    if shape not in SHAPES:
        problems["shape"], shape = N_("%(given)s is no shape of a stamp: choose one of those shown."), before.shape
    return (
        Design(
            colours=Colours(**colours),
            shape=shape,
            texts=_each_language(fields, "text", before.texts, problems, _description),
            back=_each_language(fields, "back", before.back, problems, _own_words),
            show_name=fields["show_name"] == "1" if "show_name" in fields else before.show_name,
            wallet=wallet,
        ),
        problems,
    )


def _colour(fields: Mapping[str, str], name: str, before: Design, problems: dict[str, str]) -> str:
    kept: str = getattr(before.colours, name)
    if name not in fields:
        return kept
    colour = read_colour(fields[name])
    if colour is None:
        problems[name] = (
            N_("%(given)s is no colour: write six digits like #4a2415.")
            if fields[name].strip()
            else N_("A colour is missing here: write six digits like #4a2415.")
        )
    return colour or kept


def _each_language(
    fields: Mapping[str, str],
    name: str,
    before: Mapping[str, str],
    problems: dict[str, str],
    read: Callable[[str], tuple[str, str | None]],
) -> dict[str, str]:
    found = dict(before)
    for language in LANGUAGES:
        field = f"{name}_{language}"
        if field not in fields:
            continue
        text, problem = read(fields[field])
        if problem is None and not all(map(printable, text.split("\n"))):
            problem = N_("This text holds characters that no phone can show: type it anew.")
        if problem is None:
            found[language] = text
        else:
            problems[field] = problem
    return found


def _description(typed: str) -> tuple[str, str | None]:
    text = one_line(typed)
    if not text:
        return text, N_("This text is empty: say in a few words what the card is.")
    if len(text) > LONGEST_TEXT:
        return text, N_("This text is longer than the 100 characters that fit: shorten it.")
    return text, None


def _own_words(typed: str) -> tuple[str, str | None]:
    text = "\n".join(map(one_line, typed.strip().splitlines()))
    if len(text) > LONGEST_BACK:
        return text, N_("This text is longer than the 500 characters that fit: shorten it.")
    return text, None


SHAPE_NAMES = {
    "round": N_("round"),
    "square": N_("square"),
    "hexagon": N_("hexagon"),
    "scallop": N_("scalloped"),
    "ticket": N_("ticket"),
}

ALIGNMENT_NAMES = {
    "": N_("as Wallet does it"),
    "Left": N_("left"),
    "Center": N_("in the middle"),
    "Right": N_("right"),
    "Natural": N_("as the language is read"),
}

CHANGES = {
    "background": N_("Background colour"),
    "foreground": N_("Text colour"),
    "label": N_("Colour of the labels"),
    "shape": N_("Shape of the stamps"),
    "logo": N_("Logo"),
    "icon": N_("Icon"),
    "stamp": N_("Stamp picture"),
    "name": N_("Name beside the logo"),
    "text": N_("Description"),
    "back": N_("Text on the back"),
    "sharing": N_("Offer to share the card, on an iPhone"),
    "places": N_("Places where an iPhone brings up the card"),
    "radius": N_("How near an iPhone must be"),
    "beacons": N_("Beacons where an iPhone brings up the card"),
    "windows": N_("Times at which an iPhone brings up the card"),
    "apps": N_("App linked on the back, on an iPhone"),
    "app_url": N_("What the app is opened with"),
    "app_data": N_("What the app is told"),
    "align": N_("Alignment of the fields, on an iPhone"),
    "phone_formats": N_("Amounts and days by the iPhone's own customs"),
}


@dataclass(frozen=True)
class Change:
    """One thing that differs. ``what``: a key of `CHANGES`; before and after are empty for pictures."""

    what: str
    before: str = ""
    after: str = ""


def differences(before: Design, after: Design) -> Iterator[Change]:
    """What a customer would see differ, pictures aside."""
    yield from _recoloured(before.colours, after.colours)
    if before.shape != after.shape:
        yield Change("shape", before.shape, after.shape)
    if before.show_name != after.show_name:
        yield Change("name", str(before.show_name), str(after.show_name))
    yield from (Change(*told) for told in wallet_differences(before.wallet, after.wallet))
    for what, old_texts, new_texts in (("text", before.texts, after.texts), ("back", before.back, after.back)):
        for language in LANGUAGES:
            if old_texts[language] != new_texts[language]:
                yield Change(what, old_texts[language], new_texts[language])


def _recoloured(before: Colours, after: Colours) -> Iterator[Change]:
    for name in ("background", "foreground", "label"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change(name, old, new)
