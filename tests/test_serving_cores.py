"""Laws of the pure parts of serving: patterns, recent quantiles, circuit breakers."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.serving.breaker import Breaker, BreakerPolicy
from onoma.serving.patterns import Facts, Pattern, pattern_of
from onoma.serving.quantiles import Recent, Sketch

LANGUAGES, USERS, LENGTHS = ["de", "en"], ["", "a", "aa", "ab", "ba", "aba"], range(8)
EVERYTHING = [
    Facts(user=user, language=language, length=length)
    for user in USERS
    for language in LANGUAGES
    for length in LENGTHS
]
globs = st.text("ab*", min_size=1, max_size=4)
spans = st.tuples(st.integers(0, 6), st.integers(1, 4)).map(lambda s: {"from": s[0], "below": s[0] + s[1]})
whens = st.fixed_dictionaries(
    {},
    optional={
        "user": globs,
        "language": st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=2, unique=True),
        "length": spans | st.integers(0, 7) | st.integers(0, 6).map(lambda n: {"from": n}),
    },
)


def fitting(pattern: Pattern) -> set[Facts]:
    return {facts for facts in EVERYTHING if pattern.fits(facts)}


@given(whens, whens)
def test_what_is_narrower_by_its_conditions_stands_first(one, other):
    a, b = pattern_of(one), pattern_of(other)
    narrower = all(
        name in one and (pattern_of({name: one[name]}).conditions[name] == each or _within(name, one, other))
        for name, each in b.conditions.items()
    )
    if narrower and fitting(a) < fitting(b):
        assert a.rank < b.rank


def _within(name: str, one: dict, other: dict) -> bool:
    # users of EVERYTHING are too few to tell one glob within another: ask all short words
    words = ["".join(letters) for n in range(6) for letters in product("ab", repeat=n)]
    if name == "user":
        a, b = (pattern_of({name: each[name]}).conditions[name] for each in (one, other))
        return {w for w in words if a.fits(w)} <= {w for w in words if b.fits(w)}
    return fitting(pattern_of({name: one[name]})) <= fitting(pattern_of({name: other[name]}))


@given(st.lists(whens, min_size=1, max_size=5))
def test_sorting_patterns_does_not_depend_on_their_order(written):
    patterns = [pattern_of(when) for when in written]
    backwards = patterns[::-1]
    ranks = [[pattern.rank for pattern in sorted(p, key=lambda p: p.rank)] for p in (patterns, backwards)]
    assert ranks[0] == ranks[1]


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"lenght": 3}, "did you mean 'length'"),
        ({"length": "long"}, "write a number or"),
        ({"length": {"below": 0}}, "nothing lies between"),
        ({"length": {"from": "a"}}, "nothing lies between|numbers"),
        ({"language": []}, "a name or a list"),
        ({"language": "d*"}, "a name or a list"),
        ({"user": ["a", 3]}, "a name or a list"),
    ],
)
def test_what_is_no_condition_is_named(when, says):
    with pytest.raises((InputError,), match=says):
        pattern_of(when)


@given(st.lists(st.floats(1e-5, 1e3), min_size=1, max_size=200), st.floats(0, 1))
def test_a_sketch_tells_quantiles_within_its_accuracy(values, q):
    sketch = Sketch(0.01)
    for value in values:
        sketch.add(value)
    exact = sorted(values)[math.floor(q * (len(values) - 1))]
    assert sketch.quantile(q) == pytest.approx(exact, rel=0.0101)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.001, 1)), min_size=1, max_size=60))
def test_recent_quantiles_tell_of_one_to_two_windows(steps):
    recent, now, kept = Recent(window=60), 0.0, []
    for gap, value in steps:
        now += gap
        kept.append((now, value))
        recent.add(value, now)
    assert sum(now - when < 60 for when, _ in kept) <= recent.count
    assert recent.count <= sum(now - when <= 120 for when, _ in kept)


def test_nothing_added_has_no_quantile():
    assert math.isnan(Recent().quantile(0.95))


POLICY = BreakerPolicy(window=6, least=3, rest=1.0, longest=4.0, probes=2, patience=5.0)
events = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["ok", "fails", "given up"])), max_size=60)


@given(events)
def test_a_breaker_lets_one_probe_out_at_a_time_and_rests_within_bounds(steps):
    breaker, now = Breaker(POLICY), 0.0
    for gap, outcome in steps:
        now += gap
        before = breaker.state(now)
        allowed = breaker.allows(now)
        assert allowed == (before != "open")
        if before == "half-open":
            assert not breaker.allows(now)
        if not allowed:
            assert 0 < breaker.wait(now) <= POLICY.longest + 1e-9
        elif outcome == "given up":
            breaker.forget()
        else:
            breaker.record(outcome == "ok", now)
            if before == "half-open" and outcome == "fails":
                assert breaker.state(now) == "open"


@given(events)
def test_a_breaker_always_recovers_once_calls_succeed(steps):
    breaker, now = Breaker(POLICY), 0.0
    for gap, outcome in steps:
        now += gap
        if breaker.allows(now) and outcome != "given up":
            breaker.record(outcome == "ok", now)
    for _ in range(POLICY.probes):
        now += POLICY.longest + POLICY.patience
        assert breaker.allows(now)
        breaker.record(True, now)
    assert breaker.state(now) == "closed"


def test_few_failures_do_not_open_it_and_late_answers_do_not_close_it():
    breaker = Breaker(POLICY)
    for ok in (True, True, True, False, False):
        breaker.record(ok, 0.0)
    assert breaker.state(0.0) == "closed"
    breaker.record(False, 0.0)
    assert breaker.state(0.0) == "open"
    for _ in range(3):
        breaker.record(True, 0.5)
    assert breaker.state(0.9) == "open"


def test_a_probe_that_never_comes_back_is_forgotten():
    breaker = Breaker(BreakerPolicy(least=1, patience=5.0))
    breaker.record(False, 0.0)
    assert breaker.allows(1.0)
    assert not breaker.allows(5.9)
    assert breaker.allows(6.0)
