"""`Batch`: sentences as padded arrays for a network, each distinct word's features held once.

A word's features depend on the word alone, so a batch holds them for its distinct words and an index
from token to word. Row 0 stands for padding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onoma.features.words import WordFeatures

__all__ = ["Batch", "make_batch", "pad_index"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrays for one call of a network; ``mask`` is 1.0 on tokens and 0.0 on padding.

    >>> from onoma.features.words import WordFeatures
    >>> batch = make_batch([["Ada", "wrote"], ["Ada"]], WordFeatures(words=["ada"]))
    >>> batch.index.tolist(), batch.words["word"].tolist()
    ([[1, 2], [1, 0]], [0, 2, 1])
    """

    words: Mapping[str, NDArray[np.int64]]  # each [distinct word, ...]
    index: NDArray[np.int64]  # [batch, time] → distinct word
    lengths: NDArray[np.int64]  # [batch]

    @property
    def mask(self) -> NDArray[np.float32]:
        """``[batch, time]``, derived from ``lengths``."""
        return (np.arange(self.index.shape[1]) < self.lengths[:, None]).astype(np.float32)


def make_batch(sentences: Sequence[Sequence[str]], features: WordFeatures) -> Batch:
    """A batch of word sequences, none of them empty."""
    number: dict[str, int] = {}
    rows = [[number.setdefault(word, len(number) + 1) for word in words] for words in sentences]
    index, lengths = pad_index(rows)
    return Batch(features.arrays(list(number)), index, lengths)


def pad_index(
    rows: Sequence[Sequence[int] | NDArray[np.integer]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of different lengths as one array padded with 0, and the lengths.

    >>> pad_index([[5, 6], [7]])[0].tolist()
    [[5, 6], [7, 0]]
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    index = np.zeros((len(rows), int(lengths.max(initial=0))), dtype=np.int64)
    for i, row in enumerate(rows):
        index[i, : len(row)] = row
    return index, lengths
