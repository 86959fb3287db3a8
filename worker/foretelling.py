"""Asks each minute for the forecasts that offers wait for, of all merchants together, and keeps the answers."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from time import monotonic
from uuid import UUID

from issuer import forecasts
from issuer.database import transaction
from issuer.forecasts import Place, Told, Wanted
from issuer.merchants import all_merchants
from issuer.rules.wording import Wording
from worker.office import Office
from worker.slots import claim_slot, forget_slots_before
from worker.weather import MOST_PLACES, OpenMeteo, Outlook

log = logging.getLogger(__name__)

MINUTE, SLOT = 60, "weather"
KEPT = timedelta(hours=1)
LONGEST_TURN_SECONDS = 60.0
LOGGED = Wording("en")


def ask_weather(office: Office, weather: OpenMeteo) -> int:
    """How many hours were answered. Whoever comes second in a minute does nothing; merchants without such offers cost
    a look, and nothing is asked for them.
    """
    now = office.clock.now()
    with transaction(office.engine) as session:
        if not claim_slot(session, SLOT, MINUTE, now):
            return 0
        forget_slots_before(session, SLOT, MINUTE, now - KEPT)
        merchants = all_merchants(session)
    wanted = {merchant_id: found for merchant_id in merchants if (found := _wanted(office, merchant_id))}
    outlooks = _outlooks(weather, {one.place for found in wanted.values() for one in found})
    told = {
        merchant_id: {one: _told(outlooks[one.place], one) for one in found if one.place in outlooks}
        for merchant_id, found in wanted.items()
    }
    silent = [answer for merchant_id, answers in told.items() for answer in _note(office, merchant_id, answers)]
    _complain(silent)
    return sum(not isinstance(answer, str) for answers in told.values() for answer in answers.values())


def _wanted(office: Office, merchant_id: UUID) -> list[Wanted]:
    try:
        with transaction(office.engine, merchant_id) as session:
            return forecasts.wanted(session, merchant_id, office.clock.now())
    except Exception:
        log.exception("what weather the offers of merchant %s wait for cannot be found out", merchant_id)
        return []


def _outlooks(weather: OpenMeteo, places: Iterable[Place]) -> Mapping[Place, Outlook | str]:
    """Some at a time. What a slow service leaves no time for is asked in the next minute."""
    found, began, rest = dict[Place, Outlook | str](), monotonic(), sorted(places)
    for some in _some(rest):
        if monotonic() - began > LONGEST_TURN_SECONDS:
            break
        found |= weather.ask(some)
    return found


def _some(places: list[Place]) -> Iterator[list[Place]]:
    for start in range(0, len(places), MOST_PLACES):
        yield places[start : start + MOST_PLACES]


def _told(outlook: Outlook | str, one: Wanted) -> Told:
    return outlook if isinstance(outlook, str) else outlook.at(one.hour)


def _note(office: Office, merchant_id: UUID, answers: Mapping[Wanted, Told]) -> list[str]:
    """Why there is none of those that have no answer, as far as that is news."""
    try:
        with transaction(office.engine, merchant_id) as session:
            silent = forecasts.note(session, merchant_id, answers, office.clock.now())
            return [str(answers[one]) for one in silent]
    except Exception:
        log.exception("the weather for offers of merchant %s cannot be kept; it is asked again", merchant_id)
        return []


def _complain(silent: list[str]) -> None:
    """Once for each shop and hour, however often it is asked again."""
    if silent:
        why = ", ".join(sorted({forecasts.why_said(answer, LOGGED) for answer in silent}))
        text = "no forecast for %d hours of shops (%s): their offers are shown to nobody; asked again each minute"
        log.warning(text, len(silent), why)
