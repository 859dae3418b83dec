"""Moves' probabilities against enumeration, and between schemes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.tagging import TagSet
from onoma.tagging.chain import Chain, TagScores
from onoma.tagging.posterior import Bridge, sparse_moves
from test_tagging_readings import scores_of, shares

SCHEMES = ["iob2", "bioes"]


@pytest.mark.parametrize("student", SCHEMES)
@pytest.mark.parametrize("teacher", SCHEMES)
@given(seed=st.integers(0, 2**32 - 1), time=st.integers(1, 4))
def test_moves_are_those_of_all_legal_sequences(teacher, student, seed, time):
    labels = ["per"] if time > 3 else ["geo", "per"]
    tags, own = TagSet(labels, teacher), TagSet(labels[::-1], student)
    scores = scores_of(np.random.default_rng(seed), time, len(tags))
    expected = np.zeros((time, len(own) + 1, len(own)))
    for path, share in shares(scores, tags).items():
        mine = own.encode(tags.decode(np.array(path)), time)
        for t, (before, after) in enumerate(pairwise([len(own), *mine])):
            expected[t, before, after] += share
    [found] = Bridge(Chain(tags, scores), own).moves(scores.emissions, np.array([time]))
    assert found == pytest.approx(expected, abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_without_transitions_tokens_are_free_but_for_what_is_illegal(seed):
    tags = TagSet(["per"], "bioes")
    emissions = scores_of(np.random.default_rng(seed), 3, len(tags)).emissions
    free = TagScores(emissions)
    zeros = TagScores(emissions, np.zeros((5, 5)), np.zeros(5), np.zeros(5))
    lengths = np.array([3])
    [one] = Bridge(Chain(tags, free), tags).moves(emissions, lengths)
    [other] = Bridge(Chain(tags, zeros), tags).moves(emissions, lengths)
    assert one == pytest.approx(other)


def test_padding_and_company_change_nothing():
    tags = TagSet(["geo", "per"], "bioes")
    scores = scores_of(np.random.default_rng(1), 7, len(tags))
    bridge = Bridge(Chain(tags, scores), tags)
    [alone] = bridge.moves(scores.emissions[:, :4], np.array([4]))
    both = bridge.moves(np.concatenate([scores.emissions, scores.emissions]), np.array([7, 4]))
    assert both[1] == pytest.approx(alone)


def test_temperature_softens():
    tags = TagSet(["per"], "iob2")
    scores = scores_of(np.random.default_rng(3), 5, len(tags))
    sharp, soft = (
        Bridge(Chain(tags, scores, sharpness), tags).moves(scores.emissions, np.array([5]))[0]
        for sharpness in (1.0, 0.2)
    )
    assert soft.max((1, 2)).mean() < sharp.max((1, 2)).mean()


@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_kept_sums_to_one_and_gives_the_tags_back(seed):
    tags = TagSet(["geo", "per"], "bioes")
    scores = scores_of(np.random.default_rng(seed), 6, len(tags))
    [moves] = Bridge(Chain(tags, scores), tags).moves(scores.emissions, np.array([6]))
    kept = sparse_moves(moves, 1e-4)
    assert np.bincount(kept.token, kept.weight, 6) == pytest.approx(np.ones(6), abs=1e-5)
    assert kept.tags(6, len(tags)) == pytest.approx(moves.sum(1), abs=0.02)
    assert sparse_moves(moves, 0.0).tags(6, len(tags)) == pytest.approx(moves.sum(1), abs=1e-6)


def test_other_labels_are_refused_by_name():
    tags, other = TagSet(["per", "loc"], "bioes"), TagSet(["per", "geo"], "bioes")
    with pytest.raises(InputError, match=r"only the teacher has loc; only the student has geo.*corpus\.map"):
        Bridge(Chain(tags, TagScores(np.zeros((0, 0, 9)))), other)
