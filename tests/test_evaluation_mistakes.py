"""Mistakes: each counted once, whatever overlaps what, and named for what is wrong."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.evaluation import judge, judge_tags, sort_mistakes
from onoma.evaluation.mistakes import KINDS, RIGHT, Pair
from onoma.text import Document, Entity

TEXT = "Ada Lovelace of Green Hollow wrote"


def documents(chance: random.Random, lengths: list[int]) -> list[Document]:
    """Entities at random, nested and overlapping as it comes."""

    def entity(length: int) -> Entity:
        start, end = sorted(chance.sample(range(length + 1), 2))
        return Entity(start, end, chance.choice("ab"))

    return [
        Document("x" * n, entities=tuple(entity(n) for _ in range(chance.randint(0, 5)))) for n in lengths
    ]


def mistakes(gold: list[Entity], predicted: list[Entity], **options):
    document = Document.from_text(TEXT, id="s1")
    return sort_mistakes(
        judge([document.replace(entities=gold)], [document.replace(entities=predicted)]), **options
    )


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 12), max_size=4))
def test_every_entity_has_exactly_one_outcome(chance, lengths):
    judged = judge(documents(chance, lengths), documents(chance, lengths), "ab")
    found = sort_mistakes(judged, examples=100)
    total = sum(found.pairs.values())
    assert found.right == judged.scores.strict.micro.tp
    assert total - found.kinds["spurious"] == len(judged.gold)
    assert total - found.kinds["missed"] == len(judged.predicted)
    assert len(found.examples) == sum(found.kinds.values()) == total - found.right
    for i, label in enumerate(judged.labels):
        support = judged.scores.strict.types[label]
        assert found.confusion.counts[i].sum() == support.support
        assert found.confusion.counts[:, i].sum() == support.predicted
    assert found.confusion.counts.sum() == total
    assert found.confusion.counts[-1, -1] == 0
    json.dumps(found.to_dict(), allow_nan=False)


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 12), max_size=4))
def test_kinds_are_what_they_say_and_nothing_left_over_overlaps(chance, lengths):
    judged = judge(documents(chance, lengths), documents(chance, lengths), "ab")
    found = sort_mistakes(judged, examples=100)
    for mistake in found.examples:
        assert mistake.kind == kind_of(mistake.gold, mistake.predicted)
    missed, spurious = ([m for m in found.examples if m.kind == kind] for kind in ("missed", "spurious"))
    for a in missed:
        for b in spurious:
            apart = a.gold[1] <= b.predicted[0] or b.predicted[1] <= a.gold[0]
            assert a.sentence != b.sentence or apart


def kind_of(gold, predicted) -> str:
    if gold is None or predicted is None:
        return "spurious" if gold is None else "missed"
    same_label, same_span = gold[2] == predicted[2], gold[:2] == predicted[:2]
    assert max(gold[0], predicted[0]) < min(gold[1], predicted[1])
    table = {(True, True): RIGHT, (False, True): "wrong label", (True, False): "wrong boundary"}
    return table.get((same_label, same_span), "both")


@pytest.mark.parametrize(
    ("predicted", "kind"),
    [
        ([Entity(0, 12, "per")], None),
        ([], "missed"),
        ([Entity(0, 12, "per"), Entity(29, 34, "org")], "spurious"),
        ([Entity(0, 12, "org")], "wrong label"),
        ([Entity(0, 3, "per")], "wrong boundary"),
        ([Entity(0, 3, "org")], "both"),
    ],
)
def test_each_kind(predicted, kind):
    found = mistakes([Entity(0, 12, "per")], predicted)
    assert found.kinds == {name: int(name == kind) for name in KINDS}


def test_the_greatest_overlap_is_paired_and_the_rest_is_spurious():
    found = mistakes([Entity(0, 12, "per")], [Entity(0, 3, "per"), Entity(4, 12, "geo")])
    assert found.pairs == {Pair("both", "per", "geo"): 1, Pair("spurious", None, "per"): 1}
    tie = mistakes([Entity(0, 12, "per")], [Entity(0, 4, "geo"), Entity(4, 8, "per")])
    assert tie.kinds["wrong boundary"] == 1  # of equals, the one with the same label


def test_a_right_entity_is_paired_with_itself_though_another_covers_it():
    found = mistakes([Entity(4, 12, "per")], [Entity(0, 12, "per"), Entity(4, 12, "per")])
    assert (found.right, found.kinds["spurious"]) == (1, 1)


def test_the_confusion_table_holds_missed_and_made_up():
    found = mistakes(
        [Entity(0, 12, "per"), Entity(16, 28, "geo")],
        [Entity(0, 12, "geo"), Entity(13, 15, "per"), Entity(16, 21, "geo")],
    )
    assert found.confusion.to_dict() == {
        "rows": ["geo", "per", "made up"],
        "columns": ["geo", "per", "missed"],
        "counts": [[1, 0, 0], [1, 0, 0], [0, 1, 0]],
    }


def test_examples_show_their_sentence_and_are_spread_over_the_corpus():
    found = mistakes([Entity(0, 12, "per")], [Entity(0, 3, "per")])
    (example,) = found.examples
    assert example == ("wrong boundary", 0, "s1", TEXT, (0, 12, "per"), (0, 3, "per"))
    many = judge_tags([["B-a"]] * 100, [["O"]] * 100)
    assert [m.sentence for m in sort_mistakes(many, examples=3).examples] == [0, 50, 99]
    assert sort_mistakes(many, examples=0).examples == []
    assert sort_mistakes(many, examples=0).kinds["missed"] == 100
    with pytest.raises(InputError, match="must be 0 or more, not -1"):
        sort_mistakes(many, examples=-1)


def test_pairs_of_labels_come_with_the_frequent_first():
    gold = [["B-a"]] * 5
    found = sort_mistakes(judge_tags(gold, [["B-b"], ["B-b"], ["B-c"], ["O"], ["B-a"]]))
    assert [row["count"] for row in found.to_dict()["pairs"]] == [2, 1, 1]
    assert Counter(found.pairs)[Pair(RIGHT, "a", "a")] == 1


def test_nothing_at_all():
    found = sort_mistakes(judge([], []))
    assert (found.kinds, found.confusion.counts.tolist()) == (dict.fromkeys(KINDS, 0), [[0]])
