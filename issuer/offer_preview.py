"""Who would be shown an offer now, what it would have done last month, what will happen. Nothing is changed here."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import fifths, governing
from issuer.card_facts import around_of, records_of
from issuer.keys import Keys
from issuer.limiting import Used
from issuer.offer_past import Past
from issuer.offer_weighing import HAD, OUT, SHOWN, Weighing, limits_of, running_of
from issuer.offering import Running, live_offers
from issuer.offers.audience import Audience
from issuer.offers.belonging import belongs
from issuer.offers.facts import Facts, Turn
from issuer.offers.fifths import Cuts
from issuer.offers.governor import Person
from issuer.offers.instants import begin_of, day_of
from issuer.offers.offer import Offer
from issuer.offers.record import Record
from issuer.offers.triggers import PlaceTrigger
from issuer.offers.turns import BY_CALENDAR, FOREVER, next_look, turn_of, upcoming
from issuer.sampling import Sample, sample
from issuer.schema import Card
from issuer.schema import Offer as Row

MOST, MOST_COUNTED, MOST_TRIED = 2_000, 1_000, 250
"""Cards that are looked at for a preview, for a count while an audience is built, and for what takes long."""

AT_ONCE = 500
SAMPLES = 6
DAYS_BACK, DAYS_AHEAD = 30, 28
NO_ID = UUID(int=0)
"""Of an offer that is not kept yet."""
EDGES = 5
"""Openings and closings that are looked at to find a card's next window."""


@dataclass(frozen=True)
class Preview:
    """``reach``: cards that would show it now, those included that do. ``held_back``: by reason, most first.

    ``out``: the hold-out; ``had``: were shown it in this window, and that is over. ``sample``: some of the reached.
    Of ``cards`` so many were ``looked_at``; when that is not all, the numbers are reckoned up from them (``about``).
    """

    reach: int
    held_back: tuple[tuple[str, int], ...]
    sample: tuple[UUID, ...]
    looked_at: int
    cards: int
    out: int = 0
    had: int = 0

    @property
    def about(self) -> bool:
        return self.looked_at < self.cards


class Tried(NamedTuple):
    """A local day: cards that would have been shown it first then, and those held back then and not shown later.

    ``held``: by reason, most first.
    """

    day: date
    shown: int
    held: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class DryRun:
    """``days``: oldest first, all of them. ``looked_at``, ``cards`` and ``about``: as in `Preview`."""

    days: tuple[Tried, ...]
    looked_at: int
    cards: int

    @property
    def about(self) -> bool:
        return self.looked_at < self.cards

    @property
    def shown(self) -> int:
        return sum(day.shown for day in self.days)


@dataclass(frozen=True)
class Planned:
    """A window of an offer that runs; ``closes``: ``None`` when it has no end. ``cards``: whose next one opens then.

    ``cards`` is ``None`` for what opens for every card of the audience at once. ``stays``: it is on the cards all day
    and counts within the window only.
    """

    offer_id: UUID
    name: str
    kind: str
    opens: datetime
    closes: datetime | None
    location_id: UUID | None = None
    cards: int | None = None
    stays: bool = False


@dataclass(frozen=True)
class Day:
    """By the merchant's calendar; ``planned``: in the order in which they open."""

    day: date
    planned: tuple[Planned, ...]


def preview(
    session: Session, keys: Keys, offer: Offer, merchant_id: UUID, now: datetime, offer_id: UUID | None = None
) -> Preview:
    """Who would be shown an offer if it ran now, judged by it alone: what other offers would take is not reckoned.

    :param offer_id: of the one that runs or is worked on; what it showed already counts against its limits
    """
    row, cards = session.get(Row, offer_id) if offer_id else None, sample(session, MOST)
    running, policy = running_of(offer, offer_id or NO_ID, row, now), governing.policy_of(session, merchant_id)
    weighing, looked_at = Weighing(running, row, policy, now, cards.share), 0
    for batch, records in _looks(session, keys, merchant_id, cards, now, [offer]):
        weighing.weigh(session, batch, [one.at(now) for one in records])
        looked_at += len(batch)
    scale = cards.scale(looked_at)
    counts = Counter({reason: scale(count) for reason, count in weighing.counts.items()})
    reach, out, had = (counts.pop(one, 0) for one in (SHOWN, OUT, HAD))
    held, few = tuple(counts.most_common()), tuple(weighing.reached[:SAMPLES])
    return Preview(reach, held, few, looked_at, cards.cards, out, had)


