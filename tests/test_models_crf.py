"""The CRF against brute force, and against the decoder that reads its scores."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from onoma.models.crf import ConditionalRandomField
from onoma.tagging import TagSet
from onoma.tagging.decode import TagScores, marginals, viterbi

CASES = [(scheme, length, seed) for scheme in ("iob2", "bioes") for length in (1, 2, 4) for seed in (0, 1)]


def make(scheme: str, seed: int, labels: tuple[str, ...] = ("per",)) -> tuple[ConditionalRandomField, TagSet]:
    torch.manual_seed(seed)
    tags = TagSet(list(labels), scheme)
    crf = ConditionalRandomField(tags)
    with torch.no_grad():
        for weight in crf.parameters():
            weight.normal_(std=2)
    return crf, tags


def is_legal(path: tuple[int, ...], tags: TagSet) -> bool:
    ends = tags.legal_start[path[0]] and tags.legal_end[path[-1]]
    return bool(ends and all(tags.legal[a, b] for a, b in pairwise(path)))


def weight_of(path: tuple[int, ...], emissions: np.ndarray, crf: ConditionalRandomField) -> float:
    moves, start, end = (array.astype(np.float64) for array in crf.arrays())
    total = start[path[0]] + end[path[-1]] + sum(emissions[t, tag] for t, tag in enumerate(path))
    return float(total + sum(moves[a, b] for a, b in pairwise(path)))


@pytest.mark.parametrize(("scheme", "length", "seed"), CASES)
def test_log_likelihood_equals_enumeration(scheme, length, seed):
    crf, tags = make(scheme, seed)
    emissions = torch.randn(1, length, len(tags)) * 3
    paths = [path for path in product(range(len(tags)), repeat=length) if is_legal(path, tags)]
    weights = np.array([weight_of(path, emissions[0].numpy(), crf) for path in paths])
    partition = np.logaddexp.reduce(weights)
    gold = torch.tensor(paths)
    found = crf(emissions.expand(len(paths), -1, -1), gold, torch.ones(len(paths), length))
    assert_allclose(found.detach().numpy(), weights - partition, rtol=1e-4, atol=1e-4)
    assert float(found.exp().sum().detach()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
def test_illegal_sequences_have_probability_nought(scheme):
    crf, tags = make(scheme, 3)
    emissions = torch.randn(1, 3, len(tags)) * 3
    illegal = [path for path in product(range(len(tags)), repeat=3) if not is_legal(path, tags)]
    found = crf(emissions.expand(len(illegal), -1, -1), torch.tensor(illegal), torch.ones(len(illegal), 3))
    assert len(illegal) > 10
    assert not found.exp().any()


def test_the_gradient_of_emissions_is_gold_less_the_decoders_marginals():
    """d log p / d emission = [tag is gold] − p(tag): so torch and numpy agree on every marginal."""
    crf, tags = make("bioes", 5, ("per", "geo"))
    emissions = (torch.randn(3, 6, len(tags)) * 2).requires_grad_()
    lengths = np.array([6, 4, 1])
    mask = torch.from_numpy((np.arange(6) < lengths[:, None]).astype(np.float32))
    scores = TagScores(emissions.detach().numpy(), *crf.arrays())
    gold = torch.from_numpy(viterbi(scores, lengths, tags))
    crf(emissions, gold, mask).sum().backward()
    hot = np.eye(len(tags))[gold.numpy()]
    expected = (hot - marginals(scores, lengths, tags)) * mask.numpy()[..., None]
    assert_allclose(emissions.grad.numpy(), expected, atol=1e-4)


def test_padding_changes_nothing():
    crf, tags = make("bioes", 7)
    emissions, gold = torch.randn(1, 3, len(tags)), torch.tensor([[0, 1, 3]])
    alone = crf(emissions, gold, torch.ones(1, 3))
    junk = torch.cat([emissions, torch.full((1, 4, len(tags)), 50.0)], 1)
    padded = crf(junk, torch.cat([gold, torch.full((1, 4), 2)], 1), torch.tensor([[1.0] * 3 + [0.0] * 4]))
    assert torch.equal(alone, padded)


@pytest.mark.parametrize("size", [1.0, 40.0, 1000.0])
def test_gradients_are_finite_however_large_the_emissions(size):
    crf, tags = make("bioes", 9, ("per", "geo"))
    emissions = (torch.randn(4, 30, len(tags)) * size).requires_grad_()
    loss = -crf(emissions, torch.zeros(4, 30, dtype=torch.long), torch.ones(4, 30)).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(emissions.grad).all()
    assert all(torch.isfinite(weight.grad).all() for weight in crf.parameters())


def test_mixed_precision_leaves_it_in_float32():
    crf, tags = make("iob2", 11)
    emissions, gold = torch.randn(2, 5, len(tags)), torch.zeros(2, 5, dtype=torch.long)
    plain = crf(emissions, gold, torch.ones(2, 5))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = crf(emissions, gold, torch.ones(2, 5))
    assert mixed.dtype == torch.float32
    assert torch.equal(plain, mixed)
