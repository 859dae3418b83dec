"""Percentile bootstrap intervals: how far a score would move on other texts of the same kind.

Sentences, or whole articles where they are known, are drawn with replacement and the scores computed anew
(Efron 1979; for comparing systems Koehn 2004, Berg-Kirkpatrick et al. 2012).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.evaluation.judged import Judged
from onoma.evaluation.resampling import Figures, Reals, Units, chunks, figures_of, named, units_of

__all__ = ["Interval", "Intervals", "bootstrap", "paired_bootstrap"]


class Interval(NamedTuple):
    """A figure and the bounds between which it would fall on most other texts of the same kind."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """The three, ready for JSON."""
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Intervals:
    """An interval for each figure; ``unit`` is what was drawn, ``units`` how many of them there are."""

    figures: Figures[Interval]
    level: float
    resamples: int
    seed: int
    unit: str
    units: int

    def to_dict(self) -> dict[str, Any]:
        """Intervals and how they were made, ready for JSON."""
        return self.figures.to_dict(Interval.to_dict) | {
            "level": self.level,
            "resamples": self.resamples,
            "seed": self.seed,
            "unit": self.unit,
            "units": self.units,
        }


def bootstrap(judged: Judged, *, resamples: int = 1000, level: float = 0.95, seed: int = 0) -> Intervals:
    """Intervals of micro precision, recall and F1, macro F1, and the F1 of each label.

    A label that a resample lacks scores 0 there, as everywhere, so the interval of a rare label reaches
    down to 0: a handful of entities says little. Equal seeds give equal intervals.

    Raises `InputError` for a ``level`` not between 0 and 1 or fewer resamples than one.

    >>> from onoma.evaluation.judged import judge_tags
    >>> judged = judge_tags([["B-a"], ["B-a"], ["B-a"]], [["B-a"], ["B-a"], ["O"]])
    >>> f1 = bootstrap(judged).figures.f1
    >>> round(f1.value, 3), f1.low, f1.high
    (0.8, 0.0, 1.0)
    """
    return _intervals(units_of(judged), lambda figures: figures[:, 0], resamples, level, seed)


def paired_bootstrap(
    a: Judged, b: Judged, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Intervals:
    """Intervals of the figures of ``a`` less those of ``b``, both on the same draws of the same sentences.

    An interval that leaves out 0 says that the systems differ. Raises `AlignmentError` when they were not
    judged on the same sentences and gold, and what `bootstrap` raises.

    >>> from onoma.evaluation.judged import judge_tags
    >>> good, bad = (judge_tags([["B-a"]] * 9, [[tag]] * 9) for tag in ("B-a", "O"))
    >>> paired_bootstrap(good, bad).figures.f1
    Interval(value=1.0, low=1.0, high=1.0)
    """
    return _intervals(units_of(a, b), lambda figures: figures[:, 0] - figures[:, 1], resamples, level, seed)


def _intervals(
    units: Units, statistic: Callable[[Reals], Reals], resamples: int, level: float, seed: int
) -> Intervals:
    if not 0 < level < 1:
        raise InputError(f"the level of an interval lies between 0 and 1, as in 0.95; not {level}")
    drawn = np.concatenate(
        [statistic(figures_of(units.totals(times))) for times in _draws(units, resamples, seed)]
    )
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0).tolist()
    value = statistic(figures_of(units.totals()))[0].tolist()
    rows = [Interval(*row) for row in zip(value, low, high, strict=True)]
    return Intervals(named(rows, units.labels), level, resamples, seed, units.kind, units.count)


def _draws(units: Units, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each row is drawn, ``[resample, distinct]``, in chunks."""
    random = np.random.default_rng(seed)
    shares = units.times / max(units.count, 1)
    for size in chunks(resamples, len(units.times)):
        yield random.multinomial(units.count, shares, size=size)
