"""Reading long text in windows that overlap, and merging what was found in them.

Each window has a *core*; the cores tile the text, and a span belongs to the window whose core holds its first
token, so that each has been read with context on both sides and none is found twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from onoma.errors import InputError

__all__ = ["Span", "Window", "merge_spans", "plan_windows"]

Span = tuple[int, int, str, float]
"""First token, end token, label, score; token indices of the whole text, half-open."""

_Rank = tuple[bool, int, float, int, int, str]


class Window(NamedTuple):
    """Tokens ``[start, end)`` are read together; spans that begin in ``[core_start, core_end)`` are kept."""

    start: int
    end: int
    core_start: int
    core_end: int


def plan_windows(length: int, starts: Sequence[int], size: int, overlap: int) -> list[Window]:
    """Windows of at most ``size`` tokens over a text of ``length`` tokens, in order.

    ``starts`` are the tokens that begin a sentence, ascending (see `sentence_starts`). Where a sentence
    boundary lies within reach, half of ``size - overlap``, a window ends there, and the next one goes back to
    a sentence start; elsewhere both fall on token boundaries. So sentences no longer than that reach are
    never cut. Neighbours always share ``overlap`` tokens or more. The cores tile ``[0, length)``: two of them
    meet at the sentence start nearest to the middle of what their windows share, else in the middle. A text
    that fits has one window; an empty text has none.

    Raises `InputError` if ``size`` is below 1 or ``overlap`` is not in ``[0, size)``.

    >>> for window in plan_windows(10, [0, 4, 7], size=6, overlap=2):
    ...     print(window)
    Window(start=0, end=4, core_start=0, core_end=3)
    Window(start=2, end=7, core_start=3, core_end=5)
    Window(start=4, end=10, core_start=5, core_end=10)
    """
    _check(length, size, overlap)
    ranges = _ranges(length, starts, size, overlap)
    cuts = [0, *_cuts(ranges, starts), length]
    return [Window(*ranges[i], cuts[i], cuts[i + 1]) for i in range(len(ranges))]


def _check(length: int, size: int, overlap: int) -> None:
    if length < 0:
        raise InputError(f"a text cannot have {length} tokens; give 0 or more")
    if size < 1:
        raise InputError(f"a window of {size} tokens holds nothing; give a size of 1 or more")
    if not 0 <= overlap < size:
        raise InputError(
            f"windows of {size} tokens cannot share {overlap}; give an overlap from 0 to {size - 1}"
        )


def _ranges(length: int, starts: Sequence[int], size: int, overlap: int) -> list[tuple[int, int]]:
    """Start and end of each window; both increase from window to window."""
    # how far from its ideal place a boundary may move; more, and a window might bring nothing new
    reach = (size - overlap) // 2
    ranges: list[tuple[int, int]] = []
    start = end = 0
    while end < length:
        end = _end(start, end, length, starts, size, reach)
        ranges.append((start, end))
        start = _next_start(start, end - overlap, starts, reach)
    return ranges


def _end(start: int, last_end: int, length: int, starts: Sequence[int], size: int, reach: int) -> int:
    """The last sentence boundary that fits, unless it is too far back; else the last token that fits."""
    limit = start + size
    if limit >= length:
        return length
    boundary = _last_at_most(starts, limit)
    return boundary if boundary > max(last_end, limit - reach - 1) else limit


def _next_start(start: int, ideal: int, starts: Sequence[int], reach: int) -> int:
    """The last sentence start that leaves the overlap, unless it is too far back; else the token there."""
    boundary = _last_at_most(starts, ideal)
    return boundary if boundary > max(start, ideal - reach - 1) else ideal


def _cuts(ranges: Sequence[tuple[int, int]], starts: Sequence[int]) -> list[int]:
    """Where the cores of neighbouring windows meet; strictly increasing."""
    cuts: list[int] = []
    last = 0
    for (_, end), (start, _) in pairwise(ranges):
        middle = max((start + end) // 2, last + 1)
        at = bisect_left(starts, middle)
        near = [i for i in starts[max(at - 1, 0) : at + 1] if max(start, last) < i < end]
        last = min(near, key=lambda i: abs(i - middle)) if near else middle
        cuts.append(last)
    return cuts


def _last_at_most(starts: Sequence[int], limit: int) -> int:
    at = bisect_right(starts, limit)
    return starts[at - 1] if at else -1


def merge_spans(windows: Sequence[Window], spans_per_window: Sequence[Sequence[Span]]) -> list[Span]:
    """The spans of the whole text, ordered, none overlapping, from those found in each of ``windows``.

    A span belongs to the window whose core holds its first token; if that window ends before the span does,
    to the first window that sees all of it. So a span of at most ``overlap`` tokens is neither lost, doubled
    nor cut. Where windows disagree and their spans overlap, one is kept: a span that touches no cut edge of
    its window before one that does (there the longer), then the higher score, the earlier, the longer, the
    label that sorts first.

    Raises `InputError` if there is not one list of spans for each window.

    >>> windows = plan_windows(10, [0, 4, 7], size=6, overlap=2)
    >>> merge_spans(windows, [[(3, 4, "per", 0.5)], [(3, 5, "per", 0.9)], [(4, 5, "per", 0.8)]])
    [(3, 5, 'per', 0.9)]
    """
    if len(windows) != len(spans_per_window):
        raise InputError(
            f"{len(windows)} windows and {len(spans_per_window)} lists of spans; give one list a window"
        )
    last_ends = [0, *(window.end for window in windows)]
    length = last_ends[-1]
    owned = [
        (_rank(span, window, length), span)
        for window, last_end, spans in zip(windows, last_ends, spans_per_window, strict=False)
        for span in spans
        if span[0] < window.core_end and (span[0] >= window.core_start or span[1] > last_end)
    ]
    owned.sort(key=lambda ranked: ranked[1][:2])
    return list(chain.from_iterable(_best(group) for group in _overlapping(owned)))


def _rank(span: Span, window: Window, length: int) -> _Rank:
    """Lower is better; see `merge_spans`."""
    first, end, label, score = span
    cut = (first == window.start > 0) or (end == window.end < length)
    return cut, first - end if cut else 0, -score, first, first - end, label


def _overlapping(ranked: Iterable[tuple[_Rank, Span]]) -> Iterator[list[tuple[_Rank, Span]]]:
    """Groups of neighbours in which each span overlaps another; the spans come ordered by first token."""
    group: list[tuple[_Rank, Span]] = []
    reach = 0
    for item in ranked:
        first, end = item[1][:2]
        if group and first >= reach:
            yield group
            group = []
        group.append(item)
        reach = max(reach, end)
    if group:
        yield group


def _best(group: list[tuple[_Rank, Span]]) -> list[Span]:
    """The spans of ``group`` that overlap none of a better rank, ordered."""
    kept: list[Span] = []
    for _, span in sorted(group):
        at = bisect_left(kept, span)
        clear_before = at == 0 or kept[at - 1][1] <= span[0]
        if clear_before and (at == len(kept) or span[1] <= kept[at][0]):
            kept.insert(at, span)
    return kept
