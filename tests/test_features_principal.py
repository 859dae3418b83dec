"""Principal components: centred, uncorrelated, of unit spread, and the same by any blocks."""

from __future__ import annotations

import numpy as np
import pytest

from onoma.errors import InputError
from onoma.features.principal import fit_reduction


def test_reduced_vectors_are_centred_uncorrelated_and_of_unit_spread():
    points = np.random.default_rng(2).normal(size=(200, 6)) @ np.diag([5, 4, 3, 1, 0.5, 0.1]) + 100
    reduction = fit_reduction([points[:50], points[50:]], 3)
    mapped = reduction(points).astype(np.float64)
    covariance = mapped.T @ mapped / len(mapped)
    np.testing.assert_allclose(reduction.components @ reduction.components.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(mapped.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    assert np.diag(covariance).mean() == pytest.approx(1, abs=1e-4)
    assert list(np.diag(covariance)) == sorted(np.diag(covariance), reverse=True)
    assert 0.9 < reduction.kept < 1


def test_the_components_are_those_of_a_singular_value_decomposition():
    points = np.random.default_rng(3).normal(size=(60, 4)) * [4, 3, 2, 1]
    centred = points - points.mean(axis=0)
    _, strengths, rows = np.linalg.svd(centred, full_matrices=False)
    reduction = fit_reduction([points], 2)
    np.testing.assert_allclose(np.abs(np.sum(reduction.components * rows[:2], axis=1)), 1, atol=1e-9)
    assert reduction.kept == pytest.approx((strengths[:2] ** 2).sum() / (strengths**2).sum())


def test_blocks_and_mirrored_axes_change_no_sign():
    points = np.random.default_rng(4).normal(size=(40, 5))
    whole, cut = fit_reduction([points], 5), fit_reduction([points[:7], points[7:]], 5)
    np.testing.assert_allclose(whole.components, cut.components, atol=1e-9)
    assert (np.take_along_axis(whole.components, np.abs(whole.components).argmax(1)[:, None], 1) > 0).all()


@pytest.mark.parametrize("dim", [0, -1, 4])
def test_a_dimension_out_of_reach_is_refused(dim):
    with pytest.raises(InputError, match="give 1 to 3"):
        fit_reduction([np.eye(3)], dim)


def test_equal_or_no_vectors_cannot_be_reduced():
    with pytest.raises(InputError, match="all equal"):
        fit_reduction([np.ones((4, 2))], 1)
    with pytest.raises(InputError, match="no vectors"):
        fit_reduction([], 1)
