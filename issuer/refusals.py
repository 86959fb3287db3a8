"""What the counter says no to: a stable code for machines, a sentence for staff, values to fill in."""

from dataclasses import dataclass, field

from issuer.language import translator


@dataclass(frozen=True)
class Refusal:
    """An answer, not an error: the caller shows the sentence and goes on. Sentences are keyed by ``code``."""

    code: str
    values: dict[str, str | int] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """One sentence naming the reason and the next step."""
        return self.template(language) % self.values

    def template(self, language: str) -> str:
        """The sentence with its places still open."""
        return translator(language).gettext((SENTENCES | AT_THE_DESK)[self.code])


def N_(message: str) -> str:  # noqa: N802 (gettext's own name for "to be translated later")
    return message


SENTENCES = {
    "too_soon": N_("This card was stamped a moment ago. The next stamp is possible in %(wait)s."),
    "wrong_program": N_("This reward belongs to another program. Choose one of this card's rewards."),
    "card_blocked": N_("This card is not active any more. Ask the customer for their current card."),
    "nothing_to_redeem": N_("No reward is waiting on this card. It is earned with the next full round."),
    "already_reversed": N_("This has been taken back already. Nothing more to undo."),
    "already_spent": N_("This has been spent already. To correct it, take back the redemption."),
    "hold_expired": N_("This redemption is not held any more. Scan the card again."),
    "reference_reused": N_("Reference %(reference)s belongs to another purchase. Send a reference only once."),
    "too_late_to_undo": N_(
        "Undo is possible for one minute, at the till that booked it. Ask the manager to correct it."
    ),
}

# Said in the console, never by the API.
AT_THE_DESK = {
    "draft_changed_elsewhere": N_("This design was changed in another window. Load the page again to go on with it."),
    "nothing_to_publish": N_("Nothing has changed since the last time you published."),
    "too_faint": N_("A text is too faint on its background to be read. Repair the colours, then publish."),
}
