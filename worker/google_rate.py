"""How many calls a second Google gets from all workers together, the till's before a campaign's."""

from dataclasses import dataclass

from redis import Redis

from issuer.publishing import AT_THE_TILL

# Redis' own clock, so that workers on several machines need not agree on one. A bucket that Redis has forgotten
# begins empty: else its loss would let a second burst through.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local size, refill, needed, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(kept[1] or 0)
local since = math.max(0, now - tonumber(kept[2] or now))
tokens = math.min(size, tokens + since * refill / 1000000)
local wait = math.max(0, math.ceil((needed - tokens) * 1000000 / refill))
if wait <= patience then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now))
return wait
"""
# Kept free, as calls may arrive closer together than they left.
USED = 0.95
MICRO = 1_000_000


@dataclass(frozen=True)
class Turn:
    """``taken``: the call may go out after ``wait`` seconds. Else nothing is booked; it is worth asking after them."""

    wait: float
    taken: bool


class GoogleRate:
    """A token bucket in Redis. Thread-safe.

    What it holds at most and what it gains in a second are together not a whole call more than ``rate``, so no window
    of a second has more. A call of the till books its place, in debt if need be. One of a campaign waits until it
    leaves a token behind, and is overtaken meanwhile.

    :param rate: calls a second, at least one
    """

    def __init__(self, redis: Redis, key: str, rate: int) -> None:
        rate = max(1, rate)
        self.size = min(max(2, rate // 20), rate)
        self.refill = USED * max(1, rate - self.size)
        self._key, self._run = key, redis.register_script(SCRIPT)

    def take(self, priority: int, patience: float) -> Turn:
        """A place for one call.

        :param patience: seconds; a place further off is of no use and not booked
        :raises redis.exceptions.RedisError: nobody can say how many calls there were: make none
        """
        till = priority == AT_THE_TILL
        needed, longest = 1 if till else min(2, self.size), int(max(0.0, patience) * MICRO) if till else 0
        wait = int(self._run(keys=[self._key], args=[self.size, self.refill, needed, longest]))
        return Turn(wait / MICRO, wait <= longest)
