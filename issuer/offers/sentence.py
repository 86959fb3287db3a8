"""An offer read back as one sentence: who reads it knows all that a customer or the merchant would notice.

Left out are the merchant's own name for the offer, the small print, the other language, and what has no effect: how
many days it lasts where the trigger says that itself, `stays` without hours, `each_time` without a limit.
"""

from collections.abc import Iterator

from issuer.amounts import day_said
from issuer.offers.audience_said import audience_said
from issuer.offers.content import Multiplier, OnlyWords, Texts, VoucherOffer
from issuer.offers.named import Named, quoted
from issuer.offers.offer import Limits, Offer, Window
from issuer.offers.triggers import LAST_DAYS, OF_A_STATE
from issuer.offers.triggers_said import trigger_said
from issuer.refusals import N_
from issuer.rules.wording import Wording


def sentence(offer: Offer, words: Wording, named: Named) -> str:
    """ "Near Lindenstraße, Monday to Friday from 7:00 to 10:00: “Coffee and croissant 3.90”." """
    head = ", ".join(_head(offer, words, named))
    what = ", ".join(_what(offer, words))
    return f"{head[:1].upper()}{head[1:]}: {'; '.join((what, *_bounds(offer, words)))}."


def _head(offer: Offer, words: Wording, named: Named) -> Iterator[str]:
    """When, for whom and in which days."""
    yield trigger_said(offer.trigger, words, named)
    yield from audience_said(offer.audience, words, named)
    yield from _window(offer.window, words)


def _window(window: Window, words: Wording) -> Iterator[str]:
    first, last = (day_said(day, words.language) if day else "" for day in (window.first, window.last))
    if first and last:
        yield words.say(N_("from %(first)s to %(last)s"), first=first, last=last)
    elif first:
        yield words.say(N_("from %(first)s on"), first=first)
    elif last:
        yield words.say(N_("to %(last)s"), last=last)


def _what(offer: Offer, words: Wording) -> Iterator[str]:
    """What the card says, what it unlocks, for how long."""
    yield quoted(offer.content.in_(words.language).card, words)
    if isinstance(offer.unlocks, VoucherOffer):
        yield from _voucher(offer.unlocks, offer.content.in_(words.language).card, words)
    elif isinstance(offer.unlocks, Multiplier):
        yield words.say(N_("what is collected counts %(factor)s times"), factor=words.number(offer.unlocks.factor))
    elif isinstance(offer.unlocks, OnlyWords):
        yield words.say(N_("only a reminder"))
    yield from _lasts(offer, words)


def _voucher(voucher: VoucherOffer, card: str, words: Wording) -> Iterator[str]:
    """Its name is told where it is another than what the card says."""
    name, worth = voucher.names.in_(words.language), voucher.worth.said(words)
    if name == card:
        yield words.say(N_("with a voucher: %(worth)s"), worth=worth)
    else:
        yield words.say(N_("with the voucher “%(name)s”: %(worth)s"), name=name, worth=worth)
    if voucher.uses > 1:
        yield words.plural("can be used %(num)s time", "can be used %(num)s times", voucher.uses)


def _lasts(offer: Offer, words: Wording) -> Iterator[str]:
    days, kind = offer.lasts_days, offer.trigger.kind
    if kind not in LAST_DAYS:
        return
    if days == 0:
        yield words.say(N_("until the end of the day"))
    elif kind in OF_A_STATE:
        yield words.plural("for %(num)s day at most", "for %(num)s days at most", days)
    else:
        yield words.plural("for %(num)s day", "for %(num)s days", days)


def _bounds(offer: Offer, words: Wording) -> Iterator[str]:
    """What else a phone says, limits, comparison, sound."""
    yield from _spoken(offer.content.in_(words.language), words, sounds=offer.sounds)
    yield from _limits(offer.limits, words)
    if offer.trial.other is not None:
        yield _other(offer.trial.other.in_(words.language), words, sounds=offer.sounds)
    if offer.trial.hold_out:
        share = words.percent(offer.trial.hold_out)
        yield words.say(N_("%(share)s of them are shown nothing, to compare"), share=share)
    if offer.sounds:
        yield words.say(N_("it may sound on the phones of those who agreed to that"))


def _spoken(texts: Texts, words: Wording, *, sounds: bool) -> Iterator[str]:
    """What is announced only where the offer may sound."""
    if sounds and texts.change_message != "%@":
        text = texts.change_message.replace("%@", texts.card)
        yield words.say(N_("phones say “%(text)s”"), text=text)
    if texts.near != texts.card:
        yield words.say(N_("near a shop an iPhone says “%(text)s”"), text=texts.near)


def _other(texts: Texts, words: Wording, *, sounds: bool) -> str:
    instead = words.say(N_("half of them see “%(text)s” instead"), text=texts.card)
    return ", ".join((instead, *_spoken(texts, words, sounds=sounds)))


def _limits(limits: Limits, words: Wording) -> Iterator[str]:
    if limits.cards is not None and limits.each_time:
        yield words.plural("%(num)s card at most each time", "%(num)s cards at most each time", limits.cards)
    elif limits.cards is not None:
        yield words.plural("%(num)s card at most", "%(num)s cards at most", limits.cards)
    if limits.per_person is not None:
        yield words.plural("%(num)s time per person at most", "%(num)s times per person at most", limits.per_person)
    if limits.rest_days:
        yield words.plural(
            "again after %(num)s day at the earliest", "again after %(num)s days at the earliest", limits.rest_days
        )
    if limits.value is not None:
        yield words.say(N_("vouchers for %(money)s at most in all"), money=words.money(limits.value))
