"""Is a score of 0.9 right nine times in ten? And what does a threshold on it buy?

The scores are those of predicted entities, and an entity is right if its span and label are gold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.evaluation.judged import Judged

__all__ = ["BINS", "Bin", "Calibration", "Curve", "Point", "calibrate", "expected_error"]

BINS = 10

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bin:
    """Entities with scores from ``low`` to ``high``, the least and the greatest that occur in the bin."""

    low: float
    high: float
    mean_score: float
    share_right: float
    count: int

    def to_dict(self) -> dict[str, float | int]:
        """The bin, ready for JSON."""
        return asdict(self)


class Point(NamedTuple):
    """What is left when only entities with a score of at least ``threshold`` are kept.

    ``coverage`` is the share of predicted entities kept.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    coverage: float

    def to_dict(self) -> dict[str, float]:
        """The point, ready for JSON."""
        return self._asdict()


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """A `Point` for each distinct score as the threshold, from the highest down: arrays ``[point]``."""

    threshold: Reals
    precision: Reals
    recall: Reals
    f1: Reals
    coverage: Reals

    def at(self, place: int) -> Point:
        """One point of the curve."""
        columns = (self.threshold, self.precision, self.recall, self.f1, self.coverage)
        return Point(*(float(column[place]) for column in columns))

    @property
    def best(self) -> Point:
        """The threshold with the highest F1; of equals the lowest.

        A threshold is a choice, so it belongs to the development corpus: chosen on the corpus it is then
        scored on, it flatters.
        """
        return self.at(len(self.f1) - 1 - int(np.argmax(self.f1[::-1])))

    def points(self, limit: int = 100) -> list[Point]:
        """Up to ``limit`` points, evenly spaced, with both ends."""
        count = len(self.threshold)
        places = np.linspace(0, count - 1, min(limit, count)).round().astype(np.int64)
        return [self.at(place) for place in places.tolist()]


@dataclass(frozen=True, eq=False, slots=True)
class Calibration:
    """How far scores are from probabilities.

    ``ece`` is the headline: the expected calibration error over bins of equal width, the mean distance
    between score and share right, weighed by count (Naeini et al. 2015; Guo et al. 2017). As most scores
    lie near 1, most bins of equal width are almost empty; ``ece_equal_mass`` is over bins of equal count
    (Nguyen & O'Connor 2015). ``brier`` is the mean squared distance between score and outcome.
    """

    ece: float
    ece_equal_mass: float
    brier: float
    bins: Sequence[Bin]
    mass_bins: Sequence[Bin]
    curve: Curve
    count: int

    @property
    def overconfidence(self) -> float:
        """The mean score less the share right: above 0, the tagger believes itself too readily."""
        return sum(bin.count * (bin.mean_score - bin.share_right) for bin in self.bins) / self.count

    def to_dict(self) -> dict[str, Any]:
        """The figures, both kinds of bins, the curve and its best point, ready for JSON."""
        return {
            "ece": self.ece,
            "ece_equal_mass": self.ece_equal_mass,
            "brier": self.brier,
            "overconfidence": self.overconfidence,
            "count": self.count,
            "bins": [bin.to_dict() for bin in self.bins],
            "mass_bins": [bin.to_dict() for bin in self.mass_bins],
            "best": self.curve.best.to_dict(),
            "curve": [point.to_dict() for point in self.curve.points()],
        }


def calibrate(judged: Judged) -> Calibration | None:
    """Judge the scores of the predicted entities; None where there are none to judge.

    That is so when nothing was predicted, or all scores are 1, as those of taggers and files that give
    none. Raises `InputError` naming the entity whose score is no number from 0 to 1.

    >>> from onoma.evaluation.judged import judge
    >>> from onoma.text.document import Document, Entity
    >>> gold = Document.from_text("Ada met Bob").replace(entities=[Entity(0, 3, "per")])
    >>> guess = gold.replace(entities=[Entity(0, 3, "per", 0.8), Entity(8, 11, "geo", 0.4)])
    >>> calibration = calibrate(judge([gold], [guess]))
    >>> round(calibration.ece, 2), calibration.curve.best.threshold
    (0.3, 0.8)
    """
    score, right = judged.predicted.score, judged.right
    _check_scores(judged)
    if (score == 1).all():
        return None
    rank = np.searchsorted(np.sort(score), score)  # equal scores have one rank, and stay together
    bins, mass_bins = (_bins(score, right, number) for number in (_width(score), rank * BINS // len(score)))
    return Calibration(
        ece=_error(bins),
        ece_equal_mass=_error(mass_bins),
        brier=float(np.mean((score - right) ** 2)),
        bins=bins,
        mass_bins=mass_bins,
        curve=_curve(score, right, len(judged.gold)),
        count=len(score),
    )


def expected_error(score: Reals, right: Flags) -> float:
    """The expected calibration error of `Calibration.ece`, for scores that need not come from a corpus.

    >>> round(expected_error(np.array([0.75, 0.75]), np.array([True, False])), 2)
    0.25
    """
    return _error(_bins(score, right, _width(score)))


def _width(score: Reals) -> NDArray[np.int64]:
    """Which of the bins of equal width each score is in."""
    number: NDArray[np.int64] = np.clip(np.ceil(score * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return number


def _check_scores(judged: Judged) -> None:
    table = judged.predicted
    wrong = ~((table.score >= 0) & (table.score <= 1))  # NaN is neither
    if wrong.any():
        place = int(np.argmax(wrong))
        sentence = int(table.sentence[place])
        name = f"{judged.labels[table.label[place]]} [{table.start[place]}, {table.end[place]})"
        where = f"{table.surfaces[place][:60]!r} of sentence {judged.ids[sentence] or sentence + 1}"
        raise InputError(
            f"the entity {name} {where} has the score {table.score[place]}; scores are between 0 and 1"
        )


def _bins(score: Reals, right: Flags, number: NDArray[np.int64]) -> list[Bin]:
    """The bins that are not empty; ``number`` ``[entity]`` says which bin each entity is in."""
    held = (number == i for i in np.unique(number).tolist())
    return [
        Bin(
            float(score[mask].min()),
            float(score[mask].max()),
            float(score[mask].mean()),
            float(right[mask].mean()),
            int(mask.sum()),
        )
        for mask in held
    ]


def _error(bins: Sequence[Bin]) -> float:
    total = sum(bin.count for bin in bins)
    return sum(bin.count * abs(bin.mean_score - bin.share_right) for bin in bins) / total


def _curve(score: Reals, right: Flags, gold: int) -> Curve:
    order = np.argsort(-score, kind="stable")
    threshold, found = score[order], np.cumsum(right[order])
    last = np.append(threshold[1:] != threshold[:-1], True)  # of entities with equal scores
    threshold, found, kept = threshold[last], found[last], np.flatnonzero(last) + 1
    f1 = 2 * found / (kept + gold)
    return Curve(threshold, found / kept, found / max(gold, 1), f1, kept / len(score))
