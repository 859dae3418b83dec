"""The vectors of words, each computed once: what a word's vector is depends on the word alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

__all__ = ["WordVectors"]

Vectors = NDArray[np.float32]
Sentences = Sequence[Sequence[str]]

_MEMORY = 32 << 20  # bytes that vectors may take: 32,768 words of 256 numbers


class WordVectors:
    """Remembers the vectors of words in ``memory`` bytes; when they are full, the oldest make room.

    ``compute`` makes the vectors ``[1 + word, width]`` of distinct words, after a first row for padding. Many
    threads may ask at once. Memory is taken as it fills and then stays the same.

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
        padding = compute([])
        self._known = _Table(padding, max(memory // padding.nbytes, 1))
        self._lock = threading.Lock()

    def __call__(self, sentences: Sentences) -> Vectors:
        """``[sentence, time, width]``, padded with the vector of row 0."""
        known = self._known
        before = known.forgotten
        try:
            vectors: Vectors = known.vectors[_index(sentences, known.number)]
        except KeyError:
            return self._learned(sentences)
        # another thread may have put other words in the places of these meanwhile
        return vectors if known.forgotten == before else self._learned(sentences)

    def _learned(self, sentences: Sentences) -> Vectors:
        """The same, where words may be lacking."""
        wanted = list(dict.fromkeys(chain.from_iterable(sentences)))
        if 2 * len(wanted) > self._known.room:
            number = {word: i for i, word in enumerate(wanted, 1)}
            return self._compute(wanted)[_index(sentences, number)]
        with self._lock:
            while missing := self._known.lacking(wanted):  # to add some may be to forget others
                self._known.add(missing, self._compute(missing)[1:])
            return self._known.vectors[_index(sentences, self._known.number)]


def _index(sentences: Sentences, number: Mapping[str, int]) -> NDArray[np.int64]:
    """The number of each word ``[sentence, time]``, 0 for padding; raises KeyError for a word without one."""
    words = map(number.__getitem__, chain.from_iterable(sentences))
    if len(sentences) == 1:
        return np.fromiter(words, np.int64, len(sentences[0]))[None]
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    index = np.zeros((len(sentences), int(lengths.max(initial=0))), dtype=np.int64)
    index[np.arange(index.shape[1]) < lengths[:, None]] = np.fromiter(words, np.int64, int(lengths.sum()))
    return index


class _Table:
    """Words and their vectors, in a ring: a new word takes the place of the oldest.

    One thread at a time may add. Others may read meanwhile: what they took from ``vectors`` by the numbers
    they found is right if ``forgotten`` is what it was before they looked.
    """

    def __init__(self, padding: Vectors, room: int) -> None:
        self.room = room
        self.number: dict[str, int] = {}
        self.vectors: Vectors = np.empty((1 + room, padding.shape[1]), dtype=np.float32)  # row 0 pads
        self.vectors[0] = padding[0]
        self.forgotten = 0
        self._words: list[str] = []  # by number, from 1
        self._next = 0  # the place in ``_words`` that is taken next

    def lacking(self, words: Iterable[str]) -> list[str]:
        return [word for word in words if word not in self.number]

    def add(self, words: list[str], vectors: Vectors) -> None:
        """No word can be found while its place is written to."""
        places = [(self._next + i) % self.room for i in range(len(words))]
        oldest = [self._words[place] for place in places if place < len(self._words)]
        for word in oldest:
            self.number.pop(word)
        self.forgotten += len(oldest)
        self.vectors[1 + np.array(places)] = vectors
        for place, word in zip(places, words, strict=True):
            self._words[place : place + 1] = [word]
        self.number.update(zip(words, (1 + place for place in places), strict=True))
        self._next = (places[-1] + 1) % self.room
