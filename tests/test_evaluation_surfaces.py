"""Surfaces seen and unseen, distinct surfaces, and breakdowns: by hand, by sets, as parts of the whole."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.evaluation import (
    Counts,
    by_entity_length,
    by_sentence_length,
    by_surface_frequency,
    judge,
    judge_tags,
    seen_unseen,
    training_surfaces,
    unique_surfaces,
)
from onoma.evaluation.counts import add_counts
from onoma.text import Document, Entity

WORDS = ["Ada", "Bo", "Rome", "rome"]


def documents(chance: random.Random, words: list[list[str]]) -> list[Document]:
    found = []
    for row in words:
        spans = []
        for _ in range(chance.randint(0, 3) if row else 0):
            start = chance.randrange(len(row))
            spans.append((start, chance.randint(start + 1, len(row)), chance.choice("ab")))
        found.append(Document.from_words(row, set(spans)))
    return found


def corpora(chance: random.Random, lengths: list[int]):
    """Training documents, gold and predictions; entities may nest."""
    words = [[chance.choice(WORDS) for _ in range(n)] for n in lengths]
    return [documents(chance, words) for _ in range(3)]


LENGTHS = st.lists(st.integers(0, 60), max_size=5)


@given(st.randoms(use_true_random=False), LENGTHS)
def test_unique_surfaces_as_the_shared_task_counts_them(chance, lengths):
    _, gold, predicted = corpora(chance, lengths)

    def entities(side):
        return {(i, e.start, e.end, d.surface(e), e.label) for i, d in enumerate(side) for e in d.entities}

    def pairs(rows):
        return {row[3:] for row in rows}

    a, b = entities(gold), entities(predicted)
    right = pairs(a & b)
    expected = Counts(len(right), len(pairs(b) - right), len(pairs(a) - right))
    assert unique_surfaces(judge(gold, predicted)).micro == expected


@given(st.randoms(use_true_random=False), LENGTHS, st.booleans())
def test_parts_add_up_to_the_whole(chance, lengths, same_label):
    train, gold, predicted = corpora(chance, lengths)
    judged = judge(gold, predicted)
    training = training_surfaces(train)
    split = seen_unseen(judged, training, same_label=same_label)
    assert add_counts([split.seen.types, split.unseen.types]) == judged.scores.strict.types
    for breakdown in (
        by_entity_length(judged),
        by_sentence_length(judged),
        by_surface_frequency(judged, training),
        by_surface_frequency(judged),
    ):
        rows = [part.types for part in breakdown.parts.values()]
        assert add_counts(rows) == judged.scores.strict.types
        json.dumps(breakdown.to_dict(), allow_nan=False)
    if not same_label:
        assert by_surface_frequency(judged, training).parts["0"] == split.unseen


def test_seen_under_any_label_or_under_its_own():
    words = [["Rome"], ["rome"], ["Oslo"], ["Paris"]]
    judged = judge_tags([["B-geo"]] * 4, [["B-geo"], ["B-geo"], ["B-org"], ["O"]], words)
    training = Counter({("Rome", "geo"): 2, ("Oslo", "org"): 1})
    split = seen_unseen(judged, training)
    assert (split.seen.micro, split.unseen.micro) == (Counts(1, 1, 1), Counts(1, 0, 1))
    assert split.gap == pytest.approx(0.5 - 2 / 3)
    split = seen_unseen(judged, training, same_label=True)
    assert (split.seen.micro, split.unseen.micro) == (Counts(1, 1, 0), Counts(1, 0, 2))


def test_white_space_makes_no_new_surface():
    gold = Document.from_text("New\n  York").replace(entities=[Entity(0, 10, "geo")])
    assert training_surfaces([gold]) == {("New York", "geo"): 1}
    split = seen_unseen(judge([gold], [gold]), Counter({("New York", "geo"): 1}))
    assert (split.seen.micro.tp, split.unseen.micro.tp) == (1, 0)


def test_buckets_hold_what_they_say():
    words = [f"w{i}" for i in range(51)]
    gold = [
        Document.from_words(words[:n], [(0, min(n, k), "a")]) for n, k in [(10, 4), (11, 5), (50, 6), (51, 1)]
    ]
    judged = judge(gold, gold)
    lengths = {name: part.micro.tp for name, part in by_entity_length(judged).parts.items()}
    assert lengths == {"1": 1, "2": 0, "3": 0, "4": 1, "5+": 2}
    sentences = {name: part.micro.tp for name, part in by_sentence_length(judged).parts.items()}
    assert sentences == {"1-10": 1, "11-20": 1, "21-30": 0, "31-40": 0, "41-50": 1, "51+": 1}


def test_an_entity_that_touches_no_token_still_counts():
    blank = Document("a  b", Document.from_text("a  b").tokens, (Entity(1, 2, "x"),))
    judged = judge([blank], [blank])
    assert by_entity_length(judged).parts["1"].micro == Counts(tp=1)


def test_nothing_at_all():
    judged = judge([], [])
    assert unique_surfaces(judged).micro == Counts()
    assert seen_unseen(judged, Counter()).to_dict()["gap"] == 0
    assert by_surface_frequency(judged).parts["21+"].micro.f1 == 0
