"""The decoder against brute force: every legal tag sequence listed, weighed and summed."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from onoma.tagging import TagSet
from onoma.tagging.decode import Decoder, TagScores, decode, marginals, viterbi

SCHEMES = ("iob2", "bioes")  # those that networks learn
SEEDS = st.integers(0, 2**32 - 1)


def make_scores(chance: np.random.Generator, batch: int, time: int, count: int, crf: bool) -> TagScores:
    emissions = chance.normal(size=(batch, time, count)) * chance.choice([0.3, 2, 20])
    if not crf:
        return TagScores(emissions)
    moves = chance.normal(size=(count, count)) * 2
    return TagScores(emissions, moves, chance.normal(size=count), chance.normal(size=count))


def legal_paths(tags: TagSet, length: int) -> list[tuple[int, ...]]:
    def legal(path: tuple[int, ...]) -> bool:
        ends = tags.legal_start[path[0]] and tags.legal_end[path[-1]]
        return ends and all(tags.legal[a, b] for a, b in pairwise(path))

    return [path for path in product(range(len(tags)), repeat=length) if legal(path)]


def log_softmax(values: np.ndarray) -> np.ndarray:
    shifted = values - values.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def path_scores(scores: TagScores, row: int, paths: list[tuple[int, ...]]) -> np.ndarray:
    token = log_softmax(scores.emissions[row])
    totals = []
    for path in paths:
        total = sum(token[t, tag] for t, tag in enumerate(path))
        if scores.transitions is not None:
            total += scores.start[path[0]] + scores.end[path[-1]]
            total += sum(scores.transitions[a, b] for a, b in pairwise(path))
        totals.append(total)
    return np.array(totals)


def probabilities(weights: np.ndarray) -> np.ndarray:
    shares = np.exp(weights - weights.max())
    return shares / shares.sum()


@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, length=st.integers(1, 4), padding=st.integers(0, 2))
def test_decoding_equals_enumeration(scheme, crf, seed, length, padding):
    tags = TagSet(["per", "geo"] if length < 4 else ["per"], scheme)
    chance = np.random.default_rng(seed)
    scores = make_scores(chance, 1, length + padding, len(tags), crf)
    lengths = np.array([length])
    paths = legal_paths(tags, length)
    weights = path_scores(scores, 0, paths)
    best = paths[int(weights.argmax())]

    path = viterbi(scores, lengths, tags)[0]
    assert tuple(path[:length]) == best
    assert not path[length:].any()
    [found], [certainty] = Decoder(tags, scores).read(scores.emissions, lengths)
    assert [span[:3] for span in found] == tags.decode(np.array(best))
    share = probabilities(weights)
    assert_allclose(certainty, share.max() if crf else np.exp(weights.max()), rtol=1e-9)
    for start, end, label, score in found:
        if crf:  # the marginal of exactly this span and label
            holds = [(start, end, label) in tags.decode(np.array(other)) for other in paths]
            expected = share[holds].sum()
        else:
            token = log_softmax(scores.emissions[0])
            expected = np.exp(sum(token[t, best[t]] for t in range(start, end)))
        assert score == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, length=st.integers(1, 4))
def test_marginals_equal_enumeration(scheme, seed, length):
    tags = TagSet(["per"], scheme)
    scores = make_scores(np.random.default_rng(seed), 1, length, len(tags), crf=True)
    paths = legal_paths(tags, length)
    expected = np.zeros((length, len(tags)))
    for path, share in zip(paths, probabilities(path_scores(scores, 0, paths)), strict=True):
        expected[range(length), path] += share
    assert_allclose(marginals(scores, np.array([length]), tags)[0], expected, atol=1e-9)


@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, lengths=st.lists(st.integers(1, 12), min_size=1, max_size=5), more=st.integers(0, 9))
def test_neither_padding_nor_company_changes_a_sentence(crf, seed, lengths, more):
    tags = TagSet(["per", "geo", "org"], "bioes")
    chance = np.random.default_rng(seed)
    scores = make_scores(chance, len(lengths), max(lengths) + more, len(tags), crf)
    together = decode(scores, np.array(lengths), tags)
    chances = marginals(scores, np.array(lengths), tags)
    for row, length in enumerate(lengths):
        alone = scores._replace(emissions=scores.emissions[row : row + 1, :length])
        [expected] = decode(alone, np.array([length]), tags)
        assert [span[:3] for span in together[row]] == [span[:3] for span in expected]
        assert_allclose([s[3] for s in together[row]], [s[3] for s in expected], rtol=1e-9)
        assert_allclose(chances[row, :length], marginals(alone, np.array([length]), tags)[0], atol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, size=st.sampled_from([1.0, 30.0, 1e3, 1e6]))
def test_paths_are_legal_and_scores_probabilities_however_large_the_emissions(scheme, seed, size):
    tags = TagSet(["per", "geo"], scheme)
    chance = np.random.default_rng(seed)
    scores = make_scores(chance, 3, 40, len(tags), crf=True)
    scores = scores._replace(emissions=(scores.emissions * size).astype(np.float32))
    lengths = np.array([40, 17, 1])
    for row, path in enumerate(viterbi(scores, lengths, tags)):
        inside = path[: lengths[row]]
        assert tags.legal_start[inside[0]]
        assert tags.legal_end[inside[-1]]
        assert all(tags.legal[a, b] for a, b in pairwise(inside))
    assert all(0 <= span[3] <= 1 for found in decode(scores, lengths, tags) for span in found)
    chances = marginals(scores, lengths, tags)
    assert np.isfinite(chances).all()
    assert_allclose(chances.sum(-1), 1.0)


def test_ten_thousand_tokens_neither_overflow_nor_vanish():
    tags = TagSet(["per", "geo"], "bioes")
    scores = make_scores(np.random.default_rng(5), 1, 10_000, len(tags), crf=True)
    lengths = np.array([10_000])
    chances = marginals(scores, lengths, tags)[0]
    assert_allclose(chances.sum(-1), 1.0)
    [found] = decode(scores, lengths, tags)
    path = viterbi(scores, lengths, tags)[0]
    for start, end, _, score in found:  # no span is likelier than its least likely token
        assert score <= chances[range(start, end), path[start:end]].min() + 1e-9


def test_nothing_in_nothing_out():
    tags = TagSet(["per"])
    assert decode(TagScores(np.zeros((0, 0, 3))), np.zeros(0, dtype=int), tags) == []
    assert decode(TagScores(np.zeros((2, 0, 3))), np.zeros(2, dtype=int), tags) == [[], []]
    empty = decode(TagScores(np.zeros((1, 2, 3)), np.zeros((3, 3))), np.array([0]), tags)
    assert empty == [[]]


def test_inputs_are_untouched():
    tags = TagSet(["per"], "iob2")
    scores = make_scores(np.random.default_rng(1), 2, 4, len(tags), crf=True)
    before = [part.copy() for part in scores]
    decode(scores, np.array([4, 2]), tags)
    marginals(scores, np.array([4, 2]), tags)
    for part, was in zip(scores, before, strict=True):
        assert_allclose(part, was, rtol=0)
