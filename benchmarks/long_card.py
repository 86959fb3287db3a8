"""What one stamp costs on a card with ten entries, and on one with a hundred thousand.

The program has a pause, so each stamp asks what the card has earned of late.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import psycopg

from benchmarks.shop import Shop, breach, card_id, fresh_copy, plain
from benchmarks.tills import by_function, right_now

SHORT_ENTRIES, LONG_ENTRIES = 10, 100_000
LONG_CARDS = 4
STAMPS_A_CARD = 25  # fewer than end a round, which books more lines than a stamp
PAUSE, APART = timedelta(minutes=5), timedelta(minutes=10)

# A card's history of stamps that were taken back, each line made after one that the counter has booked.
FILL = """
    CREATE TEMP TABLE made ON COMMIT DROP AS
    SELECT k, gen_random_uuid() AS id, NULL::uuid AS undoes, card.version + k AS version
    FROM card, generate_series(1, %(count)s) AS k WHERE card.id = %(card)s;
    UPDATE made SET undoes = stamp.id FROM made AS stamp WHERE made.k %% 2 = 0 AND stamp.k = made.k - 1;
    CREATE TEMP TABLE first ON COMMIT DROP AS SELECT id FROM posting WHERE card_id = %(card)s ORDER BY version LIMIT 1;
    INSERT INTO posting SELECT made_posting.* FROM made, posting, LATERAL jsonb_populate_record(posting,
        jsonb_build_object('id', made.id, 'version', made.version, 'reverses_id', undoes,
            'occurred_at', posting.occurred_at - (%(count)s - k) * %(apart)s,
            'cause', CASE WHEN undoes IS NULL THEN posting.cause ELSE 'reversal' END)) AS made_posting
    WHERE posting.id = (SELECT id FROM first);
    INSERT INTO entry OVERRIDING SYSTEM VALUE SELECT made_entry.* FROM made, entry, LATERAL jsonb_populate_record(entry,
        jsonb_build_object('id', gen_random_uuid(), 'posting_id', made.id,
            'number', nextval(pg_get_serial_sequence('entry', 'number')),
            'amount', CASE WHEN undoes IS NULL THEN entry.amount ELSE -entry.amount END,
            'cause', CASE WHEN undoes IS NULL THEN entry.cause ELSE 'reversal' END)) AS made_entry
    WHERE entry.posting_id = (SELECT id FROM first) ORDER BY made.k, entry.number;
    UPDATE card SET version = version + %(count)s WHERE id = %(card)s;
    UPDATE publication SET wanted_version = wanted_version + %(count)s
    WHERE pass_id IN (SELECT id FROM pass WHERE card_id = %(card)s)
"""


@dataclass(frozen=True)
class Lengths:
    """Milliseconds of single stamps with their commit, taken in turns."""

    short: list[float]
    long: list[float]

    @property
    def ratio(self) -> float:
        return statistics.median(self.long) / statistics.median(self.short)


def measure(shop: Shop) -> Lengths:
    with fresh_copy(shop) as url:
        short_cards = range(LONG_CARDS, min(shop.cards, LONG_CARDS + LONG_CARDS * STAMPS_A_CARD))
        clock = count(1)
        begun = right_now()
        tills = by_function(shop, url, lambda: begun + next(clock) * APART)
        stamp = next(tills)
        _lengthen(url, short_cards, stamp)
        found = Lengths([], [])
        for turn in range(LONG_CARDS * STAMPS_A_CARD):
            found.short.append(_timed(stamp, short_cards[turn % len(short_cards)]))
            found.long.append(_timed(stamp, turn % LONG_CARDS))
        next(tills, None)
        if wrong := breach(url):
            raise RuntimeError(wrong)
    return found


def _lengthen(url: str, short_cards: range, stamp: Callable[[int], None]) -> None:
    with psycopg.connect(plain(url), cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE program SET pause_seconds = %s", [PAUSE.seconds])
        for number in range(LONG_CARDS):
            had = _entries(connection, number)
            fill = {"card": card_id(number), "count": (LONG_ENTRIES - had) // 2 * 2, "apart": APART}
            connection.execute(FILL, fill)
            connection.commit()
        for number in short_cards:
            for _ in range(SHORT_ENTRIES - _entries(connection, number)):
                stamp(number)
    with psycopg.connect(plain(url), autocommit=True) as connection:
        for order in ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(order)


def _entries(connection: psycopg.Connection, number: int) -> int:
    row = connection.execute("SELECT count(*) FROM entry WHERE card_id = %s", [card_id(number)]).fetchone()
    connection.commit()
    return int(row[0]) if row else 0


def _timed(stamp: Callable[[int], None], number: int) -> float:
    begun = time.perf_counter()
    stamp(number)
    return (time.perf_counter() - begun) * 1000
