"""Texts that were answered, read again by the other side of a trial, when there is time; never in the way."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from onoma.errors import BusyError, DownError, OnomaError
from onoma.serving.asking import Served
from onoma.serving.comparison import Side
from onoma.serving.members import Member
from onoma.serving.rollout import Shadow
from onoma.text import Document

__all__ = ["Mirror"]

_BREATH = 0.005  # seconds between looks at whether others still wait


class _Waiting(NamedTuple):
    documents: Sequence[Document]
    answers: Sequence[Document]
    member: Member
    side: Side  # of the member that is to read them


class Mirror:
    """A bounded queue before the other side of one trial, and a task that works it off in idle moments.

    ``busy`` tells how many texts wait for taggers now: as long as there are any, the mirror rests. What
    comes while its queue is full is dropped, and counted in `Shadow.dropped`.
    """

    def __init__(self, trial: Shadow, busy: Callable[[], int]) -> None:
        """The task starts with the first text."""
        self.trial = trial
        self._busy = busy
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many requests' texts wait."""
        return len(self._waiting)

    def add(
        self, documents: Sequence[Document], answers: Sequence[Document], member: Member, side: Side
    ) -> None:
        """Let ``member``, which is ``side`` of the trial, read ``documents`` too, and compare."""
        if len(self._waiting) >= self.trial.spec.queue:
            self.trial.dropped += 1
            return
        self._waiting.append(_Waiting(documents, answers, member, side))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while self._waiting:
            while self._busy():
                await asyncio.sleep(_BREATH)
            await self._read(self._waiting.popleft())

    async def _read(self, waiting: _Waiting) -> None:
        documents, answers, member, side = waiting
        start = time.monotonic()
        try:
            served = await member.ask(documents)
        except OnomaError as error:
            self._failed(error, side, start)
            return
        if side == "challenger" and not served.cached:
            self.trial.called(side, ok=True, seconds=time.monotonic() - start)
        self._compare(answers, served, side)

    def _failed(self, error: OnomaError, side: Side, start: float) -> None:
        if isinstance(error, BusyError) and not isinstance(error, DownError):
            self.trial.dropped += 1
        elif side == "challenger":
            self.trial.called(side, ok=False, seconds=time.monotonic() - start)

    def _compare(self, answers: Sequence[Document], served: Served, side: Side) -> None:
        for one, other in zip(answers, served.documents, strict=True):
            champion, challenger = (other, one) if side == "champion" else (one, other)
            self.trial.compared(champion.entities, challenger.entities)
