"""A chart: what it says in words, how large it is, and how it is drawn, as SVG for a page or as PNG on disk.

Every length is in points from the upper left corner: one point is one pixel of a page at its natural size.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import IO, TYPE_CHECKING, Any, cast

from onoma.files import whole_file
from onoma.pages.markup import visible
from onoma.pages.theme import DARK, LIGHT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Canvas", "Chart", "beside"]

_POINTS = 72.0  # a figure's inch
_DOTS = 160  # a PNG's dots an inch

# families that hold what DejaVu Sans, which comes with matplotlib, does not; those that are there are used
_BEYOND = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei", "Droid Sans Fallback",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS",
    "Noto Sans Devanagari", "Noto Sans Thai", "Noto Emoji",
)  # fmt: skip


@dataclass(frozen=True)
class Canvas:
    """A part of a figure to draw on, and the colours to draw with (by their names in `onoma.pages.theme`)."""

    figure: Figure
    colours: Mapping[str, str]
    width: float
    height: float
    left: float = 0.0
    top: float = 0.0
    tips: dict[str, str] = field(default_factory=dict)  # id of an artist: what is said when one points at it

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Fresh axes whose plot fills the given box of this part."""
        whole, deep = (_POINTS * side for side in self.figure.get_size_inches())
        low = deep - self.top - top - height
        return self.figure.add_axes(
            ((self.left + left) / whole, low / deep, width / whole, height / deep), facecolor="none"
        )

    def write(self, left: float, top: float, words: str, **look: Any) -> Artist:
        """Put one line of text with its baseline at the given place."""
        whole, deep = (_POINTS * side for side in self.figure.get_size_inches())
        look = {"color": self.colours["ink"], "fontsize": 12.5, "va": "baseline", **look}
        return self.figure.text((self.left + left) / whole, 1 - (self.top + top) / deep, words, **look)

    def tip(self, artist: Artist, words: str) -> None:
        """Say ``words`` where a reader of the page points at ``artist``."""
        name = f"tip{len(self.tips)}"
        artist.set_gid(name)
        self.tips[name] = visible(words)

    def part(self, left: float, width: float) -> Canvas:
        """The part of this one between two upright lines."""
        return Canvas(self.figure, self.colours, width, self.height, self.left + left, self.top, self.tips)


@dataclass(frozen=True)
class Chart:
    """A drawing that is not drawn yet.

    >>> from onoma.pages.charts import bars
    >>> chart = bars(["per", "geo"], [91.5, 88.0], title="F1 by type", xlabel="F1", limit=100)
    >>> chart.svg()[:5], "91.5" in chart.svg(), "var(--c1)" in chart.svg()
    ('<svg ', True, True)
    """

    title: str
    description: str  # the chart in words, for who cannot see it
    width: float
    height: float
    paint: Callable[[Canvas], None] = field(repr=False)

    def svg(self) -> str:
        """The chart as one ``<svg>`` for a page of `onoma.pages.frame`, whose theme it follows.

        The same data always give the same text. Raises ModuleNotFoundError without the extra ``report``.
        """
        from onoma.pages.svg import SENTINELS, rendered

        tips: dict[str, str] = {}
        figure = _painted(self, SENTINELS, tips)
        return rendered(figure, visible(self.title), visible(self.description), tips)

    def save_png(self, path: str | os.PathLike[str], dark: bool = False) -> None:
        """Write the chart to ``path`` as PNG on a light or a dark ground; raises `OutputError` if it cannot.

        Characters that no font at hand has are drawn as boxes; the SVG leaves them to the reader's browser.
        """
        colours = DARK if dark else LIGHT
        figure = _painted(self, colours, {})
        figure.set_facecolor(colours["ground"])
        with whole_file(path, "wb") as file, _QUIET, warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
            figure.savefig(cast(IO[bytes], file), format="png", dpi=_DOTS)


# filters of warnings belong to the process, so only one drawing at a time changes them
_QUIET = threading.Lock()


def beside(charts: Sequence[Chart], *, title: str) -> Chart:
    """Several charts as one, side by side."""

    def paint(canvas: Canvas) -> None:
        left = 0.0
        for chart in charts:
            chart.paint(canvas.part(left, chart.width))
            left += chart.width

    words = " ".join(f"{chart.title}: {chart.description}" for chart in charts)
    width, height = sum(chart.width for chart in charts), max(chart.height for chart in charts)
    return Chart(title, words, width, height, paint)


@cache
def _families() -> list[str]:
    from matplotlib.font_manager import fontManager

    there = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in _BEYOND if name in there)]


def _painted(chart: Chart, colours: Mapping[str, str], tips: dict[str, str]) -> Figure:
    """The figure of ``chart`` in ``colours``; no text in it is taken for a formula."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    size = (chart.width / _POINTS, chart.height / _POINTS)
    figure = Figure(figsize=size, dpi=_POINTS, facecolor="none")
    chart.paint(Canvas(figure, colours, chart.width, chart.height, tips=tips))
    for text in figure.findobj(Text):
        text.set(parse_math=False, usetex=False, fontfamily=_families())
    return figure
