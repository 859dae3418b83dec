"""Token figures: the per-tag table, and which sentences are wholly right.

Token accuracy flatters, since most tokens are ``O``; so it never goes without the all-O floor, what a
tagger that answers ``O`` everywhere scores on the same tokens.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onoma.evaluation.counts import Counts
from onoma.tagging.schemes import PREFIXES, O
from onoma.tagging.spans import TagStream

__all__ = ["all_right", "count_tags"]


def count_tags(gold: TagStream, predicted: TagStream) -> dict[str, Counts]:
    """Counts for each tag that occurs, ``O`` last; both streams share one list of labels.

    >>> from onoma.tagging.spans import encode_tags
    >>> first = np.array([True, False])
    >>> table = count_tags(encode_tags(["B-per", "O"], first), encode_tags(["O", "O"], first, ["per"]))
    >>> table["B-per"], table["O"].precision
    (Counts(tp=0, fp=0, fn=1), 0.5)
    """
    a, b = _codes(gold), _codes(predicted)
    right = a == b
    size = (len(gold.labels) + 1) * len(PREFIXES)
    tp, fp, fn = (np.bincount(codes, minlength=size) for codes in (a[right], b[~right], a[~right]))
    seen = np.flatnonzero(tp + fp + fn)
    names = {int(code): _name(int(code), gold.labels) for code in seen}
    order = sorted(names, key=lambda code: (code == O, names[code].partition("-")[2], code))
    return {names[code]: Counts(int(tp[code]), int(fp[code]), int(fn[code])) for code in order}


def all_right(gold: TagStream, predicted: TagStream) -> NDArray[np.bool_]:
    """``[sentence]``: whether every tag of it is right.

    >>> from onoma.tagging.spans import encode_tags
    >>> first = np.array([True, False, True])
    >>> all_right(encode_tags(["O", "B-a", "O"], first), encode_tags(["O", "O", "O"], first, ["a"])).tolist()
    [False, True]
    """
    starts = np.flatnonzero(gold.first)
    if not starts.size:
        return np.zeros(0, dtype=bool)
    return np.logical_and.reduceat(_codes(gold) == _codes(predicted), starts)


def _codes(stream: TagStream) -> NDArray[np.int64]:
    """One number a tag: label + 1 and prefix; ``O`` is 0."""
    codes: NDArray[np.int64] = (stream.label.astype(np.int64) + 1) * len(PREFIXES) + stream.prefix
    return codes


def _name(code: int, labels: list[str]) -> str:
    label, prefix = divmod(code, len(PREFIXES))
    return "O" if prefix == O else f"{PREFIXES[prefix]}-{labels[label - 1]}"
