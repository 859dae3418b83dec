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
from onoma.tagging.decode import Decoder, TagScores
from onoma.tagging.kernel import load_kernel

compiled = pytest.mark.skipif(
    load_kernel() is None, reason="no kernel; with a C compiler at hand: pip install --no-deps -e ."
)


def make_scores(chance: np.random.Generator, batch: int, time: int, count: int, crf: bool) -> TagScores:
    size = chance.choice([0.3, 2, 20, 1e4])
    emissions = (chance.normal(size=(batch, time, count)) * size).astype(np.float32)
    if not crf:
        return TagScores(emissions)
    moves = [chance.normal(size=shape).astype(np.float32) for shape in ((count, count), count, count)]
    return TagScores(emissions, *moves)


@compiled
@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=5),
    labels=st.integers(1, 9),
    temperature=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_the_kernel_gives_what_numpy_gives(scheme, crf, seed, lengths, labels, temperature):
    tags = TagSet([f"label{i}" for i in range(labels)], scheme)
    scores = make_scores(np.random.default_rng(seed), len(lengths), max(lengths) + 1, len(tags), crf)
    (quick, quick_sure), (plain, plain_sure) = (
        Decoder(tags, scores, temperature, kernel=kernel).read(scores.emissions, np.array(lengths))
        for kernel in (True, False)
    )
    assert quick_sure == pytest.approx(plain_sure, rel=1e-9, abs=1e-12)
    assert [[span[:3] for span in row] for row in quick] == [[span[:3] for span in row] for row in plain]
    for mine, other in zip(quick, plain, strict=True):
        assert [span[3] for span in mine] == pytest.approx([span[3] for span in other], rel=1e-9, abs=1e-12)


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
