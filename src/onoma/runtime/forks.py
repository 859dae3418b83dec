"""What other threads hold while a process is forked: in the child nobody would ever let go of it.

A child has the memory of its parent as it was, and one thread. So locks are taken before a fork, and given
back on both sides; and no fork comes while a thread is in code that has locks of its own, which cannot be
reached.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType

__all__ = ["RUNNING", "Inside", "fork_lock"]


def fork_lock() -> threading.Lock:
    """A lock that is free in a process that was forked, with what it guards in order."""
    lock = threading.Lock()
    _at_fork(lock.acquire, lock.release)
    return lock


class Inside:
    """``with`` it, a thread is where no fork may come; many may be there at once.

    A fork waits until all have left, and lets no other in meanwhile. Locks are taken before a fork in the
    order in which they were made, the last first: so a thread may go inside while it holds a `fork_lock` that
    was made later, but must not take one inside.

    >>> inside = Inside()
    >>> with inside:
    ...     pass
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._threads, self._closed = 0, False
        _at_fork(self._close, self._open)

    def __enter__(self) -> None:
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._threads += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._threads -= 1
            if not self._threads:
                self._changed.notify_all()

    def _close(self) -> None:
        """Wait until nobody is inside; what tells is then locked until `_open`."""
        self._changed.acquire()
        while self._closed:  # for another thread's fork
            self._changed.wait()
        self._closed = True
        while self._threads:
            self._changed.wait()

    def _open(self) -> None:
        self._closed = False
        self._changed.notify_all()
        self._changed.release()


def _at_fork(before: Callable[[], object], after: Callable[[], object]) -> None:
    if hasattr(os, "register_at_fork"):  # else nothing can be forked
        os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)


RUNNING = Inside()
"""Around calls of ONNX Runtime, whose memory has locks; made before any `fork_lock`."""
