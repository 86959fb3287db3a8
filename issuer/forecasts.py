"""Which forecasts the offers that run wait for, and what becomes of the answers. No answer: no offer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issuer import sweeps
from issuer.amounts import day_said
from issuer.card_facts import around_of
from issuer.offering import Running, live_offers
from issuer.offers.clock import foretold, weather_hour, weather_shop
from issuer.offers.facts import Around, Shop, Turn
from issuer.offers.hours_said import clock_said
from issuer.offers.instants import DAY, instant
from issuer.offers.offer import Offer
from issuer.offers.triggers import WeatherTrigger
from issuer.offers.turns import upcoming
from issuer.refusals import N_
from issuer.rules.wording import Wording
from issuer.schema import Forecast
from issuer.schema import Offer as Row

AHEAD = timedelta(minutes=15)
DECIMALS = 2
NO_CONNECTION, LATE, GARBLED, HOUR_MISSING = "no_connection", "late", "garbled", "hour_missing"
WHY = {
    NO_CONNECTION: N_("no connection"),
    LATE: N_("no answer in time"),
    GARBLED: N_("an answer that makes no sense"),
    HOUR_MISSING: N_("no forecast for this hour"),
}
STATUS = N_("status %(status)s")
UNPLACED = N_(
    "No shop of this offer has coordinates, so there is no forecast and nobody is shown it. Give them to the shop."
)
WAITING = N_(
    "There is no forecast for %(day)s, %(at)s yet (%(why)s). The weather service is asked again every minute;"
    " until it answers, nobody is shown this offer."
)
FORETOLD = {
    ("temperature", True): N_("Today, %(at)s: %(value)s °C are forecast, so it runs."),
    ("temperature", False): N_("Today, %(at)s: %(value)s °C are forecast, so it does not run."),
    ("rain", True): N_("Today, %(at)s: %(value)s mm of rain are forecast, so it runs."),
    ("rain", False): N_("Today, %(at)s: %(value)s mm of rain are forecast, so it does not run."),
}
MISSED = N_("There was no forecast for %(day)s, %(at)s (%(why)s), so nobody was shown this offer on that day.")


class Place(NamedTuple):
    """Degrees, north and east positive, to the hundredth: about a kilometre. All that ever leaves this service."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Wanted:
    """The forecast of an hour for a shop."""

    location_id: UUID
    hour: datetime
    place: Place


@dataclass(frozen=True)
class Weather:
    """``temperature`` in degrees Celsius when the hour begins, ``rain`` in millimetres within it."""

    temperature: Decimal
    rain: Decimal


Told = Weather | str
"""What the weather service said; or in a word why it said nothing: one of `WHY`, or the status of its answer."""


class _Due(NamedTuple):
    offer_id: UUID
    trigger: WeatherTrigger
    turn: Turn
    shop: Shop
    hour: datetime


def wanted(session: Session, merchant_id: UUID, now: datetime) -> list[Wanted]:
    """What to ask for now: from 15 minutes before an offer may begin until it is answered, or the offer's hours end."""
    running = _by_weather(session)
    around = around_of(session, merchant_id, now) if running else Around("UTC")
    found = {(due.shop.id, due.hour): due.shop for due in _due(running, around, now)}
    return [Wanted(*key, _place(shop)) for key, shop in found.items() if key not in around.forecasts]


def note(session: Session, merchant_id: UUID, told: Mapping[Wanted, Told], now: datetime) -> list[Wanted]:
    """Keep the answers, and have the cards looked at for offers whose weather is met; an answer is kept for good.

    :return: those that have no answer, and of which that was not known yet
    """
    key = tuple_(Forecast.location_id, Forecast.hour)
    asked = [(one.location_id, one.hour) for one in told]
    rows = session.execute(select(Forecast.location_id, Forecast.hour).where(key.in_(asked)))
    known = {(location_id, hour) for location_id, hour in rows}
    _let_begin(session, merchant_id, _keep(session, merchant_id, told, now), now)
    return [one for one, answer in told.items() if isinstance(answer, str) and (one.location_id, one.hour) not in known]


