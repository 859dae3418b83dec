"""Patterns of requests that sort themselves: of two that fit, the more specific one stands first.

The idea is that of httpx's ``URLPattern``: nobody numbers the rules, so nobody numbers them wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from onoma.errors import InputError, nearest

__all__ = ["Facts", "Glob", "Names", "Pattern", "Span", "pattern_of"]


class Facts(NamedTuple):
    """What is known of a request when its route is chosen.

    ``length`` is that of its longest text, ``characters`` of all of them.

    ``labels`` are those asked for, none meaning all; ``language`` is a code of ISO 639-1, or empty.
    """

    priority: str = "balanced"
    user: str = ""
    caller: str = ""
    length: int = 0
    texts: int = 1
    characters: int = 0
    language: str = ""
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Glob:
    """One name, in which ``*`` stands for any characters.

    >>> Glob("team-*").fits("team-red"), Glob("team-*").fits("red")
    (True, False)
    """

    text: str

    def fits(self, value: str) -> bool:
        """Whether ``value`` is such a name."""
        return self._compiled.fullmatch(value) is not None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(".*".join(map(re.escape, self.text.split("*"))), re.DOTALL)

    @property
    def rank(self) -> tuple[float, ...]:
        """Names before globs, then those with more characters of their own, then those with fewer stars."""
        runs = re.findall(r"\*+", self.text)
        return (bool(runs), sum(map(len, runs)) - len(self.text), len(runs))


@dataclass(frozen=True)
class Names:
    """One of several names; a set of them fits when it is not empty and holds no other.

    >>> Names(frozenset({"per", "org"})).fits(frozenset({"per"}))
    True
    """

    names: frozenset[str]

    def fits(self, value: str | frozenset[str]) -> bool:
        """Whether ``value`` is among them."""
        return value in self.names if isinstance(value, str) else bool(value) and value <= self.names

    @property
    def rank(self) -> tuple[float, ...]:
        """The fewer the narrower."""
        return (0, len(self.names))


@dataclass(frozen=True)
class Span:
    """A number from ``least`` on and below ``below``.

    >>> Span(10, 20).fits(10), Span(10, 20).fits(20)
    (True, False)
    """

    least: float = 0
    below: float = math.inf

    def fits(self, value: float) -> bool:
        """Whether ``value`` lies in it."""
        return self.least <= value < self.below

    @property
    def rank(self) -> tuple[float, ...]:
        """The narrower first; of two without an end the one that begins later."""
        return (self.below - self.least, -self.least)


Condition = Glob | Names | Span


@dataclass(frozen=True)
class Pattern:
    """Conditions on a request, all of which must hold.

    >>> german, short = Pattern({"language": Names(frozenset({"de"}))}), Pattern({"length": Span(0, 99)})
    >>> german.fits(Facts(language="de")), german.fits(Facts(language="en"))
    (True, False)
    >>> str(short), str(Pattern({}))
    ('length: below 99', 'anything')
    """

    conditions: Mapping[str, Condition]

    def fits(self, facts: Facts) -> bool:
        """Whether every condition holds."""
        return all(each.fits(getattr(facts, name)) for name, each in self.conditions.items())

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sorts a pattern before every other that fits all that it fits and more.

        More conditions come first. With as many, a narrower pattern has the same fields and is at least as
        narrow in each, so comparing field by field never puts the wider one first.
        """
        fields = [(name, each.rank) for name, each in sorted(self.conditions.items())]
        return (-len(fields), [name for name, _ in fields], [rank for _, rank in fields])

    def __str__(self) -> str:
        """The pattern in words."""
        return ", ".join(f"{name}: {_words(each)}" for name, each in self.conditions.items()) or "anything"


def _words(condition: Condition) -> str:
    match condition:
        case Glob(text):
            return text
        case Names(names):
            return " or ".join(sorted(names))
        case Span(least, below):
            start = f"from {least:g}" if least else ""
            end = f"below {below:g}" if below < math.inf else ""
            return " ".join(filter(None, [start, end])) or "any"


def pattern_of(when: Mapping[str, Any]) -> Pattern:
    """The pattern that a serving file's ``when`` writes.

    A name, a name with ``*``, a list of names, or for ``length`` and ``texts`` a number or
    ``{from: 10, below: 20}``. Raises `InputError` for what is none of them, naming the nearest field.

    >>> str(pattern_of({"language": ["de", "nl"], "length": {"below": 500}}))
    'language: de or nl, length: below 500'
    """
    if unknown := [name for name in when if name not in _KINDS]:
        raise InputError(f"a route has no condition {unknown[0]!r}; {nearest(str(unknown[0]), _KINDS)}")
    return Pattern({name: _KINDS[name](name, value) for name, value in when.items()})


def _glob_or_names(name: str, value: Any) -> Condition:
    if isinstance(value, str) and value:
        return Glob(value)
    return _names(name, value)


def _names(name: str, value: Any) -> Condition:
    given: Iterable[Any] = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    names = [each for each in given if isinstance(each, str) and each and "*" not in each]
    if not names or len(names) != len(list(given)):
        raise InputError(f"{name} is {value!r}; write a name or a list of names")
    return Names(frozenset(names))


def _span(name: str, value: Any) -> Condition:
    limits = {"from": value, "below": value + 1} if isinstance(value, int) else value
    if not isinstance(limits, dict) or not limits or limits.keys() - {"from", "below"}:
        raise InputError(
            f"{name} is {value!r}; write a number or {{from: 10, below: 20}}, either may be left out"
        )
    span = Span(limits.get("from", 0), limits.get("below", math.inf))
    if not all(isinstance(each, int | float) for each in limits.values()) or not span.least < span.below:
        raise InputError(f"{name} is {value!r}; it takes numbers, and nothing lies between these")
    return span


_KINDS = {
    "priority": _names,
    "user": _glob_or_names,
    "caller": _glob_or_names,
    "language": _names,
    "labels": _names,
    "length": _span,
    "texts": _span,
}
