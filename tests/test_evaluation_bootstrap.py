"""Intervals: against a plain loop over the definition, on simulated corpora, and by their laws."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError, InputError
from onoma.evaluation import bootstrap, judge, judge_tags, paired_bootstrap, score_tags
from onoma.evaluation.resampling import chunks, figures_of, units_of
from onoma.text import Document, Entity

TAGS = ["O", "B-a", "B-b", "I-a"]


def tagged(chance: random.Random, sentences: int, noise: float, length: int = 4):
    gold = [[chance.choice(TAGS) for _ in range(length)] for _ in range(sentences)]
    return gold, [noisy(chance, row, noise) for row in gold]


def noisy(chance: random.Random, tags: list[str], noise: float) -> list[str]:
    return [chance.choice(TAGS) if chance.random() < noise else tag for tag in tags]


def judged_tags(gold, predicted, **options):
    return judge_tags(gold, predicted, scheme="iob2", reading="conlleval", **options)


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_figures_are_those_of_the_scores(chance, sentences):
    judged = judged_tags(*tagged(chance, sentences, 0.4))
    entities = judged.scores.conlleval
    micro = entities.micro
    expected = [micro.precision, micro.recall, micro.f1, entities.macro.f1]
    expected += [counts.f1 for counts in entities.types.values()]
    assert figures_of(units_of(judged).totals())[0, 0] == pytest.approx(expected)
    values = bootstrap(judged, resamples=3).to_dict()
    assert values["micro"]["f1"]["value"] == pytest.approx(micro.f1)
    assert values["macro"]["f1"]["value"] == pytest.approx(entities.macro.f1)
    json.dumps(values, allow_nan=False)


def test_intervals_agree_with_drawing_sentences_one_by_one():
    chance = random.Random(5)
    gold, guess = tagged(chance, 60, 0.3)
    figures = bootstrap(judged_tags(gold, guess), resamples=4000).figures
    draw = np.random.default_rng(1)
    f1 = []
    for _ in range(600):
        rows = draw.integers(0, 60, 60)
        entities = score_tags([gold[i] for i in rows], [guess[i] for i in rows], scheme="iob2").conlleval
        f1.append((entities.micro.f1, entities.macro.f1, entities.types["b"].f1))
    low, high = np.quantile(np.array(f1), [0.025, 0.975], axis=0)
    for i, interval in enumerate((figures.f1, figures.macro_f1, figures.types["b"])):
        assert interval.low == pytest.approx(low[i], abs=0.015)
        assert interval.high == pytest.approx(high[i], abs=0.015)


def test_intervals_hold_the_true_score_about_as_often_as_they_say():
    chance = random.Random(11)
    gold, guess = tagged(chance, 20_000, 0.2)
    truth = judged_tags(gold, guess).scores.conlleval.micro.f1
    held = 0
    for trial in range(200):
        part = slice(100 * trial, 100 * (trial + 1))
        interval = bootstrap(judged_tags(gold[part], guess[part]), resamples=300, seed=trial).figures.f1
        held += interval.low <= truth <= interval.high
    assert 0.89 <= held / 200 <= 0.99


def test_an_interval_surrounds_its_value_and_narrows_with_more_sentences():
    chance = random.Random(2)
    widths = []
    for count in (50, 800):
        f1 = bootstrap(judged_tags(*tagged(chance, count, 0.3))).figures.f1
        assert f1.low < f1.value < f1.high
        widths.append(f1.high - f1.low)
    assert widths[1] < widths[0] / 2


def test_equal_seeds_give_equal_intervals_whatever_the_chunks(monkeypatch):
    judged = judged_tags(*tagged(random.Random(3), 40, 0.3))
    one = bootstrap(judged, seed=4)
    assert one == bootstrap(judged, seed=4)
    assert one.figures.f1 != bootstrap(judged, seed=5).figures.f1
    monkeypatch.setattr("onoma.evaluation.resampling._CELLS", 100)
    assert one == bootstrap(judged, seed=4)


def test_articles_are_drawn_whole_where_known():
    gold, guess = tagged(random.Random(8), 60, 0.3)
    copies = [row for row in gold for _ in range(5)], [row for row in guess for _ in range(5)]
    groups = [str(i) for i in range(60) for _ in range(5)]
    alone, whole = bootstrap(judged_tags(gold, guess)), bootstrap(judged_tags(*copies, groups=groups))
    assert (whole.unit, whole.units, alone.unit) == ("article", 60, "sentence")
    assert whole.figures == alone.figures  # five copies of each sentence are no more evidence than one
    apart = bootstrap(judged_tags(*copies)).figures.f1
    assert apart.high - apart.low < 0.7 * (whole.figures.f1.high - whole.figures.f1.low)
    single = bootstrap(judged_tags(*copies, groups=["x"] * 300))
    assert single.unit == "sentence"  # one article alone tells nothing of others


def test_differences_of_pairs():
    chance = random.Random(6)
    gold, guess = tagged(chance, 200, 0.3)
    worse = [noisy(chance, row, 0.1) for row in guess]
    a, b = judged_tags(gold, guess), judged_tags(gold, worse)
    same = paired_bootstrap(a, a).figures
    assert {same.precision, same.macro_f1, *same.types.values()} == {(0.0, 0.0, 0.0)}
    ab, ba = paired_bootstrap(a, b).figures.f1, paired_bootstrap(b, a).figures.f1
    assert ab.value == pytest.approx(a.scores.conlleval.micro.f1 - b.scores.conlleval.micro.f1)
    assert ba == pytest.approx((-ab.value, -ab.high, -ab.low), abs=0.02)
    wide = bootstrap(a).figures.f1
    assert ab.high - ab.low < wide.high - wide.low  # the same sentences are hard for both


def test_systems_with_labels_of_their_own_are_compared_on_all_of_them():
    gold = [["B-a"], ["O"]]
    a, b = judge_tags(gold, [["B-a"], ["O"]]), judge_tags(gold, [["B-a"], ["B-c"]])
    assert list(paired_bootstrap(a, b).figures.types) == ["a", "c"]


def test_systems_on_other_sentences_are_not_compared():
    ada, bob = (Document.from_words([name], [(0, 1, "per")]) for name in ("Ada", "Bob"))
    one, two = judge([ada], [ada]), judge([ada, ada], [ada, ada])
    with pytest.raises(AlignmentError, match="1 sentences, the other on 2"):
        paired_bootstrap(one, two)
    with pytest.raises(AlignmentError, match="other texts, first in sentence 2"):
        paired_bootstrap(two, judge([ada, bob], [ada, bob]))
    other = ada.replace(entities=[Entity(0, 3, "geo")])
    with pytest.raises(AlignmentError, match="other gold entities, first in sentence 2"):
        paired_bootstrap(two, judge([ada, other], [ada, ada]))


@pytest.mark.parametrize(
    "judged", [judge([], []), judge([], [], ["a"]), judge([Document("x")], [Document("x")])]
)
def test_nothing_to_draw_is_zero_and_no_error(judged):
    assert bootstrap(judged).figures.f1 == (0, 0, 0)
    assert paired_bootstrap(judged, judged).figures.macro_f1 == (0, 0, 0)


def test_one_sentence_is_certain_of_itself():
    assert bootstrap(judge_tags([["B-a"]], [["B-a"]])).figures.f1 == (1, 1, 1)


def test_impossible_orders_are_refused():
    judged = judge([], [])
    with pytest.raises(InputError, match="lies between 0 and 1"):
        bootstrap(judged, level=95)
    with pytest.raises(InputError, match="at least one resample is needed, not 0"):
        bootstrap(judged, resamples=0)


@given(st.integers(1, 10_000), st.integers(0, 10**8))
def test_chunks_add_up_and_are_bounded(total, width):
    sizes = list(chunks(total, max(width, 4000)))
    assert sum(sizes) == total
    assert all(size == 1 or size * width <= 4_000_000 for size in sizes)
