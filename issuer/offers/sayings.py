"""What kinds and states of offers are called, and why somebody was not shown one. For the merchant."""

from issuer.refusals import N_

KINDS = {
    "time": N_("Time"),
    "place": N_("Place"),
    "visit": N_("Visit"),
    "birthday": N_("Birthday"),
    "anniversary": N_("Anniversary"),
    "quiet": N_("Not seen for long"),
    "nearly": N_("Nearly there"),
    "unused": N_("Reward not taken"),
    "lapsing": N_("About to end"),
    "tier": N_("Tier reached"),
    "milestone": N_("Many visits"),
    "event": N_("Another system"),
    "weather": N_("Weather"),
}
EXPLAINED = {
    "time": N_("On the card on certain weekdays and at certain hours."),
    "place": N_("On the lock screen near a shop, at certain hours if you like."),
    "visit": N_("After a visit: each, the first or a later one."),
    "birthday": N_("Around the birthday of those who have told it."),
    "anniversary": N_("Around the day on which somebody first came."),
    "quiet": N_("For those who have not come for a number of days."),
    "nearly": N_("For those who are a few stamps short of a reward."),
    "unused": N_("For those who have a reward and do not come for it."),
    "lapsing": N_("Before something on the card ends."),
    "tier": N_("When somebody reaches a tier."),
    "milestone": N_("With the hundredth visit, or with every tenth."),
    "event": N_("When your own system reports something of a card over the API."),
    "weather": N_("In warmth or cold, with rain or without, as forecast for the shop."),
}
STATES = {"draft": N_("Draft"), "live": N_("Running"), "paused": N_("Paused"), "ended": N_("Over")}
HELD_BACK = {
    "wish": N_("This customer does not want to be told of offers."),
    "consent": N_("This customer has not agreed to offers that sound."),
    "weekly": N_("This customer was told as much this week as your rules allow."),
    "paused": N_("This customer has just been here; your rules let nothing follow a visit so soon."),
    "quiet_hours": N_("It is the time of day at which your rules let nobody be disturbed."),
    "silent_budget": N_("This card was changed as often today as your rules allow."),
    "outranked": N_("Something more important was shown to this customer instead."),
    "limit_cards": N_("The offer was shown to as many cards as you allow."),
    "limit_person": N_("This customer was shown the offer as often as you allow."),
    "limit_value": N_("Vouchers of this offer have reached the value that you allow."),
    "rest": N_("This customer was shown the offer too short a time ago."),
}
"""By the stable codes of `issuer.offers.governor` and `issuer.limiting`."""
