"""Named things by two measures, such as taggers by size and score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from onoma.errors import InputError
from onoma.pages.axes import MARKERS, SMALL, Layout, colour_of, scale_words, set_scale, steps
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import finite
from onoma.pages.measure import elided, one_line, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["scatter"]

_HIGH = 250.0
_WIDEST_NAME = 170.0
_DOT = 6.0  # half a marker and a little

Box = tuple[float, float, float, float]  # left, low, right, high, in points


class _Point(NamedTuple):
    x: float
    y: float
    name: str

    @property
    def told(self) -> str:
        return f"{self.name}: {self.x:,.10g}, {self.y:,.10g}"


class _Label(NamedTuple):
    """Where the name of a point stands: so far from it, beginning (left) or ending (right) there."""

    side: str
    across: float
    up: float

    def box(self, x: float, y: float, wide: float) -> Box:
        left = x + self.across - (wide if self.side == "right" else 0.0)
        return (left, y + self.up - _DOT, left + wide, y + self.up + _DOT)


# tried in this order: to the right and left of the point, then a line or two further up and down
_LABELS = [
    _Label(side, across, up) for up in (0, 14, -14, 28, -28) for side, across in (("left", 9), ("right", -9))
]


def scatter(
    points: Sequence[tuple[float, float, str]], *, title: str, xlabel: str, ylabel: str, log_x: bool = False
) -> Chart:
    """A named point for each (x, y, name); ``log_x`` for sizes that differ by orders of magnitude.

    Raises `InputError` for NaN, and for x that is not above 0 where the axis is logarithmic.
    """
    given = [_point(*point) for point in points]
    if log_x and any(point.x <= 0 for point in given):
        raise InputError("scatter: a logarithmic axis shows numbers above 0 only; leave out log_x")
    heights = [point.y for point in given]
    up = steps(min(heights, default=0.0), max(heights, default=1.0))
    left = 34 + max(text_width(word, SMALL) for word in scale_words(up))
    layout = Layout(title, _HIGH, left, below=38, right=20)

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not given)
        _set_x(axes, [point.x for point in given], xlabel, log_x)
        _set_padded(axes, "y", up, ylabel)
        for place, (point, label) in enumerate(zip(given, _labels(axes, given), strict=True)):
            _draw(canvas, axes, point, label, place)

    told = "; ".join(point.told for point in given)
    return Chart(title, f"{ylabel} by {xlabel}. {told}", layout.width, layout.height, paint)


def _point(x: float, y: float, name: str) -> _Point:
    across, up = finite((x, y), name)
    return _Point(across, up, one_line(name))


def _set_x(axes: Axes, across: Sequence[float], label: str, log: bool) -> None:
    if not log:
        places = steps(min(across, default=0.0), max(across, default=1.0), most=5)
        _set_padded(axes, "x", places, label)
        return
    low, high = min(across, default=1.0) / 1.5, max(across, default=1.0) * 1.5
    axes.set_xscale("log")
    set_scale(axes, "x", _log_steps(low, high), low, high, label)
    axes.minorticks_off()


def _set_padded(axes: Axes, side: str, places: Sequence[float], label: str) -> None:
    """A scale that goes on a little beyond its ends, so that no marker stands on the numbers."""
    room = 0.06 * (places[-1] - places[0])
    set_scale(axes, side, places, places[0] - room, places[-1] + room, label)


def _log_steps(low: float, high: float) -> list[float]:
    """Powers of ten between ``low`` and ``high``; where they are few, also 2 and 5 times as much.

    >>> _log_steps(3, 120), _log_steps(1e3, 1e9)[:2]
    ([5.0, 10.0, 20.0, 50.0, 100.0], [1000.0, 10000.0])
    """
    from matplotlib.ticker import LogLocator

    def between(*factors: float) -> list[float]:
        return [float(at) for at in LogLocator(subs=factors).tick_values(low, high) if low <= at <= high]

    powers = between(1)
    return powers if len(powers) > 2 else between(1, 2, 5)


def _labels(axes: Axes, given: Sequence[_Point]) -> list[_Label]:
    """For each point a place for its name where it covers no other name or point, if there is one."""
    places = [tuple(map(float, axes.transData.transform((point.x, point.y)))) for point in given]
    taken: list[Box] = [(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in places]
    left, right = axes.bbox.x0 - 30, axes.bbox.x1 + 16
    chosen = []
    for point, (x, y) in zip(given, places, strict=True):
        wide = text_width(elided(point.name, _WIDEST_NAME, SMALL), SMALL)
        boxes = {label: label.box(x, y, wide) for label in _LABELS}
        inside = [label for label, box in boxes.items() if left <= box[0] and box[2] <= right]
        free = [label for label in inside if not any(_overlap(boxes[label], box) for box in taken)]
        chosen.append((free or inside or _LABELS)[0])
        taken.append(boxes[chosen[-1]])
    return chosen


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _draw(canvas: Canvas, axes: Axes, point: _Point, label: _Label, place: int) -> None:
    ink = canvas.colours["ink"]
    [dot] = axes.plot(
        [point.x], [point.y], MARKERS[place % len(MARKERS)], color=colour_of(canvas, place), markersize=8,
        markeredgecolor=ink, markeredgewidth=0.6, clip_on=False,
    )  # fmt: skip
    canvas.tip(dot, point.told)
    axes.annotate(
        elided(point.name, _WIDEST_NAME, SMALL), (point.x, point.y), (label.across, label.up), ha=label.side,
        va="center", textcoords="offset points", fontsize=SMALL, color=ink, annotation_clip=False,
    )  # fmt: skip
