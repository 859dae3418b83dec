"""The recurrent part of a network: numpy against torch, C against numpy, codes bit for bit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma.models.recurrent import BiLstm, _gates
from onoma.runtime.recurrence import Recurrence, coded, most_code, vector_codes
from onoma.runtime.recurrent_kernel import RecurrentKernel
from onoma.tagging import TagSet
from onoma.tagging.chain import Chain, TagScores
from onoma.tagging.lattice import find_spans
from small_kernels import COMPILED, LEVELS_HERE

compiled = pytest.mark.skipif(
    not COMPILED, reason="no kernel; with a C compiler at hand: pip install --no-deps -e ."
)
BIOES = TagSet(["per", "geo"], "bioes")


def weights(seed: int, hidden: int, width: int, tags: int, size: float = 1.0) -> Recurrence:
    chance = np.random.default_rng(seed)
    shapes = (2, 4, hidden, width), (2, 4, hidden), (2, 4, hidden, hidden), (tags, 2 * hidden), (tags,)
    return Recurrence(*((chance.normal(size=shape) * size).astype(np.float32) for shape in shapes))


def chain_of(tags: TagSet, seed: int = 0) -> Chain:
    chance, count = np.random.default_rng(seed), len(tags)
    moves = [chance.normal(size=shape).astype(np.float32) for shape in ((count, count), count, count)]
    return Chain(tags, TagScores(np.zeros((0, 0, count)), *moves))


def test_numpy_gives_what_torch_gives():
    torch.manual_seed(3)
    layer, dense = BiLstm(6, 9), torch.nn.Linear(18, 5)
    both = [[_gates(weight) for weight in lstm.all_weights[0]] for lstm in (layer.ahead, layer.behind)]
    into, recurrent, bias, more = (np.stack(pair) for pair in zip(*both, strict=True))
    mine = Recurrence(
        into.reshape(2, 4, 9, 6), (bias + more).reshape(2, 4, 9), recurrent.reshape(2, 4, 9, 9),
        dense.weight.detach().numpy(), dense.bias.detach().numpy(),
    )  # fmt: skip
    words = torch.randn(3, 12, 6) * 2
    lengths = torch.tensor([12, 1, 7])
    expected = dense(layer(words, lengths)).detach().numpy()
    rows = [mine.products(words[i, :length].numpy()) for i, length in enumerate(lengths)]
    for row, theirs, length in zip(mine.scores(rows), expected, lengths, strict=True):
        assert np.abs(row - theirs[:length]).max() < 2e-5


def test_codes_are_near_what_they_stand_for():
    plain = weights(1, 32, 40, 9, 0.3)
    words = np.random.default_rng(2).normal(size=(30, 40)).astype(np.float32)
    exact, near = (each.scores([each.products(words)])[0] for each in (plain, coded(plain)))
    assert 0 < np.abs(exact - near).max() < 0.1


@given(width=st.integers(1, 5000))
def test_the_largest_codes_fit_their_sums(width):
    assert width * most_code(width) ** 2 < 2**31
    assert most_code(width) == 2047 or width * (most_code(width) + 1) ** 2 >= 2**31


def test_a_word_of_no_numbers_has_codes():
    codes, factors = vector_codes(np.zeros((2, 3), np.float32), np.zeros((1, 3)))
    assert not codes.any()
    assert np.isfinite(factors).all()


def test_too_many_units_for_exact_sums_are_refused():
    with pytest.raises(ValueError, match="521 units are too many"):
        coded(weights(0, 521, 2, 3))


LENGTHS = st.lists(st.integers(1, 14), min_size=1, max_size=15)


@compiled
@pytest.mark.parametrize("level", LEVELS_HERE, ids=str)
@pytest.mark.parametrize("codes", [False, True], ids=["floats", "codes"])
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=LENGTHS,
    hidden=st.integers(1, 40),
    width=st.integers(1, 30),
    labels=st.sampled_from([1, 3, 8, 20]),
    size=st.sampled_from([0.1, 0.5, 3.0]),
)
def test_the_kernel_gives_what_numpy_gives(level, codes, seed, lengths, hidden, width, labels, size):
    tags = TagSet([f"label{i}" for i in range(labels)], "bioes")
    plain = weights(seed, hidden, width, len(tags), size if codes else min(size, 0.5))
    mine = coded(plain) if codes else plain
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(17, width)).astype(np.float32)
    index = chance.integers(0, 17, sum(lengths)).astype(np.int32)
    starts = np.cumsum([0, *lengths])
    chain = chain_of(tags)
    kernel = RecurrentKernel(level.library(), mine, chain)
    table, products = kernel.products(vectors), mine.products(vectors)
    scores = kernel.scores(table, index, starts)
    expected = mine.scores([products[index[a:b]] for a, b in pairwise(starts)])
    if codes:
        assert (scores == np.concatenate(expected)).all()
    else:
        assert np.abs(scores - np.concatenate(expected)).max() < 1e-4
    found = kernel.read(table, index, starts)
    for row, (a, b) in enumerate(pairwise(starts)):
        own = find_spans(chain, scores[None, a:b], np.array([b - a]))
        here = found.row == row
        assert found.start[here].tolist() == own.start.tolist()
        assert found.end[here].tolist() == own.end.tolist()
        assert found.label[here].tolist() == own.label.tolist()
        assert found.probability[here] == pytest.approx(own.probability, rel=1e-9, abs=1e-12)
        assert found.certainty[row] == pytest.approx(own.certainty[0], rel=1e-9, abs=1e-12)


@compiled
@pytest.mark.parametrize("codes", [False, True], ids=["floats", "codes"])
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), lengths=LENGTHS)
def test_no_row_changes_anothers_bits(codes, seed, lengths):
    plain = weights(seed, 20, 8, len(BIOES))
    kernel = RecurrentKernel(LEVELS_HERE[-1].library(), coded(plain) if codes else plain, chain_of(BIOES))
    chance = np.random.default_rng(seed)
    table = kernel.products(chance.normal(size=(9, 8)).astype(np.float32))
    index, starts = chance.integers(0, 9, sum(lengths)).astype(np.int32), np.cumsum([0, *lengths])
    together = kernel.scores(table, index, starts)
    for a, b in pairwise(starts):
        alone = kernel.scores(table, index[a:b].copy(), np.array([0, b - a]))
        assert (alone == together[a:b]).all()


@compiled
def test_every_level_has_the_same_bits_in_codes():
    mine, chance = coded(weights(5, 128, 256, 33, 0.2)), np.random.default_rng(5)
    tags = TagSet([*"abcdefgh"], "bioes")
    vectors = chance.normal(size=(200, 256)).astype(np.float32)
    index, starts = chance.integers(0, 200, 400).astype(np.int32), np.array([0, 150, 151, 400])
    made = []
    for level in LEVELS_HERE:
        kernel = RecurrentKernel(level.library(), mine, chain_of(tags))
        made.append(kernel.scores(kernel.products(vectors), index, starts))
    assert all((each == made[0]).all() for each in made)


@compiled
@pytest.mark.parametrize("level", LEVELS_HERE, ids=str)
def test_input_products_beyond_what_is_kept_are_bounded(level):
    plain = weights(0, 3, 2, len(BIOES), 100.0)
    mine = coded(plain)
    vectors = np.array([[90.0, 1.0], [-90.0, 80.0]], np.float32)
    products = mine.products(vectors)
    assert np.abs(products.astype(int)).max() == 32767
    kernel = RecurrentKernel(level.library(), mine, chain_of(BIOES))
    scores = kernel.scores(kernel.products(vectors), np.array([0, 1], np.int32), np.array([0, 2]))
    assert (scores == mine.scores([products])[0]).all()
