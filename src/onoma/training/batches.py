"""The batches of an epoch: which sentences go together is a pure function of seed and epoch.

So a resumed run needs to know no more than its epoch and step to see exactly the batches it would have seen.
A *table* turns stored sentences into batches of the kind that a network reads: `WordTable` here, `PieceTable`
in a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from onoma.features.batch import Batch, pad_index
from onoma.features.words import UNKNOWN, WordFeatures
from onoma.tagging import TagSet
from onoma.training.recipe import Training
from onoma.training.store import Store

__all__ = [
    "EpochPlan",
    "Lexicon",
    "Part",
    "Table",
    "Teach",
    "WordTable",
    "forgetful",
    "gold_of",
    "grouped",
    "plan_epoch",
]

_POOL = 50  # batches sorted by length together: little padding, much chance
_JUDGED = 128  # sentences of like length a batch, where none is learned from

Part = tuple[int, int, int]
"""A sentence's number in the store and the range of its tokens that a batch has a row of tags for."""

Teach = Callable[[Sequence[Part]], Any]
"""What a network is to learn of the sentences of a batch, where that is not their gold tags."""

Item = TypeVar("Item")


class Table(Protocol):
    """What makes batches of a store's sentences; what stands for a row of a batch is its own affair."""

    def epoch(self, training: Training, seed: int, epoch: int) -> list[list[Any]]:
        """The rows of each batch of an epoch: every token of every sentence once."""

    def whole(self) -> Iterator[list[Any]]:
        """The rows of batches to be judged: all sentences, read as in use."""

    def batch(self, rows: Sequence[Any]) -> tuple[Any, list[Part]]:
        """The batch of some rows, and what its sentences are."""

    def tokens(self, rows: Sequence[Any]) -> int:
        """How many tokens the sentences of that batch have."""

    def forget(self, batch: Any, share: float, chance: np.random.Generator) -> Any:
        """The batch with about ``share`` of its words as ones that are not known."""


def plan_epoch(lengths: NDArray[np.int64], training: Training, seed: int, epoch: int) -> list[list[Part]]:
    """The parts in each batch: every token of every sentence once, in an order drawn from seed and epoch.

    >>> plan = plan_epoch(np.array([3, 20, 2]), Training(batch_size=2, max_length=8), seed=1, epoch=0)
    >>> sorted(part for batch in plan for part in batch)
    [(0, 0, 3), (1, 0, 7), (1, 7, 14), (1, 14, 20), (2, 0, 2)]
    """
    chance = np.random.default_rng([seed, epoch])
    order = chance.permutation(len(lengths))
    parts = [part for i in order for part in _cut(int(i), int(lengths[i]), training.max_length)]
    return grouped(parts, training, chance, width=_width)


def _width(part: Part) -> int:
    return part[2] - part[1]


