"""Horizontal bars with their values printed, alone or in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
_THICK_ALONE, _THICK = 15.0, 12.0  # a bar, alone and among others
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
    series = [_series(names, "values", values, low, high)]
    return _chart(names, series, Layout(title, 0, 0, below=38), xlabel, limit)


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
    below, above = low or {}, high or {}
    given = [
        _series(names, name, values, below.get(name), above.get(name)) for name, values in series.items()
    ]
    return _chart(names, given, Layout(title, 0, 0, below=38, legend=list(series)), xlabel, limit)


class _Series(NamedTuple):
    values: list[float | None]
    low: list[float | None]
    high: list[float | None]
    words: list[str]


def _series(
    names: Sequence[str], name: str, values: Values, low: Values | None, high: Values | None
) -> _Series:
    check_lengths("names", len(names), {name: values, f"{name}, low": low, f"{name}, high": high})
    unknown = [None] * len(names)
    known = finite_or_none(values, name)
    below = finite_or_none(unknown if low is None else low, f"{name}, low")
    above = finite_or_none(unknown if high is None else high, f"{name}, high")
    return _Series(known, below, above, in_words(known))


class _Bar(NamedTuple):
    """One bar; ``at`` is its middle from the top of the plot, in points."""

    name: str
    place: int  # of its series
    at: float
    value: float | None
    low: float | None
    high: float | None
    words: str
    told: str


def _chart(
    names: Sequence[str], series: Sequence[_Series], plan: Layout, xlabel: str, limit: float | None
) -> Chart:
    thick = _THICK_ALONE if len(series) < 2 else _THICK
    group = thick * max(1, len(series)) + _GAP
    shown, [limit] = [one_line(name) for name in names], finite_or_none([limit], "limit")
    given = list(_laid_out(shown, series, plan.legend, thick))
    layout = replace(
        plan,
        plot=max(1, len(names)) * group,
        left=14 + min(_WIDEST_NAME, max((text_width(name, SMALL) for name in shown), default=0)),
        right=16 + max((text_width(bar.words, SMALL) for bar in given), default=0),
    )

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not given)
        _set_axes(axes, given, layout, xlabel, limit)
        for bar in given:
            _draw(canvas, axes, bar, thick * 0.86)
        for row, name in enumerate(shown):
            _write_name(canvas, axes, name, group * (row + 0.5), layout.left - 10)
        layout.show_legend(canvas, [_sample(canvas, place) for place in range(len(layout.legend))])

    told = f"{xlabel}. " + "; ".join(bar.told for bar in given)
    return Chart(plan.title, told, layout.width, layout.height, paint)


def _laid_out(
    names: Sequence[str], series: Sequence[_Series], legend: Sequence[str], thick: float
) -> Iterator[_Bar]:
    group = thick * len(series) + _GAP
    for row, name in enumerate(names):
        for place, one in enumerate(series):
            at = row * group + _GAP / 2 + thick * (place + 0.5)
            low, high, words = one.low[row], one.high[row], one.words[row]
            told = f"{', '.join([name, *legend[place : place + 1]])}: {words}"
            if low is not None and high is not None:
                told += " ({} to {})".format(*in_words([low, high]))
            yield _Bar(name, place, at, one.values[row], low, high, words, told)


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
            bar.at, bar.value, thick, color=colour_of(canvas, bar.place), edgecolor=ink, linewidth=0.6,
            hatch=HATCHES[bar.place % len(HATCHES)], clip_on=False,
        )  # fmt: skip
        canvas.tip(shape, bar.told)
    if bar.low is not None and bar.high is not None:
        ends = [bar.low, bar.high]
        axes.plot(ends, [bar.at] * 2, "|-", color=ink, linewidth=1.5, markersize=7, clip_on=False)
    furthest = max(end for end in (0.0, bar.value, bar.high) if end is not None)
    axes.annotate(
        bar.words, (furthest, bar.at), (5, 0), textcoords="offset points", va="center", fontsize=SMALL,
        color=ink, annotation_clip=False,
    )  # fmt: skip


def _write_name(canvas: Canvas, axes: Axes, name: str, at: float, room: float) -> None:
    shown = elided(name, room, SMALL)
    text = axes.annotate(
        shown, (0, at), (-6, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points", ha="right",
        va="center", fontsize=SMALL, color=canvas.colours["ink"], annotation_clip=False,
    )  # fmt: skip
    if shown != name:
        canvas.tip(text, name)


def _sample(canvas: Canvas, place: int) -> Artist:
    from matplotlib.patches import Patch

    return Patch(
        facecolor=colour_of(canvas, place), edgecolor=canvas.colours["ink"], linewidth=0.6,
        hatch=HATCHES[place % len(HATCHES)],
    )  # fmt: skip
