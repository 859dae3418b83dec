"""How often which numbers occur."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from onoma.pages.axes import SMALL, Layout, colour_of, scale_words, set_scale, steps
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import finite
from onoma.pages.measure import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["histogram"]

_MOST = 30  # bins


class _Bin(NamedTuple):
    low: float
    high: float
    size: float
    name: str


def histogram(
    values_or_counts: Sequence[float] | Mapping[float, float], *, title: str, xlabel: str, ylabel: str
) -> Chart:
    """Upright bars for numbers, or for a mapping from a number to how often it occurs.

    Whole numbers that are few enough have a bar each; others share bins of a round width, closed on the left.
    Raises `InputError` for NaN.
    """
    if isinstance(values_or_counts, Mapping):
        numbers = finite(values_or_counts, "values")
        weights = finite(values_or_counts.values(), "counts")
    else:
        numbers = finite(values_or_counts, "values")
        weights = [1.0] * len(numbers)
    bins, whole = _binned(numbers, weights), _all_whole(numbers)
    up = steps(0, max((each.size for each in bins), default=1.0), whole=_all_whole(weights))
    left = 34 + max(text_width(word, SMALL) for word in scale_words(up))
    layout = Layout(title, 190, left=left, below=42)

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not bins)
        low, high = (bins[0].low, bins[-1].high) if bins else (0.0, 1.0)
        set_scale(axes, "x", steps(low, high, whole=whole), low, high, xlabel)
        set_scale(axes, "y", up, 0, up[-1], ylabel)
        axes.grid(visible=False, axis="x")
        for each in bins:
            _draw(canvas, axes, each)

    told = f"{ylabel} by {xlabel}. " + "; ".join(f"{each.name}: {each.size:,g}" for each in bins if each.size)
    return Chart(title, told, layout.width, layout.height, paint)


def _binned(numbers: Sequence[float], weights: Sequence[float]) -> list[_Bin]:
    """Bins of one round width that hold all numbers.

    >>> [(each.name, each.size) for each in _binned([1.0, 1.0, 3.0], [1.0, 1.0, 5.0])]
    [('1', 2.0), ('2', 0.0), ('3', 5.0)]
    """
    if not numbers:
        return []
    whole, low, high = _all_whole(numbers), min(numbers), max(numbers)
    width = _round_width(low, high, whole)
    first = math.floor(low / width)
    last = math.floor(high / width)
    if not whole and last > first and last * width == high:
        last -= 1  # the highest number, where it stands on an edge, gets no bin of its own
    counts = [0.0] * (last - first + 1)
    for number, weight in zip(numbers, weights, strict=True):
        counts[min(last, math.floor(number / width)) - first] += weight
    return [_bin(first + place, width, total, whole) for place, total in enumerate(counts)]


def _all_whole(numbers: Sequence[float]) -> bool:
    return all(number.is_integer() for number in numbers)


def _bin(place: int, width: float, count: float, whole: bool) -> _Bin:
    low, high = place * width, (place + 1) * width
    if not whole:
        return _Bin(low, high, count, " to ".join(scale_words([low, high])))
    ends = [low, high - 1] if width > 1 else [low]
    return _Bin(low - 0.5, high - 0.5, count, " to ".join(scale_words(ends)))


def _round_width(low: float, high: float, whole: bool) -> float:
    """1, 2 or 5 times a power of ten, so that no more than about `_MOST` bins are needed."""
    least = (high - low) / _MOST or (1.0 if whole else abs(low) / _MOST or 1.0)
    power = 10.0 ** math.floor(math.log10(least))
    width = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
    return max(1.0, width) if whole else width


def _draw(canvas: Canvas, axes: Axes, each: _Bin) -> None:
    wide = each.high - each.low
    [shape] = axes.bar(
        each.low + wide / 2, each.size, wide * 0.9, color=colour_of(canvas, 0), linewidth=0.4,
        edgecolor=canvas.colours["ink"],
    )  # fmt: skip
    canvas.tip(shape, f"{each.name}: {each.size:,g}")
