"""Where sentences begin: rules over the text and the tokens already made.

A sentence ends at a full stop, question mark or exclamation mark (of any script named below) that is
followed, after closing quotes and brackets, by white space and something that may begin a sentence; East
Asian stops need no white space. The tokenizer has already decided which full stops belong to abbreviations,
initials and numbers: those end no sentence, save where the abbreviation may stand last and a word such as
*The* or *He* follows. A blank line always parts; a single line break parts only after a heading, before a
list item, between rows of a table, and after a line too long to have been wrapped by hand.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from onoma.text.abbreviations import CLOSING, NUMBERED, OPENERS, TITLES

if TYPE_CHECKING:
    from onoma.text.document import Token

__all__ = ["sentence_starts"]

_BREAK = r"\n\r\v\f\x85\u2028\u2029"
_CANDIDATE = re.compile(
    rf"""
    (?<![.!?…‼⁇⁈⁉؟۔।॥։።])[.!?…‼⁇⁈⁉؟۔।॥։።]++(?:["'”’»›)\]}}]|[ ][”»›)\]}}](?=\s))*+\s++(?=\S)
    | (?<![。！？｡])[。！？｡]++["'”’»›)\]}}」』）］】〉》｣]*+\s*+(?=\S)
    | [{_BREAK}]\s*+(?=\S)
    """,
    re.VERBOSE,
)
_LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
_BLANK_LINE = re.compile(rf"(?>\r\n|[{_BREAK}])\s*[{_BREAK}]|\u2029")
_LINE_BREAK = re.compile(rf"[{_BREAK}]")
_WIDE = frozenset("。！？｡")  # the stops that need no white space
_STOPS = frozenset(".…")  # the stops that may belong to an abbreviation; the others always end something

_NEVER_LAST = TITLES | NUMBERED
_FIRST_WORD = re.compile(r"""["'“‘«‹„(\[{\s]*(\w*)""")
_LIST_ITEM = re.compile(r"(?:[-*•‣◦–—·]|\d{1,3}[.)]|\(?[A-Za-z0-9]\)|\#+)[ \t]")
_DETACHED_QUOTE = re.compile(r"""["']\s+(?=\S)""")  # closes a quotation, in text spaced token by token
_GOES_ON = frozenset(",;:)]}%/")  # no sentence begins with these
_WRAPPED = frozenset(",;-–—(&/")  # no heading ends with these
_LOWER_WORD = re.compile(r"\b[a-zß-öø-ÿ]\w{3}")  # four letters at least: headings leave short words small
_START = attrgetter("start")
_HEADING = 60  # characters; a longer line is running text
_UNWRAPPED = 120  # characters; lines wrapped by hand are shorter


def sentence_starts(text: str, tokens: Sequence[Token]) -> list[int]:
    """Indices of the tokens that begin a sentence, ascending; the first is 0 if there are any tokens.

    ``tokens`` are those of ``text``, from `tokenize` or from a corpus. Linear time.

    >>> from onoma.text import Document
    >>> document = Document.from_text('Mr. Bell left the U.S. in May. "Why?" he asked. It rained.')
    >>> [document.words[i] for i in sentence_starts(document.text, document.tokens)]
    ['Mr.', '"', 'It']
    """
    starts = [0] if tokens else []
    at = 0
    for match in _CANDIDATE.finditer(text) if tokens else ():
        before, at = at, _token_at(tokens, match.end(), at)
        if before < at < len(tokens) and _parts(text, match, tokens, before, starts[-1]):
            starts.append(at)
    return starts


def _token_at(tokens: Sequence[Token], offset: int, low: int) -> int:
    """Index of the first token from ``low`` on that begins at ``offset`` or after it."""
    if low == len(tokens):
        return low
    high = min(len(tokens), low + max(offset - tokens[low].start, 0))  # a token is a character at least
    return bisect_left(tokens, offset, low, high, key=_START)


def _parts(text: str, match: re.Match[str], tokens: Sequence[Token], low: int, start: int) -> bool:
    """Whether a sentence ends at ``match``, which lies past token ``low``; it began with token ``start``."""
    mark = match.group()
    if _BLANK_LINE.search(mark):
        return True
    if mark[0] in _LINE_BREAKS:
        return _line_parts(text, match.start(), match.end(), tokens[start].start)
    if mark[0] in _WIDE:
        return True
    detached = _DETACHED_QUOTE.match(text, match.end())
    follows = text[detached.end() if detached else match.end()]
    if follows.islower() or follows in _GOES_ON:
        return False
    if mark[0] not in _STOPS:
        return True
    holder = tokens[_token_at(tokens, match.start() + 1, low) - 1]
    return _full_stop_parts(text[holder.start : holder.end], text, match.end())


def _full_stop_parts(word: str, text: str, end: int) -> bool:
    """Whether the full stop that ends token ``word`` ends a sentence; ``text`` goes on at ``end``."""
    stem = word.rstrip(".…")
    if stem in _NEVER_LAST or len(stem) == 1 or stem.isdecimal():
        return False
    if stem in CLOSING or "." in stem:
        first_word = _FIRST_WORD.match(text, end)
        return first_word is not None and first_word.group(1) in OPENERS
    return True


def _line_parts(text: str, end: int, follows: int, start: int) -> bool:
    """Whether the line that ends at ``end`` ends a sentence begun at ``start``, by its looks alone."""
    if _LIST_ITEM.match(text, follows):
        return True
    line = _LINE_BREAK.split(text[max(end - _UNWRAPPED - 1, 0) : end])[-1]
    after = _LINE_BREAK.split(text[follows : follows + _UNWRAPPED], 1)[0]
    if len(line) > _UNWRAPPED or ("\t" in line and "\t" in after):
        return True
    return end - len(line) <= start and not after[0].islower() and _is_heading(line)


def _is_heading(line: str) -> bool:
    stripped = line.strip()
    return len(stripped) <= _HEADING and stripped[-1:] not in _WRAPPED and not _LOWER_WORD.search(stripped)
