"""Scores against seqeval, against the way the conlleval script counts, and plain arithmetic."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as seqeval_default
from seqeval.metrics.v1 import precision_recall_fscore_support as seqeval_strict
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES

from onoma.errors import AlignmentError, InputError, TagError
from onoma.evaluation import Counts, Scores, score_spans, score_tags

SCHEMES = {"iob1": (IOB1, "BI"), "iob2": (IOB2, "BI"), "bioes": (IOBES, "BIES"), "bilou": (BILOU, "BILU")}


@st.composite
def tagged_pairs(draw, prefixes: str = "BI", labels: str = "abc"):
    """Gold and predicted sentences, tags at random, the prediction right now and then."""
    tags = ["O", *(f"{prefix}-{label}" for prefix in prefixes for label in labels)]
    gold = draw(st.lists(st.lists(st.sampled_from(tags), min_size=1, max_size=7), min_size=1, max_size=6))
    chance = draw(st.randoms(use_true_random=False))
    predicted = [[tag if chance.random() < 0.6 else chance.choice(tags) for tag in s] for s in gold]
    return gold, predicted


def by_scheme():
    return st.sampled_from(sorted(SCHEMES)).flatmap(
        lambda name: st.tuples(st.just(name), tagged_pairs(SCHEMES[name][1]))
    )


def figures(row) -> tuple[float, float, float, int]:
    return row.precision, row.recall, row.f1, row.support


def agree(row, expected) -> bool:
    # seqeval takes the mean of no types at all to be NaN; here it is 0
    return all(
        math.isclose(a, 0 if math.isnan(b) else b, abs_tol=1e-12)
        for a, b in zip(figures(row), expected, strict=True)
    )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=300, deadline=None)
@given(by_scheme())
def test_strict_scores_equal_seqeval(case):
    scheme, (gold, predicted) = case
    scores = score_tags(gold, predicted, scheme=scheme).strict
    for average in ("micro", "macro", "weighted"):
        expected = seqeval_strict(
            gold, predicted, average=average, scheme=SCHEMES[scheme][0], zero_division=0
        )
        assert agree(getattr(scores, average), expected), average
    rows = seqeval_strict(gold, predicted, average=None, scheme=SCHEMES[scheme][0], zero_division=0)
    occurring = [counts for counts in scores.types.values() if counts.support or counts.predicted]
    expected = list(zip(*(column.tolist() for column in rows), strict=True))
    assert all(agree(*pair) for pair in zip(occurring, expected, strict=True))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=300, deadline=None)
@given(by_scheme().filter(lambda case: case[0] != "bilou"))
def test_lenient_scores_equal_seqeval_default(case):
    scheme, (gold, predicted) = case
    scores = score_tags(gold, predicted, scheme=scheme).conlleval
    for average in ("micro", "macro", "weighted"):
        assert agree(
            getattr(scores, average), seqeval_default(gold, predicted, average=average, zero_division=0)
        ), average


def conlleval(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, int]:
    """The counts of the CoNLL-2000 script, taken as it takes them: line by line, with its own flags."""
    counts = dict.fromkeys(("correct_chunks", "gold_chunks", "found_chunks", "correct_tags", "tokens"), 0)
    boundary = ("O", "")
    last_gold, last_found, in_correct = boundary, boundary, False

    def split(tag: str) -> tuple[str, str]:
        prefix, _, kind = tag.partition("-")
        return prefix, kind

    def ends(before: tuple[str, str], after: tuple[str, str]) -> bool:
        moves = before[0] + after[0]
        return moves in ("BB", "BO", "IB", "IO") or (before[0] != "O" and before[1] != after[1])

    def starts(before: tuple[str, str], after: tuple[str, str]) -> bool:
        moves = before[0] + after[0]
        return moves in ("BB", "IB", "OB", "OI") or (after[0] != "O" and before[1] != after[1])

    def step(gold_tag: tuple[str, str], found_tag: tuple[str, str], *, token: bool) -> None:
        nonlocal last_gold, last_found, in_correct
        if in_correct:
            gold_ends, found_ends = ends(last_gold, gold_tag), ends(last_found, found_tag)
            if gold_ends and found_ends and last_gold[1] == last_found[1]:
                in_correct = False
                counts["correct_chunks"] += 1
            elif gold_ends != found_ends or gold_tag[1] != found_tag[1]:
                in_correct = False
        gold_starts, found_starts = starts(last_gold, gold_tag), starts(last_found, found_tag)
        if gold_starts and found_starts and gold_tag[1] == found_tag[1]:
            in_correct = True
        counts["gold_chunks"] += gold_starts
        counts["found_chunks"] += found_starts
        if token:
            counts["correct_tags"] += gold_tag == found_tag
            counts["tokens"] += 1
        last_gold, last_found = gold_tag, found_tag

    for gold_sentence, found_sentence in zip(gold, predicted, strict=True):
        for gold_tag, found_tag in zip(gold_sentence, found_sentence, strict=True):
            step(split(gold_tag), split(found_tag), token=True)
        step(boundary, boundary, token=False)
    return counts


@settings(max_examples=300, deadline=None)
@given(tagged_pairs())
def test_lenient_counts_are_those_of_the_conll_script(pair):
    expected = conlleval(*pair)
    scores = score_tags(*pair, scheme="iob2")
    micro = scores.conlleval.micro
    assert (micro.tp, micro.support, micro.predicted) == (
        expected["correct_chunks"],
        expected["gold_chunks"],
        expected["found_chunks"],
    )
    assert scores.tokens.accuracy == pytest.approx(expected["correct_tags"] / expected["tokens"])
    assert scores.tokens.count == expected["tokens"]


@given(tagged_pairs())
def test_token_figures_and_floor(pair):
    gold, predicted = pair
    scores = score_tags(gold, predicted, scheme="iob2")
    assert scores.tokens.accuracy == pytest.approx(accuracy_score(gold, predicted))
    flat = [(a, b) for s, t in zip(gold, predicted, strict=True) for a, b in zip(s, t, strict=True)]
    for tag, counts in scores.tokens.tags.items():
        assert counts.support == sum(a == tag for a, _ in flat)
        assert counts.predicted == sum(b == tag for _, b in flat)
        assert counts.tp == sum(a == b == tag for a, b in flat)
    assert scores.sequence_accuracy == np.mean([a == b for a, b in zip(gold, predicted, strict=True)])
    idle = score_tags(gold, [["O"] * len(sentence) for sentence in gold], scheme="iob2")
    assert scores.all_o_floor.accuracy == pytest.approx(idle.tokens.accuracy)
    assert scores.all_o_floor.sequence_accuracy == pytest.approx(idle.sequence_accuracy)
    assert idle.strict.micro.f1 == scores.all_o_floor.entity_f1 == 0


@given(tagged_pairs())
def test_parts_of_a_corpus_add_up(pair):
    gold, predicted = pair
    parts = (score_tags([a], [b], scheme="iob2") for a, b in zip(gold, predicted, strict=True))
    whole = score_tags(gold, predicted, scheme="iob2")
    added = sum(parts, Scores())
    # a label that occurs only in one part is a row of both; so are the averages
    assert added.to_dict() == whole.to_dict()
    assert list(added.tokens.tags) == list(whole.tokens.tags)


def plain(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from plain(item)
    else:
        yield value


@given(tagged_pairs())
def test_json_holds_numbers_between_0_and_1(pair):
    data = score_tags(*pair).to_dict()
    again = json.loads(json.dumps(data, allow_nan=False))
    assert again == data
    assert set(data) >= {"strict", "conlleval", "tokens", "sequence_accuracy", "all_o_floor"}
    for reading in (data["strict"], data["conlleval"]):
        assert {"micro", "macro", "weighted", "types"} == set(reading)
        rows = [reading["micro"], reading["macro"], reading["weighted"], *reading["types"].values()]
        assert all({"precision", "recall", "f1", "support"} <= set(row) for row in rows)
    assert all(0 <= x <= 1 for x in plain(data) if isinstance(x, float))


def test_nothing_to_find_and_nothing_found_is_zero_not_nan():
    scores = score_tags([["O", "O"]], [["O", "O"]])
    assert figures(scores.strict.macro) == figures(scores.strict.weighted) == (0, 0, 0, 0)
    assert scores.strict.micro.f1 == 0
    assert scores.tokens.accuracy == scores.all_o_floor.accuracy == 1
    assert json.dumps(Scores().to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("gold", "predicted", "schemes"),
    [
        # a slip in a small prediction does not make it IOB1: the second entity is ill-formed
        ("B-a O B-a", "I-a O I-a", ("iob2", "iob2")),
        ("I-a O I-a", "B-a O B-a", ("iob1", "iob2")),
        ("I-a O I-a", "I-a O I-a", ("iob1", "iob1")),
        ("B-a O B-a", "S-a O S-a", ("iob2", "bioes")),
        ("S-a O S-a", "B-a O B-a", ("bioes", "iob2")),
        ("S-a O S-a", "O O O", ("bioes", "bioes")),
        ("O O O", "I-a O O", ("iob2", "iob2")),
    ],
)
def test_the_scheme_each_side_is_read_in(gold, predicted, schemes):
    scores = score_tags([gold.split()], [predicted.split()])
    assert (scores.schemes["gold"], scores.schemes["predicted"]) == schemes
    if schemes[0] != schemes[1]:  # the same entities, spelled in another scheme
        assert scores.strict.micro.f1 == scores.conlleval.micro.f1 == scores.tokens.accuracy == 1


def test_a_named_scheme_refuses_foreign_tags():
    with pytest.raises(TagError, match=r"the prediction has the tag 'S-a' \(token 2\), which iob2"):
        score_tags([["O", "B-a"]], [["O", "S-a"]], scheme="iob2")
    with pytest.raises(InputError, match="unknown tag scheme"):
        score_tags([["O"]], [["O"]], scheme="iob3")


def test_flat_tags_with_sentence_starts():
    gold, predicted = ["B-a", "I-a", "O"], ["B-a", "I-a", "O"]
    cut = np.array([True, False, True])
    assert score_tags(gold, predicted, cut).sentences == 2
    assert score_tags(gold, predicted).sentences == 1
    assert score_tags([], []).sentences == 0


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([["O"]], [["O", "O"]], "gold has 1 tags, the prediction 2"),
        ([["O", "O"], ["O"]], [["O"], ["O", "O"]], "break sentences differently, near sentence 1"),
    ],
)
def test_tags_of_other_tokens_are_refused(gold, predicted, message):
    with pytest.raises(AlignmentError, match=message):
        score_tags(gold, predicted)


def random_spans(chance: random.Random, length: int) -> list[tuple[int, int, str]]:
    spans, at = [], 0
    while at < length:
        end = chance.randint(at + 1, length)
        if chance.random() < 0.5:
            spans.append((at, end, chance.choice("ab")))
        at = end
    return spans


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 8), min_size=1, max_size=6))
def test_spans_score_as_their_tags_do(chance, lengths):
    def tags(spans, length):
        names = ["O"] * length
        for start, end, label in spans:
            names[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
        return names

    gold, predicted = ([random_spans(chance, length) for length in lengths] for _ in range(2))
    scores = score_spans(gold, predicted, lengths)
    sides = ([tags(s, n) for s, n in zip(side, lengths, strict=True)] for side in (gold, predicted))
    assert scores.to_dict() == score_tags(*sides, scheme="iob2").to_dict()


def test_labels_of_a_model_are_listed_even_when_unused():
    scores = score_spans([[(0, 1, "per")]], [[(0, 1, "per")]], [2], ["per", "geo"])
    assert list(scores.strict.types) == ["geo", "per"]
    assert scores.strict.macro.f1 == 1  # the mean over those that occur, as in seqeval


def test_overlapping_and_repeated_predictions_are_counted_once_each():
    scores = score_spans([[(0, 2, "a")]], [[(0, 2, "a"), (0, 2, "a"), (1, 3, "a"), (0, 2, "b")]], [3])
    assert scores.strict.micro == Counts(tp=1, fp=2, fn=0)
    assert scores.tokens.count == 3


def test_misaligned_predictions_are_false_positives_and_spoil_their_sentence():
    scores = score_spans([[], []], [[], []], [2, 2], misaligned=[["a", "a"], []])
    assert scores.strict.types == {"a": Counts(fp=2)}
    assert (scores.misaligned, scores.sequence_accuracy, scores.tokens.accuracy) == (2, 0.5, 1.0)


def test_spans_that_do_not_fit_are_refused():
    with pytest.raises(TagError, match=r"\[1, 3\) is empty or falls outside sentence 2, which has 2 tokens"):
        score_spans([[], [(1, 3, "a")]], [[], []], [4, 2])
    with pytest.raises(AlignmentError, match="gold has 1 sentences, the prediction 2"):
        score_spans([[]], [[], []], [1])
