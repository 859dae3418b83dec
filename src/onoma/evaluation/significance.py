"""Is one system better than another, or lucky? Approximate randomisation, and Holm's correction.

If two systems were equally good, it would not matter which of them gave which answer to a sentence. So
answers are swapped at random, and the share of swaps that make a difference at least as large as the one
observed is the p-value (Noreen 1989; for F1 Yeh 2000). Two-sided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.evaluation.judged import Judged
from onoma.evaluation.resampling import Figures, Reals, Units, chunks, figures_of, named, units_of

__all__ = ["Significance", "holm", "randomisation_test"]

_ROUNDING = 1e-12  # differences that are equal but for it are equal


@dataclass(frozen=True, slots=True)
class Significance:
    """The p-value of each figure's difference; ``exact`` when every possible swap was made.

    ``differing`` of the ``units`` are those on which the two systems' counts differ.
    """

    figures: Figures[float]
    rounds: int
    seed: int
    unit: str
    units: int
    differing: int
    exact: bool

    def to_dict(self) -> dict[str, Any]:
        """The p-values and how they were found, ready for JSON."""
        return self.figures.to_dict(float) | {
            "rounds": self.rounds,
            "seed": self.seed,
            "unit": self.unit,
            "units": self.units,
            "differing": self.differing,
            "exact": self.exact,
        }


def randomisation_test(a: Judged, b: Judged, *, rounds: int = 10_000, seed: int = 0) -> Significance:
    """P-values for the differences between ``a`` and ``b`` in every figure, from the same swaps.

    Where the systems differ on so few units that all swaps are no more than ``rounds``, all are made and
    the p-value is exact; else it is (hits + 1) / (rounds + 1), never 0. Articles are swapped whole where
    they are known. Raises `AlignmentError` when the two were not judged on the same sentences and gold.

    >>> from onoma.evaluation.judged import judge_tags
    >>> good, bad = (judge_tags([["B-a"]] * 6, [[tag]] * 6) for tag in ("B-a", "O"))
    >>> randomisation_test(good, bad).figures.f1, randomisation_test(good, good).figures.f1
    (0.03125, 1.0)
    """
    units = units_of(a, b)
    gains = units.rows[:, 0] - units.rows[:, 1]  # [distinct, label, 3]: what a swap takes from a
    differing = gains.any(axis=(1, 2))
    gains, times = gains[differing], units.times[differing]
    exact = 2 ** int(times.sum()) <= rounds
    swaps = _every_swap(times) if exact else _random_swaps(times, rounds, seed)
    hits, made = _hits(units, gains, swaps)
    p = hits / made if exact else (hits + 1) / (made + 1)
    figures = named(p.tolist(), units.labels)
    return Significance(figures, made, seed, units.kind, units.count, int(times.sum()), exact)


def _hits(units: Units, gains: Reals, swaps: Iterator[NDArray[np.int64]]) -> tuple[NDArray[np.int64], int]:
    """``[figure]``: after how many swaps the difference is at least as large as before; and of how many."""
    before = units.totals()[0]  # [system, label, 3]
    observed = np.abs(_difference(before[0], before[1]))
    hits = np.zeros(len(observed), dtype=np.int64)
    made = 0
    for times in swaps:
        moved = np.tensordot(times.astype(np.float64), gains, axes=1)
        difference = np.abs(_difference(before[0] - moved, before[1] + moved))
        hits += (difference >= observed - _ROUNDING).sum(axis=0)
        made += len(times)
    return hits, made


def _difference(a: Reals, b: Reals) -> Reals:
    return figures_of(a) - figures_of(b)


def _every_swap(times: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Every set of units to swap, as how many of each row are in it ``[set, row]``."""
    units = np.repeat(np.arange(len(times)), times)
    chosen = np.arange(2 ** len(units))[:, None] >> np.arange(len(units)) & 1
    yield chosen @ (units[:, None] == np.arange(len(times))).astype(np.int64)


def _random_swaps(times: NDArray[np.int64], rounds: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How many of each row's units are swapped, each by the toss of a coin ``[round, row]``."""
    random = np.random.default_rng(seed)
    for size in chunks(rounds, len(times)):
        yield random.binomial(times, 0.5, size=(size, len(times)))


def holm(p: Sequence[float]) -> list[float]:
    """P-values adjusted for making several comparisons at once, in the order given (Holm 1979).

    The smallest is multiplied by the number of comparisons, the next by one less, and so on; none becomes
    smaller than one before it, nor larger than 1. Raises `InputError` for what is no probability.

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    if bad := [value for value in p if not 0 <= value <= 1]:
        raise InputError(f"{bad[0]} is no p-value: it lies outside 0 to 1")
    adjusted = [0.0] * len(p)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = largest
    return adjusted
