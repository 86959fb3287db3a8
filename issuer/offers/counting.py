"""When an offer counts at the counter: within its window and, by the clock of the shop of the visit, its hours."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from issuer.offers.content import Multiplier, OnlyWords
from issuer.offers.hours import Hours
from issuer.offers.instants import is_open
from issuer.offers.shown import ShownOffer
from issuer.offers.triggers import PlaceTrigger, TimeTrigger, Trigger

LONGEST_DAY = timedelta(hours=26)
"""With what the clocks are put back by."""


def counts(shown: ShownOffer, at: datetime, zone: str) -> bool:
    """Whether a card that shows it may use it. ``zone``: of the shop where somebody came."""
    hours = hours_of(shown)
    in_window = shown.opens_at <= at < shown.closes_at
    return in_window and (hours is None or is_open(hours, at, ZoneInfo(zone)))


def hours_of(shown: ShownOffer) -> Hours | None:
    """The hours by the shop's clock outside of which it lies on the card, but counts for nothing."""
    trigger = shown.offer.trigger
    return trigger.hours if isinstance(trigger, PlaceTrigger | TimeTrigger) else None


def lasting(shown: ShownOffer) -> bool:
    """Whether it lies on the card for days on end, so that it is handed over once on each of them."""
    return shown.voucher_id is None and for_days(shown.offer.trigger, shown.opens_at, shown.closes_at)


def for_days(trigger: Trigger, opens: datetime, closes: datetime) -> bool:
    """Whether a window of time or place is longer than a day."""
    return isinstance(trigger, PlaceTrigger | TimeTrigger) and closes - opens > LONGEST_DAY


def taken(shown: ShownOffer, at: datetime, zone: str) -> bool:
    """Whether nothing of it is left at an instant; what is left of a voucher the voucher says."""
    if shown.redeemed_at is None or shown.voucher_id is not None:
        return False
    shop = ZoneInfo(zone)
    return not lasting(shown) or shown.redeemed_at.astimezone(shop).date() == at.astimezone(shop).date()


def by_itself(shown: ShownOffer) -> bool:
    """Whether nobody redeems it: what is earned counts more, and that is all."""
    return isinstance(shown.offer.unlocks, Multiplier)


def only_words(shown: ShownOffer) -> bool:
    """Whether there is nothing to redeem: it reminds of something."""
    return isinstance(shown.offer.unlocks, OnlyWords)


def most(shown: Iterable[ShownOffer], at: datetime, zone: str) -> ShownOffer | None:
    """Of several that multiply what is earned, the one that does so most: they do not add up."""
    counting = [one for one in shown if one.factor is not None and counts(one, at, zone)]
    return max(counting, key=lambda one: one.factor or Decimal(1), default=None)


def factor_of(shown: ShownOffer | None) -> Fraction:
    return Fraction(shown.factor) if shown is not None and shown.factor is not None else Fraction(1)
