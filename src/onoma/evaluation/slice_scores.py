"""Figures that are ratios of sums over sentences, on the same sentences again and again, with intervals.

F1 and recall are both of this kind. All of them share one bootstrap, so that what is compared is compared on
the same resampled sentences (a paired bootstrap). `onoma.evaluation.bootstrap` compares taggers on one gold
standard; here the gold standard itself is edited, and one sentence stands in it in several forms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.evaluation.bootstrap import Interval
from onoma.evaluation.judged import Judged

__all__ = ["Bootstrap", "Gap", "Ratio", "f1_ratio", "recall_ratio"]

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEVEL = 0.95
MARGIN = 0.1  # ten points: a difference between groups that is flagged where it is surely more


class Ratio(NamedTuple):
    """``sum(part) / sum(whole)``; both are ``[sentence]``. Ratios over the same sentences add."""

    part: Numbers
    whole: Numbers

    def plus(self, other: Ratio) -> Ratio:
        """The two pooled."""
        return Ratio(self.part + other.part, self.whole + other.whole)

    @property
    def value(self) -> float:
        """The ratio over all sentences; 0 where there is nothing to divide by."""
        whole = int(self.whole.sum())
        return float(self.part.sum() / whole) if whole else 0.0


def f1_ratio(judged: Judged, label: str | None = None) -> Ratio:
    """The F1 of ``label``, or of all labels pooled: twice the hits, over what is there and what was found."""
    hits = _count(judged, judged.gold.sentence, judged.found & _of(judged, judged.gold.label, label))
    there = _count(judged, judged.gold.sentence, _of(judged, judged.gold.label, label))
    made = _count(judged, judged.predicted.sentence, _of(judged, judged.predicted.label, label))
    return Ratio(2 * hits, there + made)


def recall_ratio(judged: Judged, chosen: Flags) -> Ratio:
    """The share of the gold spans ``chosen`` ``[gold span]`` that were found."""
    return Ratio(*(_count(judged, judged.gold.sentence, flags) for flags in (judged.found & chosen, chosen)))


def _of(judged: Judged, labels: Numbers, label: str | None) -> Flags:
    if label is None:
        return np.ones(len(labels), dtype=bool)
    flags: Flags = labels == (judged.labels.index(label) if label in judged.labels else -1)
    return flags


def _count(judged: Judged, sentence: Numbers, flags: Flags) -> Numbers:
    return np.bincount(sentence[flags], minlength=judged.sentences)


class Bootstrap:
    """Ratios over the same sentences, resampled together.

    ``groups`` ``[sentence]`` are articles, which are drawn whole. Percentile intervals (Efron and Tibshirani,
    An Introduction to the Bootstrap, 1993, chapter 13).

    >>> ones, halves = np.ones(40, dtype=int), np.arange(40) % 2
    >>> bootstrap = Bootstrap({"all": Ratio(ones, ones), "half": Ratio(halves, ones)}, np.arange(40))
    >>> bootstrap.interval("all")
    Interval(value=1.0, low=1.0, high=1.0)
    >>> bootstrap.difference("half", "all").high < -0.2
    True
    """

    def __init__(
        self, ratios: Mapping[str, Ratio], groups: Numbers, *, resamples: int = 1000, seed: int = 0
    ) -> None:
        """Draw ``resamples`` times."""
        self._values = {name: ratio.value for name, ratio in ratios.items()}
        columns = [column for ratio in ratios.values() for column in ratio]
        sums = _resampled(
            np.array(columns, dtype=np.float64).reshape(len(columns), -1), groups, resamples, seed
        )
        parts, wholes = sums[:, 0::2], sums[:, 1::2]
        drawn = np.divide(parts, wholes, out=np.zeros(parts.shape), where=wholes > 0)
        self._drawn = dict(zip(ratios, drawn.T, strict=True))

    def interval(self, name: str) -> Interval:
        """A ratio and its interval."""
        return _interval(self._values[name], self._drawn[name])

    def difference(self, one: str, other: str) -> Interval:
        """``one`` less ``other``, and the paired interval."""
        return _interval(self._values[one] - self._values[other], self._drawn[one] - self._drawn[other])

    def gap(self, names: Sequence[str]) -> Gap:
        """The difference between the best and the worst of ``names``, two at least.

        Since the two were picked from all pairs, the interval is at the level of the first step of Holm's
        method over all pairs (for two groups, 95 %). So far out in the tail percentiles of a thousand
        resamples say little: the interval is the normal one, with the bootstrap's standard error.
        """
        worst, *_, best = sorted(names, key=self._values.__getitem__)
        pairs = len(list(combinations(names, 2)))
        value = self._values[best] - self._values[worst]
        reach = NormalDist().inv_cdf(1 - (1 - LEVEL) / pairs / 2)
        error = float(np.std(self._drawn[best] - self._drawn[worst], ddof=1))
        return Gap(best, worst, Interval(value, value - reach * error, value + reach * error), pairs)


def _resampled(
    columns: NDArray[np.float64], groups: Numbers, resamples: int, seed: int
) -> NDArray[np.float64]:
    """``[resample, column]``: the sums of ``columns`` ``[column, sentence]`` over articles drawn by lot."""
    chance = np.random.default_rng(seed)
    count = int(groups.max()) + 1 if len(groups) else 0
    by_group = np.stack([np.bincount(groups, column, minlength=count) for column in columns], axis=1)
    return np.array(
        [
            by_group.T @ np.bincount(chance.integers(0, max(count, 1), count), minlength=count)
            for _ in range(resamples)
        ]
    )


def _interval(value: float, drawn: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


@dataclass(frozen=True, slots=True)
class Gap:
    """The best and the worst of several groups; ``pairs`` are the comparisons they were picked from."""

    best: str
    worst: str
    difference: Interval
    pairs: int

    @property
    def flagged(self) -> bool:
        """Whether the whole interval of the difference lies beyond ten points."""
        return self.difference.low > MARGIN

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "best": self.best,
            "worst": self.worst,
            "difference": self.difference.to_dict(),
            "pairs": self.pairs,
            "flagged": self.flagged,
        }
