"""How wide text is, without asking a font: enough to leave room for labels on any machine."""

from __future__ import annotations

import textwrap
import unicodedata

from onoma.pages.markup import visible

__all__ = ["elided", "folded", "one_line", "text_width"]

_NARROW, _BROAD = frozenset("iljtfrI.,:;'|!()[] "), frozenset("mwMWQOGD@%&—…")
_AVERAGE = 0.58


def text_width(text: str, size: float) -> float:
    """About how wide ``text`` is in a sans-serif of ``size``, in the unit of ``size``.

    >>> text_width("ill", 10) < text_width("abc", 10) < text_width("漢字文", 10)
    True
    """
    return size * sum(map(_em, text))


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if character in _NARROW:
        return 0.36
    return 0.88 if character in _BROAD else 0.66 if character.isupper() else _AVERAGE


def one_line(text: str) -> str:
    r"""``text`` without what would break or steer a line.

    >>> one_line("a\n\tb")
    'a␊␉b'
    """
    return visible(text).replace("\n", "␊").replace("\t", "␉")


def elided(text: str, width: float, size: float) -> str:
    """``text`` as it is if it fits into ``width``, else its beginning and "…".

    >>> elided("short", 100, 10), elided("a very long name indeed", 60, 10)
    ('short', 'a very lon…')
    """
    if text_width(text, size) <= width:
        return text
    room, kept = width - text_width("…", size), 0
    while kept < len(text) and (room := room - text_width(text[kept], size)) >= 0:
        kept += 1
    return text[:kept].rstrip() + "…"


def folded(text: str, width: float, size: float) -> list[str]:
    """``text`` in lines of about ``width``."""
    each = text_width(text, size) / max(1, len(text))
    return textwrap.wrap(text, max(8, int(width / each)) if each else 80)
