"""`Gathering`: the texts of many requests, run together in calls of one tagger on threads of its own.

What `onoma.runtime.batching` does for threads, this does for an event loop, by the same policy: requests wait
in the loop, a call takes what fits, and one message a call goes to a thread and one comes back. Texts that
fill a call by themselves go to a thread apart, so short ones never wait for long ones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from onoma.errors import BusyError
from onoma.runtime.batch_policy import BatchPolicy, Request, choose
from onoma.runtime.batching import together
from onoma.runtime.foreign import check_same
from onoma.serving.pace import Pace
from onoma.text import Annotate, Document

__all__ = ["Asked", "Gathered", "Gathering"]

POLICY = BatchPolicy(texts=64, characters=16_384, wait=0.0, queue=4096)
"""No waiting for company: while one call runs, those that come gather for the next."""


class Gathered(NamedTuple):
    """Answers in order, and the seconds they waited and took to make."""

    documents: list[Document]
    queue: float
    tag: float


Done = Callable[[Gathered | BaseException], None]


class Asked:
    """Documents on their way; ``done`` is called once, in the event loop, unless they are ``given_up``."""

    __slots__ = ("characters", "documents", "done", "given_up", "request")

    def __init__(self, documents: list[Document], request: Request, characters: int, done: Done) -> None:
        self.documents, self.request, self.characters, self.done = documents, request, characters, done
        self.given_up = False


@dataclass(slots=True)
class _Lane:
    """Threads, what waits for them, and what is held: waiting or being run."""

    threads: ThreadPoolExecutor
    free: int
    pace: Pace
    waiting: list[Asked] = field(default_factory=list)
    texts: int = 0
    characters: int = 0
    due: bool = False


class Gathering:
    """Made and asked in one event loop. ``began`` is told of each call: its texts, and those left waiting."""

    def __init__(
        self,
        annotate: Annotate,
        policy: BatchPolicy = POLICY,
        *,
        calls: int = 1,
        patience: float = 0.1,
        began: Callable[[int, int], None] = lambda texts, waiting: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """At most ``calls`` run side by side, and one of long texts besides.

        Nothing is taken on that would have to wait for more than ``patience`` seconds, as far as the pace of
        the last calls tells, or that makes more than ``policy.queue`` texts.
        """
        self.annotate, self.policy = annotate, policy
        self._clock, self._began, self._patience = clock, began, patience
        self._short = _Lane(ThreadPoolExecutor(calls, "onoma-short"), calls, Pace(calls))
        self._long = _Lane(ThreadPoolExecutor(1, "onoma-long"), 1, Pace(1))
        self._closing = False
        self._idle = asyncio.Event()

    @property
    def held(self) -> int:
        """How many texts wait or are being read."""
        return self._short.texts + self._long.texts

    def submit(self, documents: list[Document], done: Done) -> Asked:
        """Have ``documents``, which may not be none, read; ``done`` gets the answers, or the error.

        Raises `BusyError` when too much waits already.
        """
        sizes = [len(document.text) for document in documents]
        texts, longest, characters = len(sizes), max(sizes), sum(sizes)
        lane = self._long if self.policy.fills_a_call(texts, longest) else self._short
        self._admit(lane, texts)
        asked = Asked(documents, Request(texts, longest, self._clock()), characters, done)
        lane.waiting.append(asked)
        self._hold(lane, texts, characters)
        if lane.free and not lane.due:
            self._plan(lane)
        return asked

    async def close(self) -> None:
        """Take on nothing more, answer what waits, end the threads."""
        self._closing = True
        for lane in (self._short, self._long):
            self._plan(lane)
        if self.held:
            await self._idle.wait()
        for lane in (self._short, self._long):
            lane.threads.shutdown(wait=False)

    def _admit(self, lane: _Lane, texts: int) -> None:
        if self._closing:
            raise BusyError("this tagger is being shut down and takes on nothing more", retry_after=1.0)
        ahead = lane.pace.seconds(lane.characters)
        if lane.texts and (lane.texts + texts > self.policy.queue or ahead > self._patience):
            raise BusyError(
                f"{lane.texts} texts are waiting, for about {1000 * ahead:.0f} ms of work; try again later",
                retry_after=max(ahead, 1.0),
            )

    def _hold(self, lane: _Lane, texts: int, characters: int) -> None:
        lane.texts, lane.characters = lane.texts + texts, lane.characters + characters
        if self._closing and not self.held:
            self._idle.set()

    def _plan(self, lane: _Lane) -> None:
        """Look at what waits once the loop has heard everybody who speaks now."""
        lane.due = True
        asyncio.get_running_loop().call_soon(self._start, lane)

    def _start(self, lane: _Lane) -> None:
        lane.due = False
        while lane.free and (batch := self._next(lane)):
            lane.free -= 1
            texts = sum([asked.request.texts for asked in batch])
            self._began(texts, lane.texts - texts)
            lane.threads.submit(self._run, asyncio.get_running_loop(), lane, batch)

    def _next(self, lane: _Lane) -> list[Asked]:
        """Those to be run together now; forgets those that nobody waits for any more."""
        for asked in [asked for asked in lane.waiting if asked.given_up]:
            lane.waiting.remove(asked)
            self._hold(lane, -asked.request.texts, -asked.characters)
        requests = [asked.request for asked in lane.waiting]
        take, wait = choose(requests, self._clock(), self.policy, closing=self._closing)
        if not take and wait is not None and not lane.due:
            lane.due = True
            asyncio.get_running_loop().call_later(wait, self._start, lane)
        batch, taken = [lane.waiting[place] for place in take], set(take)
        lane.waiting = [asked for place, asked in enumerate(lane.waiting) if place not in taken]
        return batch

    def _run(self, loop: asyncio.AbstractEventLoop, lane: _Lane, batch: list[Asked]) -> None:
        """On a thread: make the answers, then tell the loop."""
        began = self._clock()
        found = list(together(self._tag, [asked.documents for asked in batch]))
        loop.call_soon_threadsafe(self._finish, lane, batch, found, began, self._clock())

    def _tag(self, documents: Sequence[Document]) -> list[Document]:
        found = list(self.annotate(documents))
        check_same("the tagger", documents, found)
        return found

    def _finish(
        self,
        lane: _Lane,
        batch: list[Asked],
        answers: list[list[Document] | BaseException],
        began: float,
        ended: float,
    ) -> None:
        lane.free += 1
        self._learn(lane, batch, answers, ended - began)
        for asked, found in zip(batch, answers, strict=True):
            self._hold(lane, -asked.request.texts, -asked.characters)
            if isinstance(found, BaseException):
                asked.done(found)
            else:
                asked.done(Gathered(found, began - asked.request.since, ended - began))
        self._start(lane)

    @staticmethod
    def _learn(
        lane: _Lane, batch: list[Asked], answers: list[list[Document] | BaseException], seconds: float
    ) -> None:
        """A call that failed tells nothing of how long one takes."""
        characters = sum([asked.characters for asked in batch])
        if characters and not any(isinstance(each, BaseException) for each in answers):
            lane.pace.learn(characters, seconds)
