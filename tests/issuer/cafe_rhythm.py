"""How often people come and what they pay, drawn from figures of real purchases.

The figures are those of the CDNOW sample: 6,919 purchases of 2,357 customers of a record shop, January 1997 to June
1998, published by Fader and Hardie, as shipped in the Python package Lifetimes 0.11.3. Purchases of a day are one.
"""

from bisect import bisect_left
from datetime import date, timedelta
from itertools import accumulate
from random import Random

AGAIN = (0.483, 0.646, 0.716, 0.717, 0.749, 0.788, 0.713, 0.774, 0.821)
"""Of those who had bought once, twice …, the share that bought once more; the last of all who had bought more often."""
GAPS = (1, 2, 4, 7, 9, 12, 15, 19, 23, 28, 34, 41, 49, 58, 72, 90, 117, 149, 196, 279, 532)
"""Days between two purchases: the shortest, the twentieth part, the tenth … the longest."""
DOLLARS = (8, 12, 14, 15, 20, 26, 30, 39, 49, 69, 120)
"""What was paid at once, by tenths, to the dollar; the lowest and the highest three in a hundred left out."""
PACE = 4
"""People come to a café more often than they buy records: one of its days is four of theirs."""
BUSY = (
    (7, 5),
    (8, 9),
    (9, 7),
    (10, 6),
    (11, 4),
    (12, 8),
    (13, 6),
    (14, 4),
    (15, 7),
    (16, 6),
    (17, 4),
    (18, 2),
    (19, 1),
)
"""Hours of the shop's clock with how much goes on in them; nobody measured that."""
TICK = 15
"""Minutes to which deeds are rounded, so that several things fall on the same moment."""


def days_of(rng: Random, first: date, until: date) -> list[date]:
    """On which days somebody comes who comes on ``first`` for the first time."""
    days = [first]
    while rng.random() < AGAIN[min(len(days), len(AGAIN)) - 1]:
        days.append(days[-1] + timedelta(days=max(1, round(_between(rng, GAPS) / PACE))))
        if days[-1] > until:
            return days[:-1]
    return days


def minute_of(rng: Random) -> int:
    """When on that day, in minutes after midnight of the shop's clock."""
    counted = list(accumulate(share for _, share in BUSY))
    hour, _ = BUSY[bisect_left(counted, rng.randint(1, counted[-1]))]
    return hour * 60 + rng.randrange(0, 60, TICK)


def paid(rng: Random) -> int:
    """Cents; whole amounts, so that no parts of points are left over."""
    return 100 * max(1, round(_between(rng, DOLLARS) / 2))


def _between(rng: Random, quantiles: tuple[int, ...]) -> float:
    where = rng.random() * (len(quantiles) - 1)
    below = int(where)
    return quantiles[below] + (where - below) * (quantiles[below + 1] - quantiles[below])
