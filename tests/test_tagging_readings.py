"""Other readings of an entity against enumeration: every legal sequence of tags weighed."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.tagging import TagSet
from onoma.tagging.chain import Chain, TagScores
from onoma.tagging.decode import decode
from onoma.tagging.readings import Readings


def scores_of(chance: np.random.Generator, time: int, count: int) -> TagScores:
    shapes = ((1, time, count), (count, count), count, count)
    return TagScores(*(chance.normal(size=shape) * 2 for shape in shapes))


def shares(scores: TagScores, tags: TagSet) -> dict[tuple[int, ...], float]:
    """Every legal path and its probability."""
    time = scores.emissions.shape[1]
    weights = {}
    for path in product(range(len(tags)), repeat=time):
        ends = tags.legal_start[path[0]] and tags.legal_end[path[-1]]
        if ends and all(tags.legal[a, b] for a, b in pairwise(path)):
            total = sum(scores.emissions[0, t, tag] for t, tag in enumerate(path))
            total += sum(scores.transitions[a, b] for a, b in pairwise(path))
            weights[path] = np.exp(total + scores.start[path[0]] + scores.end[path[-1]])
    whole = sum(weights.values())
    return {path: weight / whole for path, weight in weights.items()}


@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
@given(seed=st.integers(0, 2**32 - 1), time=st.integers(1, 4))
def test_each_readings_probability_is_its_share_of_all_sequences(scheme, seed, time):
    tags = TagSet(["per"] if time > 3 else ["geo", "per"], scheme)
    scores = scores_of(np.random.default_rng(seed), time, len(tags))
    readings, paths = Readings(Chain(tags, scores), scores.emissions[0]), shares(scores, tags)
    for start, end, label, found in readings.of((0, time, "none of them"), limit=100):
        holds = sum(p for path, p in paths.items() if (start, end, label) in tags.decode(np.array(path)))
        assert found == pytest.approx(holds, rel=1e-6, abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_what_was_found_has_the_probability_that_decoding_gave_it(seed):
    tags = TagSet(["geo", "per"], "bioes")
    scores = scores_of(np.random.default_rng(seed), 9, len(tags))
    readings = Readings(Chain(tags, scores), scores.emissions[0])
    [found] = decode(scores, np.array([9]), tags)
    for start, end, label, score in found:
        assert readings.probability(start, end, label) == pytest.approx(score, rel=1e-6, abs=1e-9)
        others = readings.of((start, end, label), limit=5)
        assert (start, end, label) not in [other[:3] for other in others]
        assert all(other[0] < end and start < other[1] for other in others)
        assert [other[3] for other in others] == sorted((other[3] for other in others), reverse=True)


def test_a_tagger_gives_them_on_request(tiny_bundle):
    from onoma.runtime import Tagger

    tagger = Tagger(tiny_bundle, threads=1)
    text = "Ada Stone went to Green Hollow . " * 60
    [plain], [rich] = tagger([text]), tagger([text], alternatives=3)
    assert rich == plain
    assert [e.score for e in rich.entities] == [e.score for e in plain.entities]
    for entity in rich.entities:
        assert len(entity.alternatives) == 3
        assert all(other.start < entity.end and entity.start < other.end for other in entity.alternatives)
        assert all(0 <= other.score <= 1 for other in entity.alternatives)
    assert all(not entity.alternatives for entity in plain.entities)
