"""Laws of routing: shares are obeyed and sticky, budgets are kept, everything is told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import NotFoundError
from onoma.serving.languages import guess_language
from onoma.serving.patterns import Facts, Pattern, pattern_of
from onoma.serving.routing import Known, Route, Wanted, plan
from onoma.serving.sharing import point, ranked, within

NAMES = ["a", "b", "c", "d"]
PER, ORG = frozenset({"per"}), frozenset({"per", "org"})
weights = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100), min_size=1)


@pytest.mark.parametrize("shares", [{"a": 90, "b": 8, "c": 2}, {"a": 1, "b": 1}, {"a": 3, "b": 0}])
def test_weights_are_obeyed(shares):
    first = [ranked(shares, f"user {n}")[0] for n in range(20_000)]
    for name, weight in shares.items():
        expected = weight / sum(shares.values())
        error = 4 * math.sqrt(expected * (1 - expected) / len(first))
        assert first.count(name) / len(first) == pytest.approx(expected, abs=error + 1e-12)


@given(weights, st.text(max_size=8), st.sampled_from(NAMES), st.integers(1, 50))
def test_more_weight_moves_users_only_to_where_it_went(shares, user, name, more):
    before, after = (ranked(each, user)[0] for each in (shares, shares | {name: shares.get(name, 0) + more}))
    assert after in (before, name)


@given(weights, st.text(max_size=8))
def test_who_drops_out_leaves_the_others_in_their_order(shares, user):
    order = ranked(shares, user)
    rest = {name: weight for name, weight in shares.items() if name != order[0]}
    assert ranked(rest, user) == order[1:]


@given(st.text(max_size=8), st.floats(0, 1), st.floats(0, 1))
def test_who_is_within_a_share_stays_within_a_larger_one(user, one, other):
    assert within(min(one, other), user) <= within(max(one, other), user)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_names_are_not_run_together(one, other):
    assert (point(*one) == point(*other)) == (one == other)
    assert 0 < point(*one) < 1


def test_experiments_share_users_independently():
    both = sum(within(0.5, f"user {n}", "one") and within(0.5, f"user {n}", "other") for n in range(10_000))
    assert both == pytest.approx(2500, abs=200)


taggers = st.fixed_dictionaries(
    {
        name: st.builds(
            lambda accuracy, p95, labels, resting, name=name: Known(
                name, accuracy, labels, lambda length: p95, resting
            ),
            st.floats(0, 1),
            st.floats(0.001, 1) | st.just(math.nan),
            st.sampled_from([PER, ORG]),
            st.sampled_from([0.0, 0.0, 3.0]),
        )
        for name in NAMES
    }
)
routes = st.builds(
    lambda to, by, fallback: Route("r", Pattern({}), to, by, fallback),
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 9), min_size=1),
    st.booleans(),
    st.none() | st.lists(st.sampled_from(NAMES), unique=True).map(tuple),
)
asked = st.builds(
    Facts,
    priority=st.sampled_from(["accuracy", "speed", "balanced"]),
    labels=st.sampled_from([frozenset(), PER, ORG]),
)


@given(asked, st.none() | st.floats(0, 1), st.text(max_size=5), routes, taggers)
def test_every_plan_keeps_its_promises(facts, budget, sticky, route, known):
    made = plan(facts, Wanted(None, budget, sticky), [route], known)
    assert len(set(made.order)) == len(made.order)
    assert set(route.to) <= set(made.order)
    if route.fallback is not None:
        assert set(made.order) == {*route.to, *route.fallback}
    well = [name for name in made.order if not known[name].resting]
    assert list(made.order[: len(well)]) == well, "who rests stands last"
    if budget is not None:
        in_time = [not known[name].p95(0) > budget for name in well]
        assert in_time == sorted(in_time, reverse=True), "who is in time stands first"
    assert made == plan(facts, Wanted(None, budget, sticky), [route], dict(reversed(known.items())))


@given(st.sampled_from(["accuracy", "speed", "balanced"]), taggers)
def test_priorities_mean_what_they_say(priority, known):
    well = {name: each._replace(resting=0.0, labels=PER) for name, each in known.items()}
    route = Route("r", Pattern({}), dict.fromkeys(well, 1.0), by_priority=True)
    first = well[plan(Facts(priority=priority), Wanted(), [route], well).order[0]]
    if priority == "accuracy":
        assert first.accuracy == max(each.accuracy for each in well.values())
    for other in well.values():  # nobody is passed over for one that is worse in both
        assert not (other.accuracy > first.accuracy and other.p95(0) < first.p95(0))


def test_what_a_doubling_is_worth_decides_a_balanced_request():
    known = {
        "fast": Known("fast", 0.80, PER, lambda length: 0.001),
        "good": Known("good", 0.83, PER, lambda length: 0.004),
    }
    order = {}
    for worth in (0.01, 0.02):
        route = Route("r", Pattern({}), dict.fromkeys(known, 1.0), by_priority=True, doubling=worth)
        order[worth] = plan(Facts(), Wanted(), [route], known).order[0]
    assert order == {0.01: "good", 0.02: "fast"}


def test_the_most_specific_route_that_fits_is_taken():
    known = {name: Known(name, 0.9, PER, lambda length: 0.01) for name in NAMES}
    written = [({}, "a"), ({"language": "de"}, "b"), ({"language": "de", "user": "team-*"}, "c")]
    made = [Route(f"to {name}", pattern_of(when), {name: 1}, fallback=()) for when, name in written]
    made.sort(key=lambda route: route.pattern.rank)
    for facts, name in [
        (Facts(), "a"),
        (Facts(language="de", user="x"), "b"),
        (Facts(language="de", user="team-x"), "c"),
    ]:
        assert plan(facts, Wanted(), made, known).order == (name,)


def test_a_tagger_that_is_named_is_asked_alone_and_a_misspelt_one_is_told():
    known = {"small": Known("small", 0.9, PER, lambda length: 0.01)}
    assert plan(Facts(), Wanted("small"), [], known).order == ("small",)
    with pytest.raises(NotFoundError, match="did you mean 'small'"):
        plan(Facts(), Wanted("smal"), [], known)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The minister said that it was not for him to decide.", "en"),
        ("Le ministre est dans la ville avec un ami.", "fr"),
        ("El ministro no está en la ciudad con los otros.", "es"),
        ("Il ministro non è nella città, e il sindaco che era con lui ha detto di no.", "it"),
        ("De minister is niet in het gebouw, maar hij komt op tijd.", "nl"),
        ("Министр приехал в город.", "ru"),
        ("Міністр приїхав до міста, її чекали.", "uk"),
        ("大臣は東京にいます。", "ja"),
        ("部长在北京。", "zh"),
        ("IBM SAP", ""),
        ("", ""),
        ("12 + 30 = 42", ""),
    ],
)
def test_a_language_is_guessed_where_it_shows(text, language):
    assert guess_language(text) == language
