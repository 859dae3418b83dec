"""Judging the numbers of a chart before it is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from onoma.errors import InputError

__all__ = ["check_lengths", "finite", "finite_or_none", "in_words"]

_ASTRONOMIC = 1e15


def finite(values: Iterable[float], what: str) -> list[float]:
    """``values`` as floats; raises `InputError` where one is NaN or infinite.

    >>> finite([1, 2.5], "values")
    [1.0, 2.5]
    """
    numbers = [float(value) for value in values]
    for place, number in enumerate(numbers):
        if not math.isfinite(number):
            raise InputError(f"{what}: number {place + 1} is {number}; a chart shows finite numbers only")
    return numbers


def finite_or_none(values: Iterable[float | None], what: str) -> list[float | None]:
    """Like `finite`, with None for a value that is not known."""
    given = list(values)
    finite((value for value in given if value is not None), what)
    return [None if value is None else float(value) for value in given]


def check_lengths(what: str, length: int, others: Mapping[str, Sequence[object] | None]) -> None:
    """Raise `InputError` unless each of ``others`` has ``length`` members; None passes.

    >>> check_lengths("names", 2, {"values": [1.0, 2.0], "low": None})
    """
    for name, other in others.items():
        if other is not None and len(other) != length:
            raise InputError(f"{name} has {len(other)} members, {what} has {length}; they go together")


def in_words(values: Iterable[float | None]) -> list[str]:
    """Numbers as a chart prints them: whole, or all with as many decimals as their size asks for.

    >>> in_words([1200, 3]), in_words([97.125, None]), in_words([0.5])
    (['1,200', '3'], ['97.1', '–'], ['0.500'])

    Numbers too large to be read digit by digit are written with an exponent.
    """
    given = list(values)
    known = [value for value in given if value is not None]
    whole = all(float(value).is_integer() for value in known)
    largest = max(map(abs, known), default=0.0)
    digits = 0 if whole else 1 if largest >= 10 else 2 if largest >= 1 else 3
    form = f",.{digits}f" if largest < _ASTRONOMIC else ".3g"
    return ["–" if value is None else format(value, form) for value in given]
