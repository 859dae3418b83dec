"""Predictions on their way to the judge: put onto the gold documents, given the labels of gold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from onoma.corpus.label_map import DROPPED, LabelMap
from onoma.errors import AlignmentError
from onoma.evaluation.judged import first_difference
from onoma.text.document import Annotate, Document, Entity

__all__ = ["align_predictions", "relabelled"]


def align_predictions(gold: Sequence[Document], predicted: Sequence[Document]) -> list[Document]:
    """The documents of ``gold`` with the entities of their counterparts in ``predicted``.

    Counterparts are found by place where both have as many documents, else by id. Their texts may differ in
    white space alone, as those of two tokenisers do; entities are then moved by the characters between.
    Raises `AlignmentError` naming the first document that has no counterpart or another text.

    >>> gold = Document.from_words(["New", "York", "'s"])
    >>> guess = Document("New York's", entities=(Entity(0, 8, "geo", 0.7), Entity(8, 10, "x")))
    >>> align_predictions([gold], [guess])[0].entities[1]
    Entity(start=9, end=11, label='x', score=1.0)
    """
    pairs = list(zip(gold, _counterparts(gold, predicted), strict=True))
    for place, (a, b) in enumerate(pairs):
        if a.text != b.text and _inked(a.text) != _inked(b.text):
            raise AlignmentError(
                f"document {a.id or place + 1} is {_begun(a)} in gold and {_begun(b)} in the prediction; "
                "both must hold the same texts"
            )
    return [a.replace(entities=_moved(b, a)) for a, b in pairs]


def _counterparts(gold: Sequence[Document], predicted: Sequence[Document]) -> list[Document]:
    if len(gold) == len(predicted):
        return list(predicted)
    by_id: dict[str | None, Document] = {document.id: document for document in predicted if document.id}
    lacking = [document for document in gold if document.id not in by_id]
    if lacking or len(by_id) < len(predicted) or len({document.id for document in gold}) < len(gold):
        differing = first_difference(gold, predicted) or 0
        raise AlignmentError(
            f"gold has {len(gold)} documents, the prediction {len(predicted)}, and their ids do not match; "
            f"they differ from document {differing + 1} on"
        )
    return [by_id[document.id] for document in gold]


def _moved(source: Document, target: Document) -> Iterator[Entity]:
    """The entities of ``source`` where the same characters stand in ``target``."""
    if source.text == target.text:
        yield from source.entities
        return
    places = [i for i, character in enumerate(target.text) if not character.isspace()]
    ink = [0, *accumulate(not character.isspace() for character in source.text)]  # before each offset
    for entity in source.entities:
        first, past = ink[entity.start], ink[entity.end]
        if first == past:
            where = f"{entity.label} [{entity.start}, {entity.end}) of {_begun(source)}"
            raise AlignmentError(
                f"the predicted entity {where} is white space, and gold has other white space"
            )
        yield Entity(places[first], places[past - 1] + 1, entity.label, entity.score)


def _inked(text: str) -> str:
    return "".join(text.split())


def _begun(document: Document) -> str:
    return repr(document.text if len(document.text) <= 40 else document.text[:40] + "…")


def relabelled(annotate: Annotate, names: LabelMap) -> Annotate:
    """``annotate`` with its labels renamed; entities of a label that is dropped are left out.

    >>> from onoma.corpus.label_map import LabelMap
    >>> tagged = Document("Oslo now", entities=(Entity(0, 4, "geo"), Entity(5, 8, "tim")))
    >>> relabelled(lambda documents: [tagged], LabelMap.of({"geo": "LOC", "tim": ""}))([tagged])[0].entities
    (Entity(start=0, end=4, label='LOC', score=1.0),)
    """

    def renamed(documents: Sequence[Document]) -> list[Document]:
        return [d.replace(entities=_renamed(d.entities, names)) for d in annotate(documents)]

    return renamed


def _renamed(entities: Sequence[Entity], names: LabelMap) -> Iterator[Entity]:
    for entity in entities:
        if (label := names.new(entity.label)) != DROPPED:
            yield replace(entity, label=label)
