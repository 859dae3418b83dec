"""The vectors of words, each computed once: what a word's vector is depends on the word alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

__all__ = ["WordVectors"]

Vectors = NDArray[np.float32]

_MEMORY = 64 << 20  # bytes that vectors may take
_FIRST = 2048  # words that the table has room for at the beginning


class WordVectors:
    """Remembers the vector of every word it was asked for, up to ``memory`` bytes; then it begins anew.

    ``compute`` makes the vectors ``[1 + word, width]`` of distinct words, after a first row for padding. Many
    threads may ask at once.

    >>> seen = []
    >>> def lengths(words):
    ...     seen.extend(words)
    ...     return np.array([[0.0], *([len(word)] for word in words)], dtype=np.float32)
    >>> vectors = WordVectors(lengths)
    >>> vectors([["Ada", "wrote"], ["Ada"]]).tolist()
    [[[3.0], [5.0]], [[3.0], [0.0]]]
    >>> _ = vectors([["wrote"]])
    >>> seen
    ['Ada', 'wrote']
    """

    def __init__(self, compute: Callable[[Sequence[str]], Vectors], memory: int = _MEMORY) -> None:
        self._compute = compute
        self._padding = compute([])
        self._room = max(memory // self._padding.nbytes, 1)
        self._lock = threading.Lock()
        self._known = _Table(self._padding)

    def __call__(self, sentences: Sequence[Sequence[str]]) -> Vectors:
        """``[sentence, time, width]``, padded with the vector of row 0."""
        known, wanted = self._known, dict.fromkeys(chain.from_iterable(sentences))
        if not known.holds(wanted):
            known = self._learn(wanted)
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        index = np.zeros((len(sentences), int(lengths.max(initial=0))), dtype=np.int64)
        index[np.arange(index.shape[1]) < lengths[:, None]] = known.numbers(chain.from_iterable(sentences))
        return known.vectors[index]

    def _learn(self, words: Iterable[str]) -> _Table:
        """A table that holds ``words``: the one there is and what it lacked; a new one when it is full."""
        with self._lock:
            known = self._known
            missing = known.lacking(words)
            if len(known) + len(missing) > self._room:
                known, missing = _Table(self._padding), list(words)
            if missing:
                known.add(missing, self._compute(missing)[1:])
            self._known = known
            return known


class _Table:
    """Words and their vectors; it only grows, so what a reader has looked up stays where it is."""

    def __init__(self, padding: Vectors) -> None:
        self._number: dict[str, int] = {}
        self.vectors: Vectors = np.empty((_FIRST, padding.shape[1]), dtype=np.float32)
        self.vectors[0] = padding[0]

    def __len__(self) -> int:
        return len(self._number)

    def holds(self, words: dict[str, None]) -> bool:
        return words.keys() <= self._number.keys()

    def lacking(self, words: Iterable[str]) -> list[str]:
        return [word for word in words if word not in self._number]

    def numbers(self, words: Iterable[str]) -> NDArray[np.int64]:
        return np.fromiter(map(self._number.__getitem__, words), np.int64)

    def add(self, words: list[str], vectors: Vectors) -> None:
        """The vectors stand before the words can be found."""
        start, end = len(self) + 1, len(self) + 1 + len(words)
        if end > len(self.vectors):
            wider = np.empty((max(end, 2 * len(self.vectors)), vectors.shape[1]), dtype=np.float32)
            wider[:start] = self.vectors[:start]
            self.vectors = wider
        self.vectors[start:end] = vectors
        self._number.update(zip(words, range(start, end), strict=True))
