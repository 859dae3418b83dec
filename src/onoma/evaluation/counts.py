"""True positives, false positives, false negatives, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Average", "Counts", "add_counts", "macro", "micro", "weighted"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What was right, made up and missed. Counts add; precision, recall and F1 are derived, never stored.

    A ratio whose denominator is zero is 0, never NaN.

    >>> total = Counts(tp=2, fp=1) + Counts(tp=1, fn=2)
    >>> total.precision, total.recall, total.support
    (0.75, 0.6, 5)
    >>> Counts().f1
    0.0
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def support(self) -> int:
        """How many there are in the gold annotation."""
        return self.tp + self.fn

    @property
    def predicted(self) -> int:
        """How many were predicted."""
        return self.tp + self.fp

    @property
    def precision(self) -> float:
        """The share of the predicted that is right, 0..1."""
        return _ratio(self.tp, self.predicted)

    @property
    def recall(self) -> float:
        """The share of the gold that was found, 0..1."""
        return _ratio(self.tp, self.support)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 0..1."""
        return _ratio(2 * self.tp, self.predicted + self.support)

    def to_dict(self) -> dict[str, float | int]:
        """Derived figures and the counts they come from, ready for JSON."""
        return _figures(self) | {"tp": self.tp, "fp": self.fp, "fn": self.fn}


@dataclass(frozen=True, slots=True)
class Average:
    """Precision, recall and F1 averaged over types; the F1 is the mean of the types' F1."""

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
    support: int = 0

    def to_dict(self) -> dict[str, float | int]:
        """The figures, ready for JSON."""
        return _figures(self)


def micro(types: Mapping[str, Counts]) -> Counts:
    """All types pooled: every entity weighs the same.

    >>> micro({"per": Counts(tp=1), "org": Counts(fn=1)}).f1
    0.6666666666666666
    """
    return sum(types.values(), Counts())


def macro(types: Mapping[str, Counts]) -> Average:
    """The plain mean over those types that occur in the gold or the predicted entities, as in seqeval.

    >>> macro({"per": Counts(tp=1), "org": Counts(fn=1), "unused": Counts()}).f1
    0.5
    """
    occurring = [counts for counts in types.values() if counts.predicted or counts.support]
    return _mean(occurring, [1] * len(occurring))


def weighted(types: Mapping[str, Counts]) -> Average:
    """The mean over types weighed by support, as in seqeval; 0 when the gold has no entity.

    >>> weighted({"per": Counts(tp=3), "org": Counts(fn=1)}).f1
    0.75
    """
    return _mean(list(types.values()), [counts.support for counts in types.values()])


def add_counts(parts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Counts under the same name added up, names sorted.

    >>> add_counts([{"per": Counts(tp=1)}, {"org": Counts(fp=1), "per": Counts(fn=1)}])["per"]
    Counts(tp=1, fp=0, fn=1)
    """
    total: dict[str, Counts] = {}
    for part in parts:
        for name, counts in part.items():
            total[name] = total.get(name, Counts()) + counts
    return dict(sorted(total.items()))


def _mean(types: list[Counts], weights: list[int]) -> Average:
    whole = sum(weights)
    precision, recall, f1 = (
        _ratio(sum(w * getattr(counts, name) for w, counts in zip(weights, types, strict=True)), whole)
        for name in ("precision", "recall", "f1")
    )
    return Average(precision, recall, f1, sum(counts.support for counts in types))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _figures(row: Counts | Average) -> dict[str, float | int]:
    return {"precision": row.precision, "recall": row.recall, "f1": row.f1, "support": row.support}