def trouble(session: Session, offer: Offer, merchant_id: UUID, words: Wording, now: datetime) -> str | None:
    """Why an offer by weather is, or was, shown to nobody: no forecast of its last day; for the merchant."""
    trigger = offer.trigger
    if not isinstance(trigger, WeatherTrigger):
        return None
    shop = weather_shop(trigger, around_of(session, merchant_id, now))
    if shop is None:
        return words.say(UNPLACED)
    zone = ZoneInfo(shop.zone)
    today = now.astimezone(zone).date()
    days = {weather_hour(trigger, shop, day): day for day in (today - DAY, today, today + DAY)}
    last = session.scalar(
        select(Forecast)
        .where(Forecast.location_id == shop.id, Forecast.hour.in_(days))
        .order_by(Forecast.hour.desc())
        .limit(1)
    )
    if last is None or last.answer is None:
        return None
    over = now >= instant(days[last.hour], trigger.until, zone)
    values = {"day": day_said(days[last.hour], words.language), "at": clock_said(trigger.at, words)}
    return words.say(MISSED if over else WAITING, **values, why=why_said(last.answer, words))


def foretelling(session: Session, offer: Offer, merchant_id: UUID, words: Wording, now: datetime) -> str | None:
    """What is forecast for the offer's hour of today and what follows from that; ``None`` where nobody knows yet."""
    trigger = offer.trigger
    if not isinstance(trigger, WeatherTrigger):
        return None
    shop = weather_shop(trigger, around_of(session, merchant_id, now))
    if shop is None:
        return None
    today = now.astimezone(ZoneInfo(shop.zone)).date()
    row = session.get(Forecast, (shop.id, weather_hour(trigger, shop, today)))
    value = getattr(row, trigger.measure) if row else None
    first, last = offer.window.first or today, offer.window.last or today
    if value is None or not first <= today <= last:
        return None
    text = FORETOLD[(trigger.measure, trigger.is_met(value))]
    return words.say(text, at=clock_said(trigger.at, words), value=words.number(value))


def why_said(answer: str, words: Wording) -> str:
    return words.say(WHY[answer]) if answer in WHY else words.say(STATUS, status=answer)


def _by_weather(session: Session) -> list[tuple[Running, WeatherTrigger]]:
    live = [(one, one.offer.trigger) for one in live_offers(session)]
    return [(one, trigger) for one, trigger in live if isinstance(trigger, WeatherTrigger)]


def _due(running: Iterable[tuple[Running, WeatherTrigger]], around: Around, now: datetime) -> Iterator[_Due]:
    """Hours that are open or open soon, each with the shop and the hour whose forecast decides."""
    for one, trigger in running:
        shop = weather_shop(trigger, around)
        if shop is None:
            continue
        for turn in upcoming(one.offer, around, now, now + AHEAD, one.live_at):
            day = date.fromisoformat(turn.key.rpartition(":")[2])
            yield _Due(one.id, trigger, turn, shop, weather_hour(trigger, shop, day))


def _place(shop: Shop) -> Place:
    return Place(round(shop.latitude or 0, DECIMALS), round(shop.longitude or 0, DECIMALS))


def _keep(
    session: Session, merchant_id: UUID, told: Mapping[Wanted, Told], now: datetime
) -> set[tuple[UUID, datetime]]:
    """Which hours have an answer that they had not."""
    rows = [_row(one, answer) | {"merchant_id": merchant_id, "asked_at": now} for one, answer in told.items()]
    if not rows:
        return set()
    fresh = insert(Forecast).values(rows)
    names = ("temperature", "rain", "answer", "asked_at")
    written = fresh.on_conflict_do_update(
        index_elements=["location_id", "hour"],
        set_={name: fresh.excluded[name] for name in names},
        where=Forecast.answer.is_not(None),
    ).returning(Forecast.location_id, Forecast.hour, Forecast.answer)
    return {(location_id, hour) for location_id, hour, answer in session.execute(written) if answer is None}


def _row(one: Wanted, answer: Told) -> dict[str, object]:
    key = {"location_id": one.location_id, "hour": one.hour}
    if isinstance(answer, str):
        return key | {"temperature": None, "rain": None, "answer": answer}
    return key | {"temperature": answer.temperature, "rain": answer.rain, "answer": None}


def _let_begin(session: Session, merchant_id: UUID, answered: Iterable[tuple[UUID, datetime]], now: datetime) -> None:
    if not (hours := set(answered)):
        return
    around, met = around_of(session, merchant_id, now), dict[UUID, None]()
    for due in _due(_by_weather(session), around, now):
        if (due.shop.id, due.hour) in hours and foretold(due.trigger, around, due.turn):
            met[due.offer_id] = None
    for offer_id in met:
        sweeps.begin(session, session.get_one(Row, offer_id), now)
