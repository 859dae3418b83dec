"""Label errors: planted ones are found, the same whatever number of processes looks."""

from __future__ import annotations

import random

import numpy as np
import pytest

from onoma import Document
from onoma.corpus import Corpus
from onoma.corpus.checks import Deep, check
from onoma.corpus.checks.deep import FOLDS
from onoma.corpus.checks.quick_crf import Sentences, out_of_sample

FIRST, LAST = ["Ada", "Bob", "Cora", "Dina", "Emil", "Fay"], ["Stone", "Rivers", "Moor", "Field", "Lane"]
PLACES = ["Oldport", "Newhaven", "Lakeside", "Redrock", "Millbrook", "Ashford", "Kingsby"]
FRAMES = [
    "{per} went to {geo} {n}",
    "in {geo} {n} boats met {per}",
    "{per} of {geo} sold {n} lamps",
    "rain fell {n}",
]


def rows(count, seed=1):
    """Words and spans of plain sentences about persons and places."""
    chance = random.Random(seed)
    made = []
    for n in range(count):
        words, spans = [], []
        for part in chance.choice(FRAMES).split():
            new = {
                "{per}": [chance.choice(FIRST), chance.choice(LAST)],
                "{geo}": [chance.choice(PLACES)],
                "{n}": [str(n)],
            }.get(part, [part])
            if part in ("{per}", "{geo}"):
                spans.append((len(words), len(words) + len(new), part.strip("{}")))
            words += new
        made.append((words, spans))
    return made


def deep(made, **how):
    corpus = Corpus.from_documents([Document.from_words(words, spans) for words, spans in made])
    report = check({"train": corpus}, only=["label-error"], deep=Deep(**how))
    return [example for finding in report.findings for example in finding.examples]


@pytest.fixture
def spoilt():
    """A corpus with three errors, and in which sentences (from 1) they are, by their kind."""
    made = rows(400)
    whole = [i for i, (_, spans) in enumerate(made) if len(spans) == 2]
    label, missing, boundary = whole[5], whole[50], whole[100]
    made[label][1][:] = [(a, b, "per" if name == "geo" else name) for a, b, name in made[label][1]]
    made[missing][1][:] = [span for span in made[missing][1] if span[2] == "geo"]
    made[boundary][1][:] = [(a, a + 1, name) for a, b, name in made[boundary][1]]
    return made, {label + 1: "label", missing + 1: "missing", boundary + 1: "boundary"}


def test_planted_errors_are_the_first_ones_found(spoilt):
    made, planted = spoilt
    first = deep(made)[:3]
    assert {each.sentence: each.suggestion["kind"] for each in first} == planted
    for each in first:
        assert each.suggestion["confidence"] > 0.7
        for span in (*each.suggestion["present"], *each.suggestion["suggested"]):
            assert each.text[span["start"] : span["end"]] == span["text"]
            assert each.start <= span["start"] <= span["end"] <= each.end
        assert "→" in each.note


def test_two_processes_say_the_same_as_one_and_every_fold_is_told(spoilt):
    made, _ = spoilt
    told = []
    alone = deep(made, done=lambda: told.append(1))
    assert len(told) == FOLDS
    assert deep(made, jobs=2) == alone


def test_a_sample_looks_at_fewer_sentences(spoilt):
    made, _ = spoilt
    some = deep(made, sentences=200)
    assert len(some) <= len(deep(made))
    assert all(each.suggestion["kind"] for each in some)


def test_repeats_lie_in_one_fold_so_no_error_vouches_for_itself():
    made = rows(300)
    words, spans = next((words, spans) for words, spans in made if len(spans) == 2)
    wrong = [(a, b, "geo" if name == "per" else name) for a, b, name in spans]
    found = deep([row for row in made if row[0] != words] + [(words, wrong)] * 3)
    assert {each.sentence for each in found[:3]} == {300, 301, 302}


def test_probabilities_add_up_and_classes_not_trained_on_have_none():
    tokens, edges = np.array([0, 1] * 30), np.arange(0, 61, 2)
    classes = np.array([0, 1] * 30)
    classes[-1] = 2  # only in the last fold
    sentences = Sentences(["saw", "Ada"], tokens, edges, classes, 3)
    found = out_of_sample(sentences, np.repeat([0, 1, 2], 10))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-4)
    assert found[-20:, 2].max() == 0
    assert found[1::2, 1].min() > 0.8


def test_corpora_too_small_or_without_entities_have_no_label_errors():
    assert deep([(["one", "sentence"], [])]) == []
    assert deep(rows(1)) == []
    assert deep([(["bare", str(n)], []) for n in range(20)]) == []
