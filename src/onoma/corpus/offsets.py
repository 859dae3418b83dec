"""In what unit a file counts its offsets: found out from the surfaces that its spans claim.

Tools written in JavaScript have counted UTF-16 code units, others bytes, and some see a carriage return and
line feed as one character. Where each span says which text it holds, the right way to count is the one under
which the claims hold.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate

from onoma.corpus.annotated import Span

__all__ = ["in_code_points"]


def _code_units(text: str) -> list[int]:
    return [2 if character > "\uffff" else 1 for character in text]


def _bytes(text: str) -> list[int]:
    return [len(character.encode("utf-8", "surrogatepass")) for character in text]


def _without_returns(text: str) -> list[int]:
    pairs = zip(text, [*text[1:], ""], strict=True)
    return [0 if pair == ("\r", "\n") else 1 for pair in pairs]


def _units_without_returns(text: str) -> list[int]:
    widths = zip(_code_units(text), _without_returns(text), strict=True)
    return [units if counted else 0 for units, counted in widths]


# how wide each character of a text is, in the order in which the ways are tried
_WIDTHS: dict[str, Callable[[str], list[int]]] = {
    "UTF-16 code units": _code_units,
    "characters with line ends as one": _without_returns,
    "UTF-16 code units with line ends as one": _units_without_returns,
    "UTF-8 bytes": _bytes,
}


def in_code_points(text: str, spans: Sequence[Span]) -> list[Span]:
    """``spans`` with offsets in code points of ``text``, whatever unit they are given in.

    Code points are taken unless another unit makes more of the claimed surfaces true; a span that is moved
    says so. A surface that differs in blanks only (tools write a line break as a blank) is taken as true.

    >>> in_code_points("👍 Ada", [Span(3, 6, "per", text="Ada")])[0][:3]
    (2, 5, 'per')
    """
    best = [_settled(text, span) for span in spans]
    if (text.isascii() and "\r\n" not in text) or not _wrong(best):
        return best
    for unit, widths in _WIDTHS.items():
        moved = _counted(text, spans, widths(text), unit)
        if _wrong(moved) < _wrong(best):
            best = moved
    return best


def _wrong(spans: Sequence[Span]) -> int:
    return sum(span.text is not None for span in spans)


def _settled(text: str, span: Span) -> Span:
    """``span`` without its claim if that is true, so that a claim left standing is a false one."""
    if span.text is None or not isinstance(span.start, int) or not isinstance(span.end, int):
        return span
    held = text[span.start : span.end] if 0 <= span.start <= span.end else None
    same = held is not None and held.split() == str(span.text).split()
    return span._replace(text=None) if same else span


def _counted(text: str, spans: Sequence[Span], widths: list[int], unit: str) -> list[Span]:
    edges = list(accumulate(widths, initial=0))
    return [_settled(text, _moved(span, edges, unit)) for span in spans]


def _moved(span: Span, edges: list[int], unit: str) -> Span:
    start, end = _place(span.start, edges), _place(span.end, edges)
    if start is None or end is None or (start, end) == (span.start, span.end):
        return span
    return span._replace(start=start, end=end, mended=f"offsets in {unit}")


def _place(offset: object, edges: list[int]) -> int | None:
    """The character that begins at ``offset``; None when none does."""
    if not isinstance(offset, int):
        return None
    at = bisect_left(edges, offset)
    return at if at < len(edges) and edges[at] == offset else None
