"""Files of predictions beside a file of gold tags: read, brought together and scored."""

from __future__ import annotations

from os import PathLike

from onoma.evaluation.columns import read_columns
from onoma.evaluation.judge import score_tags
from onoma.evaluation.scores import Scores
from onoma.evaluation.token_alignment import aligned

__all__ = ["score_files"]


def score_files(
    gold: str | PathLike[str],
    predicted: str | PathLike[str],
    *,
    gold_column: int = -1,
    predicted_column: int = -1,
    scheme: str = "auto",
) -> Scores:
    """Score a column file of predictions against one of gold tags.

    Columns count from 0, or from the last with -1. See `score_tags` for ``scheme``. Raises
    `AlignmentError` naming the first line in each file where words or sentence breaks differ,
    `CorpusError` for what is no column file or holds no tokens.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "gold").write_text("Ada B-per\\nwrote O\\n")
    >>> _ = (folder / "guess").write_text("Ada NNP O\\nwrote VBD O\\n")
    >>> score_files(folder / "gold", folder / "guess").strict.micro.support
    1
    """
    a = read_columns(gold, gold_column)
    b = aligned(a, read_columns(predicted, predicted_column))
    return score_tags(a.tags, b.tags, a.first, scheme=scheme)
