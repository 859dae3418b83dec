"""How fast a tagger is: one sentence at a time, as people wait for it, and in batches, as jobs run it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onoma.text.document import Annotate, Document

__all__ = ["Speed", "machine", "measure_speed", "percentiles", "rate", "seconds_of_calls"]

_PERCENTILES = (50, 95, 99)
_WARMUP = 5  # calls before the first that counts: caches fill, threads start


@dataclass(frozen=True, slots=True)
class Speed:
    """Times measured on ``sentences`` texts of ``tokens`` tokens.

    ``latency_ms`` maps ``p50``, ``p95`` and ``p99`` to milliseconds a sentence, one at a time;
    ``tokens_per_second`` maps ``single`` (the same calls) and ``batched`` (``batch_size`` sentences a call).
    ``threads`` is None where the tagger was left to choose.
    """

    sentences: int
    tokens: int
    batch_size: int
    latency_ms: dict[str, float]
    tokens_per_second: dict[str, float]
    threads: int | None
    machine: str

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def measure_speed(
    annotate: Annotate,
    documents: Sequence[Document],
    *,
    batch_size: int = 64,
    threads: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Speed | None:
    """Time ``annotate`` on ``documents``, which lose their entities first; None when no document has tokens.

    ``clock`` gives seconds. A few calls go before, uncounted.

    >>> ticks = iter(range(1000))
    >>> speed = measure_speed(list, [Document.from_text("Ada wrote.")] * 4, clock=lambda: next(ticks) / 100)
    >>> speed.latency_ms["p50"], speed.tokens_per_second["single"]
    (10.0, 300.0)
    """
    texts = [document.replace(entities=()) for document in documents if document.tokens]
    if not texts:
        return None
    tokens = sum(len(text.tokens) for text in texts)
    for text in texts[:_WARMUP]:
        annotate([text])
    single = seconds_of_calls(annotate, texts, 1, clock)
    annotate(texts[:batch_size])
    batched = sum(seconds_of_calls(annotate, texts, batch_size, clock))
    return Speed(
        sentences=len(texts),
        tokens=tokens,
        batch_size=batch_size,
        latency_ms=percentiles(single),
        tokens_per_second={"single": rate(tokens, sum(single)), "batched": rate(tokens, batched)},
        threads=threads,
        machine=machine(),
    )


def seconds_of_calls(
    annotate: Annotate, texts: Sequence[Document], batch_size: int, clock: Callable[[], float]
) -> list[float]:
    """How long each call takes in which ``annotate`` is given ``batch_size`` of ``texts``, in order."""
    taken = []
    for at in range(0, len(texts), batch_size):
        batch = texts[at : at + batch_size]
        began = clock()
        annotate(batch)
        taken.append(clock() - began)
    return taken


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """``p50``, ``p95`` and ``p99`` of ``seconds``, in milliseconds."""
    return {f"p{p}": round(1000 * float(np.percentile(seconds, p)), 4) for p in _PERCENTILES}


def rate(tokens: int, seconds: float) -> float:
    """Tokens a second."""
    return round(tokens / max(seconds, 1e-9), 1)


def machine() -> str:
    """The processor and how many cores of it this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not everywhere
    cores = len(affinity(0)) if affinity else os.cpu_count()
    return f"{_processor()}, {cores} cores, Python {platform.python_version()}"


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
