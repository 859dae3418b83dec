"""Looking at every moment costs no error: simulations of confidence sequences and of the rules on them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.serving.comparison import Comparison, Rules
from onoma.serving.sequential import Mean
from onoma.text import Entity

RUNS, LONG, ALPHA = 200, 600, 0.1
ADA, BOB = Entity(0, 3, "per", 0.9), Entity(4, 7, "org", 0.9)

DRAWS = {
    "coin": (0.5, lambda rnd: float(rnd.random() < 0.5)),
    "rare": (0.02, lambda rnd: float(rnd.random() < 0.02)),
    "mostly": (0.95, lambda rnd: float(rnd.random() < 0.95)),
    "thirds": (0.5, lambda rnd: rnd.choice([0.0, 0.5, 1.0])),
    "narrow": (0.75, lambda rnd: rnd.uniform(0.7, 0.8)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_truth_is_ever_outside_with_probability_alpha_at_most(name):
    truth, draw = DRAWS[name]
    missed = 0
    for run in range(RUNS):
        rnd, mean = random.Random(run), Mean(ALPHA)
        for _ in range(LONG):
            mean.add(draw(rnd))
        interval = mean.interval  # bounds only close in, so the last holds the truth only if all did
        missed += not interval.low <= truth <= interval.high
    assert missed / RUNS <= ALPHA


def test_who_peeks_with_a_plain_interval_is_wrong_far_more_often():
    # why all this: the interval of the normal approximation, looked at after every observation
    wrong = 0
    for run in range(RUNS):
        rnd, total = random.Random(run), 0.0
        for n in range(1, LONG):
            total += rnd.random() < 0.5
            if n >= 30 and abs(total / n - 0.5) > 1.645 * 0.5 / n**0.5:
                wrong += 1
                break
    assert wrong / RUNS > 3 * ALPHA


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_bounds_only_close_in_and_survive_being_kept(values):
    mean, low, high = Mean(ALPHA), 0.0, 1.0
    for value in values:
        mean.add(value)
        interval = mean.interval
        assert low <= interval.low
        assert interval.high <= high
        low, high = interval.low, interval.high
    kept = Mean.from_dict(mean.to_dict())
    for each in (mean, kept):
        each.add(0.5)
    assert kept.interval == mean.interval
    assert interval.mean == pytest.approx(sum(values) / len(values))


def test_much_evidence_makes_narrow_bounds():
    mean = Mean()
    for n in range(20_000):
        mean.add(float(n % 20 != 0))
    assert mean.interval.high - mean.interval.low < 0.02


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(value):
    with pytest.raises(InputError, match="outside 0 to 1"):
        Mean().add(value)


def run(rules: Rules, agrees: float, fails: float, seed: int, texts: int = 1500) -> str:
    """What becomes of a challenger that agrees on so many texts, and fails so much more often."""
    rnd, comparison = random.Random(seed), Comparison(rules)
    for n in range(texts):
        comparison.compared([ADA], [ADA] if rnd.random() < agrees else [BOB])
        comparison.called("champion", ok=rnd.random() >= 0.01, seconds=0.01)
        comparison.called("challenger", ok=rnd.random() >= 0.01 + fails, seconds=0.01)
        if n % 5 == 0 and (found := comparison.verdict().what) != "go on":
            return found
    return "go on"


RULES = Rules(agreement=0.9, errors=0.1, slower=0.1, least=50, alpha=ALPHA)


def test_a_challenger_just_good_enough_is_rolled_back_with_probability_alpha_at_most():
    ends = [run(RULES, 0.9, 0.0, seed, 500) for seed in range(60)]
    assert ends.count("roll back") / len(ends) <= ALPHA


def test_a_challenger_just_too_bad_is_promoted_with_probability_alpha_at_most():
    ends = [run(RULES, 0.9, 0.0, seed, 500) for seed in range(60)]
    worse = [run(RULES, 1.0, 0.1, seed, 500) for seed in range(60)]
    assert ends.count("promote") / len(ends) <= ALPHA
    assert worse.count("promote") / len(worse) <= ALPHA


@pytest.mark.parametrize(
    ("agrees", "fails", "end"),
    [(1.0, 0.0, "promote"), (0.97, 0.0, "promote"), (0.7, 0.0, "roll back"), (1.0, 0.4, "roll back")],
)
def test_a_clear_case_is_decided(agrees, fails, end):
    assert {run(RULES, agrees, fails, seed) for seed in range(5)} == {end}


def test_a_slow_challenger_is_rolled_back_and_says_why():
    comparison = Comparison(Rules(slow=0.1))
    for _ in range(200):
        comparison.called("champion", ok=True, seconds=0.05)
        comparison.called("challenger", ok=True, seconds=0.2)
    verdict = comparison.verdict()
    assert verdict.what == "roll back"
    assert "calls over 100 ms" in verdict.why[0]


def test_a_label_with_a_rule_of_its_own_is_enough_to_roll_back():
    both = [Entity(n * 10, n * 10 + 5, "per") for n in range(20)]
    comparison = Comparison(Rules(agreement=0.5, labels={"org": 0.9}))
    for _ in range(200):
        comparison.compared([*both, BOB], both)
    verdict = comparison.verdict()
    assert (verdict.what, "agreement on org" in verdict.why[0]) == ("roll back", True)
    told = comparison.to_dict()["labels"]
    assert told["org"]["champion only"] == told["org"]["count"] == 200
    assert (told["per"]["mean"], told["per"]["both"]) == (1.0, 4000)


def test_what_is_never_decided_is_rolled_back_at_the_end():
    comparison = Comparison(Rules(least=10, most=20))
    for _ in range(20):
        comparison.compared([ADA], [ADA])
    verdict = comparison.verdict()
    assert verdict.what == "roll back"
    assert verdict.why[0] == "undecided after 20 texts"


entities = st.lists(
    st.builds(Entity, st.integers(0, 3), st.integers(4, 6), st.sampled_from(["per", "org"])), max_size=4
)


@given(entities, entities)
def test_agreement_is_the_f1_of_one_on_the_other(one, other):
    comparison = Comparison()
    comparison.compared(one, other)
    mine, theirs = ({(e.start, e.end, e.label) for e in each} for each in (one, other))
    if not mine | theirs:
        assert comparison.agreement.count == 0
        return
    both = len(mine & theirs)
    assert comparison.agreement.mean == pytest.approx(2 * both / (len(mine) + len(theirs)))


def test_nothing_seen_is_told_as_such():
    told = Comparison().to_dict()
    assert (told["texts"], told["agreement"], told["labels"]) == (0, {"count": 0}, {})
    assert Comparison().verdict().what == "go on"
