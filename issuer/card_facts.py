"""What offers have to know of cards, read from ledger, events and due rows: always in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import expiring, fifths
from issuer.amounts import last_day
from issuer.customers import birthday_digest
from issuer.database import send
from issuer.events import HAPPENED, TIER_REACHED, VISITED
from issuer.fifths import PAID
from issuer.history import EARNING, TAKEN_BACK
from issuer.holdings import Holding, holdings
from issuer.keys import Keys
from issuer.ledger import MERGED
from issuer.offers.facts import Around, Facts, Happened, Lapsing, Reached, Shop, Visited
from issuer.offers.fifths import Cuts
from issuer.offers.offer import MOST_DAYS
from issuer.offers.policy import Policy
from issuer.offers.record import Booking, Counter, Record
from issuer.remembering import Remembered
from issuer.schema import Card, Event, Forecast, Location, Merchant
from issuer.vouchers import END as VOUCHER_END

REACH = timedelta(days=400)
"""How far back visits are read one by one."""

RECENT = timedelta(days=MOST_DAYS + 2)
"""How far back what other systems told is read: no offer lasts longer after it than its own days."""

LEAP_YEAR = 2000
FORECASTS = timedelta(days=2)

# Whoever was merged into a card goes on in it.
TAKEN_IN = """
    WITH RECURSIVE mine (id, heir) AS (
        SELECT id, id FROM unnest(%(cards)s::uuid[]) AS id
        UNION ALL
        SELECT (event.data->>'card')::uuid, mine.heir FROM mine
        JOIN event ON event.card_id = mine.id AND event.kind = %(merged)s AND event.data ? 'card'
    )
    SELECT id, heir FROM mine
"""
MINE = "unnest(%(ids)s::uuid[], %(heirs)s::uuid[]) AS mine (id, heir)"
CAME = f"""
    SELECT mine.heir, posting.id::text AS key, posting.occurred_at AS at, posting.location_id,
        {PAID} AS cents
    FROM {MINE} JOIN posting ON posting.card_id = mine.id
    WHERE posting.cause = ANY(%(causes)s) AND NOT {TAKEN_BACK}
    UNION ALL
    SELECT mine.heir, 'event:' || event.number, event.at, (event.data->>'location_id')::uuid, 0
    FROM {MINE} JOIN event ON event.card_id = mine.id AND event.kind = %(visited)s
"""  # noqa: S608 (all are constants)
VISITS = f"""
    WITH came AS ({CAME}), total AS (
        SELECT heir, min(at) AS first, max(at) AS last,
            count(DISTINCT (at AT TIME ZONE coalesce(location.zone, %(zone)s))::date) AS days
        FROM came LEFT JOIN location ON location.id = location_id
        GROUP BY heir
    )
    SELECT came.*, total.first, total.days FROM came JOIN total USING (heir)
    WHERE came.at > %(since)s OR came.at = total.last
    ORDER BY came.at, came.key
"""  # noqa: S608
BOOKINGS = """
    SELECT account.card_id, entry.unit, entry.amount, posting.occurred_at, posting.id, entry.cause = 'round'
    FROM account
    JOIN entry ON entry.account_id = account.id
    JOIN posting ON posting.id = entry.posting_id
    WHERE account.card_id = ANY(%(cards)s) AND posting.reverses_id IS NULL
        AND NOT EXISTS (SELECT FROM posting AS undoing WHERE undoing.reverses_id = posting.id)
        AND (account.unit LIKE 'reward:%%' OR ((account.unit = 'stamps' OR account.unit LIKE 'stamps:%%') AND {which}))
    ORDER BY entry.number
"""
ROUNDS = BOOKINGS.format(which="entry.cause = 'round'")
ROUNDS_AND_SINCE = BOOKINGS.format(which="(entry.cause = 'round' OR posting.occurred_at > %(since)s)")
# A gift that was handed over does not end any more; nor is a voucher's end told that an offer gave for its own days.
ENDS = """
    SELECT due.card_id, given.unit, granted.until
    FROM due
    JOIN granted ON granted.card_id = due.card_id AND due.key = granted.what || ' ' || granted.turn
    JOIN entry AS given ON given.posting_id = granted.posting_id AND given.card_id IS NOT NULL
        AND given.cause = 'bonus' AND given.amount > 0 AND given.unit LIKE 'reward:%%'
    WHERE due.card_id = ANY(%(cards)s) AND due.what = 'gift_end' AND given.amount > coalesce((
        SELECT -sum(taken.amount) FROM entry AS taken
        WHERE taken.card_id = due.card_id AND taken.unit = given.unit AND taken.number > given.number
            AND taken.cause = 'redemption'
            AND NOT EXISTS (SELECT FROM posting WHERE posting.reverses_id = taken.posting_id)
    ), 0)
    UNION ALL
    SELECT due.card_id, 'voucher:' || voucher.id, voucher.valid_until
    FROM due JOIN voucher ON voucher.id::text = due.key AND voucher.card_id = due.card_id
    WHERE due.card_id = ANY(%(cards)s) AND due.what = %(voucher_end)s AND voucher.origin <> 'offer'
