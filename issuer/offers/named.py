"""How an offer's sentence calls what the offer knows by ids and keys only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from babel.lists import format_list

from issuer.refusals import N_
from issuer.rules.wording import Wording

GONE = N_("(no longer there)")
Called = Mapping[str, str]
"""Language to name."""


@dataclass(frozen=True)
class Named:
    """``shops`` by id; ``programs`` by id and ``tiers`` by key, each in both languages.

    One key may be a tier of several programs: the first program's name is told.
    """

    shops: Mapping[UUID, str] = field(default_factory=dict)
    programs: Mapping[UUID, Called] = field(default_factory=dict)
    tiers: Mapping[str, Called] = field(default_factory=dict)

    def shop(self, location_id: UUID, words: Wording) -> str:
        return self.shops.get(location_id) or words.say(GONE)

    def program(self, program_id: UUID, words: Wording) -> str:
        found = self.programs.get(program_id)
        return quoted(found[words.language], words) if found else words.say(GONE)

    def tier(self, key: str, words: Wording) -> str:
        found = self.tiers.get(key)
        return found[words.language] if found else key

    def any_shop(self, location_ids: Iterable[UUID], words: Wording) -> str:
        """ "Mitte", "Mitte or Nord"."""
        return either((self.shop(one, words) for one in location_ids), words)


def quoted(text: str, words: Wording) -> str:
    """In the quotation marks of the language."""
    return words.say(N_("“%(text)s”"), text=text)


def either(names: Iterable[str], words: Wording) -> str:
    """ "a", "a or b", "a, b or c"."""
    return str(format_list(list(names), style="or", locale=words.language))


def together(parts: Iterable[str], words: Wording) -> str:
    """ "a", "a and b", "a, b and c"."""
    return str(format_list(list(parts), style="standard", locale=words.language))
