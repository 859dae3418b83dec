"""Pairs of similar sets: as many as comparing every two finds."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.corpus.checks.similar import NEIGHBOURS, Sets, similar_pairs

SETS = st.lists(st.sets(st.integers(0, 12), max_size=9), max_size=25)


def sets_of(given_sets):
    items = np.array([item for each in given_sets for item in each], dtype=np.int64)
    owners = np.repeat(np.arange(len(given_sets)), [len(each) for each in given_sets])
    return Sets.of(items, owners, len(given_sets))


@given(SETS, st.sampled_from([0.3, 0.5, 0.75, 0.8, 1.0]), st.integers(1, 4))
def test_the_same_pairs_as_by_comparing_every_two(given_sets, threshold, smallest):
    wanted = {
        (i, j)
        for (i, a), (j, b) in combinations(enumerate(given_sets), 2)
        if min(len(a), len(b)) >= smallest and len(a & b) >= threshold * len(a | b)
    }
    found = similar_pairs(sets_of(given_sets), threshold, smallest)
    assert {tuple(pair) for pair in found.tolist()} == wanted
    assert len(found) == len(wanted)


def test_a_template_used_often_costs_no_square_of_comparisons():
    count = 4_000
    many = [{0, 1, 2, 3, 4, 5, 6, 7, 10 + i} for i in range(count)]
    found = similar_pairs(sets_of(many), 0.8, 6)
    assert len(found) <= NEIGHBOURS * count
    assert len(np.unique(found)) == count  # every one has a partner all the same


@pytest.mark.parametrize("given_sets", [[], [set()], [set(), set()], [{1}]])
def test_nothing_to_compare(given_sets):
    assert len(similar_pairs(sets_of(given_sets), 0.8, 1)) == 0
