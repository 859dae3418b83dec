"""How rows of words are read: by ONNX Runtime from a bundle's graphs, or by Onoma's own code in C.

A *reader* scores the tags of rows of words, and finds the spans on the best path. What a network makes of a
word depends on the word alone, so each word is computed once and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from onoma.features.words import WordFeatures
from onoma.runtime.bundle import TAGS, WORDS
from onoma.runtime.providers import CPU
from onoma.runtime.recurrent_kernel import RecurrentKernel
from onoma.runtime.side_by_side import Room
from onoma.runtime.stored import Stored
from onoma.runtime.words import WordVectors
from onoma.tagging.chain import Chain, ScoredSpan, TagScores
from onoma.tagging.decode import Decoder
from onoma.tagging.kernel import Library

__all__ = ["KernelReader", "OnnxReader", "Reader", "Row", "Rows", "Spans"]

Rows = Sequence[Sequence[str]]
Spans = list[ScoredSpan]
Row = tuple[Spans, float]
"""The entities of a row of words, and the probability that all of its tags are right."""

Made = TypeVar("Made")


class Reader(Protocol):
    """Many threads may use one at once; no row is empty.

    ``moves`` are scores without emissions, ``room`` is what is best read in one call, and ``worth`` how many
    words take longer than it takes to hand them to another thread.
    """

    moves: TagScores
    room: Room
    worth: int

    def trust(self, decoder: Decoder) -> None:
        """Decode by ``decoder`` from now on."""

    def read(self, rows: Rows) -> list[Row]:
        """What is found in each row."""

    def scores(self, rows: Rows) -> TagScores:
        """What the network says of the rows ``[row, time, tag]``, before decoding."""


class OnnxReader:
    """A bundle's two graphs under ONNX Runtime: any network, on any part of the machine that it knows.

    ``alone``: see `Network`. Raises `BundleError` when a graph cannot be loaded, `InputError` when
    ``provider`` is not there.
    """

    worth = 64

    def __init__(
        self, folder: Path, features: WordFeatures, provider: str = CPU, *, alone: bool = False
    ) -> None:
        from onoma.runtime.network import Network  # brings ONNX Runtime, which not every bundle needs

        self._features = features
        self._words = Network(folder / WORDS, provider)
        self.network = Network(folder / TAGS, provider, alone=alone)
        self.vectors = WordVectors(self.compute)
        self.moves = self.network(self.inputs([[""]]))
        # what a network makes of so much stays in a core's own cache; others work on much at once
        self.room = Room(16, 1024) if provider == CPU else Room(64, 8192)

    def trust(self, decoder: Decoder) -> None:
        """Decode by ``decoder`` from now on."""
        self._decode = decoder

    def read(self, rows: Rows) -> list[Row]:
        """What is found in each row."""
        inputs = self.inputs(rows)
        found = self._decode.read(self.network(inputs).emissions, inputs["lengths"])
        return list(zip(*found, strict=True))

    def scores(self, rows: Rows) -> TagScores:
        """What the network says of the rows ``[row, time, tag]``, before decoding."""
        return self.network(self.inputs(rows))

    def inputs(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """What ``network`` takes: ``vectors`` ``[row, time, width]``, ``lengths`` ``[row]``, ``mask``."""
        vectors = self.vectors(rows)
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        mask = np.arange(vectors.shape[1]) < lengths[:, None]
        return {"vectors": vectors, "lengths": lengths, "mask": mask}

    def compute(self, words: Sequence[str]) -> NDArray[Any]:
        """The vectors of distinct words, after that of padding."""
        vectors: NDArray[Any] = self._words.run(self._features.arrays(words))[0]
        return vectors


class KernelReader:
    """A bidirectional LSTM in C, from the numbers of words to spans in one call; see `RecurrentKernel`."""

    room = Room(1024, 8192)  # enough that calling costs little, little enough that cores share the work
    worth = 1024

    def __init__(self, library: Library, network: Stored, features: WordFeatures, chain: Chain) -> None:
        self._features, self._lexical, self.moves = features, network.lexical, network.moves
        self._kernel = RecurrentKernel(library, network.recurrence, chain)
        self.vectors = WordVectors(self.compute)

    def trust(self, decoder: Decoder) -> None:
        """Decode by ``decoder`` from now on."""
        self._decode = decoder
        self._kernel.trust(decoder.chain)

    def read(self, rows: Rows) -> list[Row]:
        """What is found in each row."""
        found = self._called(self._kernel.read, rows)
        return list(zip(*self._decode.told(found), strict=True))

    def scores(self, rows: Rows) -> TagScores:
        """What the network says of the rows ``[row, time, tag]``, before decoding."""
        scores = self._called(self._kernel.scores, rows)
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        padded = np.zeros((len(rows), int(lengths.max(initial=0)), scores.shape[1]), np.float32)
        padded[np.arange(padded.shape[1]) < lengths[:, None]] = scores
        return self.moves._replace(emissions=padded)

    def _called(
        self, work: Callable[[NDArray[Any], NDArray[np.int32], NDArray[np.int64]], Made], rows: Rows
    ) -> Made:
        """``work`` on the rows' words where they lie; again on a copy where they did not stay."""
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=starts[1:])
        lent = self.vectors.lend(rows)
        made = work(lent.table, lent.rows, starts)
        if self.vectors.holds(lent):
            return made
        lent = self.vectors.copied(rows)
        return work(lent.table, lent.rows, starts)

    def compute(self, words: Sequence[str]) -> NDArray[Any]:
        """The input products of distinct words, after that of padding; some at a time, which is quicker."""
        parts = [self._computed(words[at : at + 64]) for at in range(0, len(words), 64)]
        padding = self._computed([])
        return np.concatenate([padding, *(part[1:] for part in parts)])

    def _computed(self, words: Sequence[str]) -> NDArray[Any]:
        return self._kernel.products(self._lexical.vectors(self._features.arrays(words)))
