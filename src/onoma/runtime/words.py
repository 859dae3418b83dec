"""What a network makes of words, each computed once: it depends on the word alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.runtime.forks import fork_lock

__all__ = ["Lent", "WordVectors"]

Vectors = NDArray[Any]
Sentences = Sequence[Sequence[str]]

_MEMORY = 64 << 20  # bytes that vectors may take: 32,768 words of 1,024 short integers


class Lent(NamedTuple):
    """The vectors of words where they lie: token by token their rows of ``table``."""

    table: Vectors  # [row, width]
    rows: NDArray[np.int32]  # [token]
    taken: int  # how many words the memory had taken in before


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
        self._lock = fork_lock()

    def __call__(self, sentences: Sentences) -> Vectors:
        """``[sentence, time, width]``, padded with the vector of row 0."""
        lent = self.lend(sentences)
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        index = np.zeros((len(sentences), int(lengths.max(initial=0))), dtype=np.int64)
        inside = np.arange(index.shape[1]) < lengths[:, None]
        index[inside] = lent.rows
        vectors = lent.table[index]
        if not self.holds(lent):
            lent = self.copied(sentences)
            index[inside] = lent.rows
            vectors = lent.table[index]
        return vectors

    def lend(self, sentences: Sentences) -> Lent:
        """The vectors of the words, for use at once: ask `holds` when done, and if it does not, `copied`."""
        known = self._known
        taken = known.taken
        try:
            return Lent(known.vectors, _rows(sentences, known.number), taken)
        except KeyError:
            return self._learned(sentences, copy=False)

    def holds(self, lent: Lent) -> bool:
        """Whether no other word has come to where those lent lie."""
        known, new = self._known, self._known.taken - lent.taken
        if lent.table is not known.vectors or not new:
            return True
        return new < known.room and bool((((lent.rows - 1 - lent.taken) % known.room) >= new).all())

    def copied(self, sentences: Sentences) -> Lent:
        """The same in a table of its own, which holds."""
        return self._learned(sentences, copy=True)

    def _learned(self, sentences: Sentences, *, copy: bool) -> Lent:
        """The same, where words may be lacking."""
        wanted = list(dict.fromkeys(chain.from_iterable(sentences)))
        if 2 * len(wanted) > self._known.room:
            number = {word: i for i, word in enumerate(wanted, 1)}
            return Lent(self._compute(wanted), _rows(sentences, number), 0)
        with self._lock:
            known = self._known
            while missing := known.lacking(wanted):  # to add some may be to forget others
                known.add(missing, self._compute(missing)[1:])
            lent = Lent(known.vectors, _rows(sentences, known.number), known.taken)
            return _own(lent) if copy else lent


def _own(lent: Lent) -> Lent:
    """The same in a table of its own, after a first row for padding."""
    distinct, rows = np.unique(lent.rows, return_inverse=True)
    table = lent.table[np.concatenate([[0], distinct])]
    return Lent(table, (rows + 1).astype(np.int32), 0)


def _rows(sentences: Sentences, number: Mapping[str, int]) -> NDArray[np.int32]:
    """The number of each word, sentence by sentence; raises KeyError for a word without one."""
    words = map(number.__getitem__, chain.from_iterable(sentences))
    return np.fromiter(words, np.int32, sum(map(len, sentences)))


class _Table:
    """Words and their vectors, in a ring: a new word takes the place of the oldest.

    One thread at a time may add. Others may read meanwhile: what they took from ``vectors`` by the numbers
    they found is right unless one of these was given away since; ``taken``, which counts the words that ever
    came, tells.
    """

    def __init__(self, padding: Vectors, room: int) -> None:
        self.room = room
        self.number: dict[str, int] = {}
        self.vectors: Vectors = np.empty((1 + room, padding.shape[1]), dtype=padding.dtype)  # row 0 pads
        self.vectors[0] = padding[0]
        self.taken = 0
        self._words: list[str] = []  # by number, from 1

    def lacking(self, words: Iterable[str]) -> list[str]:
        return [word for word in words if word not in self.number]

    def add(self, words: list[str], vectors: Vectors) -> None:
        """No word can be found while its place is written to."""
        places = [(self.taken + i) % self.room for i in range(len(words))]
        for word in [self._words[place] for place in places if place < len(self._words)]:
            self.number.pop(word)
        self.taken += len(words)
        self.vectors[1 + np.array(places)] = vectors
        for place, word in zip(places, words, strict=True):
            self._words[place : place + 1] = [word]
        self.number.update(zip(words, (1 + place for place in places), strict=True))
