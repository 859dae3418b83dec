"""Checks of words that are none: missing values read as words, words read as missing, blanks, run-on rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.survey import Survey
from onoma.text.characters import INVISIBLE

__all__ = ["MISSING", "missing_values", "odd_words", "words_where"]

MISSING = frozenset(
    {"NA", "N/A", "n/a", "NaN", "nan", "None", "NULL", "null", "<NA>", "#N/A", "-nan", "-NaN", "#NA"}
)  # words that pandas takes for missing unless told otherwise
_WRITTEN = frozenset({"nan", "NaN", "<NA>"})  # what pandas writes for a missing value
_TWICE = 2  # once may be a word of the text
_LONG = 100  # characters

_BLANK = re.compile(rf"[\s{INVISIBLE}\u200c\u200d\u2060\u00ad]*")
_BREAK = re.compile(r"\S[ \t\n\r\x0b\x0c\x85\u2028\u2029]+\S")
_ADDRESS = re.compile(r"://|www\.|@", re.IGNORECASE)


def words_where(found: Survey, test: Callable[[str], object]) -> list[int]:
    """The numbers of this corpus's words that pass ``test``, the most frequent first."""
    counts = found.word_counts
    passed = [i for i, word in enumerate(found.words.texts) if counts[i] and test(word)]
    return sorted(passed, key=lambda i: -counts[i])


def missing_values(found: Survey) -> Iterator[Finding]:
    """Words that look like missing values, and what is left where words were taken for missing."""
    words = words_where(found, MISSING.__contains__)
    if not words:
        return
    total = sum(found.word_counts[i] for i in words)
    each = ", ".join(_times(found, words))
    names = {found.words.texts[i] for i in words}
    if len(names) == 1 and names <= _WRITTEN and total >= _TWICE:
        message = f"{total:,} words are {each.split(' ')[0]} and none is NA, None or null: words were lost"
        yield found.finding("words-read-as-missing", total, message, _examples(found, words))
    else:
        message = f"{total:,} words look like missing values and are words ({each}); pandas would drop them"
        yield found.finding("words-like-missing", total, message, _examples(found, words))


def odd_words(found: Survey) -> Iterator[Finding]:
    """Words that show nothing, that hold blanks, or that are very long."""
    for code, test, message in _ODD:
        words = words_where(found, test)
        if words:
            total = int(found.word_counts[words].sum())
            yield found.finding(code, total, message.format(total), _examples(found, words))


def _long(word: str) -> bool:
    return len(word) > _LONG and not _ADDRESS.search(word)


_ODD: tuple[tuple[str, Callable[[str], object], str], ...] = (
    ("blank-words", _BLANK.fullmatch, "{:,} words show nothing: blanks or invisible characters only"),
    ("words-with-breaks", _BREAK.search, "{:,} words have a line break, a tab or a blank inside"),
    ("long-words", _long, f"{{:,}} words have more than {_LONG} characters"),
)


def _times(found: Survey, words: Sequence[int]) -> list[str]:
    texts = found.words.texts
    return [f"{texts[i]} {found.word_counts[i]:,}" for i in words]


def _examples(found: Survey, words: Sequence[int]) -> list[Example]:
    return list(found.word_examples(words))
