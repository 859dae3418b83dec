"""Horizontal bars with their values printed, alone or in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from onoma.pages.axes import HATCHES, SMALL, Layout, colour_of, set_scale, steps
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import check_lengths, finite_or_none, in_words
from onoma.pages.measure import elided, one_line, text_width

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["bars", "grouped_bars"]

Values = Sequence[float | None]

_WIDEST_NAME = 150.0
_GAP = 8.0  # between the bars of one name and of the next


def bars(
    names: Sequence[str],
    values: Values,
    *,
    low: Values | None = None,
    high: Values | None = None,
    title: str,
    xlabel: str,
    limit: float | None = None,
) -> Chart:
    """A bar for each of ``names`` from top to bottom, its value beside it.

    ``low`` and ``high`` are the ends of an interval for each value; ``limit`` is where the axis ends, such as
    100 for per cent. None is a value that is not known: no bar, and a dash. Raises `InputError` for NaN and
    for lengths that differ.
    """
    ends = [None if end is None else {"": end} for end in (low, high)]
    return _chart(names, {"": values}, ends[0], ends[1], Layout(title, 0, 0, 0), xlabel, limit)


def grouped_bars(
    names: Sequence[str],
    series: Mapping[str, Values],
    *,
    low: Mapping[str, Values] | None = None,
    high: Mapping[str, Values] | None = None,
    title: str,
    xlabel: str,
    limit: float | None = None,
) -> Chart:
    """For each of ``names`` a bar of each series; otherwise as `bars`. ``low`` and ``high`` are by series."""
    return _chart(names, series, low, high, Layout(title, 0, 0, 0, legend=list(series)), xlabel, limit)


class _Bar(NamedTuple):
    """One bar; ``at`` is its middle from the top of the plot, in points."""

    name: str
    series: str
    place: int  # of the series
    at: float
    value: float | None
    low: float | None
    high: float | None
    words: str

    @property
    def told(self) -> str:
        what = ", ".join(filter(None, (self.name, self.series)))
        if self.low is None or self.high is None:
            return f"{what}: {self.words}"
        low, high = in_words([self.low, self.high])
        return f"{what}: {self.words} ({low} to {high})"


def _chart(
    names: Sequence[str],
    series: Mapping[str, Values],
    low: Mapping[str, Values] | None,
    high: Mapping[str, Values] | None,
    plan: Layout,
    xlabel: str,
    limit: float | None,
) -> Chart:
    thick = 15.0 if len(series) < 2 else 12.0
    group = thick * max(1, len(series)) + _GAP
    given = list(_laid_out([one_line(name) for name in names], series, low or {}, high or {}, thick, group))
    layout = Layout(
        plan.title,
        plot=max(1, len(names)) * group,
        left=14 + min(_WIDEST_NAME, max((text_width(bar.name, SMALL) for bar in given), default=0)),
        right=16 + max((text_width(bar.words, SMALL) for bar in given), default=0),
        below=40,
        legend=plan.legend,
    )

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas)
        _set_axes(axes, given, layout, xlabel, limit)
        for bar in given:
            _draw(canvas, axes, bar, thick)
        _write_names(canvas, axes, given, layout, group)
        if layout.legend:
            layout.show_legend(canvas, [_sample(canvas, place) for place in range(len(series))])

    told = f"{xlabel}. " + "; ".join(bar.told for bar in given)
    return Chart(plan.title, told, layout.width, layout.height, paint)


def _laid_out(
    names: Sequence[str],
    series: Mapping[str, Values],
    low: Mapping[str, Values],
    high: Mapping[str, Values],
    thick: float,
    group: float,
) -> Iterator[_Bar]:
    columns = []
    for place, (name, values) in enumerate(series.items()):
        ends = [low.get(name), high.get(name)]
        check_lengths("names", len(names), values=values, low=ends[0], high=ends[1])
        numbers, below, above = (
            finite_or_none([None] * len(names) if part is None else part, name or what)
            for part, what in ((values, "values"), (ends[0], "low"), (ends[1], "high"))
        )
        columns.append((place, name, numbers, below, above, in_words(numbers)))
    for row, name in enumerate(names):
        for place, one, numbers, below, above, words in columns:
            at = row * group + _GAP / 2 + thick * (place + 0.5)
            yield _Bar(name, one, place, at, numbers[row], below[row], above[row], words[row])


def _set_axes(axes: Axes, given: Sequence[_Bar], layout: Layout, xlabel: str, limit: float | None) -> None:
    reached = [end for bar in given for end in (bar.value, bar.low, bar.high) if end is not None]
    low, high = min([0.0, *reached]), max([0.0 if limit is None else limit, *reached], default=0.0)
    places = steps(low, high)
    end = high if limit is not None else places[-1]
    set_scale(axes, "x", places, places[0] if low < 0 else 0.0, end, xlabel)
    axes.set_ylim(layout.plot, 0)
    axes.grid(visible=False, axis="y")
    axes.set_yticks([])


def _draw(canvas: Canvas, axes: Axes, bar: _Bar, thick: float) -> None:
    ink = canvas.colours["ink"]
    if bar.value is not None:
        [shape] = axes.barh(
            bar.at, bar.value, thick * 0.86, color=colour_of(canvas, bar.place), edgecolor=ink, linewidth=0.6,
            hatch=HATCHES[bar.place % len(HATCHES)], clip_on=False,
        )  # fmt: skip
        canvas.tip(shape, bar.told)
    if bar.low is not None and bar.high is not None:
        axes.plot(
            [bar.low, bar.high], [bar.at] * 2, "|-", color=ink, linewidth=1.5, markersize=7, clip_on=False
        )
    furthest = max(end for end in (0.0, bar.value, bar.high) if end is not None)
    axes.annotate(
        bar.words, (furthest, bar.at), (5, 0), textcoords="offset points", va="center", fontsize=SMALL,
        color=ink, annotation_clip=False,
    )  # fmt: skip


def _write_names(canvas: Canvas, axes: Axes, given: Sequence[_Bar], layout: Layout, group: float) -> None:
    for row, bar in enumerate(bar for bar in given if bar.place == 0):
        shown = elided(bar.name, layout.left - 10, SMALL)
        text = axes.annotate(
            shown, (0, group * (row + 0.5)), (-6, 0), xycoords=axes.get_yaxis_transform(), ha="right", va="center",
            textcoords="offset points", fontsize=SMALL, color=canvas.colours["ink"], annotation_clip=False,
        )  # fmt: skip
        if shown != bar.name:
            canvas.tip(text, bar.name)


def _sample(canvas: Canvas, place: int) -> Artist:
    from matplotlib.patches import Patch

    return Patch(
        facecolor=colour_of(canvas, place), edgecolor=canvas.colours["ink"], linewidth=0.6,
        hatch=HATCHES[place % len(HATCHES)],
    )  # fmt: skip
