"""Asking a tagger about one span of a text, and of the same text with words hidden.

A bundle is asked the probability of exactly that span and label, found or not, among the words that it reads
together: a sentence, or as much of a document as its encoder takes. Another tagger is asked what it finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from onoma.errors import InputError, nearest
from onoma.runtime.articles import joined
from onoma.runtime.tagger import Tagger
from onoma.tagging.align import token_edges, token_spans
from onoma.tagging.readings import Readings
from onoma.text import Annotate, Document, Entity
from onoma.text.windows import Window

if TYPE_CHECKING:
    from onoma.features.piece_batch import PieceFeatures

__all__ = ["Answer", "Probe", "asked_sentence", "asked_span", "piece_windows", "probe_of"]


class Answer(NamedTuple):
    """The probability of the span, and another reading of its place that is likelier."""

    probability: float
    instead: tuple[int, int, str, float] | None = None  # first token, end token, label, probability


class Probe(Protocol):
    """Asks a tagger about one span: ``part`` has the entity and all words that may matter to it.

    ``start`` is the token of the document at which it begins.
    """

    start: int
    part: Document

    def __call__(self, variants: Sequence[Document]) -> list[Answer]:
        """The answer for each of ``variants``, which are ``part`` with words hidden."""


def probe_of(annotate: Annotate, document: Document, entity: Entity) -> Probe:
    """What asks ``annotate`` about ``entity``; raises what `asked_span` and `asked_sentence` raise."""
    if isinstance(annotate, Tagger):
        return _BundleProbe(annotate, document, asked_span(document, entity))
    return _AnyProbe(annotate, document, entity)


def asked_span(document: Document, entity: Entity) -> tuple[int, int, str]:
    """``entity`` as first token, end token and label; raises `InputError` where it is no run of tokens.

    >>> asked_span(Document.from_text("Ada Lovelace wrote"), Entity(0, 12, "per"))
    (0, 2, 'per')
    """
    opens, closes = token_edges(document)
    start, end = opens.get(entity.start, -1), closes.get(entity.end, -1)
    if not 0 <= start < end:
        known = zip(document.tokens, document.words, strict=True)
        words = ", ".join(f"{token.start}:{token.end} {word!r}" for token, word in islice(known, 8))
        raise InputError(
            f"[{entity.start}, {entity.end}) does not begin and end with words of the text, which begins "
            f"with {words}"
        )
    return start, end, entity.label


def asked_sentence(tagger: Tagger, document: Document, span: tuple[int, int, str]) -> Window:
    """The sentence, or the window of a long one, in which ``tagger`` joins the tags of ``span``.

    Raises `InputError` for a label that the tagger does not have and a span of several sentences.
    """
    first, last, label = span
    if label not in tagger.labels:
        fault = nearest(label, tagger.labels)
        raise InputError(f"the tagger {tagger.name} has no label {label!r}; {fault}")
    around = max(tagger.windows(document), key=lambda w: min(first - w.start, w.end - last))
    if last > around.end or first < around.start:
        raise InputError("the span reaches over several sentences, and a tagger reads them one by one")
    return around


def piece_windows(tagger: Tagger, document: Document, sentence: Window) -> list[Window]:
    """The windows, in tokens of ``document``, in which a tagger with an encoder reads ``sentence``."""
    features = cast("PieceFeatures", tagger.engine.features)
    starts = [each.start for each in tagger.windows(document)]
    first, last = (0, len(document.tokens)) if tagger.manifest.context else (sentence.start, sentence.end)
    counts = features.pieces.counts(document.words[first:last])
    windows = features.windows(counts, [at - first for at in starts if first <= at < last])
    moved = (Window(*(at + first for at in window)) for window in windows)
    return [w for w in moved if w.core_start < sentence.end and w.core_end > sentence.start]


class _BundleProbe:
    """Asks the network, among the words that it reads with the entity; each variant has the entity alone."""

    def __init__(self, tagger: Tagger, document: Document, span: tuple[int, int, str]) -> None:
        self._tagger, sentence = tagger, asked_sentence(tagger, document, span)
        self.start, end, cuts = sentence.start, sentence.end, []
        if tagger.manifest.context:
            windows = piece_windows(tagger, document, sentence)
            self.start, end = windows[0].start, windows[-1].end
            cuts = [w.start for w in tagger.windows(document) if self.start < w.start < end]
        edges = pairwise([self.start, *cuts, end])
        # as words: how they are spaced plays no part
        whole = joined([Document.from_words(document.words[a:b]) for a, b in edges])
        first, last = (whole.tokens[at - self.start] for at in (span[0], span[1] - 1))
        self.part = whole.replace(entities=[Entity(first.start, last.end, span[2])])

    def __call__(self, variants: Sequence[Document]) -> list[Answer]:
        parts = [list(_sentences(document)) for document in variants]
        scores = iter(self._tagger.engine.emissions(list(chain.from_iterable(parts)), list(map(len, parts))))
        return [
            self._answer([next(scores) for _ in part], token_spans(document))
            for document, part in zip(variants, parts, strict=True)
        ]

    def _answer(self, sentences: Sequence[Any], spans: Sequence[tuple[int, int, str]]) -> Answer:
        """``sentences`` are emissions ``[word, tag]``; the one that has the span tells of it."""
        [(first, last, label)] = spans
        at, scores = 0, sentences[0]
        for scores in sentences:
            if first < at + len(scores):
                break
            at += len(scores)
        view, span = Readings(self._tagger.engine.chain, scores), (first - at, last - at, label)
        probability = view.probability(*span)
        other = next((each for each in view.of(span, 1) if each[3] > probability), None)
        return Answer(probability, other and (other[0] + at, other[1] + at, *other[2:]))


def _sentences(document: Document) -> Iterator[list[str]]:
    """The words of each sentence of a text that has lines between them."""
    row: list[str] = []
    end = 0
    for token, word in zip(document.tokens, document.words, strict=True):
        if row and "\n" in document.text[end : token.start]:
            yield row
            row = []
        row.append(word)
        end = token.end
    yield row


class _AnyProbe:
    """Asks any tagger: what it does not find has the probability 0."""

    def __init__(self, annotate: Annotate, document: Document, entity: Entity) -> None:
        self._annotate = annotate
        self.start, self.part = 0, document.replace(entities=[entity])

    def __call__(self, variants: Sequence[Document]) -> list[Answer]:
        bare = [document.replace(entities=()) for document in variants]
        return [
            self._answer(document.entities[0], found)
            for document, found in zip(variants, self._annotate(bare), strict=True)
        ]

    @staticmethod
    def _answer(entity: Entity, found: Document) -> Answer:
        place = (entity.start, entity.end, entity.label)
        scores = [each.score for each in found.entities if (each.start, each.end, each.label) == place]
        beside = [each for each in found.entities if each.start < entity.end and entity.start < each.end]
        probability = max(scores, default=0.0)
        other = max(beside, key=lambda each: each.score, default=None)
        if other is None or probability:
            return Answer(probability)
        opens, closes = token_edges(found)
        span = opens.get(other.start, -1), closes.get(other.end, -1)
        return Answer(probability, (*span, other.label, other.score) if min(span) >= 0 else None)