def audience_count(session: Session, keys: Keys, audience: Audience, merchant_id: UUID, now: datetime) -> Preview:
    """How many cards are meant at all, whatever sets the offer off and whatever holds it back."""
    cards, looked_at, meant = sample(session, MOST_COUNTED), 0, list[UUID]()
    for batch, records in _looks(session, keys, merchant_id, cards, now, (), audience=audience):
        looked_at += len(batch)
        meant += [one.base.card_id for one in records if belongs(audience, one.at(now), now)]
    return Preview(cards.scale(looked_at)(len(meant)), (), tuple(meant[:SAMPLES]), looked_at, cards.cards)


def dry_run(
    session: Session, keys: Keys, offer: Offer, merchant_id: UUID, now: datetime, days: int = DAYS_BACK
) -> DryRun:
    """What an offer would have done, had it gone live at the beginning of so many whole local days that are over.

    By the rules, tiers, wishes and settings of today, and as if no other offer had run: budgets begin empty. What was
    reversed since never happened, and what has lapsed since is not known any more.
    """
    zone = ZoneInfo(around_of(session, merchant_id, now).zone)
    first = day_of(now, zone) - timedelta(days=days)
    start, end = begin_of(first, zone), begin_of(day_of(now, zone), zone)
    sampled, cards, records = sample(session, MOST_TRIED), list[Card](), list[Record]()
    for batch, found in _looks(session, keys, merchant_id, sampled, now, [offer], since=start):
        cards, records = [*cards, *batch], [*records, *found]
    limited = offer.model_copy(update={"limits": limits_of(offer.limits, sampled.share)})
    running = running_of(limited, NO_ID, None, start)
    persons = {key: Person(one.wish) for key, one in governing.persons_of(session, cards, now).items()}
    used, policy = Used({NO_ID: Row(id=NO_ID, reached=0, value=0)}), governing.policy_of(session, merchant_id)
    past = Past(running, policy, cards, records, persons, used, end).run()
    scale = sampled.scale(len(cards))
    tried = tuple(_tried(past, first + timedelta(days=day), scale) for day in range(days))
    return DryRun(tried, len(cards), sampled.cards)


def calendar(session: Session, keys: Keys, merchant_id: UUID, now: datetime, days: int = DAYS_AHEAD) -> tuple[Day, ...]:
    """What the offers that run will do from today on: windows of the shops' clocks, and how many cards' next windows.

    Whether weather will be met is not known, so all its hours are told. Of the others each card's next window is found
    as if nothing happened until then.
    """
    around, offers = around_of(session, merchant_id, now), live_offers(session)
    zone = ZoneInfo(around.zone)
    today = day_of(now, zone)
    end, planned = begin_of(today + timedelta(days=days), zone), defaultdict[date, list[Planned]](list)
    for one in offers:
        for turn in upcoming(_by_its_hours(one.offer), around, now, end, one.live_at):
            planned[max(today, day_of(turn.opens, zone))].append(_window(one, turn))
    others = [one for one in offers if one.offer.trigger.kind not in BY_CALENDAR]
    for window in _ahead(session, keys, merchant_id, others, now, end):
        planned[day_of(window.opens, zone)].append(window)
    dates = (today + timedelta(days=day) for day in range(days))
    return tuple(Day(day, tuple(sorted(planned[day], key=lambda one: (one.opens, one.name)))) for day in dates)


