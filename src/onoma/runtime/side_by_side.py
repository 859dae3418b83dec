"""Rows that run through a network together, and threads on which such groups of rows run side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

__all__ = ["Pool", "Room", "grouped", "in_order"]

Given = TypeVar("Given")
Made = TypeVar("Made")


class Room(NamedTuple):
    """What one network call may hold."""

    rows: int
    cells: int  # what rows are made of, padding included, unless one row is longer


def grouped(lengths: Sequence[int], room: Room) -> Iterator[list[int]]:
    """Numbers of rows to run together: sorted by length, no more than there is ``room`` for.

    >>> list(grouped([3, 1, 9, 2], Room(2, 8)))
    [[1, 3], [0], [2]]
    """
    group: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and (len(group) >= room.rows or lengths[i] * (len(group) + 1) > room.cells):
            yield group
            group = []
        group.append(i)
    if group:
        yield group


def in_order(groups: Sequence[Sequence[int]], found: Iterator[Sequence[Made]]) -> list[Made]:
    """What was ``found`` of each group's rows, by the numbers of the rows.

    >>> in_order([[1, 2], [0]], iter(["bc", "a"]))
    ['a', 'b', 'c']
    """
    rows: dict[int, Made] = {}
    for group, made in zip(groups, found, strict=True):
        rows.update(zip(group, made, strict=True))
    return [rows[i] for i in range(len(rows))]


class Pool:
    """Worker threads, started when first needed, and again in a process that was forked."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._workers: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    def map(self, work: Callable[[Given], Made], batches: Sequence[Given]) -> Iterator[Made]:
        """``work`` on each batch, in order; begun at once, unless there is nothing to share out.

        Who goes on with the iterator in a process that was forked meanwhile gets the same there.
        """
        if self.threads == 1 or len(batches) == 1:
            return map(work, batches)
        workers = self._started()
        return _results([workers.submit(work, batch) for batch in batches], work, batches, os.getpid())

    def _started(self) -> ThreadPoolExecutor:
        if self._workers is None or self._process != os.getpid():  # threads do not survive a fork
            self._workers, self._process = ThreadPoolExecutor(self.threads, "onoma"), os.getpid()
        return self._workers


def _results(
    begun: Sequence[Future[Made]], work: Callable[[Given], Made], batches: Sequence[Given], process: int
) -> Iterator[Made]:
    """What was ``begun`` in ``process``; in another nobody works on it, and its locks may never be free."""
    try:
        for future, batch in zip(begun, batches, strict=True):
            yield future.result() if os.getpid() == process else work(batch)
    finally:
        if os.getpid() == process:
            for future in begun:  # where an error ends it early
                future.cancel()
