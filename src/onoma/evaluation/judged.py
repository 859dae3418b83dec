"""`Judged`: gold and predicted entities of the same sentences side by side, in arrays.

Every part of the report card is computed from it: matching, intervals, mistakes, calibration.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import AlignmentError, InputError, TagError, nearest
from onoma.evaluation.judge import first_flags, paint, read_streams, score_painted, score_streams
from onoma.evaluation.matching import READINGS, count_spans, match_spans
from onoma.evaluation.scores import EntityScores, Scores
from onoma.tagging.spans import Spans
from onoma.text.document import Document, Entity

__all__ = ["Judged", "SpanTable", "first_difference", "judge", "judge_tags"]

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class SpanTable(NamedTuple):
    """Distinct entity spans of all sentences, ordered by sentence, start, end and label.

    All are ``[span]``. Spans may nest and overlap.
    """

    sentence: Numbers
    start: Numbers  # in characters of the sentence's text
    end: Numbers  # one past the last character
    label: Numbers  # index into the labels
    score: NDArray[np.float64]  # the probability the tagger gave it; 1 for gold
    words: Numbers  # how many gold tokens it touches
    surfaces: list[str]

    def __len__(self) -> int:
        """How many spans there are."""
        return len(self.start)


@dataclass(frozen=True, eq=False)
class Judged:
    """Gold and predicted spans of the same sentences.

    ``texts``, ``ids``, ``lengths`` (in tokens) and ``groups`` are ``[sentence]``; ``groups`` numbers the
    articles that sentences stand in, and a sentence of an unknown article is a group of its own.
    ``worded`` is False when tags came without words, so that the surfaces say nothing.

    >>> gold = Document.from_words(["Ada", "met", "Bob"], [(0, 1, "per"), (2, 3, "per")])
    >>> guess = Document.from_words(["Ada", "met", "Bob"], [(0, 1, "per"), (2, 3, "geo")])
    >>> judged = judge([gold], [guess])
    >>> judged.found.tolist(), judged.right.tolist(), judged.predicted.surfaces
    ([True, False], [True, False], ['Ada', 'Bob'])
    >>> judged.scores.strict.micro
    Counts(tp=1, fp=1, fn=1)
    """

    labels: list[str]
    gold: SpanTable
    predicted: SpanTable
    lengths: Numbers
    groups: Numbers
    texts: Sequence[str]
    ids: Sequence[str]
    scores: Scores
    worded: bool = True

    @property
    def sentences(self) -> int:
        """How many sentences there are, those without tokens among them."""
        return len(self.lengths)

    @property
    def found(self) -> Flags:
        """``[gold span]``: whether it was predicted with the same start, end and label."""
        return self._matches[0]

    @property
    def right(self) -> Flags:
        """``[predicted span]``: whether it is a gold span."""
        return self._matches[1]

    @cached_property
    def in_a_row(self) -> tuple[Spans, Spans]:
        """Gold and predicted spans in characters of all texts in a row, one character between two."""
        base = _bases(self.texts)
        return _in_a_row(self.gold, base), _in_a_row(self.predicted, base)

    @cached_property
    def _matches(self) -> tuple[Flags, Flags]:
        return match_spans(*self.in_a_row)


def judge(gold: Iterable[Document], predicted: Iterable[Document], labels: Iterable[str] = ()) -> Judged:
    """Put documents with predicted entities beside the same documents with gold entities.

    The tokens are those of gold; entities are compared by characters, so the two sides may be tokenised
    differently, and entities may nest, overlap and end within tokens. ``labels`` adds to those that occur.
    An entity given twice counts once, with the higher score. In the token table, which has one tag a
    token, the outermost of overlapping entities counts, and a predicted entity that begins or ends within
    a token does not (see `Scores.misaligned`).

    Raises `AlignmentError` when the two are not the same texts, `TagError` for an entity outside its text.

    >>> from onoma.text.document import Entity
    >>> gold = Document.from_text("in New York").replace(entities=[Entity(3, 11, "geo")])
    >>> judge([gold], [gold.replace(entities=[Entity(3, 6, "geo", 0.8)])]).predicted.score.tolist()
    [0.8]
    """
    a, b = list(gold), list(predicted)
    _check_same_texts(a, b)
    names = sorted({e.label for d in chain(a, b) for e in d.entities}.union(labels))
    tokens = _tokens(a)
    texts = [document.text for document in a]
    sides = [_table(side, names, tokens) for side in (a, b)]
    groups = _number_groups([document.meta.get("document") for document in a])
    ids = [document.id or "" for document in a]
    judged = Judged(names, sides[0], sides[1], tokens.lengths, groups, texts, ids, Scores())
    return replace(judged, scores=_scores(judged, tokens))


def judge_tags(
    gold: Sequence[str] | Sequence[Sequence[str]],
    predicted: Sequence[str] | Sequence[Sequence[str]],
    words: Sequence[str] | Sequence[bytes] | Sequence[Sequence[str]] = (),
    first: Flags | None = None,
    *,
    groups: Sequence[Hashable | None] | None = None,
    labels: Sequence[str] = (),
    scheme: str = "auto",
    reading: str = "strict",
) -> Judged:
    """Put predicted tags beside gold ones; arguments are as in `score_tags`.

    ``words`` are shaped like the tags (bytes are UTF-8), or empty where none are known. ``groups``
    ``[sentence]`` names the article of each sentence. Ill-formed tags are read as ``reading`` says, with
    ``strict`` or ``conlleval``; `Judged.scores` holds both readings either way. Texts are the words joined
    by single spaces.

    Raises what `score_tags` raises, and `AlignmentError` when there are not as many words as tags.

    >>> judged = judge_tags([["B-per", "O"]], [["I-per", "O"]], [["Ada", "wrote"]])
    >>> judged.gold.surfaces, judged.predicted.surfaces, judged.scores.conlleval.micro.f1
    (['Ada'], [], 1.0)
    """
    a, b, gold_scheme, own = read_streams(gold, predicted, first, labels, scheme=scheme)
    if reading not in READINGS:
        raise InputError(f"unknown reading {reading!r}; {nearest(reading, READINGS)}")
    tokens, texts = _joined(_words(words, len(a.prefix)), a.first)
    sides = [
        _of_tags(READINGS[reading](stream, named), tokens, texts)
        for stream, named in ((a, gold_scheme), (b, own))
    ]
    if groups is not None and len(groups) != len(texts):
        raise AlignmentError(f"there are {len(groups)} groups for {len(texts)} sentences")
    numbers = _number_groups(groups or [None] * len(texts))
    scores = score_streams(a, b, gold_scheme, own)
    ids, worded = [""] * len(texts), bool(len(words))
    return Judged(a.labels, sides[0], sides[1], tokens.lengths, numbers, texts, ids, scores, worded)


def first_difference(gold: Sequence[Document], predicted: Sequence[Document]) -> int | None:
    """The place of the first document whose text differs, or that only one side has; None if none does.

    >>> first_difference([Document("a"), Document("b")], [Document("a"), Document("c")])
    1
    """
    pairs = zip(gold, predicted, strict=False)
    differing = (place for place, (a, b) in enumerate(pairs) if a.text != b.text)
    shorter, longer = sorted((len(gold), len(predicted)))
    return next(differing, None if shorter == longer else shorter)


def _check_same_texts(gold: Sequence[Document], predicted: Sequence[Document]) -> None:
    if (place := first_difference(gold, predicted)) is None:
        return
    if place < min(len(gold), len(predicted)):
        name = gold[place].id or place + 1
        raise AlignmentError(f"document {name} has another text in the prediction; offsets would not fit")
    raise AlignmentError(f"gold has {len(gold)} documents, the prediction {len(predicted)}")


def _number_groups(names: Sequence[Hashable | None]) -> Numbers:
    """``[sentence]``: equal numbers for equal names, a number of its own for None; in order of appearance."""
    seen: dict[Hashable, int] = {}
    keys = ((place, None) if name is None else name for place, name in enumerate(names))
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)


class _Tokens(NamedTuple):
    """The gold tokens of all sentences in a row. Offsets count over all texts, each followed by one
    character, so that one search answers for every sentence."""

    start: Numbers  # [token]
    end: Numbers  # [token]
    lengths: Numbers  # [sentence], tokens
    base: Numbers  # [sentence], where its text begins

    @property
    def first(self) -> Flags:
        """``[token]``: whether it begins its sentence."""
        return first_flags(self.lengths)

    def touched(self, start: Numbers, end: Numbers) -> tuple[Numbers, Numbers]:
        """For ranges of characters, the first token that each touches and one past the last."""
        one = np.searchsorted(self.end, start, side="right")
        return one, np.maximum(np.searchsorted(self.start, end, side="left"), one)


def _tokens(documents: Sequence[Document]) -> _Tokens:
    base = _bases([document.text for document in documents])
    lengths = np.array([len(document.tokens) for document in documents], dtype=np.int64)
    edges = np.array(
        [(token.start, token.end) for document in documents for token in document.tokens], dtype=np.int64
    ).reshape(-1, 2) + np.repeat(base, lengths).reshape(-1, 1)
    return _Tokens(edges[:, 0], edges[:, 1], lengths, base)


def _bases(texts: Sequence[str]) -> Numbers:
    """``[sentence]``: where each text would begin if all stood in a row, one character between them."""
    sizes = np.array([len(text) + 1 for text in texts], dtype=np.int64)
    return np.cumsum(sizes) - sizes


def _table(documents: Sequence[Document], labels: Sequence[str], tokens: _Tokens) -> SpanTable:
    index = {label: i for i, label in enumerate(labels)}
    best: dict[tuple[int, int, int, int], float] = {}
    for sentence, document in enumerate(documents):
        for entity in document.entities:
            if not 0 <= entity.start < entity.end <= len(document.text):
                raise _outside(entity, document, sentence)
            key = (sentence, entity.start, entity.end, index[entity.label])
            best[key] = max(entity.score, best.get(key, entity.score))
    rows = sorted(best)
    sentence_, start, end, label = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    score = np.array([best[row] for row in rows], dtype=np.float64)
    surfaces = [documents[row[0]].text[row[1] : row[2]] for row in rows]
    base = tokens.base[sentence_]
    one, past = tokens.touched(base + start, base + end)
    return SpanTable(sentence_, start, end, label, score, past - one, surfaces)


def _outside(entity: Entity, document: Document, place: int) -> TagError:
    where = f"document {document.id or place + 1}, which has {len(document.text)} characters"
    return TagError(f"entity {entity.label} [{entity.start}, {entity.end}) is empty or falls outside {where}")


def _words(words: Sequence[str] | Sequence[bytes] | Sequence[Sequence[str]], count: int) -> list[str]:
    """One word a token, as text; a dot for each where no words are known."""
    row: list[str] = []
    for item in words:
        if isinstance(item, bytes):
            row.append(item.decode())
        elif isinstance(item, str):
            row.append(item)
        else:
            row.extend(item)
    if words and len(row) != count:
        raise AlignmentError(f"there are {len(row)} words for {count} tags")
    return row or ["·"] * count


def _joined(words: list[str], first: Flags) -> tuple[_Tokens, list[str]]:
    """The tokens and the texts of sentences whose words are joined by single spaces."""
    sizes = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    end = np.cumsum(sizes + 1) - 1
    cuts = np.append(np.flatnonzero(first), len(words))
    texts = [" ".join(words[a:b]) for a, b in pairwise(cuts.tolist())]
    start = end - sizes
    return _Tokens(start, end, np.diff(cuts), start[cuts[:-1]]), texts


def _of_tags(spans: Spans, tokens: _Tokens, texts: Sequence[str]) -> SpanTable:
    """The table of token spans read from tags."""
    start, end = tokens.start[spans.start], tokens.end[spans.end - 1]
    sentence = np.searchsorted(tokens.base, start, side="right") - 1
    start, end = start - tokens.base[sentence], end - tokens.base[sentence]
    places = zip(sentence.tolist(), start.tolist(), end.tolist(), strict=True)
    surfaces = [texts[i][a:b] for i, a, b in places]
    label, score = spans.label.astype(np.int64), np.ones(len(start))
    return SpanTable(sentence, start, end, label, score, spans.end - spans.start, surfaces)


def _in_a_row(table: SpanTable, base: Numbers) -> Spans:
    """The spans in characters of all texts in a row."""
    offset = base[table.sentence]
    return Spans(table.start + offset, table.end + offset, table.label.astype(np.int32))


def _scores(judged: Judged, tokens: _Tokens) -> Scores:
    """Counts by characters; the token table from those spans that a token span can express."""
    labels, first = judged.labels, tokens.first
    gold, predicted = judged.in_a_row
    types = EntityScores(count_spans(gold, predicted, labels))
    astray = ~judged.right & ~_aligned(predicted, tokens)
    tags, guess = (paint(_in_tokens(side, tokens), first, labels) for side in (gold, predicted.keep(~astray)))
    spoilt = np.zeros(judged.sentences, dtype=bool)
    spoilt[judged.gold.sentence[~judged.found]] = True
    spoilt[judged.predicted.sentence[~judged.right]] = True
    scores = score_painted(tags, guess, types, spoilt[tokens.lengths > 0])
    return replace(scores, misaligned=int(astray.sum()))


def _aligned(spans: Spans, tokens: _Tokens) -> Flags:
    """``[span]``: whether it begins and ends at token edges."""
    aligned: Flags = np.isin(spans.start, tokens.start) & np.isin(spans.end, tokens.end)
    return aligned


def _in_tokens(spans: Spans, tokens: _Tokens) -> Spans:
    """The tokens that each span touches; a span that touches none is left out, as no tag can show it."""
    one, past = tokens.touched(spans.start, spans.end)
    return Spans(one, past, spans.label).keep(past > one)
