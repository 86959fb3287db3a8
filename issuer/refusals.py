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
    "wrong_program": N_("This belongs to another program. Choose what belongs to this card's program."),
    "card_blocked": N_("This card is not active any more. Ask the customer for their current card."),
    "nothing_to_redeem": N_("No reward is waiting on this card. It is earned with the next full round."),
    "program_closed": N_("Nobody can join this program any more. Choose another one of the shop's programs."),
    "no_stamps_here": N_("This card has no such stamps. Book the purchase with its amount."),
    "tier_needed": N_("This reward is for a higher tier. Choose one of this card's rewards."),
    "not_enough": N_("This costs %(price)s points and the card has %(there)s. Choose something smaller."),
    "not_enough_credit": N_("The card can pay %(there)s at most. Take the rest another way."),
    "voucher_unknown": N_("This card has no such voucher. Compare the code with the one that the customer shows."),
    "voucher_not_valid": N_("This voucher does not count today. Look at its dates on the card."),
    "voucher_used": N_("This voucher was used already. Nothing is left of it."),
    "voucher_revoked": N_("This voucher was taken back by the shop. Ask the owner about it."),
    "offer_not_there": N_("This offer is not on this card. Scan the card again to see what it has."),
    "offer_over": N_("This offer does not count at this time. Look at its days and hours on the card."),
    "offer_used": N_("This offer was used already. It counts once only."),
    "offer_by_itself": N_("This offer counts by itself, with every purchase and stamp. Book what was bought."),
    "offer_only_words": N_("This offer only reminds of something, there is nothing to redeem. Book what was bought."),
    "no_goodwill": N_("This program has no purse for small presents. Ask the owner to give it one."),
    "reason_needed": N_("A present needs a reason. Say in %(least)s to %(most)s characters why it is given."),
    "purse_empty": N_("All %(a_week)s presents of this week were given. On Monday there are new ones."),
    "no_such_cause": N_("This program gives nothing for that. Choose one of its causes."),
    "given_already": N_("This card has been given that already. It is given once only."),
    "already_reversed": N_("This has been taken back already. Nothing more to undo."),
    "refund_too_large": N_("At most %(left)s of this purchase is left to refund. Refund that much or less."),
    "refund_of_nothing": N_("A refund needs an amount above zero. Leave the amount out to refund all that is left."),
    "refund_whole_only": N_("This was booked without an amount. Leave the amount out to refund all of it."),
    "merged_for_good": N_("Two cards became one here. That is not undone: take back single bookings instead."),
    "same_card": N_("These are one and the same card. Scan the other card of the customer."),
    "no_visits_here": N_("This card has no visits to buy. Book the purchase with its amount."),
    "not_enough_visits": N_("This card has %(there)s visits left. Take fewer, or sell new ones first."),
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
    "no_pass_of_it": N_(
        "Nothing was published: Apple Wallet would not take the card of “%(program)s” and would not say why. "
        "The reason, by Apple's rules: %(why)s"
    ),
    "too_faint": N_("A text is too faint on its background to be read. Repair the colours, then publish."),
}
