"""The batches of an epoch: which sentences go together is a pure function of seed and epoch.

So a resumed run needs to know no more than its epoch and step to see exactly the batches it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from onoma.features.batch import Batch, pad_index
from onoma.features.words import UNKNOWN, WordFeatures
from onoma.tagging import TagSet
from onoma.training.recipe import Training
from onoma.training.store import Store

__all__ = ["EpochPlan", "WordTable", "plan_epoch"]

_POOL = 50  # batches sorted by length together: little padding, much chance

Piece = tuple[int, int, int]
"""A sentence number and the range of its tokens that a batch reads."""


def plan_epoch(lengths: NDArray[np.int64], training: Training, seed: int, epoch: int) -> list[list[Piece]]:
    """The pieces of each batch: every token of every sentence once, in an order drawn from seed and epoch.

    >>> plan = plan_epoch(np.array([3, 20, 2]), Training(batch_size=2, max_length=8), seed=1, epoch=0)
    >>> sorted(piece for batch in plan for piece in batch)
    [(0, 0, 3), (1, 0, 7), (1, 7, 14), (1, 14, 20), (2, 0, 2)]
    """
    chance = np.random.default_rng([seed, epoch])
    order = chance.permutation(len(lengths))
    pieces = [piece for i in order for piece in _cut(int(i), int(lengths[i]), training.max_length)]
    size = training.batch_size
    pool = _POOL * (size if training.batch_by == "sentences" else max(1, size // 16))
    batches: list[list[Piece]] = []
    for at in range(0, len(pieces), pool):
        batches += _group(sorted(pieces[at : at + pool], key=_width), size, training.batch_by)
    return [batches[i] for i in chance.permutation(len(batches))]


def _width(piece: Piece) -> int:
    return piece[2] - piece[1]


def _cut(sentence: int, length: int, longest: int) -> Iterator[Piece]:
    """Equal windows of at most ``longest`` tokens that tile the sentence."""
    count = -(-length // longest)
    edges = [min(round(-(-length * i // count)), length) for i in range(count + 1)]
    yield from ((sentence, a, b) for a, b in pairwise(edges))


def _group(pieces: list[Piece], size: int, by: str) -> Iterator[list[Piece]]:
    """Runs of ``size`` sentences, or as many as stay within ``size`` tokens once padded."""
    batch: list[Piece] = []
    for piece in pieces:
        full = len(batch) >= size if by == "sentences" else _width(piece) * (len(batch) + 1) > size
        if batch and full:
            yield batch
            batch = []
        batch.append(piece)
    if batch:
        yield batch


class WordTable:
    """Features of every distinct word of a store, from which a batch takes those it needs."""

    def __init__(self, store: Store, features: WordFeatures) -> None:
        self._arrays: Mapping[str, NDArray[np.int32]] = {
            name: array.astype(np.int32) for name, array in features.arrays(store.words()).items()
        }

    def batch(self, sentences: list[NDArray[np.integer]]) -> Batch:
        """The batch of word numbers in a store, one array a sentence."""
        index, lengths = pad_index([words + 1 for words in sentences])
        used, inverse = np.unique(index, return_inverse=True)
        used, inverse = (used, inverse) if used[0] == 0 else (np.r_[0, used], inverse + 1)
        words = {name: _trim(array[used]) for name, array in self._arrays.items()}
        return Batch(words, inverse.reshape(index.shape).astype(np.int64), lengths)


def _trim(array: NDArray[np.int32]) -> NDArray[np.int64]:
    """Drop columns in which every row is padding, but for the first."""
    if array.ndim == 2:
        width = int((array > 0).any(0).sum())
        array = array[:, : max(width, 1)]
    return array.astype(np.int64)


class EpochPlan:
    """The batches of one epoch with their gold tags; ``plan[i]`` is batch ``i``."""

    def __init__(
        self, store: Store, table: WordTable, tags: TagSet, training: Training, seed: int, epoch: int
    ) -> None:
        self._store, self._table, self._tags = store, table, tags
        self._dropout = training.word_dropout
        self._plan = plan_epoch(store.lengths, training, seed, epoch)
        self._chance = (seed, epoch, 1)

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, i: int) -> tuple[Batch, NDArray[np.int64]]:
        """Batch ``i`` and its tag ids ``[batch, time]``."""
        rows = [(self._store.sentence(s), a, b) for s, a, b in self._plan[i]]
        batch = self._table.batch([words[a:b] for (words, _), a, b in rows])
        gold, _ = pad_index([self._window_tags(tags, a, b) for (_, tags), a, b in rows])
        return self._forget(batch, i), gold

    def tokens(self, i: int) -> int:
        """How many tokens batch ``i`` holds."""
        return sum(map(_width, self._plan[i]))

    def _window_tags(self, tags: NDArray[np.integer], start: int, end: int) -> NDArray[np.integer]:
        """The tags of a window; an entity that its edge cuts is tagged as far as the window sees it."""
        if end - start == len(tags):
            return tags
        inside = self._tags.decode(tags[start:end])
        return self._tags.encode(inside, end - start)

    def _forget(self, batch: Batch, i: int) -> Batch:
        """Train some known words as unknown, so that the vector of unknown words is learned too."""
        if not self._dropout:
            return batch
        word = batch.words["word"]
        drawn = np.random.default_rng([*self._chance, i]).random(len(word)) < self._dropout
        known = np.where(drawn & (word > UNKNOWN), UNKNOWN, word)
        return Batch({**batch.words, "word": known}, batch.index, batch.lengths)
