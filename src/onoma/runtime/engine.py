"""`Engine`: the networks of a bundle under ONNX Runtime, from rows of words to entities with probabilities.

A bundle has two graphs. ``words`` makes the vector of a word from its features, which depend on nothing else,
so each word is computed once and remembered. ``tags`` reads a batch of vectors and scores each token's tags.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.features.words import WordFeatures
from onoma.runtime.bundle import TAGS, WORDS
from onoma.runtime.confidence import Confidence
from onoma.runtime.network import Network
from onoma.runtime.providers import CPU
from onoma.runtime.words import WordVectors
from onoma.tagging import TagSet
from onoma.tagging.decode import Decoder, ScoredSpan, TagScores
from onoma.tagging.readings import Readings

__all__ = ["Engine", "Reading", "Row"]


class _Room(NamedTuple):
    """What one network call may hold."""

    rows: int
    cells: int  # tokens, padding included, unless one row is longer


_ROOM = {CPU: _Room(16, 1024)}  # what a network makes of so much stays in a core's own cache
_WIDE = _Room(64, 8192)  # for what works on much at once

Rows = Sequence[Sequence[str]]
Spans = list[ScoredSpan]
Row = tuple[Spans, float]
"""The entities of a row of words, and the probability that all of its tags are right."""


class Engine:
    """Runs a bundle's two graphs and decodes what they say; many threads may use it at once.

    ``threads`` is how many batches may run side by side, each on one core: that is quicker than many cores on
    one batch, and gives every batch the same arithmetic. ``alone``: see `Network`. Raises `BundleError` when
    a graph cannot be loaded, `InputError` when ``provider`` is not there.
    """

    def __init__(
        self,
        folder: Path,
        tags: TagSet,
        threads: int,
        confidence: Confidence,
        *,
        provider: str = CPU,
        alone: bool = False,
    ) -> None:
        self.features = WordFeatures.load(folder)
        self._words = Network(folder / WORDS, provider)
        self.network = Network(folder / TAGS, provider, alone=alone)
        self._vectors = WordVectors(self._compute)
        self._tags, self._moves = tags, self.network(self.inputs([[""]]))
        self.trust(confidence)
        self._pool = _Pool(threads)
        self._room = _ROOM.get(provider, _WIDE)

    def trust(self, confidence: Confidence) -> None:
        """Give scores by ``confidence`` from now on."""
        self._decode = Decoder(self._tags, self._moves, confidence.temperature, confidence.mended)

    def read(self, rows: Rows) -> list[Spans]:
        """The entities of each row of words, as spans of its words; no row may be empty."""
        return [spans for spans, _ in self.begin(rows).result()]

    def begin(self, rows: Rows) -> Reading:
        """Start to read ``rows`` on other threads, where there are any; rows of like length run together."""
        groups = self.groups(rows)
        batches = [[rows[i] for i in group] for group in groups]
        return Reading(len(rows), groups, self._pool.map(self._read, batches))

    def groups(self, rows: Rows) -> list[list[int]]:
        """The numbers of the rows that run together, in the order of their lengths."""
        most = min(self._room.rows, -(-len(rows) // self._pool.threads))
        return list(_grouped(rows, self._room._replace(rows=most)))

    def scores(self, rows: Rows) -> TagScores:
        """What the network says of ``rows``, before decoding."""
        return self.network(self.inputs(rows))

    def readings(self, words: Sequence[str], spans: Sequence[ScoredSpan], limit: int) -> list[Spans]:
        """The ``limit`` likeliest other readings of each of ``spans``, which were found in ``words``."""
        decoder = self._decode
        readings = Readings(decoder.chain, self.scores([words]).emissions[0])
        found = (readings.of(span[:3], limit) for span in spans)
        return [[(*span[:3], decoder.mended(span[3])) for span in others] for others in found]

    def _read(self, rows: Rows) -> list[Row]:
        inputs = self.inputs(rows)
        found = self._decode.read(self.network(inputs).emissions, inputs["lengths"])
        return list(zip(*found, strict=True))

    def inputs(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """What ``network`` takes: ``vectors`` ``[row, time, width]``, ``lengths`` ``[row]``, ``mask``."""
        vectors = self._vectors(rows)
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        mask = np.arange(vectors.shape[1]) < lengths[:, None]
        return {"vectors": vectors, "lengths": lengths, "mask": mask}

    def _compute(self, words: Sequence[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._words.run(self.features.arrays(words))[0]
        return vectors


class Reading:
    """Rows on their way: `result` waits for them and puts them back in order."""

    def __init__(self, count: int, groups: list[list[int]], found: Iterator[list[Row]]) -> None:
        self._count, self._groups, self._found = count, groups, found

    def result(self) -> list[Row]:
        """What was read of each row; raises what reading raised."""
        rows: list[Row] = [([], 1.0)] * self._count
        for group, found in zip(self._groups, self._found, strict=True):
            for i, each in zip(group, found, strict=True):
                rows[i] = each
        return rows


class _Pool:
    """Worker threads, started when first needed, and again in a process that was forked."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._workers: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    def map(self, work: Callable[[Rows], list[Row]], batches: Sequence[Rows]) -> Iterator[list[Row]]:
        """``work`` on each batch, in order; begun at once, unless there is nothing to share out."""
        if self.threads == 1 or len(batches) == 1:
            return map(work, batches)
        return self._started().map(work, batches)

    def _started(self) -> ThreadPoolExecutor:
        if self._workers is None or self._process != os.getpid():  # threads do not survive a fork
            self._workers, self._process = ThreadPoolExecutor(self.threads, "onoma"), os.getpid()
        return self._workers


def _grouped(rows: Rows, room: _Room) -> Iterator[list[int]]:
    """Numbers of rows to run together: sorted by length, no more than there is ``room`` for."""
    group: list[int] = []
    for i in sorted(range(len(rows)), key=lambda i: len(rows[i])):
        if group and (len(group) >= room.rows or len(rows[i]) * (len(group) + 1) > room.cells):
            yield group
            group = []
        group.append(i)
    if group:
        yield group
