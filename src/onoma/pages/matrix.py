"""Counts for pairs of names, such as gold and predicted labels, in cells that are the darker the more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onoma.errors import InputError
from onoma.pages.axes import SMALL, Layout
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import finite, in_words
from onoma.pages.measure import elided, one_line, text_width
from onoma.pages.theme import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["matrix"]

_WIDEST_NAME = 130.0
_DEEPEST = 0.6  # how opaque the fullest cell is: the number on it stays readable, light and dark


def matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    counts: Sequence[Sequence[float]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
) -> Chart:
    """``counts[row][column]`` as a table of cells; a cell's shade goes with the root of its count.

    So confusions, which are rare beside what is right, can still be seen. A zero is shown as a dot. Raises
    `InputError` for NaN, for negative counts and for lengths that differ.
    """
    numbers = _checked(rows, columns, counts)
    flat = iter(in_words(number for line in numbers for number in line))
    words = [[next(flat) for _ in columns] for _ in rows]
    most = max((number for line in numbers for number in line), default=0.0) or 1.0
    across, down = ([one_line(name) for name in names] for names in (columns, rows))
    cell = max(26.0, 10 + max((text_width(word, SMALL) for line in words for word in line), default=0))
    layout = _laid_out(title, down, across, cell)

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not rows or not columns)
        _set_axes(canvas, axes, layout, down, across, (xlabel, ylabel))
        for y, line in enumerate(numbers):
            for x, number in enumerate(line):
                tip = f"{ylabel} {down[y]}, {xlabel} {across[x]}: {words[y][x]}"
                _draw(canvas, axes, (x, y), words[y][x], number / (most), tip)

    return Chart(
        title, _told(down, across, numbers, words, xlabel, ylabel), layout.width, layout.height, paint
    )


def _checked(
    rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[float]]
) -> list[list[float]]:
    numbers = [finite(line, "counts") for line in counts]
    if len(numbers) != len(rows) or any(len(line) != len(columns) for line in numbers):
        raise InputError(
            f"counts must have {len(rows)} rows of {len(columns)} numbers each, as there are names"
        )
    if any(number < 0 for line in numbers for number in line):
        raise InputError("counts: a negative number cannot be shown; a cell holds how often a pair occurs")
    return numbers


def _laid_out(title: str, down: Sequence[str], across: Sequence[str], cell: float) -> Layout:
    left = 34 + min(_WIDEST_NAME, max((text_width(name, SMALL) for name in down), default=0))
    longest = min(_WIDEST_NAME, max((text_width(name, SMALL) for name in across), default=0))
    below = 34 + (SMALL if longest < cell - 6 else longest)
    plot = max(cell * len(across), 60.0)
    width = max(WIDTH, left + plot + 12)
    return Layout(title, 26.0 * max(1, len(down)), left, below, right=width - left - plot, width=width)


def _set_axes(
    canvas: Canvas,
    axes: Axes,
    layout: Layout,
    down: Sequence[str],
    across: Sequence[str],
    labels: tuple[str, str],
) -> None:
    quiet = canvas.colours["quiet"]
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(-0.5, max(1, len(across)) - 0.5), ylim=(max(1, len(down)) - 0.5, -0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    upright = layout.below > 36 + SMALL
    for place, name in enumerate(across):
        _name(canvas, axes, name, (place, 0), (0, -6), axes.get_xaxis_transform(), upright)
    for place, name in enumerate(down):
        _name(canvas, axes, name, (0, place), (-6, 0), axes.get_yaxis_transform(), None)
    middle = layout.left + (layout.width - layout.left - layout.right) / 2
    canvas.write(middle, layout.height - 6, one_line(labels[0]), fontsize=SMALL, color=quiet, ha="center")
    canvas.write(
        12,
        layout.top + layout.plot / 2,
        one_line(labels[1]),
        fontsize=SMALL,
        color=quiet,
        rotation=90,
        va="center",
        ha="center",
    )


def _name(
    canvas: Canvas,
    axes: Axes,
    name: str,
    at: tuple[float, float],
    off: tuple[float, float],
    where: Any,
    upright: bool | None,
) -> None:
    """The name of a column (``upright`` or level) or, where that is None, of a row."""
    shown = elided(name, _WIDEST_NAME, SMALL)
    look = {True: ("right", "center", 90), False: ("center", "top", 0), None: ("right", "center", 0)}
    ha, va, rotation = look[upright]
    text = axes.annotate(
        shown, at, off, xycoords=where, textcoords="offset points", ha=ha, va=va, rotation=rotation,
        rotation_mode="anchor", fontsize=SMALL, color=canvas.colours["ink"], annotation_clip=False,
    )  # fmt: skip
    if shown != name:
        canvas.tip(text, name)


def _draw(canvas: Canvas, axes: Axes, at: tuple[int, int], words: str, share: float, tip: str) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    face = to_rgba(canvas.colours["c1"], _DEEPEST * share**0.5)
    x, y = at
    cell = axes.add_patch(
        Rectangle(
            (x - 0.47, y - 0.47), 0.94, 0.94, facecolor=face, edgecolor=canvas.colours["rule"], linewidth=0.6
        )
    )
    canvas.tip(cell, tip)
    colour = canvas.colours["ink" if share else "quiet"]
    axes.text(x, y, words if share else "·", ha="center", va="center", fontsize=SMALL, color=colour)


def _told(
    down: Sequence[str],
    across: Sequence[str],
    numbers: Sequence[Sequence[float]],
    words: Sequence[Sequence[str]],
    xlabel: str,
    ylabel: str,
) -> str:
    """Every cell that is not zero."""
    said = (
        f"{row} as {column}: {words[y][x]}"
        for y, row in enumerate(down)
        for x, column in enumerate(across)
        if numbers[y][x]
    )
    return f"{ylabel} as {xlabel}. " + "; ".join(said)
