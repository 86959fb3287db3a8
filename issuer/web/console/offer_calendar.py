"""What will happen in the next four weeks: an entry for each offer that runs, its days in as few lines as say them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from flask import g, render_template, url_for

from issuer import offer_preview
from issuer.amounts import last_day
from issuer.database import transaction
from issuer.offer_bearing import NOWHERE, Borne, borne
from issuer.offer_preview import Day, Planned
from issuer.offering import Running, live_offers
from issuer.offers.turns import BY_CALENDAR
from issuer.refusals import N_
from issuer.rules.wording import Wording
from issuer.web.console import offer_words
from issuer.web.console.frame import blueprint, frame
from issuer.web.console.offer_asked import keepers
from issuer.web.context import house, now
from issuer.web.wording import said, spoken

A_DAY = timedelta(days=1)
MONDAY = 0
STAYS = N_("always on the card")
UNTIL, FROM, SPAN = N_("until %(last)s"), N_("from %(first)s on"), N_("%(first)s to %(last)s")
NO_DAY = N_("No day of the next four weeks is one of its days.")
NO_MOMENT = N_("It comes to each card at a moment of its own. In the next four weeks none is known yet.")


@dataclass
class Run:
    """Days one after the other on which the same happens. ``hours``: empty where it is said for ``cards``."""

    first: date
    last: date
    hours: str
    cards: int | None

    def goes_on(self, day: date, hours: str, cards: int | None) -> bool:
        """Whether one more day belongs to it. Cards are counted by the week."""
        same = hours == self.hours and (cards is None) == (self.cards is None)
        return same and day == self.last + A_DAY and (cards is None or day.weekday() != MONDAY)


@blueprint.get("/offers/calendar")
@keepers
def offer_calendar() -> str:
    with transaction(house().engine, g.merchant_id) as session:
        around, running = frame(session), live_offers(session)
        days = offer_preview.calendar(session, house().keys, g.merchant_id, now())
        standing = borne(session, [one.id for one in running], now())
    zone, planned = ZoneInfo(around["merchant"].zone), _by_offer(days)
    order = {offer_id: number for number, offer_id in enumerate(planned)}
    running.sort(key=lambda one: order.get(one.id, len(order)))
    entries = [_entry(one, planned.get(one.id, []), standing.get(one.id, NOWHERE), zone) for one in running]
    return render_template("console/offers/calendar.html", entries=entries, **around)


def _by_offer(days: Sequence[Day]) -> dict[Any, list[tuple[date, Planned]]]:
    """What comes first in front."""
    found = defaultdict[Any, list[tuple[date, Planned]]](list)
    for day in days:
        for one in day.planned:
            found[one.offer_id].append((day.day, one))
    return found


def _entry(one: Running, planned: Sequence[tuple[date, Planned]], standing: Borne, zone: ZoneInfo) -> dict[str, Any]:
    words, trigger = Wording(spoken()), one.offer.trigger
    stays = any(window.stays for _, window in planned)
    lines = [*_whole(planned, zone), *map(_line, runs(planned, zone))]
    return {
        "id": one.id,
        "name": one.offer.name,
        "url": url_for("console.offer", offer_id=one.id),
        "note": said(STAYS) if stays else offer_words.only_if(trigger),
        "lines": lines,
        "none": "" if lines else said(NO_DAY if trigger.kind in BY_CALENDAR else NO_MOMENT),
        "on": words.plural("on %(num)s card now", "on %(num)s cards now", standing.cards) if standing.cards else "",
        "held": offer_words.reasons(standing.held),
    }


def _is_whole(one: Planned) -> bool:
    """Whether it goes on for days, so that a time of day says nothing."""
    return one.cards is None and (one.closes is None or one.closes - one.opens > A_DAY)


def _whole(planned: Sequence[tuple[date, Planned]], zone: ZoneInfo) -> Iterator[dict[str, str]]:
    for day, one in planned:
        if not _is_whole(one):
            continue
        begun, last = one.opens <= now(), last_day(one.closes, zone.key) if one.closes else None
        values = {"first": day_name(day), "last": day_name(last) if last else ""}
        text = (UNTIL if begun else SPAN) if last else ("" if begun else FROM)
        whole = said(N_("all the time"))
        yield {"days": said(text) % values, "when": whole} if text else {"days": whole, "when": ""}


def runs(planned: Sequence[tuple[date, Planned]], zone: ZoneInfo) -> list[Run]:
    """Windows within a day, those of days that follow each other in one."""
    found: list[Run] = []
    for day, one in planned:
        if _is_whole(one):
            continue
        hours = f"{_clock(one.opens, zone)}–{_clock(one.closes, zone)}" if one.closes else ""
        if found and found[-1].goes_on(day, hours, one.cards):
            found[-1].last, found[-1].cards = day, one.cards and (found[-1].cards or 0) + one.cards
        else:
            found.append(Run(day, day, hours, one.cards))
    return found


def _line(run: Run) -> dict[str, str]:
    first, last = day_name(run.first), day_name(run.last)
    days = first if run.first == run.last else said(SPAN) % {"first": first, "last": last}
    if run.cards is None:
        return {"days": days, "when": run.hours}
    return {"days": days, "when": Wording(spoken()).plural("about %(num)s card", "about %(num)s cards", run.cards)}


def day_name(day: date) -> str:
    """ "Monday, 23 Nov"."""
    return str(format_date(day, "EEEE, d. MMM" if spoken() == "de" else "EEEE, d MMM", locale=spoken()))


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return str(format_time(at.astimezone(zone), "HH:mm", locale=spoken()))
