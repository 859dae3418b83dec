"""Many callers' texts gathered into one network call: threads and coroutines ask, one worker answers."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Self

from onoma.errors import BusyError
from onoma.runtime.batch_policy import BatchPolicy, Request, choose
from onoma.runtime.foreign import check_same
from onoma.runtime.texts import Text, checked_texts
from onoma.text import Annotate, Document

__all__ = ["Batching", "Load", "together"]

Answer = Future[list[Document]]


class Load(NamedTuple):
    """How busy a `Batching` is: texts held now, calls made so far, and the texts that were in them."""

    held: int
    calls: int
    texts: int


class _Asked(NamedTuple):
    request: Request
    documents: list[Document]
    answer: Answer


class Batching:
    """An `Annotate` for many callers at once: what they ask at about the same time is run in one call.

    Each caller gets the answers to its own texts, and its own errors. Texts that fill a call by themselves
    are run at once in their caller's thread and delay nobody. Coroutines await `ask`. The worker starts with
    the first text, and again in a process that was forked. Use it as a context manager, or `close` it.

    >>> with Batching(list) as tag:
    ...     [document] = tag(["Ada wrote."])
    >>> document.text
    'Ada wrote.'
    """

    def __init__(
        self,
        annotate: Annotate,
        policy: BatchPolicy | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``policy`` bounds calls, waiting and the queue; ``clock`` gives seconds."""
        self.annotate, self.policy = annotate, policy or BatchPolicy()
        self._clock = clock
        self._closing = False
        self._begin_anew()
        anew = weakref.WeakMethod(self._begin_anew)
        os.register_at_fork(after_in_child=lambda: (method := anew()) and method())

    def _begin_anew(self) -> None:
        """Empty, with no worker: threads do not survive a fork, and their callers are in another process."""
        self._changed = threading.Condition()
        self._waiting: list[_Asked] = []
        self._held = self._calls = self._texts = 0
        self._worker: threading.Thread | None = None

    def __call__(self, texts: Sequence[Text], *, timeout: float | None = None) -> list[Document]:
        """What the tagger makes of ``texts``; waits for it.

        Raises `InputError` naming the position of what is no text, `BusyError` when too much is waiting,
        `TimeoutError` after ``timeout`` seconds; then the texts cost nothing further unless they are being
        read already.
        """
        documents = checked_texts(texts)
        if self._alone(documents):
            return self._run_alone(documents)
        answer = self._submit(documents)
        try:
            return answer.result(timeout)
        finally:
            self._give_up(answer)

    async def ask(self, texts: Sequence[Text]) -> list[Document]:
        """The same for a coroutine; when its task is cancelled, the texts cost nothing further."""
        documents = checked_texts(texts)
        if self._alone(documents):
            return await asyncio.to_thread(self._run_alone, documents)
        answer = self._submit(documents)
        try:
            return await asyncio.wrap_future(answer)
        finally:
            self._give_up(answer)

    @property
    def load(self) -> Load:
        """How busy it is now."""
        return Load(self._held, self._calls, self._texts)

    def close(self) -> None:
        """Take on nothing more, answer what waits, end the worker."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _alone(self, documents: Sequence[Document]) -> bool:
        return self.policy.fills_a_call(
            len(documents), max((len(each.text) for each in documents), default=0)
        )

    def _run_alone(self, documents: list[Document]) -> list[Document]:
        with self._changed:
            self._admit(len(documents))
        try:
            return self._tag(documents)
        finally:
            self._release(documents)

    def _submit(self, documents: list[Document]) -> Answer:
        answer = Answer()
        if not documents:
            answer.set_result([])
            return answer
        longest = max(len(each.text) for each in documents)
        with self._changed:
            self._admit(len(documents))
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="onoma-batching", daemon=True)
                self._worker.start()
            asked = _Asked(Request(len(documents), longest, self._clock()), documents, answer)
            self._waiting.append(asked)
            self._changed.notify()
        return answer

    def _admit(self, texts: int) -> None:
        if self._closing:
            raise BusyError("this tagger is being shut down and takes on nothing more")
        if self._held and self._held + texts > self.policy.queue:
            raise BusyError(
                f"{self._held} texts are waiting and at most {self.policy.queue} may; try again later",
                retry_after=1.0,
            )
        self._held += texts

    def _give_up(self, answer: Answer) -> None:
        """Forget a request that nobody waits for any more, unless it is being run or done."""
        if answer.cancelled() or answer.cancel():
            with self._changed:
                for asked in [asked for asked in self._waiting if asked.answer is answer]:
                    self._waiting.remove(asked)
                    self._held -= len(asked.documents)

    def _work(self) -> None:
        while batch := self._next():
            self._answer([asked for asked in batch if self._starts(asked)])

    def _starts(self, asked: _Asked) -> bool:
        """Whether somebody still waits for the answer."""
        starts = asked.answer.set_running_or_notify_cancel()
        if not starts:
            self._release(asked.documents)
        return starts

    def _next(self) -> list[_Asked]:
        """Wait for requests that are to be run together; none when it is time to end."""
        with self._changed:
            while True:
                requests = [asked.request for asked in self._waiting]
                take, wait = choose(requests, self._clock(), self.policy, closing=self._closing)
                if take or (self._closing and not requests):
                    batch = [self._waiting[place] for place in take]
                    self._waiting = [a for place, a in enumerate(self._waiting) if place not in set(take)]
                    return batch
                self._changed.wait(wait)

    def _answer(self, batch: Sequence[_Asked]) -> None:
        for asked, found in zip(batch, together(self._tag, [a.documents for a in batch]), strict=True):
            self._release(asked.documents)
            if isinstance(found, BaseException):
                asked.answer.set_exception(found)
            else:
                asked.answer.set_result(found)

    def _tag(self, documents: Sequence[Document]) -> list[Document]:
        if not documents:
            return []
        found = list(self.annotate(documents))
        check_same("the tagger", documents, found)
        with self._changed:
            self._calls, self._texts = self._calls + 1, self._texts + len(documents)
        return found

    def _release(self, documents: Sequence[Document]) -> None:
        """Make room, before the caller hears of it: it may ask again at once."""
        with self._changed:
            self._held -= len(documents)


def together(tag: Annotate, groups: Sequence[list[Document]]) -> Iterator[list[Document] | BaseException]:
    """The answers to each group, made in one call; where that fails, each group by itself.

    So an error, which comes in the place of its group's answers, reaches no other.

    >>> def tag(documents):
    ...     return [d.replace(id=str(1 // len(d.text))) for d in documents]
    >>> ["error" if isinstance(each, BaseException) else [d.id for d in each]
    ...  for each in together(tag, [[Document("a")], [Document("")]])]
    [['1'], 'error']
    """
    try:
        found = iter(tag([document for group in groups for document in group]))
    except BaseException as error:
        if len(groups) == 1:
            yield error
        else:
            for group in groups:
                yield from together(tag, [group])
        return
    for group in groups:
        yield [next(found) for _ in group]
