"""What a change of rules will do, in sentences for whoever is about to publish it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import UUID

from babel.dates import format_timedelta
from babel.units import format_unit

from issuer.language import translator
from issuer.program_changes import Plan
from issuer.program_reach import Effects
from issuer.programs import ProgramView
from issuer.refusals import N_
from issuer.rules import Rules
from issuer.rules.expiry import WHAT
from issuer.rules.stamps import Collecting
from issuer.web.wording import said, spoken

A_MOMENT = 60
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def sentences(view: ProgramView, plan: Plan, pause: int, effects: Effects, versions: Mapping[int, Rules]) -> list[str]:
    """Who keeps the old promise and until when, what costs more, what ends, who is told.

    :param versions: what the program said, by version
    """
    rules, words = plan.rules, view.words(spoken())
    found: list[str] = []
    if tuple(view.rules.each(Collecting)) != tuple(rules.each(Collecting)):
        found += _rounds(view, effects, versions)
    if effects.at_once and view.rules != rules:
        found.append(
            words.plural(
                "On %(num)s card the new rules hold at once, for what is earned from now on.",
                "On %(num)s cards the new rules hold at once, for what is earned from now on.",
                effects.at_once,
            )
        )
    found += _prices(view, plan, effects)
    for what in effects.ending:
        text = N_("%(what)s: the new end holds for what is earned from now on. What is on the cards keeps its promise.")
        found.append(words.say(text, what=words.say(WHAT[what])))
    if pause != view.program.pause_seconds:
        before, after = exactly(view.program.pause_seconds), exactly(pause)
        text = N_("The pause between two stamps changes at once: %(after)s instead of %(before)s.")
        found.append(words.say(text, before=before, after=after))
    return [*found, _phones(effects)]


def _rounds(view: ProgramView, effects: Effects, versions: Mapping[int, Rules]) -> Iterator[str]:
    words = view.words(spoken())
    for one in effects.promised:
        grid = versions[one.version].grid
        if grid is None:
            continue
        if one.begun:
            begun = translator(words.language).ngettext(
                "%(num)s card has begun a round of %(needed)s: it finishes it as promised.",
                "%(num)s cards have begun a round of %(needed)s: they finish it as promised.",
                one.begun,
            )
            yield begun % {"num": words.number(one.begun), "needed": grid.stamps_needed}
        if one.cards > one.begun:
            yield words.plural(
                "%(num)s card without a stamp keeps the promise it was given, until it is full once.",
                "%(num)s cards without a stamp keep the promise they were given, until they are full once.",
                one.cards - one.begun,
            )
    yield words.say(N_("New cards and every next round go by the new rule."))


def _prices(view: ProgramView, plan: Plan, effects: Effects) -> Iterator[str]:
    words = view.words(spoken())
    for rise in effects.rises:
        text = N_(
            "“%(reward)s” costs %(after)s points instead of %(before)s. "
            "Cards that are out pay the lower of the two prices until they next spend points."
        )
        prices = {"before": words.number(rise.before), "after": words.number(rise.after)}
        yield words.say(text, reward=_called(plan, view, rise.reward_id), **prices)
    for reward_id in effects.gone:
        text = N_(
            "“%(reward)s” is not offered any more. "
            "Cards that are out can still choose it at its old price until they next spend points."
        )
        yield words.say(text, reward=words.reward(reward_id))


def _called(plan: Plan, view: ProgramView, reward_id: UUID) -> str:
    names = {**view.words(spoken()).rewards, **plan.rewards}
    return names[reward_id][spoken()]


def _phones(effects: Effects) -> str:
    if not effects.phones:
        return said(N_("No card is in a phone's wallet yet: their web pages show the new rules by themselves."))
    words = {"num": effects.phones, "time": duration(effects.seconds)}
    if effects.seconds < A_MOMENT:
        one, many = N_("%(num)s phone is told, within a minute."), N_("%(num)s phones are told, within a minute.")
    else:
        one = N_("%(num)s phone is told, a few at a time: that takes about %(time)s.")
        many = N_("%(num)s phones are told, a few at a time: that takes about %(time)s.")
    return said(one if effects.phones == 1 else many) % words


def exactly(seconds: int) -> str:
    """ "1 hour", "90 minutes", "45 seconds": nothing is rounded off."""
    size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0 and (seconds or size == 1))
    return str(format_unit(seconds // size, f"duration-{unit}", locale=spoken()))


def duration(seconds: int) -> str:
    """About so long, in words."""
    return str(format_timedelta(timedelta(seconds=seconds), threshold=1.2, locale=spoken()))
