"""The cascade and its fitted threshold: against brute force, from the command, and back from disk."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from onoma.cli import app
from onoma.errors import BundleError, InputError
from onoma.runtime import load
from onoma.runtime.cascade import Cascade, CascadePolicy, certainty, read_policy, write_policy
from onoma.runtime.cascade_fit import CascadeTrial, _Counts, fit_threshold, parse_budget, try_both
from onoma.text import Coverage, Document, Entity

numbers = st.integers(0, 3)


@st.composite
def trials(draw):
    """Up to seven sentences with gold, found and right entities of each tagger."""
    size = draw(st.integers(1, 7))
    gold = np.array(draw(st.lists(numbers, min_size=size, max_size=size)), dtype=float)

    def counts():
        right = np.array([draw(st.integers(0, int(g))) for g in gold], dtype=float)
        return _Counts(right, right + np.array([draw(st.integers(0, 2)) for _ in gold], dtype=float))

    sure = np.array(draw(st.lists(st.sampled_from([0.1, 0.5, 0.9, 1.0]), min_size=size, max_size=size)))
    tokens = np.array(draw(st.lists(st.integers(1, 9), min_size=size, max_size=size)), dtype=float)
    return CascadeTrial(sure, tokens, gold, counts(), counts(), 1.0, 4.0)


def f1_when(trial: CascadeTrial, sent: np.ndarray) -> float:
    right, found = (np.where(sent, b, a).sum() for a, b in zip(trial.cheap, trial.costly, strict=True))
    return 2 * right / max(found + trial.gold.sum(), 1.0)


@given(trials())
def test_a_point_is_what_sending_those_below_its_threshold_comes_to(trial):
    for count in trial.cuts.tolist():
        point, sent = trial.point(count), trial.certainty < trial.threshold(count)
        assert sent.sum() == count
        assert point.f1 == pytest.approx(f1_when(trial, sent))
        seconds = 1.0 + 4.0 * trial.tokens[sent].sum() / trial.tokens.sum()
        assert point.ms == pytest.approx(1000 * seconds / len(sent))


@given(trials())
def test_the_oracle_is_the_best_of_all_choices(trial):
    size = len(trial.gold)
    for count in range(size + 1):
        choices = (set(c) for k in range(count + 1) for c in combinations(range(size), k))
        best = max(f1_when(trial, np.isin(np.arange(size), list(chosen))) for chosen in choices)
        assert trial.oracle(count) == pytest.approx(best)


@given(trials(), st.sampled_from(["share=0", "share=0.4", "ms=300", "ms=2000", "f1=0", "f1=7.5", "f1=100"]))
def test_the_budget_is_kept_and_well_spent(trial, given_):
    budget = parse_budget(given_)
    points = [trial.point(count) for count in trial.cuts.tolist()]
    within = {
        "share": [p for p in points if p.share <= budget.limit],
        "ms": [p for p in points if p.ms <= budget.limit],
        "f1": [p for p in points if p.f1 >= points[-1].f1 - budget.limit / 100],
    }[budget.kind]
    if not within:
        with pytest.raises(InputError, match="the cheap tagger alone takes"):
            fit_threshold(trial, budget)
        return
    fit = fit_threshold(trial, budget)
    assert fit.chosen in within
    if budget.kind == "f1":
        assert fit.chosen.ms == min(p.ms for p in within)
    else:
        assert fit.chosen.f1 == max(p.f1 for p in within)
    assert [fit.cheap, fit.costly] == [points[0], points[-1]]
    assert all(p.regret >= -1e-9 for p in fit.frontier)
    json.dumps(fit.to_dict(), allow_nan=False)


@pytest.mark.parametrize("wrong", ["", "shares=1", "share=2", "ms=-1", "f1=x", "ms=nan", "f1"])
def test_a_budget_that_is_none_is_refused(wrong):
    with pytest.raises(InputError):
        parse_budget(wrong)


def test_no_sentences_are_nothing_to_fit_on():
    with pytest.raises(InputError, match="no sentences"):
        fit_threshold(try_both(list, list, []), parse_budget("share=1"))


def test_certainty_is_what_the_tagger_tells_else_its_lowest_score():
    plain = Document("Ada Bob", entities=(Entity(0, 3, "x", 0.9), Entity(4, 7, "x", 0.3)))
    assert certainty(plain) == 0.3
    assert certainty(Document("Ada")) == 1.0
    assert certainty(plain.replace(coverage=Coverage(7, 1, "t", 0.2))) == 0.2


def test_only_what_is_uncertain_goes_on_and_coverage_says_who_answered():
    asked = []

    def cheap(documents):
        return [d.replace(coverage=Coverage(len(d.text), 1, "cheap", 1 / len(d.text))) for d in documents]

    def costly(documents):
        asked.extend(d.text for d in documents)
        return [d.replace(coverage=Coverage(len(d.text), 1, "costly", 1.0)) for d in documents]

    found = Cascade(cheap, costly, 0.3)(["a", "long text", "b", "longer text"])
    assert asked == ["long text", "longer text"]
    assert [d.coverage.tagger for d in found] == ["cheap", "costly", "cheap", "costly"]
    with pytest.raises(InputError, match="the threshold is nan"):
        Cascade(cheap, costly, float("nan"))


def test_a_bundle_is_less_certain_of_what_it_does_not_know(tiny_bundle):
    known, odd = load(tiny_bundle)(["Ada went to Oldport .", "Qwx Zzk Ltd Inc Oldport Ada Vvv"])
    assert 0 <= odd.coverage.certainty < known.coverage.certainty <= 1


def test_from_the_command_to_a_tagger(tiny_bundle, tiny_corpus, tmp_path):
    policy, page, data = tmp_path / "c.json", tmp_path / "c.html", tmp_path / "all.json"
    words = ["cascade", "fit", str(tiny_bundle), str(tiny_bundle), str(tiny_corpus), "--budget", "share=0.5"]
    done = CliRunner().invoke(app, [*words, "-o", str(policy), "--html", str(page), "--json", str(data)])
    assert done.exit_code == 0, done.output
    assert "at most 50.0% of the sentences go on" in done.output
    told = json.loads(data.read_text())
    assert told["chosen"]["share"] <= 0.5
    assert told["frontier"][0]["share"] == 0
    assert told["frontier"][-1]["share"] == 1
    assert "<svg" in page.read_text()
    read = read_policy(policy)
    tag = read.of(load(tiny_bundle), load(tiny_bundle))
    assert tag(["Ada went to Oldport ."])[0].entities
    judged = CliRunner().invoke(app, ["evaluate", f"cascade:{policy}", str(tiny_corpus), "--resamples", "0"])
    assert judged.exit_code == 0, judged.output


def test_a_policy_is_for_the_taggers_it_was_fitted_for(tiny_bundle, tmp_path):
    tagger = load(tiny_bundle)
    policy = CascadePolicy(
        threshold=0.5, cheap="a", costly="b", versions=(tagger.version, "b@1"), budget="share=1",
        fingerprint="", expected={},
    )  # fmt: skip
    write_policy(policy, tmp_path / "c.json")
    with pytest.raises(BundleError, match="fitted for b as b@1"):
        read_policy(tmp_path / "c.json").of(tagger, list)
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(BundleError, match="no policy"):
        read_policy(tmp_path / "c.json")


@pytest.mark.parametrize("budget", ["time=1", "ms=0"])
def test_the_command_refuses_what_cannot_be(tiny_bundle, tiny_corpus, budget):
    words = ["cascade", "fit", str(tiny_bundle), str(tiny_bundle), str(tiny_corpus), "--budget", budget]
    assert CliRunner().invoke(app, words).exit_code == 2
