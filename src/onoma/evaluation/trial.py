"""Running a tagger over a corpus as a service would, and scoring what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from onoma.errors import AlignmentError
from onoma.evaluation.judge import TokenSpan, score_spans
from onoma.evaluation.scores import Scores
from onoma.tagging.align import token_edges, token_spans
from onoma.text import Annotate, Document

__all__ = ["evaluate"]


def evaluate(
    annotate: Annotate,
    corpus: Iterable[Document],
    *,
    batch_size: int = 64,
    progress: Callable[[int], None] | None = None,
) -> Scores:
    """Score ``annotate`` on the documents of ``corpus``, which are tagged without their entities.

    The gold tokens are kept, so entities are compared as token spans. A predicted entity that does not
    begin and end at token edges is a false positive and is counted in `Scores.misaligned`. ``progress``
    is told, after each batch, how many documents it held. One batch is in memory at a time.

    Raises `AlignmentError` when what comes back is not about the same texts, `TagError` when a gold
    entity does not begin and end at token edges or overlaps another.

    >>> from onoma.text.document import Entity
    >>> def capitals(documents):
    ...     names = lambda d: [Entity(t.start, t.end, "per") for t in d.tokens if d.text[t.start].isupper()]
    ...     return [d.replace(entities=names(d)) for d in documents]
    >>> gold = Document.from_words(["Ada", "met", "Bob", "in", "Rome"], [(0, 1, "per"), (2, 3, "per")])
    >>> evaluate(capitals, [gold]).strict.types["per"]
    Counts(tp=2, fp=1, fn=0)
    """
    labels = list(getattr(corpus, "labels", ()))
    total = score_spans([], [], [], labels)
    rest = iter(corpus)
    while batch := list(islice(rest, batch_size)):
        total += _score_batch(annotate, batch, labels)
        if progress:
            progress(len(batch))
    return total


def _score_batch(annotate: Annotate, gold: Sequence[Document], labels: Sequence[str]) -> Scores:
    predicted = annotate([document.replace(entities=()) for document in gold])
    _check_same_texts(gold, predicted)
    guesses = [_split_aligned(a, b) for a, b in zip(gold, predicted, strict=True)]
    return score_spans(
        [token_spans(document) for document in gold],
        [spans for spans, _ in guesses],
        [len(document.tokens) for document in gold],
        labels,
        misaligned=[astray for _, astray in guesses],
    )


def _check_same_texts(gold: Sequence[Document], predicted: Sequence[Document]) -> None:
    if len(gold) != len(predicted):
        raise AlignmentError(f"the tagger was given {len(gold)} documents and returned {len(predicted)}")
    for number, (a, b) in enumerate(zip(gold, predicted, strict=True), 1):
        if a.text != b.text:
            raise AlignmentError(
                f"the tagger changed the text of document {a.id or number}; offsets would not fit"
            )


def _split_aligned(gold: Document, predicted: Document) -> tuple[list[TokenSpan], list[str]]:
    """Entities of ``predicted`` as spans of the tokens of ``gold``; the labels of those that are none."""
    opens, closes = token_edges(gold)
    spans: list[TokenSpan] = []
    astray: list[str] = []
    for entity in predicted.entities:
        start, end = opens.get(entity.start, -1), closes.get(entity.end, -1)
        if 0 <= start < end:
            spans.append((start, end, entity.label))
        else:
            astray.append(entity.label)
    return spans, astray
