"""Which gold spans were found and which predicted spans are right, in array code.

Two spans match when start, end and label agree. Both readings of ill-formed tags are in `READINGS`:
``strict`` equals seqeval's strict mode; ``conlleval`` is the arithmetic of the CoNLL-2000 script of that
name (Tjong Kim Sang & Buchholz 2000), which is also seqeval's default mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from onoma.evaluation.counts import Counts
from onoma.tagging.schemes import Scheme
from onoma.tagging.spans import Spans, TagStream, lenient_spans, strict_spans

__all__ = ["READINGS", "count_spans", "match_spans", "overlapping"]

READINGS: dict[str, Callable[[TagStream, Scheme], Spans]] = {
    "strict": strict_spans,
    "conlleval": lambda stream, scheme: lenient_spans(stream),
}


def match_spans(gold: Spans, predicted: Spans) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each gold span whether it was predicted, and for each predicted span whether it is gold.

    Both must be ordered by start, end and label.

    >>> one = np.array([0]), np.array([2]), np.array([0])
    >>> found, right = match_spans(Spans(*one), Spans(np.array([0, 3]), np.array([2, 4]), np.array([0, 0])))
    >>> found.tolist(), right.tolist()
    ([True], [True, False])
    """
    sides = (gold, predicted)
    longest = 1 + max(int((side.end - side.start).max(initial=0)) for side in sides)
    labels = 1 + max(int(side.label.max(initial=0)) for side in sides)
    codes = [(side.start * longest + (side.end - side.start)) * labels + side.label for side in sides]
    a, b = (side.astype(np.int64) for side in codes)
    return _among(a, b), _among(b, a)


def _among(codes: NDArray[np.int64], sorted_codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each code is in ``sorted_codes``; spans come ordered by start, so their codes are sorted."""
    if not len(sorted_codes):
        return np.zeros(len(codes), dtype=bool)
    at = np.searchsorted(sorted_codes, codes).clip(max=len(sorted_codes) - 1)
    among: NDArray[np.bool_] = sorted_codes[at] == codes
    return among


def overlapping(gold: Spans, predicted: Spans) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of a gold and a predicted span that share something: places in ``predicted``, then in
    ``gold``, each ``[pair]``, ordered by both. Spans must be ordered by start, and may nest.

    >>> gold = Spans(np.array([0, 4]), np.array([3, 6]), np.array([0, 0]))
    >>> guess = Spans(np.array([2, 7]), np.array([5, 8]), np.array([0, 0]))
    >>> [side.tolist() for side in overlapping(gold, guess)]
    [[0, 0], [0, 1]]
    """
    reach = np.maximum.accumulate(gold.end) if len(gold.end) else gold.end
    one = np.searchsorted(reach, predicted.start, side="right")
    past = np.maximum(np.searchsorted(gold.start, predicted.end, side="left"), one)
    count = past - one
    guess = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(guess)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(one, count)
    touching = gold.end[place] > predicted.start[guess]
    return guess[touching], place[touching]


def count_spans(gold: Spans, predicted: Spans, labels: Sequence[str]) -> dict[str, Counts]:
    """Counts for each label; spans on either side must be distinct.

    >>> spans = Spans(np.array([0]), np.array([2]), np.array([1]))
    >>> count_spans(spans, spans, ["org", "per"])
    {'org': Counts(tp=0, fp=0, fn=0), 'per': Counts(tp=1, fp=0, fn=0)}
    """
    found, right = match_spans(gold, predicted)
    tp, fp, fn = (
        np.bincount(label, minlength=len(labels)).tolist()
        for label in (gold.label[found], predicted.label[~right], gold.label[~found])
    )
    return {name: Counts(*row) for name, *row in zip(labels, tp, fp, fn, strict=True)}
