"""Checks of damaged text: wrong decoding, lost and hidden characters, mixed scripts, markup left in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import islice
from typing import NamedTuple

from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.survey import Survey
from onoma.corpus.checks.words import words_where

__all__ = ["damaged_words", "markup", "mojibake", "hidden_characters"]

_LOST = re.compile("[\ufffd\ud800-\udfff]")
_QUESTION = re.compile(r"[^\W\d_]\?[^\W\d_]|^\?[^\W\d_]")
_ADDRESS = re.compile(r"://|www\.|=|\.\w+/", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_COMPATIBLE = re.compile("[\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff\u2000-\u200a\u3000]")
_MARKUP = re.compile(
    r"& ?(?:amp|lt|gt|quot|apos|nbsp|[mn]dash|hellip|[lr][sd]quo|[a-z]{1,6}(?:acute|grave|uml|cedil|tilde)"
    r"|# ?x?[0-9a-f]{2,6}) ?;"
    r"|< ?/? ?(?:br|p|b|i|u|em|strong|span|div|a|font|sup|sub)(?: [^<>]{0,80})? ?/? ?>",
    re.IGNORECASE,
)


class _Damage(NamedTuple):
    """A kind of damage that shows in a single word."""

    code: str
    test: Callable[[str], object]
    message: str
    note: Callable[[str], str]


def damaged_words(found: Survey) -> Iterator[Finding]:
    """Every kind of damage that shows in a single word, by the table below."""
    for damage in _DAMAGES:
        words = words_where(found, damage.test)
        if words:
            total = int(found.word_counts[words].sum())
            notes = [damage.note(found.words.texts[i]) for i in words[: found.limit]]
            examples = found.word_examples(words, notes)
            yield found.finding(damage.code, total, damage.message.format(total), examples)


def hidden_characters(found: Survey) -> Iterator[Finding]:
    """Characters nobody sees, between words as well as in them."""
    for code, pattern, message in _HIDDEN:
        yield from _in_texts(found, code, pattern, message, _code_point)


def markup(found: Survey) -> Iterator[Finding]:
    """HTML entities and tags; tokenisers part them, so the text is looked at and not the words."""
    message = "{:,} sentences hold HTML entities or tags"
    yield from _in_texts(found, "markup", _MARKUP, message, lambda _: "")


def mojibake(found: Survey) -> Iterator[Finding]:
    """Text decoded with the wrong encoding, as ftfy judges it."""
    if find_spec("ftfy") is None:
        message = "wrongly decoded text (mojibake) was not looked for: pip install 'onoma[check]' brings ftfy"
        yield found.finding("not-checked", 1, message)
        return
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    doubtful = [i for i, text in enumerate(found.texts) if not text.isascii() and is_bad(text)]
    # what looks odd and cannot be mended is mostly an unusual mixture of scripts
    bad = [(i, mended) for i in doubtful if (mended := fix_encoding(found.texts[i])) != found.texts[i]]
    if bad:
        message = f"{len(bad):,} sentences seem to have been decoded with the wrong encoding"
        examples = [_mended(found, i, mended) for i, mended in bad[: found.limit]]
        yield found.finding("mojibake", len(bad), message, examples)


def _mended(found: Survey, sentence: int, mended: str) -> Example:
    """A sentence with what mending changes marked."""
    text = found.texts[sentence]
    start = next((i for i, (a, b) in enumerate(zip(text, mended, strict=False)) if a != b), 0)
    same = next((i for i, (a, b) in enumerate(zip(text[::-1], mended[::-1], strict=False)) if a != b), 0)
    end = max(len(text) - same, start + 1)
    return found.example(sentence, start, end, f"probably {mended[start : max(len(mended) - same, start)]!r}")


def _in_texts(
    found: Survey, code: str, pattern: re.Pattern[str], message: str, note: Callable[[str], str]
) -> Iterator[Finding]:
    """A finding if ``pattern`` stands in any text, with its first match in each."""
    matches = [(i, match) for i, text in enumerate(found.texts) if (match := pattern.search(text))]
    if matches:
        examples = [
            found.example(i, match.start(), match.end(), note(match[0]))
            for i, match in islice(matches, found.limit)
        ]
        yield found.finding(code, len(matches), message.format(len(matches)), examples)


def _question(word: str) -> bool:
    return "?" in word and not _ADDRESS.search(word) and _QUESTION.search(word) is not None


def _not_composed(word: str) -> bool:
    return not word.isascii() and not unicodedata.is_normalized("NFC", word)


def _mixed(word: str) -> bool:
    return not word.isascii() and {"LATIN", "CYRILLIC"} <= {_script(letter) for letter in word}


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _code_point(character: str) -> str:
    """``U+0092``, and what it would be in cp1252 or what it is called."""
    number = f"U+{ord(character):04X}"
    if "\x80" <= character <= "\x9f":
        meant = character.encode("latin-1").decode("cp1252", "ignore")
        return f"{number}, in cp1252 {meant}" if meant else number
    return f"{number} {unicodedata.name(character, '')}".strip()


def _foreign(word: str) -> str:
    letters = [f"{letter} U+{ord(letter):04X}" for letter in word if _script(letter) == "CYRILLIC"]
    return f"Cyrillic: {', '.join(dict.fromkeys(letters))}"


def _composed(word: str) -> str:
    composed = unicodedata.normalize("NFC", word)
    if len(composed) < len(word):
        return f"{len(word)} code points, composed {len(composed)}"
    return "; ".join(f"{_code_point(a)} for {b}" for a, b in zip(word, composed, strict=False) if a != b)


def _plain(word: str) -> str:
    return f"plainly {unicodedata.normalize('NFKC', word)}"


def _nothing(_: str) -> str:
    return ""


_DAMAGES = (
    _Damage("replacement-characters", _LOST.search, "{:,} words hold a replacement character", _nothing),
    _Damage("question-marks-in-words", _question, "{:,} words have a question mark inside", _nothing),
    _Damage("not-nfc", _not_composed, "{:,} words are not in the composed form NFC", _composed),
    _Damage("compatibility-characters", _COMPATIBLE.search, "{:,} words hold compatibility forms", _plain),
    _Damage("mixed-scripts", _mixed, "{:,} words mix Latin and Cyrillic letters", _foreign),
)
_HIDDEN = (
    ("control-characters", _CONTROL, "{:,} sentences hold control characters"),
    ("invisible-characters", _INVISIBLE, "{:,} sentences hold characters that nobody sees"),
)
