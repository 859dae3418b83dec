"""How fast a tagger reads, learnt from its calls: what tells how long those who wait will wait."""

from __future__ import annotations

from collections import deque
from operator import itemgetter

__all__ = ["Pace"]


class Pace:
    """The seconds that work will take: the mean of the larger of the last calls.

    The slowest quarter is left out: a call that stalled, as when Redis hangs, says nothing of the next, and
    those to come would be refused for it. So are the smaller half of the others: what is waiting will be read
    in large calls, and what each call costs at least would be counted for every text.

    >>> pace = Pace(calls=2)
    >>> pace.seconds(10_000)
    0.0
    >>> for seconds in (0.1, 0.1, 0.1, 5.0):
    ...     pace.learn(10_000, seconds)
    >>> round(pace.seconds(10_000), 6)
    0.05
    """

    def __init__(self, calls: int = 1, memory: int = 32) -> None:
        """``calls`` run side by side; the last ``memory`` count."""
        self._calls = calls
        self._last = deque[tuple[float, int, float]](maxlen=memory)  # seconds a character, and both
        self._each: float | None = 0.0  # None when it has to be found again

    def learn(self, characters: int, seconds: float) -> None:
        """A call read so many characters, one at least, in so many seconds."""
        self._last.append((seconds / characters, characters, seconds))
        self._each = None

    def seconds(self, characters: int) -> float:
        """How long so many characters will take; 0 as long as nothing is known."""
        if not characters:
            return 0.0
        if self._each is None:
            quick = sorted(self._last)[: len(self._last) - len(self._last) // 4]
            large = sorted(quick, key=itemgetter(1))[len(quick) // 2 :]
            self._each = sum([call[2] for call in large]) / sum([call[1] for call in large])
        return characters * self._each / self._calls
