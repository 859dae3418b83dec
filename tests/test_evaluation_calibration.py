"""Calibration: on scores of known quality, by hand, against scikit-like loops over the definitions."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.evaluation import calibrate, judge
from onoma.text import Document, Entity

DOCUMENT = Document.from_text("x", id="d")


def judged(rows: list[tuple[float, bool]], missed: int = 0):
    """One document of one entity for each score, right or not; and some without a prediction."""
    gold = [DOCUMENT.replace(entities=[Entity(0, 1, "a" if right else "b")]) for _, right in rows]
    gold += [DOCUMENT.replace(entities=[Entity(0, 1, "a")])] * missed
    predicted = [DOCUMENT.replace(entities=[Entity(0, 1, "a", score)]) for score, _ in rows]
    return judge(gold, [*predicted, *[DOCUMENT] * missed])


ROWS = st.lists(st.tuples(st.floats(0, 1) | st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1)


@given(ROWS, st.integers(0, 5))
def test_figures_are_those_of_the_definitions(rows, missed):
    found = calibrate(judged(rows, missed))
    if all(score == 1 for score, _ in rows):
        assert found is None
        return
    error = 0.0
    for i in range(10):
        low, high = i / 10, (i + 1) / 10
        held = [row for row in rows if low < row[0] * 10 / 10 <= high or (i == 0 and row[0] == 0)]
        if held:
            score, right = (sum(column) / len(held) for column in zip(*held, strict=True))
            error += len(held) / len(rows) * abs(score - right)
    if not any(abs(score * 10 - round(score * 10)) < 1e-9 for score, _ in rows):  # else it is in either bin
        assert found.ece == pytest.approx(error)
    assert found.brier == pytest.approx(sum((score - right) ** 2 for score, right in rows) / len(rows))
    assert 0 <= found.ece <= 1
    assert 0 <= found.ece_equal_mass <= 1
    for bins in (found.bins, found.mass_bins):
        assert sum(bin.count for bin in bins) == len(rows)
        assert all(bin.low <= bin.mean_score + 1e-12 and bin.mean_score <= bin.high + 1e-12 for bin in bins)
    json.dumps(found.to_dict(), allow_nan=False)


@given(ROWS, st.integers(0, 5))
def test_the_curve_is_what_filtering_by_the_threshold_gives(rows, missed):
    found = calibrate(judged(rows, missed))
    if found is None:
        return
    gold = len(rows) + missed
    assert found.curve.threshold.tolist() == sorted({score for score, _ in rows}, reverse=True)
    best = 0.0
    for point in found.curve.points(1000):
        kept = [right for score, right in rows if score >= point.threshold]
        assert point.precision == pytest.approx(sum(kept) / len(kept))
        assert point.recall == pytest.approx(sum(kept) / gold)
        assert point.f1 == pytest.approx(2 * sum(kept) / (len(kept) + gold))
        assert point.coverage == pytest.approx(len(kept) / len(rows))
        best = max(best, point.f1)
    assert found.curve.best.f1 == best
    assert found.curve.points(1000)[-1].coverage == 1


def test_honest_scores_have_a_small_error_and_boastful_ones_a_large_one():
    chance = random.Random(1)
    honest = [(score := chance.random(), chance.random() < score) for _ in range(20_000)]
    boastful = [(score**0.2, right) for score, right in honest]
    good, bad = calibrate(judged(honest)), calibrate(judged(boastful))
    assert good.ece < 0.02
    assert good.ece_equal_mass < 0.02
    assert abs(good.overconfidence) < 0.02
    assert bad.ece == pytest.approx(bad.overconfidence, abs=0.01)
    assert bad.overconfidence == pytest.approx(5 / 6 - 1 / 2, abs=0.02)
    assert [bin.count for bin in good.mass_bins] == pytest.approx([2000] * 10, abs=1)


def test_equal_scores_stay_in_one_bin():
    found = calibrate(judged([(0.9, True)] * 70 + [(0.9, False)] * 10 + [(0.2, False)] * 20))
    assert [(bin.low, bin.high, bin.count) for bin in found.mass_bins] == [(0.2, 0.2, 20), (0.9, 0.9, 80)]
    assert found.ece_equal_mass == pytest.approx(0.8 * abs(0.9 - 70 / 80) + 0.2 * 0.2)


def test_the_best_threshold_keeps_as_much_as_it_can():
    found = calibrate(judged([(0.9, True), (0.5, False), (0.4, True), (0.1, False), (0.1, False)]))
    assert found.curve.best.threshold == 0.4
    assert found.curve.best.f1 == pytest.approx(4 / 8)
    assert len(found.curve.points(2)) == 2
    useless = calibrate(judged([(0.9, False), (0.5, False)]))
    assert (useless.curve.best.threshold, useless.curve.best.coverage) == (0.5, 1)


@pytest.mark.parametrize("rows", [[], [(1.0, True), (1.0, False)]])
def test_a_tagger_without_scores_is_recognised(rows):
    assert calibrate(judged(rows, missed=2)) is None


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.1, 1.5])
def test_what_is_no_probability_is_refused_by_name(score):
    with pytest.raises(InputError, match=r"the entity a \[0, 1\) 'x' of sentence d has the score"):
        calibrate(judged([(0.5, True), (score, True)]))


def test_gold_without_entities():
    found = calibrate(judge([DOCUMENT], [DOCUMENT.replace(entities=[Entity(0, 1, "a", 0.7)])]))
    assert found.curve.best == (0.7, 0, 0, 0, 1)
    assert np.isclose(found.ece, 0.7)
