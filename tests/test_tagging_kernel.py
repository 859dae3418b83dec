"""The decoder in C against the decoder in numpy: the same entities, the same probabilities."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.tagging import TagSet
from onoma.tagging.chain import Chain
from onoma.tagging.decode import Decoder, TagScores
from onoma.tagging.kernel import Kernel
from onoma.tagging.lattice import Found, find_spans
from small_kernels import COMPILED, LEVELS_HERE

compiled = pytest.mark.skipif(
    not COMPILED, reason="no kernel; with a C compiler at hand: pip install --no-deps -e ."
)


def make_scores(chance: np.random.Generator, batch: int, time: int, count: int, crf: bool) -> TagScores:
    size = chance.choice([0.3, 2, 20, 1e4])
    emissions = (chance.normal(size=(batch, time, count)) * size).astype(np.float32)
    if not crf:
        return TagScores(emissions)
    moves = [chance.normal(size=shape).astype(np.float32) for shape in ((count, count), count, count)]
    return TagScores(emissions, *moves)


def assert_same(mine: Found, other: Found) -> None:
    for name in ("row", "start", "end", "label"):
        assert getattr(mine, name).tolist() == getattr(other, name).tolist()
    for name in ("probability", "certainty"):
        near = pytest.approx(getattr(other, name).tolist(), rel=1e-9, abs=1e-12)
        assert getattr(mine, name).tolist() == near


@compiled
@pytest.mark.parametrize("level", LEVELS_HERE, ids=str)
@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=5),
    labels=st.integers(1, 9),
    temperature=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_the_kernel_gives_what_numpy_gives(level, scheme, crf, seed, lengths, labels, temperature):
    tags = TagSet([f"label{i}" for i in range(labels)], scheme)
    scores = make_scores(np.random.default_rng(seed), len(lengths), max(lengths) + 1, len(tags), crf)
    chain = Chain(tags, scores, 1 / temperature)
    mine = Kernel(level.library(), chain)(scores.emissions, np.array(lengths))
    assert_same(mine, find_spans(chain, scores.emissions, np.array(lengths)))


@compiled
@pytest.mark.parametrize("level", LEVELS_HERE, ids=str)
def test_moves_of_no_weight_left_are_moves_still(level):
    """They may be on the best path where each other way is forbidden."""
    tags, chance = TagSet(["per", "geo"], "bioes"), np.random.default_rng(1)
    moves = np.where(chance.random((len(tags), len(tags))) < 0.5, -2000.0, 0.0)
    ends = np.zeros(len(tags))
    scores = TagScores(chance.normal(size=(9, 8, len(tags))).astype(np.float32) * 900, moves, ends, ends)
    chain, lengths = Chain(tags, scores), np.full(9, 8)
    mine = Kernel(level.library(), chain)(scores.emissions, lengths)
    with np.errstate(all="ignore"):  # no weight is left for probabilities
        plain = find_spans(chain, scores.emissions, lengths)
    assert mine.start.tolist() == plain.start.tolist()
    assert mine.label.tolist() == plain.label.tolist()


@compiled
@given(seed=st.integers(0, 2**32 - 1))
def test_a_row_is_decoded_by_itself(seed):
    tags = TagSet(["per", "geo"], "bioes")
    scores = make_scores(np.random.default_rng(seed), 4, 12, len(tags), crf=True)
    lengths = np.array([12, 1, 7, 12])
    decoder = Decoder(tags, scores)
    together = decoder(scores.emissions, lengths)
    for row, length in enumerate(lengths):
        assert decoder(scores.emissions[row : row + 1, :length], lengths[row : row + 1]) == [together[row]]


@compiled
def test_equal_scores_are_decided_as_numpy_decides_them():
    tags = TagSet(["per", "geo"], "bioes")
    scores = TagScores(np.zeros((2, 6, len(tags)), dtype=np.float32), np.zeros((len(tags), len(tags))))
    quick, plain = (
        Decoder(tags, scores, kernel=kernel)(scores.emissions, np.array([6, 3])) for kernel in (True, False)
    )
    assert [[span[:3] for span in row] for row in quick] == [[span[:3] for span in row] for row in plain]


@pytest.mark.parametrize("setting", ["off", "on"])
def test_tagging_works_with_the_kernel_and_without(setting):
    program = "import onoma; [d] = onoma.load()(['Angela Merkel met Ada in Paris.']); print(d.entities[0])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ONOMA_KERNEL": setting},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "label='per'" in done.stdout


def test_a_temperature_changes_probabilities_and_never_entities():
    tags = TagSet(["per", "geo"], "iob2")
    emissions = np.random.default_rng(3).normal(size=(3, 15, len(tags))).astype(np.float32) * 4
    scores, lengths = TagScores(emissions, np.zeros((len(tags), len(tags)))), np.array([15, 15, 15])
    plain, flat = (Decoder(tags, scores, t)(scores.emissions, lengths) for t in (1.0, 50.0))
    assert [[span[:3] for span in row] for row in plain] == [[span[:3] for span in row] for row in flat]
    means = [np.mean([span[3] for row in found for span in row]) for found in (plain, flat)]
    assert means[1] < means[0]
