"""Running a tagger over a corpus as a service would, and scoring what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from onoma.errors import AlignmentError
from onoma.evaluation.judge import score_spans
from onoma.evaluation.judged import first_difference, judge
from onoma.evaluation.scores import Scores
from onoma.text import Annotate, Document

__all__ = ["evaluate", "run"]

_MOST = 4096  # documents at once, however long an article


def evaluate(
    annotate: Annotate,
    corpus: Iterable[Document],
    *,
    batch_size: int = 64,
    progress: Callable[[int], None] | None = None,
) -> Scores:
    """Score ``annotate`` on the documents of ``corpus``, which are tagged without their entities.

    Sentences of one article (``meta["document"]``) that follow one another are given together, whatever the
    ``batch_size``: a tagger may read them with their neighbours. The gold tokens are kept. A predicted entity
    that does not begin and end at token edges, and is not gold, is a false positive and is counted in
    `Scores.misaligned`. ``progress`` is told, after each batch, how many documents it held. One batch is in
    memory at a time.

    Raises `AlignmentError` when what comes back is not about the same texts, `TagError` for an entity
    outside its text.

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
    for gold, predicted in _batches(annotate, corpus, batch_size):
        total += judge(gold, predicted, labels).scores
        if progress:
            progress(len(gold))
    return total


def run(
    annotate: Annotate,
    corpus: Iterable[Document],
    *,
    batch_size: int = 64,
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Document], list[Document]]:
    """The documents of ``corpus``, and the same as ``annotate`` tags them without having seen their
    entities; for `judge`. Arguments and errors are those of `evaluate`, but all is kept in memory.

    >>> gold = Document.from_words(["Ada", "wrote"], [(0, 1, "per")])
    >>> run(lambda documents: list(documents), [gold])[1][0].entities
    ()
    """
    gold: list[Document] = []
    predicted: list[Document] = []
    for batch, answers in _batches(annotate, corpus, batch_size):
        gold += batch
        predicted += answers
        if progress:
            progress(len(batch))
    return gold, predicted


def _batches(
    annotate: Annotate, corpus: Iterable[Document], size: int
) -> Iterator[tuple[list[Document], list[Document]]]:
    for batch in _whole_articles(corpus, size):
        predicted = annotate([document.replace(entities=()) for document in batch])
        _check_same_texts(batch, predicted)
        yield batch, predicted


def _whole_articles(corpus: Iterable[Document], size: int) -> Iterator[list[Document]]:
    """``size`` documents at a time, and the rest of the article in which the last one stands."""
    batch: list[Document] = []
    for document in corpus:
        if len(batch) >= max(size, 1) and not _goes_on(batch, document):
            yield batch
            batch = []
        batch.append(document)
    if batch:
        yield batch


def _goes_on(batch: Sequence[Document], document: Document) -> bool:
    article = document.meta.get("document")
    return len(batch) < _MOST and article is not None and article == batch[-1].meta.get("document")


def _check_same_texts(gold: Sequence[Document], predicted: Sequence[Document]) -> None:
    if len(gold) != len(predicted):
        raise AlignmentError(f"the tagger was given {len(gold)} documents and returned {len(predicted)}")
    if (place := first_difference(gold, predicted)) is not None:
        name = gold[place].id or place + 1
        raise AlignmentError(f"the tagger changed the text of document {name}; offsets would not fit")
