"""The difference of two shares, and how far it may be chance."""

from dataclasses import dataclass
from math import hypot, sqrt

Z = 1.959964
"""Of 95 %: the normal distribution's 97.5th percentile."""


@dataclass(frozen=True)
class Estimate:
    """``value``: the first share less the second, -1 to 1; the true one lies from ``low`` to ``high`` in 95 % of cases.

    Both shares of nobody are unknown: the interval then says so, from -1 to 1 at its widest.
    """

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether there is one at all, as far as can be told."""
        return self.low > 0 or self.high < 0


def wilson(found: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share; all of it is possible when nobody was asked.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.

    :raises ValueError: not ``0 <= found <= of``
    """
    if not 0 <= found <= of:
        raise ValueError(f"{found} of {of} is no share: count those who did among those who could.")
    if of == 0:
        return 0.0, 1.0
    share, weight = found / of, Z * Z / of
    middle = (share + weight / 2) / (1 + weight)
    half = Z * sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(found: int, of: int, other_found: int, other_of: int) -> Estimate:
    """The first share less the second, with Newcombe's hybrid score interval: right for small and for extreme shares.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of
    eleven methods", Statistics in Medicine 17 (1998), 873-890, method 10.

    :raises ValueError: a count is no share
    """
    (low, high), (other_low, other_high) = wilson(found, of), wilson(other_found, other_of)
    share, other = found / of if of else 0.5, other_found / other_of if other_of else 0.5
    value = share - other
    return Estimate(
        value,
        max(-1.0, value - hypot(share - low, other_high - other)),
        min(1.0, value + hypot(high - share, other - other_low)),
    )
