"""Files of predictions beside a file of gold annotation: read, brought together and scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import CorpusError, InputError
from onoma.evaluation.columns import Columns, read_columns
from onoma.evaluation.judge import read_streams, score_tags
from onoma.evaluation.judged import Judged, SpanTable, judge_tags
from onoma.evaluation.matching import READINGS
from onoma.evaluation.published import Published
from onoma.evaluation.scores import Scores
from onoma.evaluation.shared_tasks import Task
from onoma.evaluation.token_alignment import aligned
from onoma.tagging.schemes import Scheme
from onoma.tagging.spans import Spans, TagStream, illegal_moves

__all__ = ["BARE", "LAST", "Layout", "Submission", "read_submissions", "score_files", "score_task"]

BARE = "io"
"""The scheme of tags without prefixes: neighbours with the same label are one entity."""


class Layout(NamedTuple):
    """Which columns hold what, from 0, or from the last with -1; see `score_tags` for ``scheme``."""

    gold: int = -1
    predicted: int = -1
    score: int | None = None
    scheme: str = "auto"


LAST = Layout()
"""Tags in the last column of both files."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Predicted tags beside gold ones, of the same tokens and sentences."""

    gold: Columns
    predicted: Columns
    scheme: str

    @property
    def name(self) -> str:
        """The file of the predictions."""
        return self.predicted.path

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know of the two files."""
        return tuple(dict.fromkeys(self.gold.notes + self.predicted.notes))

    def scores(self) -> Scores:
        """Strict and lenient counts."""
        return score_tags(self.gold.tags, self.predicted.tags, self.gold.first, scheme=self.scheme)

    def judged(self, reading: str = "strict") -> Judged:
        """Entities side by side, read as ``reading`` says; an entity's score is the lowest of its tokens'."""
        gold, predicted = self.gold, self.predicted
        articles = _articles(gold) if len(gold.articles) else None
        words = gold.words or predicted.words
        judged = judge_tags(
            gold.tags,
            predicted.tags,
            words,
            gold.first,
            groups=articles,
            scheme=self.scheme,
            reading=reading,
        )
        if predicted.scores is None or not len(judged.predicted):
            return judged
        _, stream, _, scheme = self._streams()
        lowest = _lowest(predicted.scores, READINGS[reading](stream, scheme))
        rows = judged.predicted._asdict() | {"score": lowest}
        return replace(judged, predicted=SpanTable(**rows))

    def check_tags(self) -> None:
        """Raise `CorpusError` at the first ill-formed tag of either file, the prediction's first."""
        gold, predicted, gold_scheme, scheme = self._streams()
        _check_moves(self.predicted, predicted, scheme)
        _check_moves(self.gold, gold, gold_scheme)

    def _streams(self) -> tuple[TagStream, TagStream, Scheme, Scheme]:
        return read_streams(self.gold.tags, self.predicted.tags, self.gold.first, scheme=self.scheme)


def read_submissions(
    gold: str | PathLike[str], predicted: Sequence[str | PathLike[str]], layout: Layout = LAST
) -> list[Submission]:
    """A submission for each of the column files ``predicted``; ``gold`` is read once.

    Raises `AlignmentError` naming the first line in each file where words or sentence breaks differ,
    `CorpusError` for what is no column file or holds no tokens.
    """
    bare = layout.scheme == BARE
    scheme = "iob1" if bare else layout.scheme
    one = read_columns(gold, layout.gold, bare=bare)
    sides = (read_columns(path, layout.predicted, score_column=layout.score, bare=bare) for path in predicted)
    return [Submission(one, aligned(one, side), scheme) for side in sides]


def score_files(
    gold: str | PathLike[str],
    predicted: str | PathLike[str],
    *,
    gold_column: int = -1,
    predicted_column: int = -1,
    scheme: str = "auto",
) -> Scores:
    """Score a column file of predictions against one of gold tags.

    Columns count from 0, or from the last with -1. See `score_tags` for ``scheme``, and `read_submissions`
    for what is raised.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "gold").write_text("Ada B-per\\nwrote O\\n")
    >>> _ = (folder / "guess").write_text("Ada NNP O\\nwrote VBD O\\n")
    >>> score_files(folder / "gold", folder / "guess").strict.micro.support
    1
    """
    layout = Layout(gold_column, predicted_column, scheme=scheme)
    return read_submissions(gold, [predicted], layout)[0].scores()


def score_task(
    task: Task, gold: str | PathLike[str], predicted: str | PathLike[str], layout: Layout = LAST
) -> Published:
    """What the scorer of a shared task prints of two column files.

    Where a task has two levels of tags, the columns of ``layout`` are the inner ones, and the outer ones
    stand before them. Raises what `read_submissions` raises.

    >>> import pathlib, tempfile
    >>> from onoma.evaluation.shared_tasks import TASKS
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "both"
    >>> _ = path.write_text("Ada B-PER B-PER\\nwrote O O\\n")
    >>> score_task(TASKS["conll2003"], path, path, Layout(gold=-2)).figures["overall"]["f1"]
    100.0
    """
    levels = [
        layout._replace(gold=layout.gold - inward, predicted=layout.predicted - inward)
        for inward in reversed(range(task.levels))
    ]
    if task.levels > 1 and 0 <= min(layout.gold, layout.predicted) < task.levels:
        raise InputError(f"this task needs {task.levels} columns of tags, the outer before the inner")
    read = [read_submissions(gold, [predicted], level)[0] for level in levels]
    return task.score([(each.gold, each.predicted) for each in read])


def _articles(side: Columns) -> list[int]:
    """``[sentence]``: the number of the article it stands in."""
    starts = np.flatnonzero(side.first)
    found: list[int] = np.searchsorted(side.articles, starts, side="right").tolist()
    return found


def _lowest(scores: NDArray[np.float64], spans: Spans) -> NDArray[np.float64]:
    """``[span]``: the lowest score of its tokens."""
    edges = np.append(np.column_stack([spans.start, spans.end]).ravel(), len(scores))
    padded = np.append(scores, 1.0)
    lowest: NDArray[np.float64] = np.minimum.reduceat(padded, edges[:-1])[::2]
    return lowest


def _check_moves(side: Columns, stream: TagStream, scheme: Scheme) -> None:
    wrong = illegal_moves(stream, scheme)
    if len(wrong):
        at = int(wrong[0])
        tag = side.tags[at]
        fault = f"the tag {tag} may not stand here in {scheme.name}; {len(wrong):,} such tags in all"
        raise CorpusError(fault, path=side.path, line=int(side.line[at]))
