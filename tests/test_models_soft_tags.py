"""Learning from beliefs: the loss against enumeration, and against the likelihood where all is sure."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onoma.models.crf import ConditionalRandomField
from onoma.models.soft_tags import SoftTags
from onoma.tagging import TagSet
from onoma.tagging.chain import Chain, TagScores
from onoma.tagging.decode import marginals
from onoma.tagging.posterior import Bridge, Moved, sparse_moves
from test_tagging_readings import scores_of, shares

TAGS = TagSet(["geo", "per"], "iob2")
SEEDS = st.integers(0, 2**32 - 1)


def crf_of(scores: TagScores) -> ConditionalRandomField:
    crf = ConditionalRandomField(TAGS)
    with torch.no_grad():
        for weight, given_ in zip(crf.parameters(), scores[1:], strict=True):
            weight.copy_(torch.from_numpy(given_))
    return crf


def belief(scores: TagScores) -> Moved:
    time = scores.emissions.shape[1]
    [moves] = Bridge(Chain(TAGS, scores), TAGS).moves(scores.emissions, np.array([time]))
    return sparse_moves(moves, 0.0)


def sure(path: list[int]) -> Moved:
    count = len(path)
    source = np.array([len(TAGS), *path[:-1]], np.int16)
    return Moved(
        np.arange(count, dtype=np.int32), source, np.array(path, np.int16), np.ones(count, np.float32)
    )


@given(seed=SEEDS, time=st.integers(1, 3))
def test_the_loss_is_the_cross_entropy_over_all_sequences(seed, time):
    chance = np.random.default_rng(seed)
    teacher, student = (scores_of(chance, time, len(TAGS)) for _ in range(2))
    mine = shares(student, TAGS)
    expected = -sum(share * np.log(mine[path]) for path, share in shares(teacher, TAGS).items())
    soft = SoftTags.of([belief(teacher)], [1.0])
    found = soft.loss(torch.from_numpy(student.emissions).float(), crf_of(student), torch.ones(1, time))
    assert float(found.detach()) * time == pytest.approx(expected, rel=1e-3, abs=1e-4)


def batch_of(seed: int) -> tuple[TagScores, torch.Tensor, torch.Tensor]:
    scores = scores_of(np.random.default_rng(seed), 5, len(TAGS))
    emissions = torch.from_numpy(np.concatenate([scores.emissions, scores.emissions[:, ::-1]])).float()
    return scores, emissions, torch.tensor([[1.0] * 5, [1.0] * 3 + [0.0] * 2])


@given(seed=SEEDS)
def test_a_sure_belief_gives_the_likelihood(seed):
    scores, emissions, mask = batch_of(seed)
    crf, paths = crf_of(scores), [[0, 1, 2, 0, 3], [3, 4, 0]]
    gold = torch.tensor([paths[0], [*paths[1], 0, 0]])
    expected = -crf(emissions, gold, mask).sum() / mask.sum()
    soft = SoftTags.of([sure(path) for path in paths], [1.0, 1.0])
    assert float(soft.loss(emissions, crf, mask).detach()) == pytest.approx(
        float(expected.detach()), rel=1e-4
    )
    half = SoftTags.of([sure(path) for path in paths], [0.5, 0.5])
    assert float(half.loss(emissions, crf, mask).detach()) == pytest.approx(
        float(expected.detach()) / 2, rel=1e-4
    )


@given(seed=SEEDS)
def test_marginals_are_those_of_the_decoder(seed):
    scores, emissions, mask = batch_of(seed)
    found = crf_of(scores).log_marginals(emissions, mask).exp().detach().numpy()
    expected = marginals(TagScores(emissions.numpy(), *scores[1:]), np.array([5, 3]), TAGS)
    assert found[0] == pytest.approx(expected[0], abs=1e-3)
    assert found[1, :3] == pytest.approx(expected[1, :3], abs=1e-3)


@pytest.mark.parametrize("objective", ["sequence", "token"])
def test_a_student_that_learns_comes_to_believe_what_the_teacher_does(objective):
    torch.manual_seed(0)
    teacher = scores_of(np.random.default_rng(2), 4, len(TAGS))
    soft, mask = SoftTags.of([belief(teacher)], [1.0], objective), torch.ones(1, 4)
    crf, emissions = ConditionalRandomField(TAGS), torch.zeros(1, 4, len(TAGS), requires_grad=True)
    optimiser = torch.optim.Adam([emissions, *crf.parameters()], lr=0.1)
    for _ in range(500):
        optimiser.zero_grad()
        soft.loss(emissions, crf, mask).backward()
        optimiser.step()
    found = crf.log_marginals(emissions, mask).exp().detach().numpy()
    assert found == pytest.approx(marginals(teacher, np.array([4]), TAGS), abs=0.02)


def test_without_a_crf_it_is_the_cross_entropy_of_each_token():
    teacher = TagScores(np.array([[[3.0, 1.0, 0.0, 0.0, 0.0]]]))
    soft = SoftTags.of([belief(teacher)], [1.0])
    emissions = torch.tensor([[[1.0, 2.0, 0.0, 0.0, 0.0]]])
    legal = torch.tensor([3.0, 1.0, -1e9, 0.0, -1e9]).softmax(-1)
    expected = -(legal * emissions[0, 0].log_softmax(-1)).sum()
    assert float(soft.loss(emissions, None, torch.ones(1, 1))) == pytest.approx(float(expected), rel=1e-5)


def test_it_moves_to_a_device_whole():
    soft = SoftTags.of([sure([0, 1]), sure([3])], [1.0, 0.5], "token").to("cpu")
    assert soft.objective == "token"
    assert soft.weight.tolist() == [1.0, 1.0, 0.5]
