"""Approximate randomisation against the enumeration of every swap, and Holm against its definition."""

from __future__ import annotations

import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError, InputError
from onoma.evaluation import Counts, holm, judge_tags, randomisation_test, score_tags
from onoma.evaluation.counts import macro, micro

TAGS = ["O", "B-a", "B-b"]


def sentences(chance: random.Random, count: int) -> list[list[str]]:
    return [[chance.choice(TAGS) for _ in range(3)] for _ in range(count)]


def judged_tags(gold, predicted, **options):
    return judge_tags(gold, predicted, scheme="iob2", reading="conlleval", labels=["a", "b"], **options)


def by_enumeration(gold, a, b, figure) -> float:
    """The definition: swap every set of sentences in turn."""

    def counts(side) -> list[dict[str, Counts]]:
        rows = [score_tags([x], [y], scheme="iob2").strict.types for x, y in zip(gold, side, strict=True)]
        return [{label: row.get(label, Counts()) for label in "ab"} for row in rows]

    def score(rows) -> float:
        return figure({label: sum((row[label] for row in rows), Counts()) for label in "ab"})

    pairs = list(zip(counts(a), counts(b), strict=True))

    def difference(swapped) -> float:
        chosen = [pair[::-1] if swap else pair for pair, swap in zip(pairs, swapped, strict=True)]
        return abs(score([x for x, _ in chosen]) - score([y for _, y in chosen]))

    observed = difference([False] * len(pairs))
    every = [difference(swapped) for swapped in itertools.product([False, True], repeat=len(pairs))]
    return sum(value >= observed - 1e-12 for value in every) / len(every)


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_few_sentences_are_swapped_in_every_way(chance, count):
    gold, a, b = (sentences(chance, count) for _ in range(3))
    result = randomisation_test(judged_tags(gold, a), judged_tags(gold, b))
    assert result.exact
    assert result.figures.f1 == pytest.approx(by_enumeration(gold, a, b, lambda rows: micro(rows).f1))
    assert result.figures.macro_f1 == pytest.approx(by_enumeration(gold, a, b, lambda rows: macro(rows).f1))
    assert result.figures.types["a"] == pytest.approx(by_enumeration(gold, a, b, lambda rows: rows["a"].f1))


def test_random_swaps_come_close_to_all_of_them():
    chance = random.Random(4)
    gold = sentences(chance, 12)
    good = [
        row if chance.random() < 0.8 else guess
        for row, guess in zip(gold, sentences(chance, 12), strict=True)
    ]
    a, b = judged_tags(gold, good), judged_tags(gold, sentences(chance, 12))
    exact, drawn = randomisation_test(a, b, rounds=4096), randomisation_test(a, b, rounds=2**11 - 1)
    assert (exact.exact, drawn.exact, drawn.rounds) == (True, False, 2047)
    assert 0 < exact.figures.f1 < 0.2
    assert drawn.figures.f1 == pytest.approx(exact.figures.f1, abs=0.02)
    assert drawn.figures.recall == pytest.approx(exact.figures.recall, abs=0.02)


def test_a_system_does_not_differ_from_itself():
    gold = sentences(random.Random(1), 30)
    judged = judged_tags(gold, sentences(random.Random(2), 30))
    result = randomisation_test(judged, judged)
    assert (result.figures.f1, result.figures.types, result.differing) == (1, {"a": 1, "b": 1}, 0)


def test_equal_seeds_give_equal_p_values_and_the_order_does_not_matter():
    gold, x, y = (sentences(random.Random(seed), 40) for seed in range(3))
    a, b = judged_tags(gold, x), judged_tags(gold, y)
    one, other = randomisation_test(a, b, seed=7), randomisation_test(b, a, seed=7)
    assert one == randomisation_test(a, b, seed=7)
    assert one.figures.f1 == pytest.approx(other.figures.f1, abs=0.02)
    assert not one.exact
    json.dumps(randomisation_test(a, b).to_dict(), allow_nan=False)


def test_a_plain_difference_is_significant_and_never_of_probability_zero():
    gold = sentences(random.Random(0), 100)
    result = randomisation_test(judged_tags(gold, gold), judged_tags(gold, [["O"] * 3] * 100), rounds=999)
    assert result.figures.f1 == 1 / 1000


def test_systems_that_are_equally_good_are_rarely_found_to_differ():
    chance = random.Random(9)
    found = 0
    for _ in range(200):
        gold = sentences(chance, 25)
        a, b = ([row if chance.random() < 0.7 else ["O"] * 3 for row in gold] for _ in range(2))
        result = randomisation_test(judged_tags(gold, a), judged_tags(gold, b), rounds=200)
        found += result.figures.f1 <= 0.05
    assert found / 200 <= 0.09


def test_articles_are_swapped_whole():
    gold = [["B-a"]] * 20
    a, b = gold, [["O"]] * 20
    groups = [i // 5 for i in range(20)]
    result = randomisation_test(judged_tags(gold, a, groups=groups), judged_tags(gold, b, groups=groups))
    assert (result.unit, result.units, result.differing, result.figures.f1) == ("article", 4, 4, 2 / 16)


def test_other_sentences_are_refused():
    one, two = judged_tags([["O"]], [["O"]]), judged_tags([["O"]] * 2, [["O"]] * 2)
    with pytest.raises(AlignmentError):
        randomisation_test(one, two)
    nothing = judge_tags([], [])
    assert randomisation_test(nothing, nothing).figures.f1 == 1


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_what_its_definition_rejects(p):
    adjusted = holm(p)
    assert all(raw <= value <= 1 for raw, value in zip(p, adjusted, strict=True))
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for rank, place in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
            if p[place] * (len(p) - rank) > level:
                break
            rejected.add(place)
        assert {i for i, value in enumerate(adjusted) if value <= level} == rejected


def test_holm_worked_by_hand_and_refused():
    assert holm([0.01, 0.02, 0.022, 0.9]) == pytest.approx([0.04, 0.06, 0.06, 0.9])
    assert holm([]) == []
    for bad in (float("nan"), -0.1, 1.5):
        with pytest.raises(InputError, match="is no p-value"):
            holm([0.5, bad])
