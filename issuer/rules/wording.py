"""In whose language and money a rule says itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent

from issuer.language import translator

RewardNames = Mapping[UUID, Mapping[str, str]]
"""What rewards are called: id to language to name."""
ENDINGS = {"one": "st", "two": "nd", "few": "rd", "other": "th"}


@dataclass(frozen=True)
class Wording:
    """A language, the names of the program's rewards, the shop's currency."""

    language: str
    rewards: RewardNames = field(default_factory=dict)
    currency: str = "EUR"

    def say(self, message: str, **values: object) -> str:
        """A sentence in the language, its places filled in."""
        text = translator(self.language).gettext(message)
        return text % values if values else text

    def plural(self, one: str, many: str, number: int) -> str:
        """ "1 stamp", "2,000 stamps": ``%(num)s`` is the number."""
        return translator(self.language).ngettext(one, many, number) % {"num": self.number(number)}

    def money(self, cents: int) -> str:
        """An amount as people write it: "1,00 €" or "€1.00"."""
        return str(format_currency(Decimal(cents) / 100, self.currency, locale=self.language))

    def number(self, value: int | Decimal) -> str:
        """ "1.5" or "1,5", without zeros that say nothing."""
        plain = value.normalize() if isinstance(value, Decimal) else value
        return str(format_decimal(plain, locale=self.language))

    def percent(self, value: int | Decimal, most: int | Decimal | None = None) -> str:
        """ "15%" or "15 %", "2.5%"; "5–10%" up to ``most``. The blank never breaks."""
        if most is not None and most != value:
            return f"{self.number(value)}–{self.percent(most)}"
        return str(format_percent(Decimal(value) / 100, locale=self.language, decimal_quantization=False))

    def ordinal(self, number: int) -> str:
        """ "4th" or "4."."""
        if self.language != "en":
            return f"{number}."
        return f"{number}{ENDINGS[Locale.parse(self.language).ordinal_form(number)]}"

    def reward(self, reward_id: UUID) -> str:
        return self.rewards[reward_id][self.language]
