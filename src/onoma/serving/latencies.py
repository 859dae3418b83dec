"""How long a tagger takes now, by how long texts are: what a latency budget is held against."""

from __future__ import annotations

import math

from onoma.serving.quantiles import Recent

__all__ = ["Latencies"]

_ENOUGH = 20  # calls by which a 95th percentile means something
_FRESH = 0.5  # seconds for which a quantile is not worked out again
_SHORT = 256  # characters up to which texts count as alike


class Latencies:
    """Seconds of calls in the last minutes, apart for texts of up to 256, 1,024, 4,096, … characters.

    >>> latencies = Latencies()
    >>> for _ in range(30):
    ...     latencies.add(100, 0.010, now=0.0)
    ...     latencies.add(5_000, 0.200, now=0.0)
    >>> round(latencies.p95(200, now=0.0), 2), round(latencies.p95(4_500, now=0.0), 1)
    (0.01, 0.2)
    """

    def __init__(self, window: float = 60.0) -> None:
        """``window``: see `Recent`."""
        self._window = window
        self._classes: dict[int, Recent] = {}
        self._known: dict[int, tuple[float, float]] = {}  # the 95th percentile, and when it was worked out

    def add(self, characters: int, seconds: float, now: float) -> None:
        """A call of texts of so many characters took so many seconds."""
        number = _class_of(characters)
        if number not in self._classes:
            self._classes[number] = Recent(self._window)
        self._classes[number].add(seconds, now)

    def p95(self, characters: int, now: float) -> float:
        """What 95 in 100 calls of texts so long stay below; NaN before the first.

        Where few were seen, that of texts more or less as long.
        """
        number = _class_of(characters)
        known, since = self._known.get(number, (math.nan, -math.inf))
        if now - since < _FRESH:
            return known
        found = self._nearest(number)
        p95 = found.quantile(0.95) if found else math.nan
        if not math.isnan(p95):
            self._known[number] = p95, now
        return p95

    def _nearest(self, number: int) -> Recent | None:
        enough = {n: recent for n, recent in self._classes.items() if recent.count >= _ENOUGH}
        among = enough or self._classes
        return among[min(among, key=lambda n: abs(n - number))] if among else None


def _class_of(characters: int) -> int:
    return (max(characters - 1, 0) // _SHORT).bit_length() + 1 >> 1
