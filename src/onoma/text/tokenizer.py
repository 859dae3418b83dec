"""The default tokenizer: one regular expression, exact offsets, no non-space character lost.

The habits are those of the Penn Treebank and of the corpora that follow it (the Groningen Meaning Bank,
CoNLL-2003): contractions are parted (``do|n't``, ``it|'s``), hyphenated words, numbers, dates and
abbreviations are whole; punctuation, currency signs and the full stop of a sentence stand alone. Each
character of Han, kana and Hangul is a token; other scripts written without spaces (Thai, Khmer, Lao,
Burmese) are not parted.

Repeats are possessive, and whatever a failed alternative has scanned is either bounded in length or taken by
the next alternative, so the time grows linearly with the text, however strange it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from onoma.text.abbreviations import CLOSING, NUMBERED, OPENERS, TITLES
from onoma.text.characters import BIDI, CJK, COMBINING, EMOJI, FORMAT, INVISIBLE, UNSPACED

__all__ = ["PATTERN", "place", "split", "tokenize"]


def _any_of(words: Iterable[str]) -> str:
    """A pattern of ``words``, gathered by first letter so that few are tried."""
    by_letter: dict[str, list[str]] = {}
    for word in sorted(words, reverse=True):
        by_letter.setdefault(word[0], []).append(word[1:])
    return "|".join(f"{letter}(?:{'|'.join(tails)})" for letter, tails in by_letter.items())


_LETTER = rf"[^\W{CJK}]"  # a letter, digit or underscore of a script that joins letters to words
_PIECE = rf"(?:{_LETTER}++[{COMBINING}]*+)++"
_UNSEEN = rf"[{FORMAT}]*+"  # may stand before what is looked ahead for
_ACRONYM = r"(?:[A-Za-z]\.){2,12}+(?!\w)"  # U.S. e.g. p.m.
_CLITIC = r"(?:[sSmMdD]|[lL][lL]|[rRvV][eE])(?!\w)"

# what joins two pieces to one token; each branch begins with the joining character
_JOINER = rf"""
    [-‐‑]                                     # state-run 1996-08-22 U.S.-led
    | \.-                                     # Lt.-Gen
    | \.(?:(?<=[A-Z]\.)|(?![A-Z]))            # 3.5 example.com F.C, but not the end.Next
    | ['’](?!{_CLITIC})(?<=[^\W\d_].)(?=[^\W\d_])  # O'Connor Shi'ite
    | [,:/](?<=\d.)(?=\d)                     # 1,000 10:30 1996/97
    | &(?<=[A-Z]&)(?=[A-Z])                   # AT&T
    | \+(?<=\d[eE]\+)(?=\d)                   # 7.0E+07
    | [+.](?<![\w.)].)(?=\d)                  # +44 .500, and
    | [@\#](?<![\w@\#].)(?!\d++(?!\w))        # handles, hashtags (not #5): these at the start only
    | (?<![{UNSPACED}])[{FORMAT}]++           # what nobody sees within a word
    | [{BIDI}]++                              # of that, signs of direction in any script
"""

_URL_CHARACTER = r"[-#$%&+/0-9=@A-Z\\^_a-z|~\xa1-\xaa\xac-\xba\xbc-\u05ff]"
_URL_BODY = rf"(?:{_URL_CHARACTER}++|[.,;:!?*']++(?={_URL_CHARACTER})|\([^\s()<>\"]*+\))++"

_ABBREVIATION = rf"""
    (?=[A-Za-z]++\.)(?:
        (?:{_any_of(TITLES | {title.upper() for title in TITLES})})\.(?=\s?{_UNSEEN}\w)
        | (?:{_any_of(NUMBERED)})\.(?=\s?{_UNSEEN}\d)
        | (?:{_any_of(CLOSING)})\.(?!\w)
        | [A-HJ-Z]\.(?=[ \xa0\n]{_UNSEEN}(?!(?:{_any_of(OPENERS)})\b)["(]?[A-Z])
        | I\.(?=[ \xa0]?{_UNSEEN}[A-Z]\.)
    )
"""

_SUFFIX = rf"""
    (?:
        (?<=[A-Za-z])(?:\+{{1,2}}(?![\w+]) | -(?=[ ]{_UNSEEN}(?:and|or|to)\b))   # C++, two- and three-day
        | (?<=\b[CFJ])\#(?!\w)                                          # C#
        | (?=/)(?:(?<=\.(?:com|edu|gov|int|net|org))|(?<=\.(?:ch|co|de|es|eu|fr|io|it|ly|nl|uk|us)))
          {_URL_BODY}                                                   # example.org/page
    )?+
"""

_LIST_NUMBER = (
    r"(?:(?<![^\n])|(?<=\n[ \t])|(?<=\n[ \t]{2})|(?<=\n[ \t]{3})|(?<=\n[ \t]{4}))\d{1,3}\.(?=[ \t])"
)

_WORD = rf"""
    (?=[\w@\#]|[+.](?<![\w.)].)\d)(?:
        (?:[A-Za-z][A-Za-z0-9+-]{{1,9}}+://|[wW]{{3}}\.(?=\w)){_URL_BODY}
        | [0-9]\ufe0f?+\u20e3                                           # a keycap
        | (?=[A-Za-z]++['’][tT](?!\w))[A-Za-z]+(?=[nN]['’])             # do|n't
        | {_ABBREVIATION}
        | (?=\d){_LIST_NUMBER}
        | [A-Z]{{1,3}}\$(?=[ ]?{_UNSEEN}\d)                               # US$
        | [A-Za-z0-9_][\w.+%-]{{0,63}}+@[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)++
        | (?:(?:{_JOINER})?+(?:{_ACRONYM}|{_PIECE}))++{_SUFFIX}
    )
"""

_SIGNS = r"-=*~\#@+|^'`<>"
_RUN = "|".join(rf"{re.escape(sign)}{{2,}}+" for sign in "-=*~#@+|^'`<>")

_SYMBOL = rf"""
    ['’]{_CLITIC}                                                       # it|'s
    | ['’‘`](?<!\w.)\d\ds?(?!\w)                                        # '80s
    | \.{{2,}}+ | [!?]{{2,}}+ | (?=[{_SIGNS}]{{2}})(?:{_RUN})           # runs
    | [:;=](?<![\w)].)[-']?[()DPp](?!\w)                                # :-)
    | °[CF](?!\w)
    | &(?:[A-Za-z]{{2,8}}|\#\d{{1,6}});                                 # &amp;
    | [\U0001f1e6-\U0001f1ff]{{2}}                                      # a flag
    | [{EMOJI}][{COMBINING}]*+(?:(?<=\u200d)[{EMOJI}][{COMBINING}]*+)*+
    | [{INVISIBLE}]++
    | \S
"""

# without a group that captures, so that `findall` gives the words
PATTERN = re.compile(
    rf"""
    (?=\S)(?:                                      # at a blank nothing else need be tried
        [cC]an(?=not(?!\w))
        | (?:[A-Za-z0-9]++|[-.,;:()"])(?=,?[ \n])  # the common case, told by what follows
        | (?:[{CJK}]|{_WORD}|{_SYMBOL})[{COMBINING}]*+
    )
    """,
    re.VERBOSE,
)

_PART = 1 << 15  # characters, of which the expression makes words in a millisecond
# between words of letters only: nothing that is looked ahead for from before lies behind such a blank
_CUT = re.compile(r"(?<=[^\W\d_]{2}[ ])(?=[^\W\d_])")


def tokenize(text: str) -> list[tuple[int, int]]:
    """Half-open code-point offsets of the tokens of ``text``, in order.

    Tokens never overlap, and what lies between them is white space only (`str.isspace`). Linear time.

    >>> def words(text):
    ...     return [text[start:end] for start, end in tokenize(text)]
    >>> words("Dr. O'Neil didn't pay $5.2m (in U.S. dollars).")
    ['Dr.', "O'Neil", 'did', "n't", 'pay', '$', '5.2m', '(', 'in', 'U.S.', 'dollars', ')', '.']
    >>> words("Écris à ana@example.org ou lis https://example.org/a_(b).")
    ['Écris', 'à', 'ana@example.org', 'ou', 'lis', 'https://example.org/a_(b)', '.']
    >>> words("東京 2020 👩‍🚀🇯🇵 #win")
    ['東', '京', '2020', '👩‍🚀', '🇯🇵', '#win']
    """
    return [match.span() for match in PATTERN.finditer(text)]


def split(text: str, part: int = _PART) -> list[str]:
    """The words of ``text``: what its tokens hold, in order. It takes half the time of `tokenize`.

    A long text is gone through in parts of ``part`` characters or more, so that other threads get their turn.

    >>> split("They didn't.")
    ['They', 'did', "n't", '.']
    """
    if len(text) <= part:
        return PATTERN.findall(text)
    words: list[str] = []
    at = 0
    while at < len(text):
        cut = _CUT.search(text, at + part)
        end = cut.start() if cut else len(text)
        words += PATTERN.findall(text, at, end)
        at = end
    return words


def place(text: str, words: Iterable[str]) -> list[int]:
    """Where each of ``words`` begins, the first words of those that `split` made of ``text``.

    >>> place("They didn't.", ["They", "did", "n't"])
    [0, 5, 8]
    """
    starts: list[int] = []
    at, find = 0, text.find
    for word in words:  # only white space lies between, so a word begins where it is found next
        at = find(word, at)
        starts.append(at)
        at += len(word)
    return starts
