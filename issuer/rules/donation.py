"""N stamps become money for somebody who needs it more."""

from collections.abc import Iterator, Mapping
from typing import Literal

from issuer.refusals import N_
from issuer.rules.movement import DONATED, Movement
from issuer.rules.part import Cents, Names
from issuer.rules.stamps import Collecting
from issuer.rules.wording import Wording


class DonationRule(Collecting):
    """``stamps_needed`` stamps become ``cents`` for ``to``. What the card gave is counted in `DONATED`."""

    kind: Literal["donation"] = "donation"
    cents: Cents
    to: Names

    def sentence(self, words: Wording) -> str:
        text = N_("%(needed)s stamps become a donation of %(money)s: %(to)s")
        promise = words.say(
            text, needed=self.stamps_needed, money=words.money(self.cents), to=self.to.in_(words.language)
        )
        return self.said(promise, words)

    def complete(self, balances: Mapping[str, int]) -> Iterator[Movement]:
        rounds = self.rounds(balances)
        if rounds:
            yield Movement(self.unit, -rounds * self.stamps_needed, "exchanged", "round")
            yield Movement(DONATED, rounds * self.cents, "issued", "round")

    def shown(self, balances: Mapping[str, int]) -> int:
        """Stamps to draw."""
        return balances.get(self.unit, 0)
