"""How often scores are right: what calibration looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from onoma.errors import InputError
from onoma.pages.axes import SMALL, Layout, colour_of, dressed_axes, scale_words, set_scale
from onoma.pages.chart import Canvas, Chart
from onoma.pages.given import finite
from onoma.pages.measure import text_width

__all__ = ["reliability"]

_HIGH, _COUNTS_HIGH, _BETWEEN = 250.0, 46.0, 22.0


class _Bin(NamedTuple):
    score: float
    right: float
    size: float


def reliability(bins: Sequence[tuple[float, float, int]], *, title: str) -> Chart:
    """How often scores are right: a point for each bin of (mean score, share right, count).

    On the diagonal a score is a probability; below it the scores promise too much. The bars below show where
    the scores lie; bins of none are left out. Raises `InputError` for NaN and for shares outside 0 to 1.
    """
    given = sorted(each for each in map(_checked, bins) if each.size)
    most = max((each.size for each in given), default=1.0)
    layout = Layout(
        title, _HIGH, left=40 + max(text_width(word, SMALL) for word in scale_words([0.2, most])),
        below=_BETWEEN + _COUNTS_HIGH + 38, legend=["right as often as the score says", "observed"],
    )  # fmt: skip

    def paint(canvas: Canvas) -> None:
        axes = layout.axes(canvas, empty=not given)
        set_scale(axes, "x", _TENTHS, *_ACROSS, "")
        set_scale(axes, "y", _TENTHS, 0, 1, "share right")
        [ideal] = axes.plot([0, 1], [0, 1], "--", color=canvas.colours["quiet"], linewidth=1.3)
        scores, shares = [each.score for each in given], [each.right for each in given]
        [line] = axes.plot(
            scores, shares, "o-", color=colour_of(canvas, 0), linewidth=1.8, markersize=6, clip_on=False
        )
        _draw_counts(canvas, layout, given, most)
        layout.show_legend(canvas, [ideal, line])

    told = "; ".join(f"score {each.score:.3f}: right {each.right:.3f} of {each.size:,g}" for each in given)
    return Chart(title, f"Share right by score. {told}", layout.width, layout.height, paint)


_TENTHS = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
_ACROSS = (-0.02, 1.02)


def _checked(bin: tuple[float, float, int]) -> _Bin:
    given = _Bin(*finite(bin, "a bin"))
    if not (0 <= given.score <= 1 and 0 <= given.right <= 1 and given.size >= 0):
        raise InputError(
            f"a bin is (mean score, share right, count), two shares from 0 to 1; got {tuple(bin)}"
        )
    return given


def _draw_counts(canvas: Canvas, layout: Layout, given: Sequence[_Bin], most: float) -> None:
    top, wide = layout.top + layout.plot + _BETWEEN, layout.width - layout.left - layout.right
    axes = dressed_axes(canvas, layout.left, top, wide, _COUNTS_HIGH)
    set_scale(axes, "x", _TENTHS, *_ACROSS, "score")
    set_scale(axes, "y", [0, most], 0, most, "count")
    axes.grid(visible=False)
    for each in given:
        [bar] = axes.bar(
            each.score,
            each.size,
            0.03,
            color=colour_of(canvas, 0),
            edgecolor=canvas.colours["ink"],
            linewidth=0.4,
        )
        canvas.tip(bar, f"{each.size:,g} of score {each.score:.3f}")
