"""Predictions to be scored, whatever kind of file they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, NamedTuple

from onoma.corpus import Corpus, read
from onoma.errors import AlignmentError
from onoma.evaluation.judged import Judged, judge
from onoma.evaluation.predictions import align_predictions
from onoma.evaluation.respaced import by_characters, common_breaks
from onoma.evaluation.scores import Scores
from onoma.evaluation.submission import Layout, read_submissions
from onoma.text.document import Document

__all__ = ["POLICIES", "Entry", "column_entries", "document_entries"]

Paths = Sequence[str | PathLike[str]]

POLICIES = {"strict": "strict", "discard": "strict", "conlleval": "conlleval", "lenient": "conlleval"}
"""The reading that each policy for ill-formed tags amounts to; ``error`` is a refusal of both."""

_OF_A_CORPUS = {"strict": "discard", "conlleval": "conlleval"}  # what a corpus reader calls the readings


class Entry(NamedTuple):
    """One file of predictions: its counts, its entities beside gold when they are asked for, and remarks."""

    name: str
    scores: Scores
    judged: Callable[[], Judged]
    notes: tuple[str, ...]


def column_entries(
    gold: str | PathLike[str], predicted: Paths, layout: Layout, policy: str = "strict"
) -> list[Entry]:
    """An entry for each column file; see `read_submissions` for what is raised.

    ``policy`` chooses the reading of `Entry.judged`; ``error`` raises `CorpusError` at an ill-formed tag.
    """
    submissions = read_submissions(gold, predicted, layout)
    if policy == "error":
        for each in submissions:
            each.check_tags()
    reading = POLICIES.get(policy, "strict")
    return [
        Entry(each.name, each.scores(), lambda each=each: each.judged(reading), each.notes)  # type: ignore[misc]
        for each in submissions
    ]


def document_entries(
    gold: str | PathLike[str],
    predicted: Paths,
    *,
    characters: bool = False,
    policy: str = "strict",
    gold_column: int | str | None = None,
    predicted_column: int | str | None = None,
    **options: Any,
) -> list[Entry]:
    """An entry for each file in any corpus format, entities compared by characters; ``options`` go to
    `onoma.corpus.read`.

    The texts must be equal document by document, or differ in white space alone; with ``characters``, white
    space and the division into documents may differ. Raises `AlignmentError`, `CorpusError`.
    """
    options["policy"] = _OF_A_CORPUS.get(POLICIES.get(policy, ""), "error")
    one = read(gold, tag_column=gold_column, **options)
    sides = [read(path, tag_column=predicted_column, **options) for path in predicted]
    held = [list(one), *map(list, sides)]
    breaks = common_breaks(held) if characters else None
    return [_entry(one, side, held[0], own, breaks) for side, own in zip(sides, held[1:], strict=True)]


def _entry(
    gold: Corpus, predicted: Corpus, a: Sequence[Document], b: Sequence[Document], breaks: set[int] | None
) -> Entry:
    """``breaks``: compare by characters, with documents that end there."""
    labels = {*gold.labels, *predicted.labels}
    notes = [f"{side.source.path}: {note}" for side in (gold, predicted) if (note := _repairs(side))]
    if breaks is None:
        judged = judge(a, _aligned(a, b), labels)
    else:
        respaced = by_characters(a, b, breaks)
        judged = judge(respaced.gold, respaced.predicted, labels)
        notes.append(str(respaced))
    return Entry(predicted.source.path or "", judged.scores, lambda: judged, tuple(notes))


def _aligned(gold: Sequence[Document], predicted: Sequence[Document]) -> list[Document]:
    try:
        return align_predictions(gold, predicted)
    except AlignmentError as error:
        if "".join("".join(d.text.split()) for d in gold) != "".join(
            "".join(d.text.split()) for d in predicted
        ):
            raise
        raise AlignmentError(f"{error}. All of it is the same text: try --align characters") from error


def _repairs(corpus: Corpus) -> str:
    count = len(corpus.repairs)
    return f"{count:,} annotations could not be taken as they stood" if count else ""
