"""Batches for networks that read pieces: rows are windows over sentences or articles, as at run time.

To learn from, windows tile the text, so each word is read once, and where an article takes several of them
the first one's end is drawn anew each epoch. To be judged, a document is read exactly as it is in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.features.piece_batch import PieceBatch, PieceFeatures
from onoma.features.pieces import Integers
from onoma.features.words import WordFeatures
from onoma.text.windows import Window
from onoma.training.batches import Lexicon, Part, Table, WordTable, forgetful, grouped
from onoma.training.recipe import Training
from onoma.training.store import Store

__all__ = ["PieceTable", "table_of"]

_JUDGED = 8192  # pieces a batch, padding included, where none is learned from


def table_of(store: Store, features: WordFeatures | PieceFeatures) -> Table:
    """The table that makes batches of what ``features`` see."""
    if isinstance(features, PieceFeatures):
        return PieceTable(store, features)
    return WordTable(store, features)


class _Text(NamedTuple):
    """What windows are laid over: a sentence of the store, or all those of an article."""

    words: NDArray[np.integer]  # [word], numbers in the store
    edges: Integers  # [sentence of the store + 1], where each begins
    starts: Integers  # words that begin a sentence
    first: int  # number of the first sentence of the store


class Row(NamedTuple):
    """Windows of one text that go into a batch together: one to learn from, all of them to be judged."""

    text: int
    windows: tuple[Window, ...]
    width: int  # pieces of the widest window
    sentences: int


class PieceTable:
    """Rows of pieces over the sentences of a store."""

    def __init__(self, store: Store, features: PieceFeatures) -> None:
        self._store, self._features = store, features
        self._words = store.words()
        self._counts = features.pieces.counts(self._words)
        self._lexicon = None if features.words is None else Lexicon(store, features.words)
        apart = np.ones(len(store) - 1, bool)
        if features.context == "document":
            apart = np.diff(store.articles) > 0
        self._bounds = np.r_[
            0, 1 + np.flatnonzero(apart), len(store)
        ]  # [text + 1], in sentences of the store

    def epoch(self, training: Training, seed: int, epoch: int) -> list[list[Row]]:
        """The rows of each batch: windows that tile every text."""
        chance = np.random.default_rng([seed, epoch])
        rows = self._still if self._features.context == "sentence" else list(self._drawn(chance))
        order = chance.permutation(len(rows))
        return grouped(
            [rows[i] for i in order],
            training,
            chance,
            width=lambda row: row.width,
            sentences=lambda row: row.sentences,
        )

    @cached_property
    def _still(self) -> list[Row]:
        """Windows that are the same in every epoch."""
        return [
            self._row(i, text, (window,))
            for i, text in self._texts()
            for window in self._features.windows(self._counts[text.words], text.starts.tolist(), overlap=0)
        ]

    def _drawn(self, chance: np.random.Generator) -> Iterator[Row]:
        """Windows over articles; those over an article of several begin where chance has it."""
        for i, text in self._texts():
            cut = self._first_end(text, chance)
            for start, end in ((0, cut), (cut, len(text.words))):
                counts, starts = self._counts[text.words[start:end]], text.starts - start
                for window in self._features.windows(counts, starts[starts >= 0].tolist(), overlap=0):
                    moved = Window(*(place + start for place in window))
                    yield self._row(i, text, (moved,))

    def _first_end(self, text: _Text, chance: np.random.Generator) -> int:
        """Where the first window over an article ends; 0 where one window can hold all."""
        place, room = chance.random(), self._features.limit - self._features.pieces.frame
        pieces = np.r_[0, self._counts[text.words].cumsum()]
        if pieces[-1] <= room:
            return 0
        return int(text.starts[np.searchsorted(pieces[text.starts], place * room, "right") - 1])

    def whole(self) -> Iterator[list[Row]]:
        """All texts, each with all of its windows, those of like width together."""
        rows = []
        for i, text in self._texts():
            rows.append(
                self._row(i, text, self._features.windows(self._counts[text.words], text.starts.tolist()))
            )
        batch: list[Row] = []
        held = 0
        for row in sorted(rows, key=lambda row: row.width):
            if batch and row.width * (held + len(row.windows)) > _JUDGED:
                yield batch
                batch, held = [], 0
            batch.append(row)
            held += len(row.windows)
        if batch:
            yield batch

    def _texts(self) -> Iterator[tuple[int, _Text]]:
        for i in range(len(self._bounds) - 1):
            yield i, self._text(i)

    def _text(self, i: int) -> _Text:
        first, last = int(self._bounds[i]), int(self._bounds[i + 1])
        edges = np.r_[0, self._store.lengths[first:last].cumsum()]
        words = np.concatenate([self._store.sentence(s)[0] for s in range(first, last)])
        starts = [self._store.starts(s) + edge for s, edge in zip(range(first, last), edges, strict=False)]
        return _Text(words, edges, np.concatenate(starts).astype(np.int64), first)

    def _row(self, i: int, text: _Text, windows: Sequence[Window]) -> Row:
        pieces = np.r_[0, self._counts[text.words].cumsum()]
        width = max(int(pieces[w.end] - pieces[w.start]) for w in windows) + self._features.pieces.frame
        return Row(i, tuple(windows), width, len(_cuts(text, windows)) - 1)

    def batch(self, rows: Sequence[Row]) -> tuple[PieceBatch, list[Part]]:
        """The batch of some rows; its sentences are the parts of the store's that the windows' cores hold."""
        texts = [self._text(row.text) for row in rows]
        windows = [(text, w) for row, text in zip(rows, texts, strict=True) for w in row.windows]
        longest = max(w.end - w.start for _, w in windows)
        parts: list[Part] = []
        places: list[Integers] = []
        at = 0
        for row, text in zip(rows, texts, strict=True):
            place = np.concatenate([_own(w, (at + i) * longest) for i, w in enumerate(row.windows)])
            at += len(row.windows)
            cuts = _cuts(text, row.windows)
            places += np.split(place, cuts[1:-1] - cuts[0])
            parts += _parts(text, cuts)
        numbers = [text.words[w.start : w.end] for text, w in windows]
        words = [[self._words[number] for number in each] for each in numbers]
        lexical = None if self._lexicon is None else self._lexicon.batch(numbers)
        return self._features.batch(words, places, lexical), parts

    def tokens(self, rows: Sequence[Row]) -> int:
        """Words in the cores of the windows."""
        return sum(row.windows[-1].core_end - row.windows[0].core_start for row in rows)

    def forget(self, batch: PieceBatch, share: float, chance: np.random.Generator) -> PieceBatch:
        """Some words hidden from the encoder, and what it is told of words beside as in `forgetful`."""
        hidden = chance.random(batch.rows["begin"].shape) < share
        words = forgetful(batch.words, share, chance)
        return replace(batch, rows=self._features.pieces.hiding(batch.rows, hidden), words=words)


def _own(window: Window, at: int) -> Integers:
    """Where the words of a window's core are, the window's first word being at ``at``."""
    return np.arange(at + window.core_start - window.start, at + window.core_end - window.start)


def _cuts(text: _Text, windows: Sequence[Window]) -> Integers:
    """Where the sentences in the cores of ``windows`` begin, and where the last of them ends."""
    first, last = windows[0].core_start, windows[-1].core_end
    starts = text.starts
    inner = starts[(starts > first) & (starts < last)]
    return np.array([first, *inner.tolist(), last], np.int64)


def _parts(text: _Text, cuts: Integers) -> Iterator[Part]:
    """The parts of the store's sentences between ``cuts``."""
    owners = np.searchsorted(text.edges, cuts[:-1], "right") - 1
    for owner, start, end in zip(owners.tolist(), cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        edge = int(text.edges[owner])
        yield text.first + owner, start - edge, end - edge
