"""Which taggers are to answer a request, in what order, and why: a pure function of what is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from onoma.errors import NotFoundError, nearest
from onoma.serving.patterns import Facts, Pattern
from onoma.serving.sharing import ranked

__all__ = ["Known", "Plan", "Route", "Wanted", "plan"]


class Known(NamedTuple):
    """A tagger as routing sees it.

    ``accuracy`` is F1 from 0 to 1; ``p95`` gives seconds for so many characters, NaN where nothing was
    measured yet; ``resting`` is for how many seconds its breaker will let nothing through, 0 for a good one.
    """

    name: str
    accuracy: float
    labels: frozenset[str]
    p95: Callable[[int], float]
    resting: float = 0.0


@dataclass(frozen=True)
class Route:
    """``to`` are taggers with their weights, or, with ``by_priority``, taggers to choose among.

    ``fallback`` are those that take over where they fail; None stands for all that know the same labels.
    ``experiment`` names an A/B test, whose exposures are written down. ``doubling`` is what a doubling of
    p95 has to bring in F1 to be worth it for a balanced request.
    """

    name: str
    pattern: Pattern
    to: Mapping[str, float]
    by_priority: bool = False
    fallback: tuple[str, ...] | None = None
    experiment: str = ""
    doubling: float = 0.01

    @cached_property
    def told(self) -> str:
        """That it fits, and what."""
        return f"route {self.name} fits ({self.pattern})"

    @cached_property
    def shares(self) -> str:
        """The weights, as shares of one."""
        total = sum(self.to.values())
        return ", ".join(f"{name} {weight / total:.3g}" for name, weight in self.to.items())


class Wanted(NamedTuple):
    """What a request asks of routing: a tagger by name, seconds it may take, a name to be sticky by."""

    model: str | None = None
    budget: float | None = None
    sticky: str = ""


class Plan(NamedTuple):
    """``order``: the taggers to ask, each when those before it failed. ``why``: a short sentence a step."""

    order: tuple[str, ...]
    route: str
    why: tuple[str, ...]
    experiment: str = ""


def plan(facts: Facts, wanted: Wanted, routes: Sequence[Route], taggers: Mapping[str, Known]) -> Plan:
    """Who is to answer. ``routes`` come sorted by their patterns' rank, and the last fits everything.

    Raises `NotFoundError` when a tagger is named that there is not.

    >>> fast = Known("fast", 0.80, frozenset({"per"}), lambda characters: 0.002)
    >>> good = Known("good", 0.90, frozenset({"per"}), lambda characters: 0.050)
    >>> all_of_them = {"fast": fast, "good": good}
    >>> route = Route("default", Pattern({}), {"fast": 1, "good": 1}, by_priority=True)
    >>> plan(Facts(priority="accuracy"), Wanted(), [route], all_of_them).order
    ('good', 'fast')
    >>> made = plan(Facts(priority="accuracy"), Wanted(budget=0.02), [route], all_of_them)
    >>> made.order, made.why[-1]
    (('fast', 'good'), 'p95 within 20 ms: fast (2 ms); too slow: good (50 ms)')
    """
    if wanted.model is not None:
        return _by_name(wanted.model, taggers)
    route = next(route for route in routes if route.pattern.fits(facts))
    order, why = _first_choice(route, facts, wanted, taggers)
    order += _fallback(route, order[0], taggers)
    for step in (_that_know_the_labels, _within_budget, _that_are_well):
        order, told = step(order, facts, wanted, taggers)
        why += told
    return Plan(tuple(order), route.name, tuple(why), route.experiment)


Steps = tuple[list[str], list[str]]


def _by_name(name: str, taggers: Mapping[str, Known]) -> Plan:
    if name not in taggers:
        raise NotFoundError(f"there is no tagger called {name!r}; {nearest(name, taggers)}")
    return Plan((name,), "model", (f"the request names {name}",))


def _first_choice(route: Route, facts: Facts, wanted: Wanted, taggers: Mapping[str, Known]) -> Steps:
    why = [route.told]
    names = [name for name in route.to if name in taggers]
    if route.by_priority:
        order = sorted(names, key=lambda name: _cost(taggers[name], facts, route.doubling))
        return order, [*why, f"priority {facts.priority}: {' before '.join(order)}"]
    if len(names) == 1:
        return names, why
    weights = {name: route.to[name] for name in names}
    order = ranked(weights, wanted.sticky, route.name)
    return order, [*why, f"weights {route.shares}: {order[0]}"]


def _cost(known: Known, facts: Facts, doubling: float) -> tuple[float, float, str]:
    """What is to be least: by accuracy, by speed, or by F1 less its price in doublings of p95."""
    p95 = known.p95(facts.characters)
    seconds = math.inf if math.isnan(p95) else max(p95, 1e-6)
    match facts.priority:
        case "accuracy":
            return (-known.accuracy, seconds, known.name)
        case "speed":
            return (seconds, -known.accuracy, known.name)
    return (doubling * math.log2(seconds) - known.accuracy, seconds, known.name)


def _fallback(route: Route, first: str, taggers: Mapping[str, Known]) -> list[str]:
    """Who takes over besides the route's own; without a list, the most accurate with the same labels."""
    if route.fallback is not None:
        return [name for name in route.fallback if name in taggers and name not in route.to]
    alike = [k for k in taggers.values() if k.labels == taggers[first].labels and k.name not in route.to]
    return [known.name for known in sorted(alike, key=lambda known: (-known.accuracy, known.name))]


def _that_know_the_labels(
    order: list[str], facts: Facts, wanted: Wanted, taggers: Mapping[str, Known]
) -> Steps:
    if not facts.labels:
        return order, []
    lacking = {name: sorted(facts.labels - taggers[name].labels) for name in order}
    if not any(lacking.values()):
        return order, []
    told = [f"{name} does not know {', '.join(missing)}" for name, missing in lacking.items() if missing]
    return sorted(order, key=lambda name: len(lacking[name])), ["; ".join(told)]


def _within_budget(order: list[str], facts: Facts, wanted: Wanted, taggers: Mapping[str, Known]) -> Steps:
    """Those quick enough first, the others by their speed; what was never measured is given a chance."""
    if wanted.budget is None:
        return order, []
    p95 = {name: taggers[name].p95(facts.characters) for name in order}
    quick = [name for name in order if not p95[name] > wanted.budget]
    slow = sorted((name for name in order if p95[name] > wanted.budget), key=lambda name: p95[name])
    told = f"p95 within {_ms(wanted.budget)}: {_listed(quick, p95) or 'none'}"
    return quick + slow, [told + (f"; too slow: {_listed(slow, p95)}" if slow else "")]


def _listed(names: Iterable[str], p95: Mapping[str, float]) -> str:
    return ", ".join(f"{name} ({_ms(p95[name])})" for name in names)


def _ms(seconds: float) -> str:
    return "not measured" if math.isnan(seconds) else f"{1000 * seconds:.3g} ms"


def _that_are_well(order: list[str], facts: Facts, wanted: Wanted, taggers: Mapping[str, Known]) -> Steps:
    """Those whose breaker lets through first; an open one stays in the list, last, and is asked by nobody."""
    well = [name for name in order if not taggers[name].resting]
    if len(well) == len(order):
        return order, []
    resting = [name for name in order if taggers[name].resting]
    return well + resting, [f"the breaker is open of {', '.join(resting)}"]
