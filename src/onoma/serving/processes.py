"""The service in several processes: a parent starts them, keeps them going, ends them in good order."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from onoma.errors import OnomaError

__all__ = ["keep_going"]

_SHORT = 10.0  # seconds; a process that fails sooner than that was not up
_TRIES = 3  # so many of those in a row, and it is given up

logger = logging.getLogger("onoma.serving")


def keep_going(work: Callable[..., Any], arguments: tuple[Any, ...], count: int, grace: float) -> None:
    """Run ``work(*arguments)`` in ``count`` new processes, in place of one that dies another, until SIGTERM.

    SIGTERM and SIGINT end them all, within ``grace`` seconds; SIGHUP is handed on. ``work`` is a function of
    a module and its arguments can be pickled. Raises `OnomaError` where it fails again and again at once.
    """
    _Parent(work, arguments, count, grace).run()


class _Parent:
    def __init__(
        self, work: Callable[..., Any], arguments: tuple[Any, ...], count: int, grace: float
    ) -> None:
        self._work, self._arguments, self._grace = work, arguments, grace
        self._spawn = multiprocessing.get_context("spawn")
        self._ending = False
        self._failures = 0
        self._children = {self._started(): time.monotonic() for _ in range(count)}

    def run(self) -> None:
        before = {
            signal.SIGTERM: signal.signal(signal.SIGTERM, self._end),
            signal.SIGINT: signal.signal(signal.SIGINT, self._end),
            signal.SIGHUP: signal.signal(signal.SIGHUP, lambda *_: self._tell(signal.SIGHUP)),
        }
        try:
            while not self._ending:
                wait([child.sentinel for child in self._children], timeout=0.5)
                self._replace_the_dead()
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _started(self) -> BaseProcess:
        child = self._spawn.Process(target=self._work, args=self._arguments, name="onoma-serve")
        child.start()
        return child

    def _end(self, *_: object) -> None:
        self._ending = True

    def _tell(self, number: int) -> None:
        for child in self._children:
            if child.pid and child.is_alive():
                os.kill(child.pid, number)

    def _replace_the_dead(self) -> None:
        for child, began in list(self._children.items()):
            if child.is_alive() or self._ending:
                continue
            del self._children[child]
            lived = time.monotonic() - began
            logger.error("process %s ended with %s after %.1f s", child.pid, child.exitcode, lived)
            self._failures = self._failures + 1 if lived < _SHORT else 0
            if self._failures >= _TRIES:
                raise OnomaError(f"the service's processes end as soon as they begin, with {child.exitcode}")
            self._children[self._started()] = time.monotonic()

    def _end_all(self) -> None:
        self._tell(signal.SIGTERM)
        until = time.monotonic() + self._grace + 2
        for child in self._children:
            child.join(max(until - time.monotonic(), 0.1))
        for child in self._children:
            if child.is_alive():
                child.kill()
                child.join()
