"""`Plan`: a text made ready to be read: its words in rows, and the way back from their numbers to offsets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import compress
from operator import add

from onoma.runtime.engine import Row
from onoma.runtime.manifest import WindowSizes
from onoma.runtime.texts import Text
from onoma.tagging.decode import ScoredSpan
from onoma.text import Coverage, Document, Entity, Token
from onoma.text.characters import INVISIBLE
from onoma.text.document import LATER
from onoma.text.sentences import is_one_sentence, starts_among
from onoma.text.tokenizer import place, split
from onoma.text.windows import Window, merge_spans, plan_windows

__all__ = ["Plan", "shifted"]

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_UNSEEN = re.compile(f"[{INVISIBLE}]+")


class Plan:
    """The words of a text, in windows; where they begin is found only where it is asked for.

    Words of which nothing is seen (a zero width space between two others) are tokens, but no tagger has
    learned what they mean: they are left out of the rows.

    >>> plan = Plan("Ada met \\u200bBob. He left.", WindowSizes(size=10, overlap=2))
    >>> plan.rows()
    [['Ada', 'met', 'Bob', '.'], ['He', 'left', '.']]
    >>> plan.entities([(2, 3, "per", 0.5)])
    (Entity(start=9, end=12, label='per', score=0.5),)
    """

    __slots__ = ("_begins", "source", "text", "windows", "words")

    def __init__(self, source: Text, sizes: WindowSizes) -> None:
        """``source`` keeps its tokens if it has any; else it gets those of the default tokenizer."""
        if isinstance(source, str):
            self.source: Text = source
            self.text, self.words = source, split(source)
        else:
            self.source = source = source.tokenised()
            self.text, self.words = source.text, source.words
        self._begins: list[int] | None = None
        if not self.text.isprintable() and _INVISIBLE.search(self.text):
            self._leave_out()
        one = 0 < len(self.words) <= sizes.size and is_one_sentence(self.text)
        self.windows = None if one else self._windows(sizes)  # None: all words are one row

    def rows(self) -> list[list[str]]:
        """The words that are read together: those of each window, or all."""
        if self.windows is None:
            return [self.words]
        return [self.words[window.start : window.end] for window in self.windows]

    def spans(self, rows: Sequence[Row]) -> Row:
        """What was read of the text in its rows: it is as certain as the least certain of them."""
        if self.windows is None:
            return rows[0]
        pairs = zip(self.windows, rows, strict=True)
        moved = [[shifted(span, window.start) for span in spans] for window, (spans, _) in pairs]
        return merge_spans(self.windows, moved), min((certainty for _, certainty in rows), default=1.0)

    def answer(self, rows: Sequence[Row], tagger: str) -> Document:
        """The document with what ``tagger`` found in its rows."""
        spans, certainty = self.spans(rows)
        coverage = Coverage(len(self.text), len(rows), tagger, certainty)
        if isinstance(self.source, str):
            return Document(self.source, LATER, self.entities(spans), coverage=coverage)
        return self.source.tagged(self.entities(spans), coverage)

    def entities(self, spans: Sequence[ScoredSpan]) -> tuple[Entity, ...]:
        """Spans of words as entities of the text."""
        if not spans:
            return ()
        begins, words = self._begins_until(max([span[1] for span in spans])), self.words
        return tuple(
            [
                Entity(begins[start], begins[end - 1] + len(words[end - 1]), label, score)
                for start, end, label, score in spans
            ]
        )

    @property
    def tokens(self) -> list[Token]:
        """The words as tokens."""
        return [Token(at, at + len(word)) for at, word in zip(self._begins_until(), self.words, strict=True)]

    def _begins_until(self, end: int | None = None) -> list[int]:
        """Where the first ``end`` words begin, or more of them."""
        if self._begins is not None:
            return self._begins
        if isinstance(self.source, str):
            return place(self.source, self.words[:end])
        return self.source.begins

    def _leave_out(self) -> None:
        """Keep the words of which something is seen."""
        seen = [not _UNSEEN.fullmatch(word) for word in self.words]
        self._begins = list(compress(self._begins_until(), seen))
        self.words = list(compress(self.words, seen))

    def _windows(self, sizes: WindowSizes) -> list[Window] | None:
        if not self.words:
            return []
        self._begins = begins = self._begins_until()
        starts = starts_among(self.text, begins, list(map(add, begins, map(len, self.words))))
        windows = plan_windows(len(self.words), starts, sizes.size, sizes.overlap)
        return windows if len(windows) > 1 else None


def shifted(span: ScoredSpan, by: int) -> ScoredSpan:
    """``span``, that many words further on."""
    start, end, label, score = span
    return start + by, end + by, label, score
