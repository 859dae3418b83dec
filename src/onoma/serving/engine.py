"""`Engine`: one tagger behind a cache, single-flight and micro-batching, for an event loop.

A document is looked up in the memory of this process; if the same text is being read for another request that
answer is shared; else it joins the next call of the tagger, which may look into a cache shared by processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from onoma.runtime.batch_policy import BatchPolicy
from onoma.runtime.caching import Caching, MemoryStore, Store, key_of, recall, remember
from onoma.serving.asking import Observer, Quiet, Served, TaggerState
from onoma.serving.gather import POLICY, Asked, Gathered, Gathering
from onoma.text import Annotate, Document

__all__ = ["LONGEST_KEPT", "WARM_UP", "Engine"]

WARM_UP = "Ada Lovelace met Charles Babbage in London on Monday."
"""What a tagger is given to read before it is called ready: its first call is slow."""

LONGEST_KEPT = 20_000
"""Characters of a text whose answer is remembered in this process: to pack and unpack that of a longer one
takes milliseconds, in which the event loop would serve nobody. Shared stores are asked in a thread."""

Key = bytes


class _Flight:
    """Documents being read, by their keys, and those who wait for the answers."""

    __slots__ = ("asked", "found", "new", "waiting")

    def __init__(self, new: Mapping[Key, Document]) -> None:
        self.new = new
        self.asked: Asked | None = None
        self.found: dict[Key, Document] = {}
        self.waiting: set[asyncio.Future[Gathered]] = set()

    def land(self, gathered: Gathered | BaseException) -> None:
        """The answers are there, or the error; it is for all."""
        for future in self.waiting:
            if future.done():
                continue
            if isinstance(gathered, BaseException):
                future.set_exception(gathered)
            else:
                future.set_result(gathered)


class Engine:
    """One tagger; made and asked in one event loop.

    >>> async def main():
    ...     engine = Engine(list, name="none", version="1")
    ...     served = [await engine.ask([Document("Ada wrote.")]) for _ in range(2)]
    ...     await engine.close()
    ...     return [each.cached for each in served]
    >>> asyncio.run(main())
    [0, 1]
    """

    def __init__(
        self,
        annotate: Annotate,
        *,
        name: str = "",
        version: str = "",
        labels: Sequence[str] = (),
        policy: BatchPolicy = POLICY,
        calls: int = 1,
        patience: float = 0.1,
        memory: MemoryStore | None = None,
        shared: Store | None = None,
        caches: bool = True,
        observer: Observer | None = None,
    ) -> None:
        """``name``, ``version`` and ``labels`` are the tagger's own unless given.

        ``memory`` and ``shared`` are where answers are remembered, in this process and among several; a
        `MemoryStore` of its own unless one is given, and none with ``caches=False``. ``calls`` and
        ``patience``: see `Gathering`. Raises `InputError` where ``shared`` is given and no version is known.
        """
        self.name = name or str(getattr(annotate, "name", "tagger"))
        self.version = version or str(getattr(annotate, "version", ""))
        self.labels = list(labels or getattr(annotate, "labels", None) or ())
        self.annotate = annotate
        self.observer = observer or Quiet()
        self.memory = (memory or MemoryStore()) if caches else None
        reads = annotate if shared is None else Caching(annotate, shared, version=self._identity)
        self._gathering = Gathering(reads, policy, calls=calls, patience=patience, began=self._began)
        self._flights: dict[Key, _Flight] = {}

    @property
    def _identity(self) -> str:
        """What answers hang on, besides the document: taggers of one name and version answer alike."""
        return f"{self.name}\0{self.version}"

    @property
    def state(self) -> TaggerState:
        """What there is to tell of it."""
        return TaggerState(self.name, self.version, self.labels)

    @property
    def held(self) -> int:
        """How many texts wait or are being read."""
        return self._gathering.held

    async def warm(self) -> None:
        """Let the tagger read something; raises what it raises."""
        await asyncio.to_thread(self.annotate, [Document(WARM_UP)])

    async def close(self) -> None:
        """Answer what waits, and take on nothing more."""
        await self._gathering.close()

    async def ask(self, documents: Sequence[Document]) -> Served:
        """The documents with their entities, in order.

        Raises `BusyError` when too much waits already, and what the tagger raises. When the task is
        cancelled, what nobody else waits for costs nothing further unless it is being read already.
        """
        keys = self._keys(documents)
        known: list[Any] = [None] * len(keys) if self.memory is None else self.memory.get_many(keys)
        missing = {key: doc for key, doc, told in zip(keys, documents, known, strict=True) if told is None}
        hits = sum([told is not None for told in known])
        if not missing:
            self.observer.cache(self.name, hits, 0, 0)
            return Served(list(map(recall, documents, known)), cached=hits)
        flights = self._flights_of(missing, hits)
        queue, tag = await self._landed(flights)
        made = {key: flight.found[key] for flight in flights for key in flight.found}
        answers = [
            _of(document, made[key]) if told is None else recall(document, told)
            for key, document, told in zip(keys, documents, known, strict=True)
        ]
        return Served(answers, queue, tag, hits)

    def _keys(self, documents: Sequence[Document]) -> list[bytes]:
        return [key_of(self._identity, document) for document in documents]

    def _flights_of(self, missing: Mapping[Key, Document], hits: int) -> list[_Flight]:
        """Those under way that will bring some of ``missing``, and one for the rest."""
        under_way = {self._flights[key]: None for key in missing if key in self._flights}
        new = {key: document for key, document in missing.items() if key not in self._flights}
        self.observer.cache(self.name, hits, len(new), len(missing) - len(new))
        return [*under_way, *([self._begin(new)] if new else [])]

    def _begin(self, new: Mapping[Key, Document]) -> _Flight:
        flight = _Flight(new)
        flight.asked = self._gathering.submit(list(new.values()), lambda got: self._land(flight, got))
        self._flights.update(dict.fromkeys(new, flight))
        return flight

    def _land(self, flight: _Flight, gathered: Gathered | BaseException) -> None:
        self._forget(flight)
        flight.asked = None  # which holds the flight: such rings are left to Python's garbage collector
        if not isinstance(gathered, BaseException):
            flight.found = dict(zip(flight.new, gathered.documents, strict=True))
            if self.memory is not None:
                found = zip(flight.new.items(), gathered.documents, strict=True)
                short = [each for each in found if len(each[1].text) <= LONGEST_KEPT]
                self.memory.put_many({key: remember(asked, answer) for (key, asked), answer in short})
        flight.land(gathered)

    def _forget(self, flight: _Flight) -> None:
        for key in flight.new:
            if self._flights.get(key) is flight:
                del self._flights[key]

    async def _landed(self, flights: Sequence[_Flight]) -> tuple[float, float]:
        """Wait for all; the longest wait and work, in seconds. Who is cancelled leaves them to others."""
        loop = asyncio.get_running_loop()
        waits = [(flight, loop.create_future()) for flight in flights]
        for flight, future in waits:
            flight.waiting.add(future)
        try:
            landed = [await future for _, future in waits]
        finally:
            for flight, future in waits:
                self._leave(flight, future)
        queue, tag = max([each.queue for each in landed]), max([each.tag for each in landed])
        self.observer.phase(self.name, "queue", queue)
        self.observer.phase(self.name, "tag", tag)
        return queue, tag

    def _leave(self, flight: _Flight, future: asyncio.Future[Gathered]) -> None:
        """One waits no more; when nobody does the documents need not be read."""
        flight.waiting.discard(future)
        if future.done() and not future.cancelled():
            future.exception()  # it is known, be it raised or not
        elif not flight.waiting and flight.asked:
            flight.asked.given_up = True
            self._forget(flight)

    def _began(self, texts: int, waiting: int) -> None:
        self.observer.batch(self.name, texts, waiting)


def _of(document: Document, answer: Document) -> Document:
    """The answer for a document, which may be that for another with the same text and words."""
    if answer.id == document.id and answer.meta is document.meta:
        return answer
    return answer.replace(id=document.id, meta=document.meta)
