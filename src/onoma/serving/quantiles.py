"""Quantiles of the last few minutes in a few hundred numbers: how quick each tagger is *now*.

A sketch in the manner of DDSketch (Masson, Rim and Lee 2019): seconds are counted in buckets whose bounds
grow by a constant factor, so that every quantile is right within ``accuracy`` of its value whatever the
distribution. Two sketches take turns: the older is thrown away when the younger has run for ``window``
seconds, so what is told covers between one and two windows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

__all__ = ["Recent", "Sketch"]

_LEAST = 1e-6  # seconds; what is less counts as this


class Sketch:
    """Counts of positive numbers in buckets that grow by a factor.

    >>> sketch = Sketch()
    >>> for milliseconds in range(1, 101):
    ...     sketch.add(milliseconds / 1000)
    >>> round(sketch.quantile(0.95), 3), sketch.count
    (0.095, 100)
    """

    def __init__(self, accuracy: float = 0.01) -> None:
        """``accuracy`` is the relative error of a quantile, 0.01 for one in a hundred."""
        self._factor = (1 + accuracy) / (1 - accuracy)
        self._scale = 1 / math.log(self._factor)
        self._buckets: Counter[int] = Counter()
        self.count = 0

    def add(self, value: float) -> None:
        """Count ``value``."""
        self._buckets[math.ceil(math.log(max(value, _LEAST)) * self._scale)] += 1
        self.count += 1

    @property
    def buckets(self) -> Mapping[int, int]:
        """How many values fell into each bucket."""
        return self._buckets

    def quantile(self, q: float, *others: Sketch) -> float:
        """The value below which a share ``q`` lies, of this and ``others``; NaN before the first."""
        merged = sum((other._buckets for other in others), self._buckets)
        rank = q * (merged.total() - 1)
        seen = 0
        for bucket in sorted(merged):
            seen += merged[bucket]
            if seen > rank:
                return 2 * self._factor**bucket / (self._factor + 1)
        return math.nan


class Recent:
    """Quantiles of what was added in the last one to two windows.

    >>> recent = Recent(window=60)
    >>> recent.add(0.5, now=0.0)
    >>> recent.add(0.1, now=61.0), recent.add(0.1, now=122.0)
    (None, None)
    >>> round(recent.quantile(1.0), 2), recent.count
    (0.1, 2)
    """

    def __init__(self, window: float = 60.0) -> None:
        """``window`` in seconds."""
        self._window = window
        self._old, self._young, self._turned = Sketch(), Sketch(), -math.inf

    def add(self, value: float, now: float) -> None:
        """Count ``value``, seen at ``now`` (seconds of any clock that never goes back)."""
        if now - self._turned >= self._window:
            stale = now - self._turned >= 2 * self._window
            self._old, self._young = Sketch() if stale else self._young, Sketch()
            self._turned = now if stale else self._turned + self._window
        self._young.add(value)

    @property
    def count(self) -> int:
        """How many values it tells of."""
        return self._old.count + self._young.count

    def quantile(self, q: float) -> float:
        """The value below which a share ``q`` of them lies; NaN where there is none."""
        return self._young.quantile(q, self._old)
