"""Reading text sentence by sentence, long sentences in windows that overlap, and merging what was found.

Networks learn from sentences, so that is how they read best; and what is found in a sentence does not depend
on where it stands. Each window has a *core*; the cores tile the text, and a span belongs to the window whose
core holds its first token, so that none is found twice.
"""

from __future__ import annotations

from bisect import bisect_left
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
    """A window for each sentence of a text of ``length`` tokens, in order.

    ``starts`` are the tokens that begin a sentence, ascending (see `sentence_starts`). A sentence of more
    than ``size`` tokens has windows of that size, which share ``overlap`` tokens or more, their cores meeting
    in the middle of what they share. The cores tile ``[0, length)``; an empty text has no window.

    Raises `InputError` if ``size`` is below 1 or ``overlap`` is not in ``[0, size)``.

    >>> for window in plan_windows(12, [0, 4], size=6, overlap=2):
    ...     print(window)
    Window(start=0, end=4, core_start=0, core_end=4)
    Window(start=4, end=10, core_start=4, core_end=9)
    Window(start=8, end=12, core_start=9, core_end=12)
    """
    _check(length, size, overlap)
    edges = [0, *(at for at in starts if 0 < at < length), length]
    windows: list[Window] = []
    for start, end in pairwise(edges):
        if end - start <= size:
            windows += [Window(start, end, start, end)] * (end > start)
        else:
            windows += _parts(start, end, size, size - overlap)
    return windows


def _parts(start: int, end: int, size: int, step: int) -> Iterator[Window]:
    """Windows of ``size`` tokens over a longer sentence, one each ``step`` tokens."""
    core = start
    while start + size < end:
        middle = (start + step + start + size) // 2
        yield Window(start, start + size, core, middle)
        start, core = start + step, middle
    yield Window(start, end, core, end)


def _check(length: int, size: int, overlap: int) -> None:
    if length < 0:
        raise InputError(f"a text cannot have {length} tokens; give 0 or more")
    if size < 1:
        raise InputError(f"a window of {size} tokens holds nothing; give a size of 1 or more")
    if not 0 <= overlap < size:
        raise InputError(
            f"windows of {size} tokens cannot share {overlap}; give an overlap from 0 to {size - 1}"
        )


def merge_spans(windows: Sequence[Window], spans_per_window: Sequence[Sequence[Span]]) -> list[Span]:
    """The spans of the whole text, ordered, none overlapping, from those found in each of ``windows``.

    A span belongs to the window whose core holds its first token; if that window ends before the span does,
    to the first window that sees all of it. So a span of at most ``overlap`` tokens that lies in one sentence
    is neither lost, doubled nor cut. Where windows disagree and their spans overlap, one is kept: a span that
    touches no cut edge of its window before one that does (there the longer), then the higher score, the
    earlier, the longer, the label that sorts first.

    Raises `InputError` if there is not one list of spans for each window.

    >>> windows = plan_windows(12, [0, 4], size=6, overlap=2)
    >>> merge_spans(windows, [[(0, 1, "geo", 0.5)], [(9, 10, "per", 0.9)], [(9, 12, "per", 0.8)]])
    [(0, 1, 'geo', 0.5), (9, 12, 'per', 0.8)]
    """
    if len(windows) != len(spans_per_window):
        raise InputError(
            f"{len(windows)} windows and {len(spans_per_window)} lists of spans; give one list a window"
        )
    last_ends = [0, *(window.end for window in windows)]
    owned = [
        (_rank(span, window), span)
        for window, last_end, spans in zip(windows, last_ends, spans_per_window, strict=False)
        for span in spans
        if span[0] < window.core_end and (span[0] >= window.core_start or span[1] > last_end)
    ]
    owned.sort(key=lambda ranked: ranked[1][:2])
    return list(chain.from_iterable(_best(group) for group in _overlapping(owned)))


def _rank(span: Span, window: Window) -> _Rank:
    """Lower is better; see `merge_spans`."""
    first, end, label, score = span
    # where a window's edge is its core's, the sentence ends there too
    cut = first == window.start < window.core_start or window.core_end < window.end == end
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
