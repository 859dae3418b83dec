"""How long sentences and entities are: counts of each length, and the percentiles that decide on room."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PERCENTS", "Lengths"]

PERCENTS = (50, 90, 95, 99, 100)


class Lengths(NamedTuple):
    """How many items have each length.

    >>> lengths = Lengths.of(np.array([1, 1, 1, 4]))
    >>> lengths.counts.tolist(), lengths.percentiles
    ([0, 3, 0, 0, 1], {50: 1, 90: 4, 95: 4, 99: 4, 100: 4})
    """

    counts: NDArray[np.int64]  # [length]

    @classmethod
    def of(cls, lengths: NDArray[np.integer[Any]]) -> Lengths:
        """Count ``lengths``, each 0 or more."""
        return cls(np.bincount(lengths))

    @property
    def percentiles(self) -> dict[int, int]:
        """The least length that so many in a hundred do not exceed; empty when there are none."""
        total = int(self.counts.sum())
        if not total:
            return {}
        up_to = np.cumsum(self.counts) * 100
        return {percent: int(np.searchsorted(up_to, percent * total)) for percent in PERCENTS}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: percentiles, and the counts of those lengths that occur."""
        counts = {str(i): int(n) for i, n in enumerate(self.counts) if n}
        return {"percentiles": {str(k): v for k, v in self.percentiles.items()}, "counts": counts}
