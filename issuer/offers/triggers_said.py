"""What sets an offer off, as the beginning of its sentence."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from issuer.offers.hours_said import clock_said, hours_said
from issuer.offers.named import Named
from issuer.offers.triggers import (
    AnniversaryTrigger,
    BirthdayTrigger,
    EventTrigger,
    LapsingTrigger,
    MilestoneTrigger,
    NearlyTrigger,
    PlaceTrigger,
    QuietTrigger,
    TierTrigger,
    TimeTrigger,
    Trigger,
    UnusedTrigger,
    VisitTrigger,
    WeatherTrigger,
)
from issuer.refusals import N_
from issuer.rules.wording import Wording


def trigger_said(trigger: Trigger, words: Wording, named: Named) -> str:
    """ "near Lindenstraße, Monday to Friday from 7:00 to 10:00"; begins small where a sentence does not begin."""
    return SAID[trigger.kind](trigger, words, named)


def _at(text: str, locations: Iterable[UUID], words: Wording, named: Named) -> str:
    shops = tuple(locations)
    return words.say(N_("%(when)s at %(shops)s"), when=text, shops=named.any_shop(shops, words)) if shops else text


def _time(trigger: TimeTrigger, words: Wording, named: Named) -> str:
    return _at(hours_said(trigger.hours, words), trigger.locations, words, named)


def _place(trigger: PlaceTrigger, words: Wording, named: Named) -> str:
    shops = named.any_shop(trigger.locations, words) if trigger.locations else words.say(N_("each shop"))
    near = words.say(N_("near %(shops)s"), shops=shops)
    if trigger.hours is None:
        return near
    hours = hours_said(trigger.hours, words)
    if trigger.stays:
        return words.say(N_("%(near)s (always on the card, valid %(hours)s)"), near=near, hours=hours)
    return f"{near}, {hours}"


def _visit(trigger: VisitTrigger, words: Wording, named: Named) -> str:
    if trigger.nth is None:
        text, later = N_("on each visit"), N_("%(hours)s after each visit")
    elif trigger.nth == 1:
        text, later = N_("on the first visit"), N_("%(hours)s after the first visit")
    else:
        text, later = N_("on the %(nth)s day with a visit"), N_("%(hours)s after the visit on the %(nth)s day with one")
    nth = words.ordinal(trigger.nth or 0)
    if trigger.after_hours:
        hours = words.plural("%(num)s hour", "%(num)s hours", trigger.after_hours)
        said = words.say(later, hours=hours, nth=nth)
    else:
        said = words.say(text, nth=nth)
    said = _at(said, trigger.locations, words, named)
    return f"{said}, {hours_said(trigger.daypart, words)}" if trigger.daypart else said


BIRTHDAY = (
    N_("on the birthday"),
    N_("from %(before)s before the birthday to the day itself"),
    N_("from the birthday to %(after)s after it"),
    N_("from %(before)s before the birthday to %(after)s after it"),
)
ANNIVERSARY = (
    N_("on the anniversary of the first visit"),
    N_("from %(before)s before the anniversary of the first visit to the day itself"),
    N_("from the anniversary of the first visit to %(after)s after it"),
    N_("from %(before)s before the anniversary of the first visit to %(after)s after it"),
)


def _yearly(texts: tuple[str, ...], trigger: BirthdayTrigger | AnniversaryTrigger, words: Wording) -> str:
    text = texts[(trigger.days_before > 0) + 2 * (trigger.days_after > 0)]
    before, after = _days(trigger.days_before, words), _days(trigger.days_after, words)
    return words.say(text, before=before, after=after)


def _days(number: int, words: Wording) -> str:
    return words.plural("%(num)s day", "%(num)s days", number)


def _quiet(trigger: QuietTrigger, words: Wording, _named: Named) -> str:
    return words.plural("not seen for %(num)s day", "not seen for %(num)s days", trigger.days)


def _nearly(trigger: NearlyTrigger, words: Wording, _named: Named) -> str:
    return words.plural("%(num)s stamp short of a reward", "%(num)s stamps or fewer short of a reward", trigger.missing)


def _unused(trigger: UnusedTrigger, words: Wording, _named: Named) -> str:
    return words.plural("a reward has waited for %(num)s day", "a reward has waited for %(num)s days", trigger.days)


def _lapsing(trigger: LapsingTrigger, words: Wording, _named: Named) -> str:
    return words.plural(
        "something on the card ends within %(num)s day", "something on the card ends within %(num)s days", trigger.days
    )


def _tier(trigger: TierTrigger, words: Wording, named: Named) -> str:
    if trigger.tier is None:
        return words.say(N_("when a tier is reached"))
    return words.say(N_("when the tier %(tier)s is reached"), tier=named.tier(trigger.tier, words))


def _milestone(trigger: MilestoneTrigger, words: Wording, _named: Named) -> str:
    visits = words.number(trigger.visits)
    text = N_("every %(visits)s visits") if trigger.every else N_("with visit number %(visits)s")
    return words.say(text, visits=visits)


def _event(trigger: EventTrigger, words: Wording, _named: Named) -> str:
    return words.say(N_("when another system reports “%(name)s”"), name=trigger.name)


WEATHER = {
    ("temperature", "over"): N_("%(when)s, if more than %(limit)s °C are forecast for %(at)s"),
    ("temperature", "under"): N_("%(when)s, if less than %(limit)s °C are forecast for %(at)s"),
    ("rain", "over"): N_("%(when)s, if more than %(limit)s mm of rain are forecast for the hour from %(at)s on"),
    ("rain", "under"): N_("%(when)s, if less than %(limit)s mm of rain are forecast for the hour from %(at)s on"),
}


def _weather(trigger: WeatherTrigger, words: Wording, named: Named) -> str:
    at, until = clock_said(trigger.at, words), clock_said(trigger.until, words)
    when = words.say(N_("from %(start)s to %(end)s"), start=at, end=until)
    if trigger.location is not None:
        when = _at(when, (trigger.location,), words, named)
    text = WEATHER[trigger.measure, trigger.side]
    return words.say(text, when=when, limit=words.number(trigger.limit), at=at)


SAID: dict[str, Callable[[Any, Wording, Named], str]] = {
    "time": _time,
    "place": _place,
    "visit": _visit,
    "birthday": lambda trigger, words, _: _yearly(BIRTHDAY, trigger, words),
    "anniversary": lambda trigger, words, _: _yearly(ANNIVERSARY, trigger, words),
    "quiet": _quiet,
    "nearly": _nearly,
    "unused": _unused,
    "lapsing": _lapsing,
    "tier": _tier,
    "milestone": _milestone,
    "event": _event,
    "weather": _weather,
}