def _cut(sentence: int, length: int, longest: int) -> Iterator[Part]:
    """Equal windows of at most ``longest`` tokens that tile the sentence."""
    count = -(-length // longest)
    edges = [min(round(-(-length * i // count)), length) for i in range(count + 1)]
    yield from ((sentence, a, b) for a, b in pairwise(edges))


def grouped(
    rows: Sequence[Item],
    training: Training,
    chance: np.random.Generator,
    *,
    width: Callable[[Item], int],
    sentences: Callable[[Item], int] = lambda row: 1,
) -> list[list[Item]]:
    """Rows, which come in an order drawn by chance, as batches: those of like ``width`` together.

    ``sentences`` says how many a row counts for where batches are of so many sentences; where they are of
    so many tokens, ``width`` is what a row has of those.
    """
    by, size = training.batch_by, training.batch_size
    share = sum(map(sentences, rows)) / max(len(rows), 1)
    pool = max(1, round(_POOL * size / (share if by == "sentences" else 16)))
    batches: list[list[Item]] = []
    for at in range(0, len(rows), pool):
        alike = sorted(rows[at : at + pool], key=width)
        batches += (
            _by_sentences(alike, size, sentences) if by == "sentences" else _by_width(alike, size, width)
        )
    return [batches[i] for i in chance.permutation(len(batches))]


def _by_sentences(rows: list[Item], size: int, sentences: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Runs of rows with no more than ``size`` sentences, unless one alone has more."""
    batch: list[Item] = []
    held = 0
    for row in rows:
        if batch and held + sentences(row) > size:
            yield batch
            batch, held = [], 0
        batch.append(row)
        held += sentences(row)
    if batch:
        yield batch


def _by_width(rows: list[Item], size: int, width: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Runs of rows, ascending in width, that stay within ``size`` once padded, unless one alone does not."""
    batch: list[Item] = []
    for row in rows:
        if batch and width(row) * (len(batch) + 1) > size:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class Lexicon:
    """Features of every distinct word of a store, from which a batch takes those it needs."""

    def __init__(self, store: Store, features: WordFeatures) -> None:
        self._arrays: Mapping[str, NDArray[np.int32]] = {
            name: array.astype(np.int32) for name, array in features.arrays(store.words()).items()
        }

    def batch(self, sentences: Sequence[NDArray[np.integer]]) -> Batch:
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


class WordTable:
    """Batches for networks that read words: a row is a `Part`, a sentence or a window of a long one."""

    def __init__(self, store: Store, features: WordFeatures) -> None:
        self._store, self._lexicon = store, Lexicon(store, features)

    def epoch(self, training: Training, seed: int, epoch: int) -> list[list[Part]]:
        """See `plan_epoch`."""
        return plan_epoch(self._store.lengths, training, seed, epoch)

    def whole(self) -> Iterator[list[Part]]:
        """All sentences whole, those of like length together."""
        lengths = self._store.lengths
        order = np.argsort(lengths, kind="stable")
        for at in range(0, len(order), _JUDGED):
            yield [(int(i), 0, int(lengths[i])) for i in order[at : at + _JUDGED]]

    def batch(self, rows: Sequence[Part]) -> tuple[Batch, list[Part]]:
        """The batch of some parts, which are its sentences."""
        return self._lexicon.batch([self._store.sentence(s)[0][a:b] for s, a, b in rows]), list(rows)

    def tokens(self, rows: Sequence[Part]) -> int:
        """Tokens of the parts."""
        return sum(map(_width, rows))

    def forget(self, batch: Batch, share: float, chance: np.random.Generator) -> Batch:
        """See `forgetful`."""
        return replace(batch, words=forgetful(batch.words, share, chance))


def forgetful(
    words: Mapping[str, NDArray[np.int64]], share: float, chance: np.random.Generator
) -> Mapping[str, NDArray[np.int64]]:
    """The features of a batch's words, some known ones as unknown, so that the vector of these is learned."""
    if "word" not in words:
        return words
    word = words["word"]
    drawn = chance.random(len(word)) < share
    return {**words, "word": np.where(drawn & (word > UNKNOWN), UNKNOWN, word)}


class EpochPlan:
    """The batches of one epoch with their gold tags, or what ``teach`` says; ``plan[i]`` is batch ``i``."""

    def __init__(
        self,
        store: Store,
        table: Table,
        tags: TagSet,
        training: Training,
        seed: int,
        epoch: int,
        teach: Teach | None = None,
    ) -> None:
        self._store, self._table = store, table
        self._teach = teach or (lambda parts: pad_index([gold_of(store, part, tags) for part in parts])[0])
        self._dropout = training.word_dropout
        self._plan = table.epoch(training, seed, epoch)
        self._chance = (seed, epoch, 1)

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        """Batch ``i`` and its tag ids ``[batch, time]``, or what else is to be learned."""
        batch, parts = self._table.batch(self._plan[i])
        if self._dropout:
            batch = self._table.forget(batch, self._dropout, np.random.default_rng([*self._chance, i]))
        return batch, self._teach(parts)

    def tokens(self, i: int) -> int:
        """How many tokens batch ``i`` holds."""
        return self._table.tokens(self._plan[i])


def gold_of(store: Store, part: Part, tags: TagSet) -> NDArray[np.integer]:
    """The tag ids of a part of a sentence; an entity that its edge cuts is tagged as far as it is seen."""
    sentence, start, end = part
    _, gold = store.sentence(sentence)
    if end - start == len(gold):
        return gold
    return tags.encode(tags.decode(gold[start:end]), end - start)
