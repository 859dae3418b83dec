"""What the plots of all charts share: room for title, legend and labels, the grid, and how series differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onoma.pages.chart import Canvas
from onoma.pages.measure import elided, folded, one_line, text_width
from onoma.pages.theme import WIDTH

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = [
    "DASHES",
    "HATCHES",
    "MARKERS",
    "SMALL",
    "Layout",
    "colour_of",
    "dressed_axes",
    "scale_words",
    "set_scale",
    "steps",
]

SMALL, _TITLE = 11.5, 13.5  # sizes of letters
_BOLDER = 1.12  # how much wider bold letters are
_ROW = 18.0  # of the title and of the legend
_SAMPLE = 44.0  # what a legend's sample takes, with the space around it

# series are told apart by these as well as by colour; together they repeat only after 30 and more
MARKERS = "os^DvP"
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)))
HATCHES = ("", "//", "..", r"\\", "xx", "--")
_COLOURS = 7

_UNITS = ((1e15, ""), (1e6, "M"), (1e3, "k"))  # beyond all units the number itself, with an exponent


def colour_of(canvas: Canvas, place: int) -> str:
    """The colour of the series at ``place``."""
    return canvas.colours[f"c{place % _COLOURS + 1}"]


@dataclass(frozen=True)
class Layout:
    """A plot with room around it: title and legend above, labels to the left and below."""

    title: str
    plot: float  # height of the plot itself
    left: float
    below: float
    right: float = 12.0
    width: float = WIDTH
    legend: Sequence[str] = ()

    @property
    def top(self) -> float:
        """Where the plot begins."""
        return 10 + _ROW * (len(self._title_lines) + self._legend_rows)

    @property
    def height(self) -> float:
        """Of the whole chart."""
        return self.top + self.plot + self.below

    def axes(self, canvas: Canvas, *, empty: bool) -> Axes:
        """The axes of the plot, dressed, under the title; if ``empty`` they say so."""
        for place, line in enumerate(self._title_lines):
            canvas.write(4, 14 + _ROW * place, line, fontsize=_TITLE, fontweight="bold")
        wide = self.width - self.left - self.right
        if empty:
            middle = (self.left + wide / 2, self.top + self.plot / 2)
            canvas.write(
                *middle, "no data", fontsize=SMALL, color=canvas.colours["quiet"], ha="center", va="center"
            )
        return dressed_axes(canvas, self.left, self.top, wide, self.plot)

    def show_legend(self, canvas: Canvas, handles: Sequence[Artist]) -> None:
        """Put the names of the series, with a sample of each, between title and plot."""
        if not self.legend:
            return
        whole, deep = canvas.figure.get_size_inches() * 72
        down = canvas.top + 4 + _ROW * len(self._title_lines)
        canvas.figure.legend(
            handles, self._legend_names, loc="upper left", ncols=self._columns, frameon=False, fontsize=SMALL,
            bbox_to_anchor=((canvas.left + 4) / whole, 1 - down / deep), labelcolor=canvas.colours["ink"],
            borderpad=0, borderaxespad=0, handlelength=2.4, handleheight=0.9, labelspacing=0.45,
            columnspacing=1.4,
        )  # fmt: skip

    @property
    def _title_lines(self) -> list[str]:
        return folded(one_line(self.title), self.width - 12, _BOLDER * _TITLE)

    @property
    def _legend_names(self) -> list[str]:
        return [elided(one_line(name), self.width - _SAMPLE - 8, SMALL) for name in self.legend]

    @property
    def _columns(self) -> int:
        widest = max((text_width(name, SMALL) for name in self._legend_names), default=0.0)
        return max(1, int((self.width - 8) // (widest + _SAMPLE)))

    @property
    def _legend_rows(self) -> int:
        return -(-len(self.legend) // self._columns)


def dressed_axes(canvas: Canvas, left: float, top: float, width: float, height: float) -> Axes:
    """Fresh axes in the given box, with a faint grid and quiet labels."""
    axes = canvas.axes(left, top, width, height)
    rule, quiet = canvas.colours["rule"], canvas.colours["quiet"]
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color=rule, linewidth=1)
    axes.tick_params(colors=quiet, labelsize=SMALL, length=0, pad=4)
    axes.grid(color=rule, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.margins(0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=quiet, fontsize=SMALL)
    return axes


def steps(low: float, high: float, *, whole: bool = False, most: int = 6) -> list[float]:
    """Round numbers from at or below ``low`` to at or above ``high``.

    >>> steps(0, 9.7, whole=True)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    from matplotlib.ticker import MaxNLocator

    if low == high:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    return [
        float(value)
        for value in MaxNLocator(most, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    ]


def scale_words(places: Sequence[float]) -> list[str]:
    """Ticks in words: no rounding errors, thousands apart, from a million on in thousands and millions.

    >>> scale_words([0.1 + 0.2, 20000]), scale_words([0, 500_000, 1_000_000])
    (['0.3', '20,000'], ['0', '500k', '1M'])
    """
    if max(map(abs, places), default=0) < 1e6:
        return [f"{value:,.10g}" for value in places]
    return [_shortened(value) for value in places]


def _shortened(value: float) -> str:
    unit, name = next(((unit, name) for unit, name in _UNITS if abs(value) >= unit), (1.0, ""))
    return f"{value / unit:,.10g}{name}" if name else f"{value:g}"


def set_scale(axes: Axes, side: str, places: Sequence[float], low: float, high: float, label: str) -> None:
    """Set the ticks, ends and name of the ``"x"`` or ``"y"`` axis."""
    shown = [place for place in places if low <= place <= high]
    axes.set(**{f"{side}lim": (low, high), f"{side}label": one_line(label)})
    axes.set(**{f"{side}ticks": shown, f"{side}ticklabels": scale_words(shown)})
