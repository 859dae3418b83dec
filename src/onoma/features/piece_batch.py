"""`PieceBatch`: rows of pieces for an encoder, and where in them the words of each sentence are.

What an encoder reads together (a row) need not be what is decoded together (a sentence): a row may hold many
sentences, and a long sentence may lie in several rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.features.batch import Batch, pad_index
from onoma.features.pieces import Context, Integers, Pieces, plan_pieces
from onoma.features.words import WordFeatures
from onoma.text.windows import Window

__all__ = ["PieceBatch", "PieceFeatures"]


@dataclass(frozen=True, slots=True)
class PieceBatch:
    """Arrays for one call of a network that reads pieces; see `Pieces.rows` for ``rows``.

    ``words`` and ``index`` are those of a `Batch` whose sentences are the rows: features of distinct words,
    where the network reads any, else empty.
    """

    rows: Mapping[str, NDArray[Any]]
    place: Integers  # [sentence, time] → row * words + word, among the rows' words laid out flat
    lengths: Integers  # [sentence]
    words: Mapping[str, Integers] = field(default_factory=dict)  # each [distinct word, ...]
    index: Integers = field(default_factory=lambda: np.zeros((0, 0), np.int64))  # [row, word]

    @property
    def mask(self) -> NDArray[np.float32]:
        """``[sentence, time]``: 1.0 on tokens, derived from ``lengths``."""
        return (np.arange(self.place.shape[1]) < self.lengths[:, None]).astype(np.float32)


@dataclass(frozen=True)
class PieceFeatures:
    """How an encoder reads documents: pieces of words, windows over them, and features of words beside.

    ``limit`` counts pieces of a window with the special tokens around it; ``overlap`` and ``context`` are
    those of `plan_pieces`.

    >>> from tokenizers import Tokenizer
    >>> from tokenizers.models import WordPiece
    >>> pieces = Pieces(Tokenizer(WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]")).to_str())
    >>> features = PieceFeatures(pieces, limit=8, overlap=2)
    >>> [tuple(window) for window in features.windows(np.ones(10, np.int64), [0, 6])]
    [(0, 6, 0, 6), (6, 10, 6, 10)]
    >>> features.batch([["a", "b"], ["a"]], [np.array([0, 1]), np.array([2])]).rows["pieces"].tolist()
    [[1, 0], [1, 0]]
    """

    pieces: Pieces
    limit: int
    overlap: int
    context: Context = "sentence"
    words: WordFeatures | None = None

    def windows(self, counts: Integers, starts: Sequence[int], *, overlap: int | None = None) -> list[Window]:
        """Windows over a document of words with ``counts`` pieces, whose sentences begin at ``starts``."""
        shared = self.overlap if overlap is None else overlap
        return plan_pieces(
            counts, starts, self.limit - self.pieces.frame, overlap=shared, context=self.context
        )

    def batch(
        self, rows: Sequence[Sequence[str]], places: Sequence[Integers], lexical: Batch | None = None
    ) -> PieceBatch:
        """Rows of words, and for each sentence where its words are: row * the longest row's words + word.

        ``lexical`` are the features of the rows' words.
        """
        place, lengths = pad_index(places)
        pieces = self.pieces.rows(rows)
        if lexical is None:
            return PieceBatch(pieces, place, lengths)
        return PieceBatch(pieces, place, lengths, lexical.words, lexical.index)

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json`` into ``folder`` and, with features of words, their lexicon."""
        self.pieces.save(folder)
        if self.words is not None:
            self.words.save(folder)
