"""Places in a text in the units of other languages: JavaScript, Java and C# count UTF-16, Go and Rust bytes.

Ours are Unicode code points; a place between two of them is one in every unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from onoma.serving.wire import OffsetUnit

__all__ = ["places"]

_SIZES: dict[str, Callable[[str], int]] = {
    "byte": lambda piece: len(piece.encode()),
    "utf16": lambda piece: len(piece.encode("utf-16-le")) // 2,
}


def places(text: str, offsets: Iterable[int], unit: OffsetUnit) -> dict[int, int]:
    """Each of ``offsets`` in ``unit``; the time it takes grows with the text, however many there are.

    >>> places("né 👩 là", [3, 4, 6], "utf16")
    {3: 3, 4: 5, 6: 7}
    >>> places("né 👩 là", [3, 4, 6], "byte")
    {3: 4, 4: 8, 6: 10}
    """
    wanted = sorted(set(offsets))
    if unit == "codepoint" or text.isascii():
        return {offset: offset for offset in wanted}
    size, found, last, at = _SIZES[unit], {}, 0, 0
    for offset in wanted:
        at += size(text[last:offset])
        found[offset], last = at, offset
    return found
