"""Counts for pairs of names, such as gold and predicted labels, in cells that are the darker the more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from onoma.errors import InputError
from onoma.pages.axes import SMALL, Layout
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import finite, in_words
from onoma.pages.measure import elided, one_line, text_width
from onoma.pages.theme import WIDTH

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["matrix"]

_WIDEST_NAME = 130.0
_LEAST_CELL = 26.0
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
    down, across = [one_line(name) for name in rows], [one_line(name) for name in columns]
    cells = [
        _Cell(x, y, row, column, numbers[y][x], next(flat))
        for y, row in enumerate(down)
        for x, column in enumerate(across)
    ]
    layout, upright = _laid_out(title, down, across, cells)

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not cells)
        _set_axes(axes, len(rows), len(columns))
        _write_labels(canvas, layout, one_line(xlabel), one_line(ylabel))
        _write_names(canvas, axes, down, across, upright)
        most = max((cell.size for cell in cells), default=0.0) or 1.0
        for cell in cells:
            shape = _draw(canvas, axes, cell, cell.size / most)
            canvas.tip(shape, f"{ylabel} {cell.row}, {xlabel} {cell.column}: {cell.words}")

    told = "; ".join(f"{cell.row} as {cell.column}: {cell.words}" for cell in cells if cell.size)
    return Chart(title, f"{ylabel} as {xlabel}. {told}", layout.width, layout.height, paint)


class _Cell(NamedTuple):
    x: int
    y: int
    row: str
    column: str
    size: float
    words: str


def _checked(
    rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[float]]
) -> list[list[float]]:
    numbers = [finite(line, "counts") for line in counts]
    if len(numbers) != len(rows) or any(len(line) != len(columns) for line in numbers):
        raise InputError(f"counts must be {len(rows)} rows of {len(columns)} numbers each, one for each pair")
    if any(number < 0 for line in numbers for number in line):
        raise InputError("counts: a negative number cannot be shown; a cell holds how often a pair occurs")
    return numbers


def _laid_out(
    title: str, down: Sequence[str], across: Sequence[str], cells: Sequence[_Cell]
) -> tuple[Layout, bool]:
    """The layout, and whether the names of the columns stand upright to find room."""
    wide = max(_LEAST_CELL, 10 + max((text_width(cell.words, SMALL) for cell in cells), default=0))
    longest = [max((text_width(name, SMALL) for name in side), default=0.0) for side in (down, across)]
    beside, under = (min(_WIDEST_NAME, length) for length in longest)
    upright = under > wide - 6
    left, plot = 34 + beside, max(wide * len(across), 60.0)
    width = max(WIDTH, left + plot + 12)
    below = 34 + (under if upright else SMALL)
    high = _LEAST_CELL * max(1, len(down))
    return Layout(title, high, left, below, right=width - left - plot, width=width), upright


def _set_axes(axes: Axes, rows: int, columns: int) -> None:
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(-0.5, max(1, columns) - 0.5), ylim=(max(1, rows) - 0.5, -0.5), xticks=[], yticks=[])


def _write_labels(canvas: Canvas, layout: Layout, below: str, beside: str) -> None:
    look = {"fontsize": SMALL, "color": canvas.colours["quiet"], "ha": "center"}
    middle = (layout.left + layout.width - layout.right) / 2
    canvas.write(middle, layout.height - 6, below, **look)
    canvas.write(12, layout.top + layout.plot / 2, beside, rotation=90, va="center", **look)


def _write_names(
    canvas: Canvas, axes: Axes, down: Sequence[str], across: Sequence[str], upright: bool
) -> None:
    look = {"va": "center"} if upright else {"ha": "center", "va": "top"}
    for place, name in enumerate(across):
        _write_name(canvas, axes, name, (place, len(down) - 0.5), (0, -6), rotation=90 * upright, **look)
    for place, name in enumerate(down):
        _write_name(canvas, axes, name, (-0.5, place), (-6, 0), va="center")


def _write_name(
    canvas: Canvas, axes: Axes, name: str, at: tuple[float, float], off: tuple[float, float], **look: Any
) -> None:
    shown = elided(name, _WIDEST_NAME, SMALL)
    text = axes.annotate(
        shown, at, off, textcoords="offset points", fontsize=SMALL, color=canvas.colours["ink"],
        rotation_mode="anchor", annotation_clip=False, **({"ha": "right"} | look),
    )  # fmt: skip
    if shown != name:
        canvas.tip(text, name)


def _draw(canvas: Canvas, axes: Axes, cell: _Cell, share: float) -> Artist:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    words, ink = (cell.words, "ink") if cell.size else ("·", "quiet")
    colour = canvas.colours[ink]
    axes.text(cell.x, cell.y, words, ha="center", va="center", fontsize=SMALL, color=colour)
    return axes.add_patch(
        Rectangle(
            (cell.x - 0.47, cell.y - 0.47), 0.94, 0.94, edgecolor=canvas.colours["rule"], linewidth=0.6,
            facecolor=to_rgba(canvas.colours["c1"], _DEEPEST * share**0.5),
        )
    )  # fmt: skip
