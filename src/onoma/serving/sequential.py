"""Means that may be looked at after every observation: confidence sequences.

A confidence interval is right once, at a size fixed beforehand; who looks again and again and stops when it
suits is wrong far more often than it says. A confidence sequence is right at all times at once: the chance
that the truth is *ever* outside is at most alpha (the time-uniform coverage of Howard, Ramdas, McAuliffe and
Sekhon 2021). The one here is the predictable plug-in empirical Bernstein sequence of Waudby-Smith and Ramdas
(2024, theorem 2): for numbers from 0 to 1, of any distribution, it needs three sums and adapts to their
variance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from onoma.errors import InputError

__all__ = ["Interval", "Mean"]

_STEEPEST = 0.75  # the largest bet; below 1, as the theorem asks


@dataclass(frozen=True, slots=True)
class Interval:
    """``low`` and ``high`` hold the mean, with ``mean`` the plain average of ``count`` observations."""

    low: float
    high: float
    mean: float
    count: int

    def minus(self, other: Interval) -> Interval:
        """Where the difference of two means lies, when each interval holds its own."""
        count = min(self.count, other.count)
        return Interval(self.low - other.high, self.high - other.low, self.mean - other.mean, count)


class Mean:
    """The mean of numbers from 0 to 1, with bounds that hold at all times with probability 1 - ``alpha``.

    What is assumed: each observation has the same mean given those before it. Users who come again and again
    strain that, so many users are worth more than many requests.

    >>> mean = Mean(alpha=0.05)
    >>> for n in range(400):
    ...     mean.add(float(n % 10 != 0))
    >>> interval = mean.interval
    >>> round(interval.low, 2), interval.mean, round(interval.high, 2)
    (0.83, 0.9, 0.96)
    """

    def __init__(self, alpha: float = 0.05) -> None:
        """Raises `InputError` for an ``alpha`` that is no probability between 0 and 1."""
        if not 0 < alpha < 1:
            raise InputError(f"alpha is {alpha}; it lies between 0 and 1")
        self._log = math.log(2 / alpha)
        self._count = 0
        self._sum = 0.0
        self._squares = 0.0  # of observations' distances from the mean so far
        self._bets = self._bet_sum = self._cost = 0.0
        self._low, self._high = 0.0, 1.0

    def add(self, value: float) -> None:
        """Observe ``value``; raises `InputError` when it lies outside 0 to 1."""
        if not 0 <= value <= 1:
            raise InputError(f"{value} lies outside 0 to 1")
        t = self._count + 1
        before = (0.5 + self._sum) / t  # the mean and the variance as they were known before this one
        variance = (0.25 + self._squares) / t
        bet = min(math.sqrt(2 * self._log / (variance * t * math.log(1 + t))), _STEEPEST)
        self._bets += bet
        self._bet_sum += bet * value
        self._cost += 4 * (value - before) ** 2 * (-math.log(1 - bet) - bet) / 4
        self._count, self._sum = t, self._sum + value
        self._squares += (value - (0.5 + self._sum) / (t + 1)) ** 2
        self._narrow()

    def _narrow(self) -> None:
        """What held before holds still: bounds only ever come closer."""
        centre, reach = self._bet_sum / self._bets, (self._log + self._cost) / self._bets
        self._low, self._high = max(self._low, centre - reach), min(self._high, centre + reach)

    @property
    def interval(self) -> Interval:
        """Where the mean lies."""
        mean = self._sum / self._count if self._count else math.nan
        return Interval(self._low, self._high, mean, self._count)

    def to_dict(self) -> dict[str, float]:
        """All that it knows, for JSON."""
        return {name: getattr(self, f"_{name}") for name in _KEPT}

    @classmethod
    def from_dict(cls, kept: Mapping[str, float]) -> Mean:
        """What `to_dict` told of; raises `InputError` for anything else.

        >>> mean = Mean(0.1)
        >>> mean.add(0.5)
        >>> Mean.from_dict(mean.to_dict()).interval == mean.interval
        True
        """
        mean = cls()
        try:
            for name in _KEPT:
                setattr(mean, f"_{name}", type(getattr(mean, f"_{name}"))(kept[name]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"these are not the sums of a mean: {error}") from error
        return mean


_KEPT = ("log", "count", "sum", "squares", "bets", "bet_sum", "cost", "low", "high")
