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
from typing import NamedTuple

from onoma.text.abbreviations import CLOSING, NUMBERED, OPENERS, TITLES
from onoma.text.characters import INVISIBLE

__all__ = ["is_one_sentence", "sentence_starts", "starts_among"]

_BREAK = r"\n\r\v\f\x85\u2028\u2029"
_STOP = ".!?…‼⁇⁈⁉؟۔।॥։።"
_WIDE_STOP = "。！？｡"  # need no white space
# what may end a sentence: it begins with one of a set, which `re` looks for quickly
_CANDIDATE = re.compile(
    rf"""
    [{_STOP}{_WIDE_STOP}{_BREAK}](?:
        (?<=[{_STOP}])(?<![{_STOP}]{{2}})[{_STOP}]*+(?:["'”’»›)\]}}]|[ ][”»›)\]}}](?=\s))*+\s++(?=\S)
        | (?<=[{_WIDE_STOP}])(?<![{_WIDE_STOP}]{{2}})[{_WIDE_STOP}]*+["'”’»›)\]}}」』）］】〉》｣]*+\s*+(?=\S)
        | (?<=[{_BREAK}])\s*+(?=\S)
    )
    """,
    re.VERBOSE,
)
_LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
_BLANK_LINE = re.compile(rf"(?>\r\n|[{_BREAK}])\s*[{_BREAK}]|\u2029")
_LINE_BREAK = re.compile(rf"[{_BREAK}]")
_WIDE = frozenset(_WIDE_STOP)
_STOPS = frozenset(".…")  # the stops that may belong to an abbreviation; the others always end something

_NEVER_LAST = TITLES | NUMBERED
_FIRST_WORD = re.compile(rf"""["'“‘«‹„(\[{{\s{INVISIBLE}]*(\w*)""")
_LIST_ITEM = re.compile(r"(?:[-*•‣◦–—·]|\d{1,3}[.)]|\(?[A-Za-z0-9]\)|\#+)[ \t]")
# nothing to see; and what closes a quotation, in text spaced token by token
_PASSED_OVER = re.compile(rf"""[{INVISIBLE}]*+(?:["']\s++[{INVISIBLE}]*+(?=\S))?+""")
_GOES_ON = frozenset(",;:)]}%/")  # no sentence begins with these
_WRAPPED = frozenset(",;-–—(&/")  # no heading ends with these
_LOWER_WORD = re.compile(r"\b[a-zß-öø-ÿ]\w{3}")  # four letters at least: headings leave short words small
_HEADING = 60  # characters; a longer line is running text
_UNWRAPPED = 120  # characters; lines wrapped by hand are shorter


def sentence_starts(text: str, tokens: Sequence[tuple[int, int]]) -> list[int]:
    """Indices of the tokens that begin a sentence, ascending; the first is 0 if there are any tokens.

    ``tokens`` are those of ``text``, from `tokenize` or from a corpus. Linear time.

    >>> from onoma.text import Document
    >>> document = Document.from_text('Mr. Bell left the U.S. in May. "Why?" he asked. It rained.')
    >>> [document.words[i] for i in sentence_starts(document.text, document.tokens)]
    ['Mr.', '"', 'It']
    """
    if not tokens or is_one_sentence(text):
        return [0][: len(tokens)]
    return starts_among(text, [token[0] for token in tokens], [token[1] for token in tokens])


def is_one_sentence(text: str) -> bool:
    """Whether nothing in ``text`` looks like the end of a sentence before another; takes no tokens to tell.

    >>> is_one_sentence("In the U.S. it rained."), is_one_sentence("It rained. It poured.")
    (True, False)
    """
    return _CANDIDATE.search(text) is None or not any(
        _may_part(text, match) for match in _CANDIDATE.finditer(text)
    )


def starts_among(text: str, begins: Sequence[int], ends: Sequence[int]) -> list[int]:
    """`sentence_starts` for tokens given by where they begin and where they end; there must be one."""
    spans = _Spans(begins, ends)
    starts = [0]
    at = 0
    for match in _CANDIDATE.finditer(text):
        before, at = at, bisect_left(begins, match.end(), at)
        if before < at < len(begins) and _parts(text, match, spans, before, starts[-1]):
            starts.append(at)
    return starts


class _Spans(NamedTuple):
    """Where tokens begin and where they end."""

    begins: Sequence[int]
    ends: Sequence[int]


def _parts(text: str, match: re.Match[str], tokens: _Spans, low: int, start: int) -> bool:
    """Whether a sentence ends at ``match``, which lies past token ``low``; it began with token ``start``."""
    mark = match.group()
    if _BLANK_LINE.search(mark):
        return True
    if mark[0] in _LINE_BREAKS:
        return _line_parts(text, match.start(), match.end(), tokens.begins[start])
    if mark[0] in _WIDE:
        return True
    if not _begins(text, match.end()):
        return False
    if mark[0] not in _STOPS:
        return True
    holder = bisect_left(tokens.begins, match.start() + 1, low) - 1
    return _full_stop_parts(text[tokens.begins[holder] : tokens.ends[holder]], text, match.end())


def _may_part(text: str, match: re.Match[str]) -> bool:
    """Whether `_parts` may hold for ``match`` with some tokens."""
    mark = match.group()
    return mark[0] not in _STOP or _BLANK_LINE.search(mark) is not None or _begins(text, match.end())


def _begins(text: str, end: int) -> bool:
    """Whether what follows a stop and the blank that ends at ``end`` may begin a sentence."""
    passed = _PASSED_OVER.match(text, end)
    at = passed.end() if passed else end
    return at < len(text) and not text[at].islower() and text[at] not in _GOES_ON


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
