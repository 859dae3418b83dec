"""What bootstrap and randomisation share: counts by unit, and figures from many resampled counts at once.

The unit is the article where any are known, else the sentence: sentences of one article are not independent.
A resample's counts depend only on how often each distinct row of counts was drawn, not on which units had
it; so equal rows are drawn together, which is exact and makes the work small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from onoma.errors import AlignmentError, InputError
from onoma.evaluation.judged import Judged

__all__ = ["Figures", "Units", "chunks", "figures_of", "named", "units_of"]

T = TypeVar("T")
Reals = NDArray[np.float64]

_CELLS = 4_000_000  # how many numbers one chunk of resamples may hold


@dataclass(frozen=True, slots=True)
class Figures(Generic[T]):
    """One ``T`` for each headline figure: micro precision, recall and F1, macro F1, and F1 by label."""

    precision: T
    recall: T
    f1: T
    macro_f1: T
    types: Mapping[str, T]

    def to_dict(self, plain: Callable[[T], Any]) -> dict[str, Any]:
        """The layout of `EntityScores.to_dict`; ``plain`` makes a value ready for JSON."""
        micro = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {
            "micro": {name: plain(value) for name, value in micro.items()},
            "macro": {"f1": plain(self.macro_f1)},
            "types": {label: {"f1": plain(value)} for label, value in self.types.items()},
        }


@dataclass(frozen=True, slots=True)
class Units:
    """The counts of one or more systems on the same units, equal rows once.

    The last axis of ``rows`` is true positives, predicted entities, gold entities.
    """

    rows: Reals  # [distinct, system, label, 3]
    times: NDArray[np.int64]  # [distinct], how many units have this row
    labels: list[str]
    kind: str  # "article" or "sentence"

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.times.sum())

    def totals(self, times: NDArray[np.int64] | None = None) -> Reals:
        """The counts ``[resample, system, label, 3]`` when rows come ``times`` ``[resample, distinct]``; by
        default as they are."""
        weights = self.times[None] if times is None else times
        sums: Reals = np.tensordot(weights.astype(np.float64), self.rows, axes=1)
        return sums


def units_of(*systems: Judged) -> Units:
    """The units of one system, or of several on the same gold.

    Raises `AlignmentError` when the systems were not judged on the same sentences and gold entities.
    """
    first = systems[0]
    for other in systems[1:]:
        _check_same_gold(first, other)
    labels = sorted({label for judged in systems for label in judged.labels})
    count = int(first.groups.max(initial=-1)) + 1
    by_article = 1 < count < first.sentences
    groups, size = (first.groups, count) if by_article else (np.arange(first.sentences), first.sentences)
    table = np.stack([_counts(judged, labels, groups, size) for judged in systems], axis=1)
    kind = "article" if by_article else "sentence"
    if not table.size:  # nothing to count, but still so many units
        return Units(np.zeros((1, *table.shape[1:])), np.array([size]), labels, kind)
    rows, times = np.unique(table.reshape(size, -1), axis=0, return_counts=True)
    return Units(rows.reshape(-1, *table.shape[1:]).astype(np.float64), times, labels, kind)


def _counts(judged: Judged, labels: Sequence[str], groups: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    """``[unit, label, 3]``."""
    place = np.array([labels.index(label) for label in judged.labels], dtype=np.int64)
    counts = np.zeros((size, len(labels), 3), dtype=np.int32)
    right = judged.right
    for column, table, mask in (
        (0, judged.predicted, right),
        (1, judged.predicted, np.ones_like(right)),
        (2, judged.gold, np.ones_like(judged.found)),
    ):
        np.add.at(counts[:, :, column], (groups[table.sentence[mask]], place[table.label[mask]]), 1)
    return counts


def _check_same_gold(a: Judged, b: Judged) -> None:
    if a.sentences != b.sentences:
        raise AlignmentError(f"one system was judged on {a.sentences} sentences, the other on {b.sentences}")
    differing = (i for i, (x, y) in enumerate(zip(a.texts, b.texts, strict=True), 1) if x != y)
    if (place := next(differing, None)) is not None:
        raise AlignmentError(f"the systems were judged on other texts, first in sentence {place}")
    rows, others = (
        {
            (*row, judged.labels[label])
            for *row, label in zip(*(column.tolist() for column in judged.gold[:4]), strict=True)
        }
        for judged in (a, b)
    )
    if rows != others:
        place = min(row[0] for row in rows ^ others) + 1
        raise AlignmentError(
            f"the systems were judged against other gold entities, first in sentence {place}"
        )


def figures_of(counts: Reals) -> Reals:
    """Figures ``[..., 4 + label]`` of counts ``[..., label, 3]``, in the order of `Figures`.

    A ratio whose denominator is zero is 0; the macro mean is over labels that occur, as in `macro`.
    """
    tp, predicted, gold = np.moveaxis(counts, -1, 0)
    types = _ratio(2 * tp, predicted + gold)
    occurring = (predicted + gold > 0).sum(axis=-1)
    right, said, true = (column.sum(axis=-1) for column in (tp, predicted, gold))
    head = (
        _ratio(right, said),
        _ratio(right, true),
        _ratio(2 * right, said + true),
        _ratio(types.sum(axis=-1), occurring),
    )
    return np.concatenate([np.stack(head, axis=-1), types], axis=-1)


def _ratio(part: Reals, whole: Reals | NDArray[np.int64]) -> Reals:
    return part / np.where(whole > 0, whole, 1)  # where the whole is 0, so is the part


def named(values: Sequence[T], labels: Sequence[str]) -> Figures[T]:
    """One value a figure, as `figures_of` orders them, under their names."""
    return Figures(values[0], values[1], values[2], values[3], dict(zip(labels, values[4:], strict=True)))


def chunks(total: int, width: int) -> Iterator[int]:
    """Sizes that add up to ``total``, such that so many rows of ``width`` fit in a bounded memory.

    >>> list(chunks(1000, 10_000))
    [400, 400, 200]
    """
    if total < 1:
        raise InputError(f"at least one resample is needed, not {total}")
    size = max(1, _CELLS // max(width, 1))
    for start in range(0, total, size):
        yield min(size, total - start)
