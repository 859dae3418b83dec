"""Moving windows in memory: so many in any stretch of so many seconds, exactly, for many names.

The in-memory storages of the library ``limits`` start a thread, or a task on one, for every hit; this is a
deque. Its parser of limits and its windows in Redis are used as they are (`onoma.serving.rate`).
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque

__all__ = ["MovingWindows"]

_EACH = 10_000  # hits up to which each is kept with its time


class _Window:
    __slots__ = ("hits", "total")

    def __init__(self) -> None:
        self.hits: deque[tuple[float, int]] = deque()  # when, and how many
        self.total = 0

    def forget(self, before: float) -> None:
        while self.hits and self.hits[0][0] <= before:
            self.total -= self.hits.popleft()[1]

    def count(self, when: float, cost: int) -> None:
        self.total += cost
        if self.hits and self.hits[-1][0] >= when:
            when, before = self.hits.pop()
            cost += before
        self.hits.append((when, cost))


def _later(now: float, seconds: float) -> float:
    """The next of a thousand moments in a window."""
    grain = seconds / 1000
    return math.ceil(now / grain) * grain


class MovingWindows:
    """``hit`` counts against the limit of a name, unless that would go over it.

    Of large limits hits are kept together that fall into the same thousandth of the window, as if they came
    at its end: what is allowed is never more.

    >>> windows = MovingWindows()
    >>> [windows.hit("ada", 2, 60.0, now) for now in (0.0, 10.0, 20.0, 60.0)]
    [0.0, 0.0, 40.0, 0.0]
    """

    def __init__(self, names: int = 100_000) -> None:
        """Of more than ``names`` those that asked longest ago are forgotten."""
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._names = names

    def __len__(self) -> int:
        """How many names are remembered."""
        return len(self._windows)

    def hit(self, name: str, limit: int, seconds: float, now: float, cost: int = 1) -> float:
        """Count ``cost`` and return 0; or count nothing and return the seconds until there is room for it.

        What costs more than ``limit`` never has room; the seconds are those of a whole window then.
        """
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = _Window()
            if len(self._windows) > self._names:
                self._windows.popitem(last=False)
        self._windows.move_to_end(name)
        window.forget(now - seconds)
        if window.total + cost <= limit:
            window.count(now if limit <= _EACH else _later(now, seconds), cost)
            return 0.0
        return self._room(window, limit - cost, seconds, now)

    @staticmethod
    def _room(window: _Window, most: int, seconds: float, now: float) -> float:
        left = window.total
        for when, cost in window.hits:
            left -= cost
            if left <= most:
                return max(when + seconds - now, 1e-3)
        return seconds
