"""`Deadlines`: time-outs for thousands of tasks a second, at the cost of one timer for all of them.

``asyncio.timeout`` sets a timer for each task, which costs more than decoding its request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Deadlines"]


Task = asyncio.Task[Any]


class Deadlines:
    """Time-outs of one event loop, kept to within ``tick`` seconds.

    >>> async def main():
    ...     deadlines = Deadlines(tick=0.01)
    ...     with deadlines.within(0.01, lambda: TimeoutError("slept too long")):
    ...         await asyncio.sleep(10)
    >>> asyncio.run(main())
    Traceback (most recent call last):
      ...
    TimeoutError: slept too long
    """

    def __init__(self, tick: float = 0.05) -> None:
        self._tick = tick
        self._due: dict[Task, float] = {}
        self._late: set[Task] = set()
        self._ticking = False

    def within(self, seconds: float, error: Callable[[], Exception]) -> _Within:
        """A block in which the current task is cancelled after so many seconds and raises ``error()``.

        A task may be in one such block at a time.
        """
        return _Within(self, seconds, error)

    def enter(self, task: Task, due: float) -> None:
        """``task`` is to be cancelled at the time ``due``."""
        self._due[task] = due
        if not self._ticking:
            self._wait()

    def leave(self, task: Task) -> bool:
        """``task`` is in time, or late: whether it was cancelled for that, and for nothing else."""
        del self._due[task]
        if task not in self._late:
            return False
        self._late.discard(task)
        return not task.uncancel()

    def _wait(self) -> None:
        self._ticking = True
        asyncio.get_running_loop().call_later(self._tick, self._sweep)

    def _sweep(self) -> None:
        now = time.monotonic()
        for task in [task for task, due in self._due.items() if due < now and task not in self._late]:
            self._late.add(task)
            task.cancel()
        if self._due:
            self._wait()
        else:
            self._ticking = False


class _Within:
    __slots__ = ("_deadlines", "_error", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float, error: Callable[[], Exception]) -> None:
        self._deadlines, self._seconds, self._error = deadlines, seconds, error

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._deadlines.enter(task, time.monotonic() + self._seconds)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._deadlines.leave(self._task) and kind is asyncio.CancelledError:
            raise self._error() from None
