"""Single points: named things by two measures, and how often a score is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from onoma.errors import InputError
from onoma.pages.axes import MARKERS, SMALL, Layout, colour_of, dressed_axes, scale_words, set_scale, steps
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import finite
from onoma.pages.measure import elided, one_line, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["reliability", "scatter"]

_HIGH = 250.0
_WIDEST_NAME = 170.0


def reliability(bins: Sequence[tuple[float, float, int]], *, title: str) -> Chart:
    """How often scores are right: a point for each bin of (mean score, share right, count).

    On the diagonal a score is a probability; below it the scores promise too much. The bars below show where
    the scores lie. Raises `InputError` for NaN and for shares outside 0 to 1.
    """
    given = [tuple(finite(each, "a bin")) for each in bins]
    if any(not 0 <= share <= 1 for each in given for share in each[:2]):
        raise InputError(
            "a bin of a reliability plot is (mean score, share right, count), shares from 0 to 1"
        )
    given = sorted(each for each in given if each[2])
    layout = Layout(title, _HIGH, left=66, below=112, legend=["right as often as the score says", "observed"])

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not given)
        set_scale(axes, "x", steps(0, 1, most=5), -0.02, 1.02, "")
        set_scale(axes, "y", steps(0, 1, most=5), 0, 1, "share right")
        [ideal] = axes.plot([0, 1], [0, 1], "--", color=canvas.colours["quiet"], linewidth=1.3)
        [line] = axes.plot(
            [each[0] for each in given], [each[1] for each in given], "o-", color=colour_of(canvas, 0), linewidth=1.8,
            markersize=6, clip_on=False,
        )  # fmt: skip
        _draw_counts(canvas, layout, given)
        layout.show_legend(canvas, [ideal, line])

    told = "; ".join(f"score {score:.3f}: right {share:.3f} of {count:,g}" for score, share, count in given)
    return Chart(title, f"Share right by score. {told}", layout.width, layout.height, paint)


def _draw_counts(canvas: Canvas, layout: Layout, given: Sequence[tuple[float, ...]]) -> None:
    wide = layout.width - layout.left - layout.right
    axes = dressed_axes(canvas, layout.left, layout.top + layout.plot + 22, wide, 46)
    most = max((each[2] for each in given), default=1)
    set_scale(axes, "x", steps(0, 1, most=5), -0.02, 1.02, "score")
    set_scale(axes, "y", [0, most], 0, most, "count")
    axes.grid(visible=False)
    for score, _, count in given:
        axes.bar(
            score, count, 0.03, color=colour_of(canvas, 0), edgecolor=canvas.colours["ink"], linewidth=0.4
        )


def scatter(
    points: Sequence[tuple[float, float, str]], *, title: str, xlabel: str, ylabel: str, log_x: bool = False
) -> Chart:
    """A named point for each (x, y, name); ``log_x`` for sizes that differ by orders of magnitude.

    Raises `InputError` for NaN, and for x that is not above 0 where the axis is logarithmic.
    """
    given = [(*finite(each[:2], "a point"), one_line(each[2])) for each in points]
    if log_x and any(x <= 0 for x, _, _ in given):
        raise InputError("scatter: a logarithmic axis shows numbers above 0 only")
    up = steps(min((y for _, y, _ in given), default=0), max((y for _, y, _ in given), default=1))
    layout = Layout(
        title, _HIGH, left=34 + max(text_width(word, SMALL) for word in scale_words(up)), below=42, right=20
    )

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not given)
        _set_x(axes, [x for x, _, _ in given], xlabel, log_x)
        set_scale(axes, "y", up, up[0], up[-1], ylabel)
        places = [tuple(axes.transData.transform((x, y))) for x, y, _ in given]
        box = axes.bbox
        for place, ((x, y, name), words) in enumerate(
            zip(given, _placed(given, places, (box.x0, box.x1)), strict=True)
        ):
            [dot] = axes.plot(
                [x], [y], MARKERS[place % len(MARKERS)], color=colour_of(canvas, place), markersize=8,
                markeredgecolor=canvas.colours["ink"], markeredgewidth=0.6, clip_on=False,
            )  # fmt: skip
            canvas.tip(dot, f"{name}: {x:,g}, {y:,g}")
            axes.annotate(
                words.shown, (x, y), words.off, textcoords="offset points", ha=words.side, va="center", fontsize=SMALL,
                color=canvas.colours["ink"], annotation_clip=False,
            )  # fmt: skip

    told = "; ".join(f"{name}: {x:,g}, {y:,g}" for x, y, name in given)
    return Chart(title, f"{ylabel} by {xlabel}. {told}", layout.width, layout.height, paint)


def _set_x(axes: Axes, across: Sequence[float], label: str, log: bool) -> None:
    low, high = min(across, default=0.0 if not log else 1.0), max(across, default=1.0)
    if log:
        from matplotlib.ticker import LogLocator

        axes.set_xscale("log")
        low, high = low / 1.5, high * 1.5
        places = [float(place) for place in LogLocator(subs=(1, 2, 5)).tick_values(low, high)]
        inside = [place for place in places if low <= place <= high]
        if len(inside) > 5:
            inside = [place for place in inside if f"{place:e}".startswith("1.0")]
        axes.minorticks_off()
        set_scale(axes, "x", inside, low, high, label)
        return
    ticks = steps(low, high, most=5)
    set_scale(axes, "x", ticks, ticks[0], ticks[-1], label)


class _Label(NamedTuple):
    shown: str
    off: tuple[float, float]
    side: str


def _placed(
    given: Sequence[tuple[float, float, str]], places: Sequence[tuple[float, ...]], ends: tuple[float, float]
) -> list[_Label]:
    """For each point a label where it covers no other label or point, if there is such a place.

    Tried are right, left, above and below, and these a line further off.
    """
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    labels = []
    for (_, _, name), (x, y) in zip(given, places, strict=True):
        shown = elided(name, _WIDEST_NAME, SMALL)
        wide = text_width(shown, SMALL)
        tries = [
            (side, across, rise)
            for rise in (0, 14, -14, 28, -28)
            for side, across in (("left", 9), ("right", -9))
        ]
        boxes = [_box(x + across, y + rise, wide, side) for side, across, rise in tries]
        inside = [n for n, box in enumerate(boxes) if box[0] >= ends[0] - 30 and box[2] <= ends[1] + 16]
        free = [n for n in inside if not any(_overlap(boxes[n], other) for other in taken)]
        best = (free or inside or [0])[0]
        taken.append(boxes[best])
        side, across, rise = tries[best]
        labels.append(_Label(shown, (across, rise), side))
    return labels


def _box(x: float, y: float, wide: float, side: str) -> tuple[float, float, float, float]:
    left = x if side == "left" else x - wide
    return (left, y - 6, left + wide, y + 6)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
