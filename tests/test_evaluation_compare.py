"""Taggers side by side: sentences sorted by who is right, p-values corrected, words that follow from them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError, InputError
from onoma.evaluation.card import Card, make_card
from onoma.evaluation.card_facts import ModelFacts
from onoma.evaluation.compare import compare, disagreements
from onoma.evaluation.compare_page import comparison_markdown, comparison_page
from onoma.evaluation.compare_sheets import comparison_sheets, verdict
from onoma.evaluation.judged import judge_tags
from onoma.evaluation.significance import holm

TAGS = st.lists(st.sampled_from(["O", "B-x", "B-y"]), min_size=2, max_size=2)
SYSTEMS = st.lists(st.tuples(TAGS, TAGS, TAGS), min_size=1, max_size=12)


def card(name: str, gold: list[list[str]], tags: list[list[str]]) -> Card:
    return make_card(judge_tags(gold, tags), ModelFacts(name), resamples=20)


@given(SYSTEMS)
def test_each_sentence_is_in_the_group_of_who_is_right(rows):
    gold, a, b = (list(column) for column in zip(*rows, strict=True))
    found = disagreements(judge_tags(gold, a), judge_tags(gold, b), examples=3)
    assert found.counts == {
        "a_right": sum(x == g != y for g, x, y in rows),
        "b_right": sum(y == g != x for g, x, y in rows),
        "neither": sum(x != g and y != g and x != y for g, x, y in rows),
        "alike_right": sum(g == x == y for g, x, y in rows),
        "alike_wrong": sum(g != x == y for g, x, y in rows),
    }
    for group, shown in found.examples.items():
        assert len(shown) == min(found.counts[group], 3)
        for each in shown:
            assert (each.a == each.gold) == (group == "a_right")
            assert (each.b == each.gold) == (group == "b_right")


GOLD = [["B-x", "O"], ["B-y", "O"]] * 15
HALF = [tags if i % 3 else ["O", "O"] for i, tags in enumerate(GOLD)]
NONE = [["O", "O"]] * len(GOLD)


def test_pairs_are_corrected_together():
    made = compare(
        [card(name, GOLD, tags) for name, tags in (("a", GOLD), ("b", HALF), ("c", NONE))], rounds=500
    )
    raw = [each.significance.figures.f1 for each in made.rivalries]
    assert [each.p for each in made.rivalries] == holm(raw)
    labels = [p for each in made.rivalries for p in each.significance.figures.types.values()]
    assert [p for each in made.rivalries for p in each.label_p.values()] == holm(labels)
    assert made.letters == {"a": "A", "b": "B", "c": "C"}
    assert verdict(made.rivalries[0], made.letters).startswith("A is better than B by 20.00 points of F1")
    json.dumps(made.to_dict(), allow_nan=False)


def test_the_worse_may_come_first():
    [rivalry] = compare([card("none", GOLD, NONE), card("all", GOLD, GOLD)]).rivalries
    assert (
        verdict(rivalry, {"none": "A", "all": "B"}) == "B is better than A by 100.00 points of F1 (p < 0.001)"
    )


def test_more_taggers_than_letters():
    made = compare([card(str(i), GOLD, NONE) for i in range(27)], resamples=1, rounds=1)
    assert list(made.letters.values())[-2:] == ["Z", "27"]


def test_markdown_and_page_have_every_table():
    made = compare([card("a<b>", GOLD, HALF), card("c|d", GOLD, NONE)])
    for text in (comparison_markdown(made), comparison_page(made)):
        for sheet in comparison_sheets(made).values():
            assert sheet.title in text
    assert "<b>" not in comparison_page(made)


def test_what_cannot_be_compared():
    with pytest.raises(InputError, match="two taggers at least"):
        compare([card("a", GOLD, GOLD)])
    with pytest.raises(AlignmentError):
        compare([card("a", GOLD, GOLD), card("b", GOLD[:-1], GOLD[:-1])])
