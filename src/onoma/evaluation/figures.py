"""Sums with intervals, worked out from formulae that are shown as they are computed.

A formula is arithmetic on names, such as ``entities / entities_per_hour``. The same text is computed and
printed, so what is shown is what was done.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from itertools import product
from typing import NamedTuple

__all__ = ["Figure", "computed", "exactly", "filled", "in_words", "names_in", "shown_formula"]


class Figure(NamedTuple):
    """A number, and the bounds it lies between.

    >>> Figure(10, 8, 12).sure, exactly(3)
    (False, Figure(value=3, low=3, high=3))
    """

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the bounds are the number itself."""
        return self.low == self.high

    def to_dict(self) -> dict[str, float | None]:
        """The three, ready for JSON; None is a bound that there is not."""
        return {name: part if math.isfinite(part) else None for name, part in self._asdict().items()}


def exactly(value: float) -> Figure:
    """A number that is given, not estimated."""
    return Figure(value, value, value)


def names_in(formula: str) -> list[str]:
    """The names that ``formula`` computes with, in order.

    >>> names_in("a * (1 - b) / a")
    ['a', 'b']
    """
    return list(dict.fromkeys(_NAME.findall(formula)))


_NAME = re.compile(r"[a-z_]+")


def computed(formula: str, figures: Mapping[str, Figure]) -> Figure:
    """``formula`` with ``figures`` put in; its bounds are the least and the greatest that their bounds give.

    Interval arithmetic (Moore 1966): exact where each uncertain name stands once, and otherwise too wide
    rather than too narrow.

    >>> computed("a / (1 - b)", {"a": exactly(6), "b": Figure(0.4, 0.25, 0.5)})
    Figure(value=10.0, low=8.0, high=12.0)
    """
    return _figure(ast.parse(formula, mode="eval").body, figures)


def _figure(node: ast.expr, figures: Mapping[str, Figure]) -> Figure:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(_OPERATIONS[type(op)], _figure(left, figures), _figure(right, figures))
        case ast.Name(id=name):
            return figures[name]
        case ast.Constant(value=int(value)):
            return exactly(value)
    raise ValueError(f"a formula is arithmetic on names and whole numbers, not {ast.dump(node)}")


def _combined(operation: Callable[[float, float], float], one: Figure, other: Figure) -> Figure:
    corners = [operation(a, b) for a, b in product(one[1:], other[1:])]
    return Figure(operation(one.value, other.value), min(corners), max(corners))


def _divided(a: float, b: float) -> float:
    return a / b if b else math.inf


_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
}


def shown_formula(formula: str) -> str:
    """``formula`` for people.

    >>> shown_formula("entities / entities_per_hour")
    'entities ÷ entities per hour'
    """
    return _NAME.sub(lambda name: name[0].replace("_", " "), _signs(formula))


def filled(formula: str, figures: Mapping[str, Figure]) -> str:
    """``formula`` with the numbers put in.

    >>> filled("entities / speed", {"entities": exactly(52000), "speed": exactly(400)})
    '52,000 ÷ 400'
    """
    return _NAME.sub(lambda name: in_words(figures[name[0]].value), _signs(formula))


def _signs(formula: str) -> str:
    return formula.replace("*", "×").replace("/", "÷").replace(" - ", " − ")


def in_words(number: float) -> str:
    """A number with as many digits as say something.

    >>> in_words(1234.5), in_words(0.83721), in_words(12.345), in_words(3)
    ('1,234', '0.8372', '12.35', '3')
    """
    if not math.isfinite(number):
        return "∞"
    if number == int(number) or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"
