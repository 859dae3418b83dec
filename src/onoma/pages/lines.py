"""Lines over a common axis, each with a colour, a marker and dashes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from onoma.pages.axes import DASHES, MARKERS, SMALL, Layout, colour_of, scale_words, set_scale, steps
from onoma.pages.chart import WIDTH, Canvas, Chart
from onoma.pages.given import check_lengths, finite, finite_or_none, in_words
from onoma.pages.measure import one_line, text_width

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
    width: float = WIDTH,
) -> Chart:
    """A line for each of ``series`` over ``x``; None is a value that is not known, a gap in its line.

    ``mark`` is a place on the x axis to point out, such as the chosen epoch, ``mark_label`` what it is. Raises
    `InputError` for NaN and for lengths that differ.
    """
    across = finite(x, "x")
    check_lengths("x", len(across), **series)
    known = {name: finite_or_none(values, name) for name, values in series.items()}
    places = _places(known)
    layout = Layout(
        title, 190, left=34 + max(text_width(word, SMALL) for word in scale_words(places)), below=42, width=width,
        legend=[*known, *([mark_label] if mark is not None and mark_label else [])],
    )  # fmt: skip

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas)
        _set_axes(axes, across, mark, places, xlabel, ylabel)
        handles = [_draw(canvas, axes, across, name, known[name], place) for place, name in enumerate(known)]
        if mark is not None:
            handles.append(axes.axvline(mark, color=canvas.colours["ink"], linestyle=":", linewidth=1.6))
        layout.show_legend(canvas, handles[: len(layout.legend)])

    return Chart(title, _told(across, known, xlabel, ylabel, mark, mark_label), width, layout.height, paint)


def _places(known: Mapping[str, Sequence[float | None]]) -> list[float]:
    heights = [value for values in known.values() for value in values if value is not None]
    return steps(min(heights, default=0.0), max(heights, default=1.0))


def _set_axes(
    axes: Axes, across: Sequence[float], mark: float | None, places: Sequence[float], xlabel: str, ylabel: str
) -> None:
    reached = [*across, *([] if mark is None else [mark])]
    low, high = min(reached, default=0.0), max(reached, default=1.0)
    ticks = steps(low, high, whole=all(value == int(value) for value in reached))
    room = 0.03 * (high - low) or 0.5
    set_scale(axes, "x", ticks, low - room, high + room, xlabel)
    set_scale(axes, "y", places, places[0], places[-1], ylabel)


def _draw(
    canvas: Canvas, axes: Axes, across: Sequence[float], name: str, values: Sequence[float | None], place: int
) -> Artist:
    heights = [float("nan") if value is None else value for value in values]
    [line] = axes.plot(
        across, heights, color=colour_of(canvas, place), marker=MARKERS[place % len(MARKERS)], markersize=5.5,
        linestyle=DASHES[place % len(DASHES)], linewidth=1.8, clip_on=False, markevery=max(1, len(across) // _MANY),
    )  # fmt: skip
    canvas.tip(line, one_line(name))
    return line


def _told(
    across: Sequence[float],
    known: Mapping[str, Sequence[float | None]],
    xlabel: str,
    ylabel: str,
    mark: float | None,
    mark_label: str,
) -> str:
    """Each line by its first, lowest, highest and last value."""
    parts = [f"{ylabel} over {xlabel}."]
    for name, values in known.items():
        there = [(value, at) for value, at in zip(values, across, strict=True) if value is not None]
        if there:
            ends = [there[0], min(there), max(there), there[-1]]
            words, places = in_words(value for value, _ in ends), scale_words([at for _, at in ends])
            said = [
                f"{what} {word} at {at}"
                for what, word, at in zip(("first", "lowest", "highest", "last"), words, places)
            ]
            parts.append(f"{name}: {', '.join(said)}.")
    if mark is not None:
        parts.append(f"{mark_label or 'Marked'}: {scale_words([mark])[0]}.")
    return " ".join(parts)
