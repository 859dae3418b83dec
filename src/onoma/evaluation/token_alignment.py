"""Whether two column files hold the same tokens and sentences, and where they first differ if not."""

from __future__ import annotations

from dataclasses import replace
from operator import ne

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.sources import quoted
from onoma.errors import AlignmentError
from onoma.evaluation.columns import Columns

__all__ = ["aligned"]


def aligned(gold: Columns, predicted: Columns) -> Columns:
    """The prediction, if it has the tokens and the sentence breaks of gold.

    ``-DOCSTART-`` lines that only one side has make no difference, nor do their tags in a file of tags
    alone, which are left out; both are noted. Raises `AlignmentError` naming the first line in each file
    where the two differ.
    """
    differ = _differing(gold, predicted)
    if differ is None:
        return _noted(gold, predicted)
    bare = _without_articles(gold, predicted)
    if bare is not None and _differing(gold, bare) is None:
        return bare
    raise AlignmentError(
        f"{_shown(gold, differ)}, but {_shown(predicted, differ)}; "
        f"both files must hold the same tokens and sentences{_hint(gold, predicted)}"
    )


def _differing(a: Columns, b: Columns) -> NDArray[np.bool_] | None:
    """``[token]``: where words or breaks differ, as far as both go; None if nowhere."""
    if (not a.words or not b.words or a.words == b.words) and np.array_equal(a.first, b.first):
        return None
    both = min(len(a.tags), len(b.tags))
    differ: NDArray[np.bool_] = a.first[:both] != b.first[:both]
    if a.words and b.words:
        differ |= np.fromiter(map(ne, a.words, b.words), dtype=bool, count=both)
    return differ


def _shown(side: Columns, differ: NDArray[np.bool_]) -> str:
    """What stands in a file where the two first differ."""
    at = int(np.argmax(differ)) if differ.any() else len(differ)
    if at >= len(side.tags):
        return f"{side.path} ends after line {side.line[-1]}"
    word = side.words[at].decode() if side.words else side.tags[at]
    begins = ", which begins a sentence" if side.first[at] else ""
    return f"{side.path}:{side.line[at]} has {quoted(word)}{begins}"


def _hint(a: Columns, b: Columns) -> str:
    """How to compare the two all the same, if they are the same text."""
    if not (a.words and b.words) or b"".join(a.words) != b"".join(b.words):
        return ""
    return ". They are the same text, divided in other places: compare by characters (--align characters)"


def _noted(gold: Columns, predicted: Columns) -> Columns:
    counts = [len(side.articles) for side in (gold, predicted)]
    if all(counts) or not any(counts):
        return predicted
    there = gold.path if counts[0] else predicted.path
    note = f"only {there} has -DOCSTART- lines ({max(counts):,}); they are no tokens and were passed over"
    return replace(predicted, notes=(*predicted.notes, note))


def _without_articles(gold: Columns, predicted: Columns) -> Columns | None:
    """A file of tags alone without those it has for the ``-DOCSTART-`` lines of gold, if it has them."""
    places = gold.articles + np.arange(len(gold.articles))
    more = len(predicted.tags) - len(gold.tags)
    if predicted.words or not 0 < more == len(places) or any(predicted.tags[i] != "O" for i in places):
        return None
    mask = np.ones(len(predicted.tags), dtype=bool)
    mask[places] = False
    note = f"{predicted.path} has a tag for each -DOCSTART- line of {gold.path} ({more:,}); passed over"
    return predicted.kept(mask, note)
