"""Windows by the clock and the calendar: of time, place, weather, birthdays and anniversaries."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import count, takewhile
from zoneinfo import ZoneInfo

from issuer.offers.bounds import FOREVER, Asked, Bounds, only_shop
from issuer.offers.facts import Around, Shop, Turn
from issuer.offers.hours import Hours
from issuer.offers.instants import DAY, always, begin_of, day_of, instant, spans
from issuer.offers.triggers import AnniversaryTrigger, BirthdayTrigger, PlaceTrigger, TimeTrigger, WeatherTrigger
from issuer.rules.gifts import in_year

ALWAYS = "always"
HOUR = timedelta(hours=1)


def time(trigger: TimeTrigger, ask: Bounds) -> Iterable[Turn]:
    return _within(trigger.hours, ask)


def place(trigger: PlaceTrigger, ask: Bounds) -> Iterable[Turn]:
    return _within(Hours() if trigger.stays or trigger.hours is None else trigger.hours, ask)


def open_keys(trigger: TimeTrigger | PlaceTrigger, ask: Asked) -> Iterator[str]:
    """Of the turns that are open at ``start``."""
    turns = time(trigger, ask) if isinstance(trigger, TimeTrigger) else place(trigger, ask)
    for turn in ask.cut(turns):
        if turn.opens > ask.start:
            return
        yield turn.key


def weather(trigger: WeatherTrigger, ask: Asked) -> Iterator[Turn]:
    """The days whose forecast meets the limit; a forecast that comes has to make somebody look."""
    last = max((hour for _, hour in ask.around.forecasts), default=ask.start) + HOUR
    for turn in takewhile(lambda turn: turn.opens < last, weather_hours(trigger, ask)):
        if foretold(trigger, ask.around, turn):
            yield turn


def weather_hours(trigger: WeatherTrigger, ask: Bounds) -> Iterator[Turn]:
    """The hours of every day, whatever the weather; none without a shop of which there can be a forecast."""
    shop = weather_shop(trigger, ask.around)
    if shop is None:
        return
    for day, opens, closes in spans(trigger.hours, ZoneInfo(shop.zone), max(ask.start, ask.begins)):
        yield Turn(f"{shop.id}:{day}", opens, closes, shop.id)


def foretold(trigger: WeatherTrigger, around: Around, turn: Turn) -> bool | None:
    """Whether the weather of a turn's day meets the limit; ``None``: there is no forecast."""
    shop = weather_shop(trigger, around)
    day = date.fromisoformat(turn.key.rpartition(":")[2])
    said = around.forecasts.get((shop.id, weather_hour(trigger, shop, day))) if shop else None
    return trigger.is_met(said[trigger.measure == "rain"]) if said else None


def weather_shop(trigger: WeatherTrigger, around: Around) -> Shop | None:
    """Whose weather counts: that of the trigger's shop, else of the first one with coordinates; it has coordinates."""
    if trigger.location:
        shop = around.shops.get(trigger.location)
        return shop if shop and shop.placed else None
    return next((shop for shop in around.shops.values() if shop.placed), None)


def weather_hour(trigger: WeatherTrigger, shop: Shop, day: date) -> datetime:
    """The hour of whose forecast a local day's offer depends: in UTC, as in `Around.forecasts`."""
    return instant(day, trigger.at, ZoneInfo(shop.zone)).replace(minute=0)


def birthday(trigger: BirthdayTrigger, ask: Asked) -> Iterator[Turn]:
    return _yearly(trigger, ask, ask.facts.birthday) if ask.facts.birthday else iter(())


def anniversary(trigger: AnniversaryTrigger, ask: Asked) -> Iterator[Turn]:
    """Of the first visit, from the year after it on."""
    if ask.facts.first_visit is None:
        return
    first = day_of(ask.facts.first_visit, ask.zone)
    for turn in _yearly(trigger, ask, (first.month, first.day)):
        if int(turn.key) > first.year:
            yield turn


def _within(hours: Hours, ask: Bounds) -> Iterator[Turn]:
    shop_id = only_shop(ask.offer)
    if always(hours):
        yield Turn(ALWAYS, ask.begins, FOREVER, shop_id)
        return
    for day, opens, closes in spans(hours, ask.zone, max(ask.start, ask.begins)):
        yield Turn(str(day), opens, closes, shop_id)


def _yearly(trigger: BirthdayTrigger | AnniversaryTrigger, ask: Asked, born: tuple[int, int]) -> Iterator[Turn]:
    for year in count(day_of(max(ask.start, ask.begins), ask.zone).year - 1):
        day = in_year(born, year)
        first, after = day - trigger.days_before * DAY, day + (trigger.days_after + 1) * DAY
        yield Turn(str(year), begin_of(first, ask.zone), begin_of(after, ask.zone))