"""
PEOPLE = """
    SELECT customer.id, customer.wish = 'all', personal_data.birthday_digest
    FROM customer LEFT JOIN personal_data ON personal_data.customer_id = customer.id
    WHERE customer.id = ANY(%(customers)s)
"""


class _Came(NamedTuple):
    visits: tuple[Visited, ...] = ()
    first: datetime | None = None
    days: int = 0


class _Held(NamedTuple):
    counters: tuple[Counter, ...] = ()
    bookings: tuple[Booking, ...] = ()
    lapsing: tuple[Lapsing, ...] = ()


class _Person(NamedTuple):
    consented: bool
    birthday: tuple[int, int] | None


def around_of(session: Session, merchant_id: UUID, now: datetime, since: datetime | None = None) -> Around:
    """What all cards of the transaction's merchant share: shops, forecasts of these days, settings.

    :param since: the first day of the forecasts, if that is earlier
    """
    zone, policy = session.execute(select(Merchant.zone, Merchant.policy).where(Merchant.id == merchant_id)).one()
    shops = {
        row.id: Shop(row.id, row.name, row.zone or zone, row.latitude, row.longitude)
        for row in session.scalars(
            select(Location).where(Location.merchant_id == merchant_id).order_by(Location.created_at, Location.id)
        )
    }
    told = select(Forecast).where(Forecast.hour.between(min(now, since or now) - FORECASTS, now + FORECASTS))
    forecasts = {
        (row.location_id, row.hour): (row.temperature, row.rain)
        for row in session.scalars(told)
        if row.temperature is not None and row.rain is not None
    }
    return Around(zone, shops, forecasts, Policy.model_validate(policy).lapsed_days)


def facts_of(
    session: Session,
    keys: Keys,
    cards: Sequence[Card],
    around: Around,
    now: datetime,
    kinds: Collection[str],
) -> list[Facts]:
    """What is known of these cards now, in their order.

    :param kinds: of the triggers that ask: what only others need, as a birthday, is left out
    """
    return [one.at(now) for one in records_of(session, keys, cards, around, now, kinds)]


def records_of(
    session: Session,
    keys: Keys,
    cards: Sequence[Card],
    around: Around,
    now: datetime,
    kinds: Collection[str],
    *,
    since: datetime | None = None,
    cuts: Cuts | None = None,
) -> list[Record]:
    """The same with its times, so that it can be said of earlier moments too.

    :param kinds: as there
    :param since: the earliest of them; only ``now`` unless told
    :param cuts: of the shop's fifths; those that were reckoned last unless told
    """
    if not cards:
        return []
    ids, first, asked = [card.id for card in cards], since or now, set(kinds)
    mine = send(session, TAKEN_IN, {"cards": ids, "merged": MERGED})
    came, heard = _came(session, mine, around, first - REACH), _events(session, mine, first - RECENT)
    people = _people(session, keys, {card.customer_id for card in cards}, birthdays="birthday" in asked)
    held = _held(session, cards, since, asked)
    cuts = cuts or fifths.stored(session, cards[0].merchant_id)
    return [
        Record(
            base=_base(card, people[card.customer_id], around),
            visits=came[card.id].visits,
            first_visit=came[card.id].first,
            visit_days=came[card.id].days,
            counters=held[card.id].counters,
            bookings=held[card.id].bookings,
            lapsing=held[card.id].lapsing,
            reached=tuple(_reached(card, heard[card.id])),
            happened=tuple(_happened(heard[card.id])),
            cuts=cuts,
        )
        for card in cards
    ]


def _held(session: Session, cards: Sequence[Card], since: datetime | None, asked: set[str]) -> Mapping[UUID, _Held]:
    """What stands on the cards, as far as somebody asks for it."""
    ids = [card.id for card in cards]
    bookings = _bookings(session, ids, since) if asked & {"nearly", "unused"} else {}
    ends = _ends(session, ids) if "lapsing" in asked else {}
    holds = holdings(session, cards) if asked & {"nearly", "lapsing"} else {}
    found = defaultdict[UUID, _Held](_Held)
    for card_id in ids:
        held, mine = holds.get(card_id), tuple(bookings.get(card_id, ()))
        counters = tuple(_counters(held)) if held and "nearly" in asked else ()
        lapsing = tuple(_lapsing(held, ends.get(card_id, ()))) if held and "lapsing" in asked else ()
        found[card_id] = _Held(counters, mine, lapsing)
    return found


def _base(card: Card, person: _Person, around: Around) -> Facts:
    return Facts(
        card_id=card.id,
        customer_id=card.customer_id,
        program_id=card.program_id,
        language=card.language,
        around=around,
        active=card.state == "active",
        birthday=person.birthday,
        consented=person.consented,
    )


def _came(session: Session, mine: Sequence[Any], around: Around, since: datetime) -> Mapping[UUID, _Came]:
    values = _of(mine) | {"causes": list(EARNING), "visited": VISITED, "zone": around.zone, "since": since}
    visits, totals = defaultdict[UUID, list[Visited]](list), dict[UUID, tuple[datetime, int]]()
    for heir, key, at, location_id, cents, first, days in send(session, VISITS, values):
        visits[heir].append(Visited(at, key, location_id, max(0, cents)))
        totals[heir] = (first, days)
    return defaultdict(_Came, {heir: _Came(tuple(found), *totals[heir]) for heir, found in visits.items()})


def _events(session: Session, mine: Sequence[Any], since: datetime) -> Mapping[UUID, list[Event]]:
    heirs = dict[UUID, UUID]((one, heir) for one, heir in mine)
    query = select(Event).where(
        Event.card_id.in_(heirs), (Event.kind == TIER_REACHED) | ((Event.kind == HAPPENED) & (Event.at > since))
    )
    found = defaultdict[UUID, list[Event]](list)
    for row in session.scalars(query.order_by(Event.at, Event.number)):
        if row.card_id is not None:
            found[heirs[row.card_id]].append(row)
    return found


def _bookings(session: Session, ids: Sequence[UUID], since: datetime | None) -> Mapping[UUID, list[Booking]]:
    found = defaultdict[UUID, list[Booking]](list)
    sql = ROUNDS_AND_SINCE if since else ROUNDS
    for card_id, unit, amount, at, key, is_round in send(session, sql, {"cards": ids, "since": since}):
        found[card_id].append(Booking(unit, amount, at, str(key), ends_round=is_round and amount < 0))
    return found


def _ends(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, list[tuple[str, datetime]]]:
    found = defaultdict[UUID, list[tuple[str, datetime]]](list)
    for card_id, unit, until in send(session, ENDS, {"cards": ids, "voucher_end": VOUCHER_END}):
        if until is not None:
            found[card_id].append((unit, until))
    return found


def _people(session: Session, keys: Keys, ids: Iterable[UUID], *, birthdays: bool) -> Mapping[UUID, _Person]:
    days = _birthdays(keys) if birthdays else {}
    return {
        customer_id: _Person(consented, days.get(bytes(digest)) if digest else None)
        for customer_id, consented, digest in send(session, PEOPLE, {"customers": list(ids)})
    }


_DAYS: Remembered[bytes, Mapping[bytes, tuple[int, int]]] = Remembered(most=4)


def _birthdays(keys: Keys) -> Mapping[bytes, tuple[int, int]]:
    """The day of the year behind each of the 366 digests."""
    return _DAYS.get(keys.mail, lambda: {birthday_digest(keys, *day): day for day in _days_of_a_year()})


def _days_of_a_year() -> Iterator[tuple[int, int]]:
    first = datetime(LEAP_YEAR, 1, 1)  # noqa: DTZ001 (a day of the calendar, nowhere)
    for number in range(366):
        day = first + timedelta(days=number)
        yield day.month, day.day


def _counters(held: Holding) -> Iterator[Counter]:
    for rule in held.counters:
        yield Counter(rule.unit, rule.stamps_needed, held.balances.get(rule.unit, 0))


def _lapsing(held: Holding, ends: Iterable[tuple[str, datetime]]) -> Iterator[Lapsing]:
    """What the card warns of, and gifts and vouchers that are still there."""
    for told in held.notices:
        if told.kind == expiring.KIND:
            yield Lapsing(told.values["unit"], datetime.fromisoformat(told.values["day"]).date())
    for unit, until in ends:
        if held.balances.get(unit, 0) > 0:
            yield Lapsing(unit, last_day(until, held.zone))


def _reached(card: Card, heard: Sequence[Event]) -> Iterator[Reached]:
    """When the card's tier was reached; whoever held it before that was noted has it since the beginning."""
    if card.tier is None:
        return
    yield Reached(card.tier, card.created_at)
    for event in heard:
        if event.kind == TIER_REACHED and event.data["tier"] == card.tier:
            yield Reached(card.tier, event.at)


def _happened(heard: Sequence[Event]) -> Iterator[Happened]:
    for event in heard:
        if event.kind == HAPPENED:
            yield Happened(event.data["name"], event.at, f"event:{event.number}")


def _of(mine: Sequence[Any]) -> dict[str, Any]:
    return {"ids": [one for one, _ in mine], "heirs": [heir for _, heir in mine]}
