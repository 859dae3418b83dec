"""`Member`: a tagger of a service with all that keeps it in check: engine, patience, breaker, latencies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from onoma.errors import BusyError, DownError, InputError
from onoma.serving.asking import Observer, Served, TaggerState
from onoma.serving.breaker import Breaker
from onoma.serving.config import TaggerSpec
from onoma.serving.deadlines import Deadlines
from onoma.serving.engine import WARM_UP, Engine
from onoma.serving.latencies import Latencies
from onoma.serving.routing import Known
from onoma.serving.taggers import accuracy_of, load_tagger
from onoma.serving.workers import Workers
from onoma.text import Annotate, Document

__all__ = ["Member", "annotator_of"]

_WARM_UPS = 5
_GRACE = 5.0  # seconds a tagger may take to end before it is left behind


def annotator_of(spec: TaggerSpec) -> Annotate:
    """The tagger that ``spec`` describes, loaded or its workers started; raises `BundleError` if none."""
    if spec.place == "process":
        return Workers(
            spec.model,
            replicas=spec.replicas,
            threads=spec.threads or 1,
            patience=spec.patience,
            nice=spec.nice,
        )
    return load_tagger(spec.model, spec.threads)


class Member:
    """One tagger of a `Fleet`; made and asked in one event loop."""

    def __init__(self, name: str, spec: TaggerSpec, annotate: Annotate, engine: Engine) -> None:
        """``engine`` is that of ``annotate``, the tagger of ``spec``."""
        self.name, self.spec, self.engine = name, spec, engine
        self.breaker, self.latencies = Breaker(spec.breaker), Latencies()
        self.accuracy = accuracy_of(annotate) if spec.accuracy is None else spec.accuracy
        self._annotate, self._deadlines = annotate, Deadlines()
        labels = frozenset(engine.labels)
        self._well = Known(name, self.accuracy, labels, lambda n: self.latencies.p95(n, time.monotonic()))

    @classmethod
    def of(
        cls,
        name: str,
        spec: TaggerSpec,
        annotate: Annotate,
        *,
        observer: Observer,
        make: Callable[..., Engine] = Engine,
    ) -> Member:
        """The member called ``name``; ``make`` makes its engine."""
        engine = make(
            annotate,
            name=name,
            version=str(getattr(annotate, "version", "")),
            labels=getattr(annotate, "labels", None) or (),
            calls=spec.replicas,
            caches=spec.caches,
            observer=observer,
        )
        return cls(name, spec, annotate, engine)

    async def warm(self) -> None:
        """Let it read something a few times: it is quick from the first request, and its time known."""
        for _ in range(_WARM_UPS):
            start = time.monotonic()
            await self.engine.warm()
            self.latencies.add(len(WARM_UP), time.monotonic() - start, start)

    def known(self, now: float) -> Known:
        """What routing is to know of it."""
        if self.breaker.would_allow(now):
            return self._well
        return self._well._replace(resting=max(self.breaker.wait(now), 0.001))

    @property
    def state(self) -> TaggerState:
        """What a client is to know of it."""
        now = time.monotonic()
        state, p95 = self.breaker.state(now), self.latencies.p95(0, now)
        facts: dict[str, Any] = {"breaker": state, "accuracy": self.accuracy, "place": self.spec.place}
        facts["p95_ms"] = round(1000 * p95, 3) if p95 == p95 else None
        return self.engine.state._replace(ready=state != "open", facts=facts)

    @property
    def restarts(self) -> int:
        """How often processes of it were started again."""
        return sum(worker.restarts for worker in getattr(self._annotate, "workers", ()))

    async def ask(self, documents: Sequence[Document]) -> Served:
        """What it makes of ``documents``, within its patience.

        Raises `DownError` when its breaker is open, or it fails or takes too long, which the breaker is told;
        `BusyError` when too much waits for it, and the `InputError` of what cannot be read.
        """
        if not self.breaker.allows(time.monotonic()):
            raise DownError("its breaker is open", retry_after=max(self.breaker.wait(time.monotonic()), 1.0))
        start = time.monotonic()
        try:
            with self._deadlines.within(self.spec.patience.of(documents), TimeoutError):
                served = await self.engine.ask(documents)
        except Exception as error:
            raise self._judged(error) from error
        except BaseException:
            self.breaker.forget()
            raise
        self._went_well(documents, served, start)
        return served

    def _judged(self, error: Exception) -> Exception:
        """Tell the breaker what a failure says of the tagger, and whoever asked what it was."""
        now = time.monotonic()
        if isinstance(error, BusyError) and not isinstance(error, DownError):
            self.breaker.forget()
            return error
        self.breaker.record(isinstance(error, InputError), now)
        if isinstance(error, InputError | DownError):
            return error
        if isinstance(error, TimeoutError):
            return DownError("it took too long", retry_after=1.0)
        return DownError(f"it failed ({type(error).__name__})", retry_after=1.0)

    def _went_well(self, documents: Sequence[Document], served: Served, start: float) -> None:
        now = time.monotonic()
        self.breaker.record(True, now)
        if not served.cached:
            self.latencies.add(sum([len(each.text) for each in documents]), now - start, now)

    async def close(self) -> None:
        """Answer what waits, and let go of the tagger; one that hangs is left behind after a while."""
        try:
            async with asyncio.timeout(_GRACE):
                await self.engine.close()
        except TimeoutError:
            pass
        close = getattr(self._annotate, "close", None)
        if close:
            await asyncio.to_thread(close)
