"""For whom an offer is, as part of its sentence."""

from collections.abc import Iterator

from issuer.offers.audience import Audience, Fifths
from issuer.offers.named import Named, either, together
from issuer.refusals import N_
from issuer.rules.wording import Wording

SEGMENTS = {
    "new": N_("came for the first time within the last 30 days"),
    "regular": N_("come regularly"),
    "lapsed": N_("have not come for long"),
}
LANGUAGES = {"de": N_("in German"), "en": N_("in English")}
FIFTHS = {
    "recency": N_("by their last visit belong to %(which)s"),
    "frequency": N_("by their visits belong to %(which)s"),
    "money": N_("by what they spend belong to %(which)s"),
}


def audience_said(audience: Audience, words: Wording, named: Named) -> Iterator[str]:
    """ "only for those who come regularly and have the tier Gold"; nothing when it is for all."""
    traits = [*_listed(audience, words, named), *_ranked(audience, words)]
    if audience.consented:
        traits.append(words.say(N_("agreed to offers that sound")))
    if traits:
        ranked = N_("only for those who %(traits)s (5 is the best fifth)")
        text = ranked if audience.ranks else N_("only for those who %(traits)s")
        yield words.say(text, traits=together(traits, words))


def _listed(audience: Audience, words: Wording, named: Named) -> Iterator[str]:
    if audience.programs:
        programs = either((named.program(one, words) for one in audience.programs), words)
        yield words.say(N_("have a card of %(programs)s"), programs=programs)
    if audience.segments:
        yield either((words.say(SEGMENTS[one]) for one in audience.segments), words)
    if audience.tiers:
        tiers = either((named.tier(one, words) for one in audience.tiers), words)
        yield words.say(N_("have the tier %(tiers)s"), tiers=tiers)
    if audience.locations:
        yield words.say(N_("came last to %(shops)s"), shops=named.any_shop(audience.locations, words))
    if audience.languages:
        languages = either((words.say(LANGUAGES[one]) for one in audience.languages), words)
        yield words.say(N_("have their card %(languages)s"), languages=languages)


def _ranked(audience: Audience, words: Wording) -> Iterator[str]:
    for measure, text in FIFTHS.items():
        fifths = getattr(audience, measure)
        if fifths is not None:
            yield words.say(text, which=_which(fifths, words))


def _which(fifths: Fifths, words: Wording) -> str:
    """ "fifth 5", "fifths 1 to 2"."""
    if fifths.least == fifths.most:
        return words.say(N_("fifth %(number)s"), number=fifths.least)
    text = N_("fifths %(least)s to %(most)s")
    return words.say(text, least=fifths.least, most=fifths.most)
