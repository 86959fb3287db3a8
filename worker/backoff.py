"""How long to wait before another try."""

import random
from datetime import timedelta


def jittered(first: timedelta, longest: timedelta, failures: int) -> timedelta:
    """Anything up to ``first`` doubled with every failure and capped, so that what failed together does not return so.

    At least half of ``first``: an answer is never followed by a try at once.
    """
    ceiling = min(longest, first * 2 ** min(failures, 16))
    wait: timedelta = ceiling * random.random()  # noqa: S311 (spreads load, hides nothing)
    return max(first / 2, wait)
