"""Principal components: many vectors centred, turned and cut to fewer components.

Fitted from blocks, one at a time, so that a table larger than memory can be reduced. Source: Jolliffe,
*Principal Component Analysis*, 2nd ed., 2002, chapter 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError

__all__ = ["Reduction", "check_reducible", "fit_reduction"]


@dataclass(frozen=True, slots=True)
class Reduction:
    """The affine map ``(x - mean) @ components.T / spread``.

    ``mean`` [wide], ``components`` [dim, wide] with orthonormal rows, strongest first, each signed so that
    its largest entry is positive; ``spread`` makes the mapped vectors' components have variance 1 on
    average. ``kept`` is the share of the variance that the components carry.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    spread: float
    kept: float

    def __call__(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """Map vectors [n, wide] to [n, dim]."""
        mapped = (block - self.mean) @ self.components.T / self.spread
        return np.asarray(mapped, np.float32)


def fit_reduction(blocks: Iterable[NDArray[Any]], dim: int) -> Reduction:
    """The reduction to ``dim`` components of the vectors in ``blocks``, each [n, wide].

    Raises `InputError` when there are no vectors, all are equal, or ``dim`` is not in 1..wide.

    >>> points = np.array([[1.0, 1.0], [2.0, 2.0], [6.0, 6.0]])
    >>> reduction = fit_reduction([points], 1)
    >>> [round(float(x), 2) for x in reduction(points)[:, 0]], round(reduction.kept, 3)
    ([-0.93, -0.46, 1.39], 1.0)
    """
    mean, covariance = _moments(blocks)
    check_reducible(len(mean), dim)
    variances, directions = np.linalg.eigh(covariance)  # weakest first
    variances, components = variances[::-1].clip(0), directions.T[::-1][:dim]
    spread = float(np.sqrt(variances[:dim].mean()))
    if not spread > 0:
        raise InputError("the vectors are all equal: there is nothing to learn from them")
    return Reduction(mean, _signed(components), spread, float(variances[:dim].sum() / variances.sum()))


def check_reducible(wide: int, dim: int) -> None:
    """Raise `InputError` unless vectors of ``wide`` components can be reduced to ``dim``."""
    if not 1 <= dim <= wide:
        raise InputError(f"vectors of {wide} components cannot be reduced to {dim}; give 1 to {wide}")


def _moments(blocks: Iterable[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance; sums are taken about the first block's mean, which keeps them exact."""
    count, origin = 0, None
    total: Any = 0.0
    squares: Any = 0.0
    for block in blocks:
        wide = np.asarray(block, np.float64)
        origin = wide.mean(axis=0) if origin is None else origin
        apart = wide - origin
        count, total, squares = count + len(wide), total + apart.sum(axis=0), squares + apart.T @ apart
    if origin is None:
        raise InputError("there are no vectors to reduce")
    shift = total / count
    return origin + shift, squares / count - np.outer(shift, shift)


def _signed(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row turned so that its largest entry is positive: eigenvectors have no sign of their own."""
    largest = np.abs(components).argmax(axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    return np.asarray(components * signs[:, None], np.float64)
