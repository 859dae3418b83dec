"""The vectors of words in numpy: what ``words.onnx`` makes of their features.

A convolution over characters of which there are few kinds is a sum of rows of a table: one row for each
character and each place in the filter's window. So nothing here multiplies matrices; every number is a sum of
a few others in one order, and a word's vector is the same bits whichever words it is computed with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lexical", "character_table"]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Lexical:
    """The parts of a word's vector; those that a network lacks are None.

    >>> lexical = Lexical(np.array([[0.0], [0.1], [0.2]], np.float32))
    >>> lexical.vectors({"word": np.array([0, 2])}).tolist()
    [[0.0], [0.20000000298023224]]
    """

    word: Floats  # [word, width]
    characters: Floats | None = None  # [place in the window, character, filter]; 0 for padding
    bias: Floats | None = None  # [filter]
    shape: Floats | None = None  # [shape, width]
    pieces: NDArray[np.int8] | None = None  # [row, width]
    scale: Floats | None = None  # [row]

    def vectors(self, features: Mapping[str, NDArray[np.int64]]) -> Floats:
        """``[word, width]`` from `WordFeatures.arrays`."""
        parts = [self.word[features["word"]]]
        if self.characters is not None and self.bias is not None:
            parts.append(_spelled(features["characters"], self.characters, self.bias))
        if self.shape is not None:
            parts.append(self.shape[features["shape"]])
        if self.pieces is not None and self.scale is not None:
            parts.append(_mean(features["pieces"], self.pieces, self.scale))
        return np.concatenate(parts, 1)


def character_table(embedding: Floats, filters: Floats) -> Floats:
    """What each character adds to each filter at each place of its window.

    ``embedding`` is ``[character, width]``, ``filters`` ``[filter, width, place]``; row 0 pads, and adds
    nothing.
    """
    table = np.einsum("fwp,cw->pcf", filters, embedding).astype(np.float32)
    table[:, 0] = 0.0
    return np.ascontiguousarray(table)


def _spelled(characters: NDArray[np.int64], table: Floats, bias: Floats) -> Floats:
    """The most of each filter over a word's characters, or 0: ``[word, filter]``."""
    before, here, after = table
    sums = here[characters]  # [word, longest, filter]
    sums[:, 1:] = before[characters[:, :-1]] + sums[:, 1:]
    sums[:, :-1] += after[characters[:, 1:]]
    sums += bias
    np.maximum(sums, 0.0, out=sums)
    sums[characters == 0] = 0.0
    most: Floats = sums.max(1)
    return most


def _mean(pieces: NDArray[np.int64], table: NDArray[np.int8], scale: Floats) -> Floats:
    """The mean of a word's rows ``[word, width]``; in double precision their sums are exact in any order."""
    total = np.zeros((len(pieces), table.shape[1]))
    for column in pieces.T:
        some = np.flatnonzero(column)
        total[some] += table[column[some]] * scale[column[some], None].astype(np.float64)
    count = np.maximum((pieces > 0).sum(1), 1)
    mean: Floats = (total / count[:, None]).astype(np.float32)
    return mean
