"""The SemEval schemas against nervaluate, entity for entity, and against examples worked by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator

from onoma.evaluation import judge, judge_tags, match_schemas
from onoma.evaluation.matching import overlapping
from onoma.tagging.spans import Spans
from onoma.text import Document, Entity

NAMES = {"strict": "strict", "exact": "exact", "partial": "partial", "type": "ent_type"}
FIGURES = ("correct", "incorrect", "partial", "missed", "spurious", "precision", "recall", "f1")


def entities(chance: random.Random, length: int, *, apart: bool) -> list[Entity]:
    """Entities at random; ``apart``: none overlaps another."""
    found: list[Entity] = []
    at = 0
    while at < length and len(found) < 6:
        start = chance.randint(at, length - 1)
        end = chance.randint(start + 1, min(length, start + 6))
        found.append(Entity(start, end, chance.choice("abc")))
        at = end if apart else chance.randint(0, length)
    return sorted(set(found), key=lambda e: (e.start, e.end, e.label))


def by_nervaluate(gold: list[Document], predicted: list[Document]) -> dict:
    def rows(documents):
        return [
            [{"label": e.label, "start": e.start, "end": e.end - 1} for e in document.entities]
            for document in documents
        ]

    return Evaluator(rows(gold), rows(predicted), tags=list("abc"), loader="dict").evaluate()


def check(counts, expected) -> None:
    got = counts.to_dict()
    assert {name: got[name] for name in FIGURES} == pytest.approx(
        {name: getattr(expected, name) for name in FIGURES}
    )
    assert (counts.possible, counts.actual) == (expected.possible, expected.actual)


def documents(chance: random.Random, lengths: list[int], *, apart: bool) -> list[Document]:
    return [Document("x" * n, entities=tuple(entities(chance, n, apart=apart))) for n in lengths]


LENGTHS = st.lists(st.integers(1, 25), min_size=1, max_size=5)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), LENGTHS)
def test_every_count_equals_nervaluate(chance, lengths):
    gold, predicted = (documents(chance, lengths, apart=True) for _ in range(2))
    ours, theirs = match_schemas(judge(gold, predicted, "abc")), by_nervaluate(gold, predicted)
    for schema, name in NAMES.items():
        check(ours.pooled[schema], theirs["overall"][name])
        for label, rows in theirs["entities"].items():
            check(ours.types[label][schema], rows[name])


@given(st.randoms(use_true_random=False), LENGTHS)
def test_nested_and_overlapping_entities_are_each_counted_once(chance, lengths):
    gold, predicted = (documents(chance, lengths, apart=False) for _ in range(2))
    judged = judge(gold, predicted, "abc")
    ours = match_schemas(judged)
    for counts in ours.pooled.values():
        assert (counts.possible, counts.actual) == (len(judged.gold), len(judged.predicted))
        assert min(counts.to_dict().values()) >= 0
    strict = judged.scores.strict
    assert ours.pooled["strict"].correct == strict.micro.tp
    assert {label: rows["strict"].correct for label, rows in ours.types.items()} == {
        label: counts.tp for label, counts in strict.types.items()
    }
    assert ours.pooled["exact"].correct == ours.pooled["partial"].correct >= strict.micro.tp


def test_a_worked_example():
    gold = ["B-per", "I-per", "O", "B-geo", "O", "B-org", "O", "O"]
    guess = ["B-per", "O", "O", "B-org", "O", "B-org", "O", "B-geo"]
    schemas = match_schemas(judge_tags([gold], [guess]))
    table = {
        name: (c.correct, c.incorrect, c.partial, c.missed, c.spurious) for name, c in schemas.pooled.items()
    }
    assert table == {
        "strict": (1, 2, 0, 0, 1),
        "exact": (2, 1, 0, 0, 1),
        "partial": (2, 0, 1, 0, 1),
        "type": (2, 1, 0, 0, 1),
    }
    assert schemas.types["geo"]["strict"].to_dict() == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "correct": 0,
        "incorrect": 0,
        "partial": 0,
        "missed": 1,
        "spurious": 1,
    }


def test_one_shared_character_of_a_long_entity_is_an_overlap():
    gold = Document("x" * 400, entities=(Entity(0, 300, "a"),))
    judged = judge([gold], [gold.replace(entities=[Entity(299, 310, "a")])])
    assert match_schemas(judged).pooled["partial"].partial == 1


def test_nothing_to_match_is_zero_and_no_error():
    empty = match_schemas(judge([], [], ["a"])).to_dict()
    assert empty["pooled"]["type"]["f1"] == empty["types"]["a"]["partial"]["recall"] == 0
    missed = match_schemas(judge_tags([["B-a"]], [["O"]]))
    assert (missed.pooled["type"].missed, missed.types["a"]["exact"].missed) == (1, 1)


@given(st.randoms(use_true_random=False))
def test_overlapping_pairs_are_those_of_a_double_loop(chance):
    def spans():
        rows = sorted(sorted(chance.sample(range(12), 2)) for _ in range(chance.randint(0, 6)))
        columns = np.array(rows, dtype=np.int64).reshape(-1, 2)
        return Spans(columns[:, 0], columns[:, 1], np.zeros(len(rows), dtype=np.int32))

    gold, predicted = spans(), spans()
    expected = [
        (i, j)
        for i in range(len(predicted.start))
        for j in range(len(gold.start))
        if predicted.start[i] < gold.end[j] and gold.start[j] < predicted.end[i]
    ]
    got = zip(*(side.tolist() for side in overlapping(gold, predicted)), strict=True)
    assert list(got) == expected
