"""Votes and stacking: what the majority comes to, what the learned weights say, and what is written."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import BundleError, InputError
from onoma.runtime.ensemble import Ensemble, ballots
from onoma.runtime.stacking import (
    Stacking,
    features,
    fit_combiner,
    logistic_regression,
    read_combiner,
    write_combiner,
)
from onoma.text import Document, Entity


def says(*entities: Entity):
    return lambda documents: [document.replace(entities=entities) for document in documents]


@st.composite
def answers(draw):
    """Entities of each of three members, ordered and never overlapping within one."""
    members = []
    for _ in range(3):
        edges = sorted(draw(st.sets(st.integers(0, 12), max_size=8)))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        members.append(
            [
                Entity(a, b, draw(st.sampled_from("xy")), draw(st.sampled_from([0.1, 0.6, 1.0])))
                for a, b in pairs
            ]
        )
    return members


weights = st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=3, max_size=3)


@given(answers(), weights)
def test_the_majority_never_contradicts_itself(given_, weights):
    found = Ensemble([list] * 3, weights).vote(given_)
    assert list(found) == sorted(found, key=lambda each: each.start)
    assert all(a.end <= b.start for a, b in pairwise(found))
    spans = [{(e.start, e.end, e.label): e.score for e in member} for member in given_]
    for entity in found:
        span = entity.start, entity.end, entity.label
        mean = sum(w * each.get(span, 0.0) for w, each in zip(weights, spans, strict=True)) / sum(weights)
        assert entity.score == pytest.approx(mean)
        assert sum(w for w, each in zip(weights, spans, strict=True) if span in each) > sum(weights) / 2


@given(answers())
def test_the_order_of_members_does_not_matter_to_a_vote(given_):
    tag = Ensemble([list] * 3)
    turned = tag.vote(given_[::-1])
    assert [(e.start, e.end, e.label) for e in turned] == [
        (e.start, e.end, e.label) for e in tag.vote(given_)
    ]


def test_a_heavy_member_outvotes_two():
    light, heavy = Entity(0, 3, "x", 0.8), Entity(0, 5, "x", 0.6)
    members = [says(light), says(light), says(heavy)]
    assert [e.end for e in Ensemble(members)(["Ada wrote"])[0].entities] == [3]
    assert [e.end for e in Ensemble(members, [1, 1, 3])(["Ada wrote"])[0].entities] == [5]


@pytest.mark.parametrize(
    "wrong", [{"members": []}, {"weights": [1.0]}, {"weights": [1.0, 0.0]}, {"quorum": 1.0}, {"policy": "x"}]
)
def test_an_ensemble_that_cannot_vote_is_refused(wrong):
    with pytest.raises(InputError):
        Ensemble(**({"members": [list, list]} | wrong))


def test_a_rival_of_the_same_member_counts_against_a_span():
    given_ = ballots([[Entity(0, 3, "x")], [Entity(2, 6, "x")], []])
    against = features(given_, ["x"], 3)[:, 6:9]
    assert against.tolist() == [[0, 1, 0], [1, 0, 0]]


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_the_weights_stand_where_the_likelihood_is_level(seed, penalty):
    chance = np.random.default_rng(seed)
    rows = np.hstack([chance.normal(size=(40, 3)), np.ones((40, 1))])
    right = chance.random(40) < 0.4
    found = logistic_regression(rows, right, penalty)
    slope = rows.T @ (right - 1 / (1 + np.exp(-rows @ found))) - np.array([penalty] * 3 + [1e-6]) * found
    assert np.abs(slope).max() < 1e-6


def corpus(count: int) -> list[Document]:
    """Sentences in which the first word is a name or not."""
    chance = random.Random(3)
    gold = []
    for i in range(count):
        named = chance.random() < 0.5
        gold.append(Document.from_words([f"w{i}", "wrote"], [(0, 1, "x")] if named else []))
    return gold


def member(seed: int, accuracy: float, gold: list[Document]):
    """Right about a sentence with the given probability, always the same about the same one."""
    truth = {document.text: bool(document.entities) for document in gold}

    def annotate(documents):
        found = []
        for document in documents:
            right = random.Random(f"{seed} {document.text}").random() < accuracy
            named = truth[document.text] == right
            entities = [Entity(0, document.tokens[0].end, "x", 0.8)] if named else []
            found.append(document.replace(entities=entities))
        return found

    return annotate


def test_stacking_learns_whom_to_believe_and_comes_back_from_disk(tmp_path):
    gold = corpus(400)
    members = [member(1, 0.95, gold), member(2, 0.6, gold), member(3, 0.55, gold)]
    combiner = fit_combiner(members, gold[:300], names=["good", "poor", "bad"])
    assert combiner.weights[0] + 0.8 * combiner.weights[3] > 1.0
    assert (combiner.documents, combiner.labels) == (300, ["x"])
    write_combiner(combiner, tmp_path / "c.json")
    assert read_combiner(tmp_path / "c.json") == combiner

    def right(tag) -> int:
        spans = [[(e.start, e.end) for e in d.entities] for d in tag(gold[300:])]
        return sum(
            a == [(e.start, e.end) for e in b.entities] for a, b in zip(spans, gold[300:], strict=True)
        )

    stacked = Stacking(members, read_combiner(tmp_path / "c.json"))
    assert right(stacked) > right(Ensemble(members))
    pairs = list(zip(stacked(gold[300:]), gold[300:], strict=True))
    expected = sum(each.score for found, _ in pairs for each in found.entities)
    assert abs(expected - sum(bool(found.entities and true.entities) for found, true in pairs)) < 8


def test_a_combiner_is_for_its_own_members():
    gold = corpus(50)
    combiner = fit_combiner([member(1, 0.9, gold)], gold)
    with pytest.raises(InputError, match="fitted with 1 members"):
        Stacking([list, list], combiner)


def test_nothing_found_is_nothing_to_learn_from():
    with pytest.raises(InputError, match="nothing to learn from"):
        fit_combiner([lambda documents: [d.replace(entities=()) for d in documents]], corpus(5))


@pytest.mark.parametrize(
    "content", ["", "[]", '{"members": ["a"], "labels": [], "weights": [1], "documents": 1}']
)
def test_a_damaged_combiner_is_refused(tmp_path, content):
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(BundleError, match="no combiner"):
        read_combiner(tmp_path / "c.json")
    with pytest.raises(BundleError):
        read_combiner(tmp_path / "missing.json")
