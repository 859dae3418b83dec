"""The three metrics of GermEval 2014, whose entities stand on two levels, outer and inner.

Metric 1, the official one, pools both levels with all labels; metric 2 merges derivations and name parts
into their main class (``LOCderiv`` and ``LOCpart`` into ``LOC``); metric 3 is the strict one for each level.

Chunks are read as the task's ``nereval.perl`` reads them: a chunk begins at ``B``, or at an ``I`` after an
``O``, whatever the labels; blank lines do not end one; it is right if it begins and ends with a gold chunk
and every label within agrees; and a chunk that ends with the file is never right. Only ill-formed
tags and an entity as a file's very last token show the difference. Source: Benikova et al. 2014.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import TagError
from onoma.evaluation.columns import Columns
from onoma.evaluation.counts import Counts, add_counts, micro
from onoma.evaluation.published import Published, Row, as_figures, in_percent
from onoma.tagging.schemes import B, I, O, split_tag
from onoma.tagging.spans import TagStream, encode_tags

__all__ = ["germeval_metrics"]

_FINE = re.compile(r"(?<=[^-])(deriv|part)$")
_KINDS = ("outer strict", "inner strict", "outer loose", "inner loose")
_HEADS = {
    "strict": "1. Strict, Combined Evaluation (official):",
    "loose": "2. Loose, Combined Evaluation:",
    "outer": "3.1 Per-Level Evaluation (outer chunks):",
    "inner": "3.2 Per-Level Global Evaluation (inner chunks):",
}


class _Level(NamedTuple):
    """One level under one set of labels."""

    types: Mapping[str, Counts]
    right: int  # tags


class _Metric(NamedTuple):
    accuracy: float  # in percent
    row: Row


def germeval_metrics(levels: Sequence[tuple[Columns, Columns]]) -> Published:
    """What ``nereval.perl`` prints of gold and predicted tags, the outer level first, then the inner.

    Raises `TagError` for tags that are neither ``O`` nor begin with ``B-`` or ``I-``.
    """
    strict = [_level(gold, guess, merge=False) for gold, guess in levels]
    loose = [_level(gold, guess, merge=True) for gold, guess in levels]
    tokens = len(levels[0][0].tags)
    chosen = {"strict": strict, "loose": loose, "outer": strict[:1], "inner": strict[1:]}
    metrics = {name: _metric(parts, tokens) for name, parts in chosen.items()}
    kinds = dict(zip(_KINDS, strict + loose, strict=True))
    types = {name: _rows_of(name, kinds) for name in add_counts([part.types for part in strict + loose])}
    lines = [_found("STRICT", strict), _found("LOOSE", loose), *_sections(metrics), *_by_type(types)]
    figures = {
        name: {"accuracy": metric.accuracy, **as_figures(metric.row)} for name, metric in metrics.items()
    }
    by_type = {name: {kind: as_figures(row) for kind, row in rows.items()} for name, rows in types.items()}
    return Published("\n".join(lines), {"tokens": tokens, **figures, "types": by_type})


def _found(name: str, levels: Sequence[_Level]) -> str:
    outer, inner = (micro(level.types) for level in levels)
    return (
        f"{name}: Found: {outer.predicted} outer and {inner.predicted} inner phrases; "
        f"Gold: {outer.support} (outer) and {inner.support} (inner)."
    )


def _sections(metrics: Mapping[str, _Metric]) -> Iterator[str]:
    for name, (accuracy, row) in metrics.items():
        yield f"\n{_HEADS[name]}"
        yield f"Accuracy: {accuracy:6.2f}%;"
        yield f"Precision: {row.precision:6.2f}%;"
        yield f"Recall: {row.recall:6.2f}%;"
        yield f"FB1: {row.f1:6.2f}"


def _by_type(types: Mapping[str, Mapping[str, Row]]) -> Iterator[str]:
    yield "\nEvaluation per type and mode:"
    for name, rows in types.items():
        yield f"\n==> {name:>10}"
        for kind, row in rows.items():
            yield f"{kind.capitalize()}: {_titled(row)}"


def _titled(row: Row) -> str:
    return f"Precision: {row.precision:6.2f}%; Recall: {row.recall:6.2f}%; FB1: {row.f1:6.2f}"


def _rows_of(name: str, kinds: Mapping[str, _Level]) -> dict[str, Row]:
    """A type's figures at each level; the loose ones only for a main class, as derivations merge into it."""
    shown = {kind: level for kind, level in kinds.items() if "strict" in kind or not _FINE.search(name)}
    return {kind: in_percent(level.types.get(name, Counts())) for kind, level in shown.items()}


def _metric(levels: Sequence[_Level], tokens: int) -> _Metric:
    right = sum(level.right for level in levels) / len(levels)
    return _Metric(100 * right / tokens, in_percent(micro(add_counts([level.types for level in levels]))))


def _level(gold: Columns, predicted: Columns, *, merge: bool) -> _Level:
    sides = [_merged(side.tags) if merge else side.tags for side in (gold, predicted)]
    names = sorted({split_tag(tag)[1] for tags in sides for tag in set(tags)} - {""})
    a, b = (_checked(encode_tags(tags, gold.first, names)) for tags in sides)
    same = a.label == b.label
    chunks = (_right_chunks(a, b, same), _opened(b), _opened(a))
    right, found, there = (np.bincount(labels, minlength=len(names)) for labels in chunks)
    counts = zip(names, right.tolist(), (found - right).tolist(), (there - right).tolist(), strict=True)
    tags_right = int((same & (a.prefix == b.prefix)).sum())
    return _Level({name: Counts(*row) for name, *row in counts if any(row)}, tags_right)


def _right_chunks(gold: TagStream, predicted: TagStream, same: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The labels of the gold chunks that were found; ``same`` ``[token]``: whether the labels agree."""
    (start, end), (other_start, other_end) = _chunks(gold), _chunks(predicted)
    length = len(same) + 1
    found = np.isin(start * length + end, other_start * length + other_end) & (end < len(same))
    differing = np.append(0, np.cumsum(~same))
    label: NDArray[np.int32] = gold.label[start[found & (differing[start] == differing[end])]]
    return label


def _opened(stream: TagStream) -> NDArray[np.int32]:
    """The label that each chunk begins with."""
    label: NDArray[np.int32] = stream.label[_chunks(stream)[0]]
    return label


def _chunks(stream: TagStream) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each chunk begins, and where the tag stands that ends it: the length where none does."""
    prefix = stream.prefix
    before, after = np.append(O, prefix[:-1]), np.append(prefix[1:], O)
    starts = (prefix == B) | ((prefix == I) & (before == O))
    ends = (prefix != O) & (after != I)
    return np.flatnonzero(starts), np.flatnonzero(ends) + 1


def _checked(stream: TagStream) -> TagStream:
    if not np.isin(stream.prefix, (O, B, I)).all():
        raise TagError("GermEval's tags are O, or B- or I- before a label; convert other schemes first")
    return stream


def _merged(tags: Sequence[str]) -> list[str]:
    """Tags whose labels are main classes."""
    main = {tag: _FINE.sub("", tag) for tag in set(tags)}
    return [main[tag] for tag in tags]
