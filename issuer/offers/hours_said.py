"""Weekdays and hours as people say them."""

from collections.abc import Sequence
from datetime import time

from babel.dates import format_time, get_day_names

from issuer.offers.hours import EVERY_DAY, MIDNIGHT, Hours
from issuer.offers.named import together
from issuer.refusals import N_
from issuer.rules.wording import Wording

SHORTEST_RANGE = 3


def clock_said(at: time, words: Wording) -> str:
    """ "7:00", the same in both languages."""
    return str(format_time(at, "H:mm", locale=words.language))


def hours_said(hours: Hours, words: Wording) -> str:
    """ "Monday to Friday from 7:00 to 10:00", "every day", "Sunday from 22:00 to 2:00 of the next day"."""
    days = days_said(hours.weekdays, words)
    if hours.whole_day:
        return days
    start, end = clock_said(hours.start, words), clock_said(hours.end, words)
    if hours.end == MIDNIGHT:
        return words.say(N_("%(days)s from %(start)s to midnight"), days=days, start=start)
    if hours.end <= hours.start:
        return words.say(N_("%(days)s from %(start)s to %(end)s of the next day"), days=days, start=start, end=end)
    return words.say(N_("%(days)s from %(start)s to %(end)s"), days=days, start=start, end=end)


def days_said(weekdays: Sequence[int], words: Wording) -> str:
    """ "every day", "Monday to Friday", "Monday, Wednesday and Friday"; 0 is Monday, ascending."""
    if tuple(weekdays) == EVERY_DAY:
        return words.say(N_("every day"))
    names = get_day_names("wide", locale=words.language)
    said = list[str]()
    for first, last in _runs(weekdays):
        if last - first + 1 >= SHORTEST_RANGE:
            said.append(words.say(N_("%(first)s to %(last)s"), first=names[first], last=names[last]))
        else:
            said += [names[day] for day in range(first, last + 1)]
    return together(said, words)


def _runs(weekdays: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each unbroken run."""
    runs = list[tuple[int, int]]()
    for day in weekdays:
        if runs and runs[-1][1] == day - 1:
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return runs