def _looks(
    session: Session,
    keys: Keys,
    merchant_id: UUID,
    cards: Sample,
    now: datetime,
    offers: Sequence[Offer],
    *,
    audience: Audience | None = None,
    since: datetime | None = None,
) -> Iterator[tuple[Sequence[Card], list[Record]]]:
    """The sampled cards, some hundred at once, with what the offers and the audience have to know of them."""
    around, kinds = around_of(session, merchant_id, now, since), {one.trigger.kind for one in offers}
    cuts = _cuts(session, merchant_id, [*(one.audience for one in offers), *([audience] if audience else [])], now)
    query = select(Card).where(Card.state == "active", cards.condition).order_by(Card.id).limit(AT_ONCE)
    batch = session.scalars(query).all()
    while batch:
        yield batch, records_of(session, keys, batch, around, now, kinds, since=since, cuts=cuts)
        batch = session.scalars(query.where(Card.id > batch[-1].id)).all()


def _cuts(session: Session, merchant_id: UUID, audiences: Sequence[Audience], now: datetime) -> Cuts | None:
    """What was reckoned last; a first offer that asks for fifths is previewed before anything was."""
    found = fifths.stored(session, merchant_id)
    if found is None and any(audience.ranks for audience in audiences):
        return fifths.reckoned(session, merchant_id, now)
    return found


def _tried(past: Past, day: date, scale: Callable[[int], int]) -> Tried:
    held = Counter({reason: scale(count) for reason, count in past.held(day).items() if reason != OUT})
    return Tried(day, scale(past.shown(day)), tuple(held.most_common()))


def _window(one: Running, turn: Turn) -> Planned:
    closes = turn.closes if turn.closes < FOREVER else None
    stays = _stays(one.offer)
    return Planned(one.id, one.offer.name, one.offer.trigger.kind, turn.opens, closes, turn.location_id, stays=stays)


def _by_its_hours(offer: Offer) -> Offer:
    """With a window for each day on which it counts, whatever is on the card meanwhile."""
    if not _stays(offer):
        return offer
    return offer.model_copy(update={"trigger": offer.trigger.model_copy(update={"stays": False})})


def _stays(offer: Offer) -> bool:
    trigger = offer.trigger
    return isinstance(trigger, PlaceTrigger) and trigger.stays and trigger.hours is not None


def _ahead(
    session: Session, keys: Keys, merchant_id: UUID, offers: Sequence[Running], now: datetime, end: datetime
) -> Iterator[Planned]:
    """By offer and day, with the first opening of the day, how many of the cards' next windows open."""
    cards, known = sample(session, MOST_TRIED), list[Facts]()
    asked = [one.offer for one in offers]
    for _, records in _looks(session, keys, merchant_id, cards, now, asked) if offers else ():
        known += [one.at(now) for one in records]
    scale = cards.scale(len(known))
    for one in offers:
        opening = defaultdict[date, list[datetime]](list)
        for facts in known:
            if opens := _next(one, facts, now, end):
                opening[day_of(opens, ZoneInfo(facts.around.zone))].append(opens)
        for times in opening.values():
            yield Planned(one.id, one.offer.name, one.offer.trigger.kind, min(times), None, None, scale(len(times)))


def _next(one: Running, facts: Facts, now: datetime, end: datetime) -> datetime | None:
    """When the next window of a card opens, if it is among those who are meant then; the one that is open is none."""
    at, open_now = next_look(one.offer, facts, now, one.live_at), turn_of(one.offer, facts, now, one.live_at)
    for _ in range(EDGES):
        if at is None or at >= end:
            return None
        turn = turn_of(one.offer, facts, at, one.live_at)
        fresh = turn is not None and turn.opens == at and (open_now is None or turn.key != open_now.key)
        if fresh and belongs(one.offer.audience, facts, at):
            return at
        at = next_look(one.offer, facts, at, one.live_at)
    return None
