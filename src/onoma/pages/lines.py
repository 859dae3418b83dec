"""Lines over a common axis, each with a colour, a marker and dashes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from onoma.pages.axes import DASHES, MARKERS, SMALL, Layout, colour_of, scale_words, set_scale, steps
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import check_lengths, finite, finite_or_none, in_words
from onoma.pages.measure import text_width

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["lines"]

_MANY = 25  # points in a line; of more, only some carry a marker


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float | None]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    mark: float | None = None,
    mark_label: str = "",
) -> Chart:
    """A line for each of ``series`` over ``x``; None is a value not known, a gap in its line.

    ``mark`` is a place on the x axis to point out, such as the chosen epoch, ``mark_label`` what it is.
    Raises `InputError` for NaN and for lengths that differ.
    """
    across, mark = finite(x, "x"), finite_or_none([mark], "mark")[0]
    check_lengths("x", len(across), series)
    known = {name: finite_or_none(values, name) for name, values in series.items()}
    heights = [value for values in known.values() for value in values if value is not None]
    places = steps(min(heights, default=0.0), max(heights, default=1.0))
    left = 34 + max(text_width(word, SMALL) for word in scale_words(places))
    marked = [mark_label] if mark is not None and mark_label else []
    layout = Layout(title, 190, left, below=38, legend=[*known, *marked])

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not heights)
        _set_x(axes, across if mark is None else [*across, mark], xlabel)
        set_scale(axes, "y", places, places[0], places[-1], ylabel)
        handles = [_draw(canvas, axes, across, values, place) for place, values in enumerate(known.values())]
        if mark is not None:
            handles.append(
                axes.axvline(mark, color=canvas.colours["ink"], linestyle=":", linewidth=1.6, zorder=1.5)
            )
        layout.show_legend(canvas, handles[: len(layout.legend)])

    told = [f"{ylabel} over {xlabel}.", *(_told(name, across, known[name]) for name in known)]
    if mark is not None:
        told.append(f"{mark_label or 'Marked'}: {scale_words([mark])[0]}.")
    return Chart(title, " ".join(told), layout.width, layout.height, paint)


def _set_x(axes: Axes, reached: Sequence[float], label: str) -> None:
    low, high = min(reached, default=0.0), max(reached, default=1.0)
    room = 0.03 * (high - low) or 0.5
    places = steps(low, high, whole=all(value.is_integer() for value in reached))
    set_scale(axes, "x", places, low - room, high + room, label)


def _draw(
    canvas: Canvas, axes: Axes, across: Sequence[float], values: Sequence[float | None], place: int
) -> Artist:
    heights = [float("nan") if value is None else value for value in values]
    [line] = axes.plot(
        across, heights, color=colour_of(canvas, place), linewidth=1.8, linestyle=DASHES[place % len(DASHES)],
        marker=MARKERS[place % len(MARKERS)], markersize=5.5, markevery=max(1, len(across) // _MANY),
        clip_on=False,
    )  # fmt: skip
    return line


def _told(name: str, across: Sequence[float], values: Sequence[float | None]) -> str:
    """A line in words: its first, lowest, highest and last value.

    >>> _told("dev", [1, 2, 3], [0.5, None, 0.75])
    'dev: first 0.500 at 1, lowest 0.500 at 1, highest 0.750 at 3, last 0.750 at 3.'
    """
    there = [(value, at) for value, at in zip(values, across, strict=True) if value is not None]
    if not there:
        return f"{name}: no data."
    ends = {"first": there[0], "lowest": min(there), "highest": max(there), "last": there[-1]}
    words = in_words(value for value, _ in ends.values())
    places = scale_words([at for _, at in ends.values()])
    said = (f"{what} {word} at {at}" for what, word, at in zip(ends, words, places, strict=True))
    return f"{name}: {', '.join(said)}."
