"""The Kaggle CSV of the Groningen Meaning Bank and its likes: a word a row, with a header.

The sentence id stands on a sentence's first row only, and is carried forward here; a file that repeats it
on every row reads the same. ``NA``, ``None``, ``nan`` and ``null`` are words like others.

A reading in which the id was *not* carried leaves a corpus of one-word sentences without an ``I-`` tag. It
is refused, since every score computed on it is meaningless.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.retag import tags_of
from onoma.corpus.sources import TextSource, lines, quoted
from onoma.corpus.tagged import Sentence
from onoma.errors import CorpusError, InputError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["UncarriedIdError", "looks_like_kaggle", "sentences", "write_block"]

_SENTENCE = ("sentence #", "sentence", "sentence_id", "sentence id", "sentence_idx", "sent_id")
_WORD = ("word", "words", "token", "tokens")
_TAG = ("tag", "tags", "ner_tag", "ner_tags", "ner", "label", "labels")
_NO_ID = {"", "nan", "NaN"}  # what pandas writes where a row carries no sentence id
_TRAP = 3  # this many sentences, every one of a single word, are no corpus
_LONGEST_FIELD = 1 << 27


class UncarriedIdError(CorpusError):
    """Every sentence of a file has one word: the sentence id was not carried forward."""


class _Rows(Protocol):
    """What `csv.reader` makes."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class _Columns(NamedTuple):
    sentence: int
    word: int
    tag: int
    width: int


def looks_like_kaggle(head: list[str]) -> bool:
    """Whether the header names a sentence and a word column."""
    return bool(head) and _named(_header(head[0])) is not None


def sentences(source: TextSource, options: Options, facts: Facts) -> Iterator[Sentence]:
    """The sentences of a file, streamed; ``options.tag_column`` is a column's name or number.

    Raises `CorpusError` with file and line for a row whose columns are off or whose word is empty, and for
    a file of one-word sentences, in which the sentence id was not carried forward.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    with lines(source) as text:
        header = next(text)
        columns = _columns(source, _header(header), options.tag_column)
        facts.columns = ", ".join(_header(header))
        rows = csv.reader(text, delimiter=_delimiter(header))
        try:
            yield from _refuse_single_words(source, _sentences(source, columns, rows))
        except csv.Error as error:
            fault = f"the row is no CSV: {error}"
            raise CorpusError(fault, path=str(source), line=rows.line_num + 1) from error


def write_block(documents: Sequence[Document], before: Before, scheme: Scheme) -> str:
    """Rows of sentence id, word and tag, under a header where a file begins.

    The id stands on every row: a reader that does not carry it forward reads the sentences all the same.
    Raises `InputError` for a word that a row cannot hold.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    if not before.number:
        rows.writerow(["Sentence #", "Word", "Tag"])
    for number, (document, tags) in enumerate(
        zip(documents, tags_of(documents, scheme), strict=True), before.number + 1
    ):
        words = document.words
        if any("\0" in word for word in words):
            raise InputError(f"a CSV holds no null character; it stands in {quoted(document.text)}")
        rows.writerows((f"Sentence: {number}", *pair) for pair in zip(words, tags, strict=True))
    return text.getvalue()


def _sentences(source: TextSource, columns: _Columns, rows: _Rows) -> Iterator[Sentence]:
    words: list[str] = []
    tags: list[str] = []
    at: list[int] = []
    name = ""
    sentence, word, tag, width = columns
    for row in rows:
        if len(row) != width or not row[word]:
            if not row:
                continue
            raise _bad_row(source, columns, row, rows.line_num + 1)
        given = row[sentence]
        if given != name and given not in _NO_ID:
            if words:
                yield Sentence(words, tags, at, name, {})
                words, tags, at = [], [], []
            name = given
        words.append(row[word])
        tags.append(row[tag])
        at.append(rows.line_num + 1)  # the header was read apart
    if words:
        yield Sentence(words, tags, at, name, {})


def _refuse_single_words(source: TextSource, found: Iterator[Sentence]) -> Iterator[Sentence]:
    """Hand ``found`` on as soon as one sentence has two words; refuse it if none has."""
    held: list[Sentence] = []
    for sentence in found:
        held.append(sentence)
        if len(sentence.words) > 1:
            yield from held
            yield from found
            return
    if len(held) >= _TRAP:
        raise UncarriedIdError(
            f"all {len(held):,} sentences have one word: the sentence id was not carried forward when this "
            "file was made (it stands only on a sentence's first row). Read the file as first published; "
            "in pandas: read_csv(…, keep_default_na=False), then fill the empty ids from the row above",
            path=str(source),
        )
    yield from held


def _bad_row(source: TextSource, columns: _Columns, row: Sequence[str], line: int) -> CorpusError:
    if len(row) != columns.width:
        fault = f"this row has {len(row)} columns, the header {columns.width}: {quoted(','.join(row))}"
    else:
        fault = (
            "this row's word is empty. If pandas wrote the file, it took a word such as NA or None for "
            "missing: read the original with keep_default_na=False"
        )
    return CorpusError(fault, path=str(source), line=line)


def _header(line: str) -> list[str]:
    return [name.strip().strip('"') for name in line.rstrip("\r\n").split(_delimiter(line))]


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _named(header: list[str]) -> tuple[int, int] | None:
    """Where the sentence and word columns are, if the header names both."""
    found = [_find(header, names) for names in (_SENTENCE, _WORD)]
    return None if None in found else (found[0] or 0, found[1] or 0)


def _find(header: list[str], names: Sequence[str]) -> int | None:
    low = [name.lower() for name in header]
    return next((low.index(name) for name in names if name in low), None)


def _columns(source: TextSource, header: list[str], tag_column: int | str | None) -> _Columns:
    named = _named(header)
    if named is None:
        fault = f"the header names no sentence or no word column: {', '.join(header)}"
        raise CorpusError(fault, path=str(source), line=1)
    tag = _find(header, _TAG) if tag_column is None else _wanted(header, tag_column)
    if tag is None:
        given = "no tag column" if tag_column is None else f"no tag column {tag_column!r}"
        fault = f"there is {given}: the columns are {', '.join(header)}"
        raise CorpusError(fault, path=str(source), line=1)
    return _Columns(*named, tag, len(header))


def _wanted(header: list[str], tag_column: int | str) -> int | None:
    if isinstance(tag_column, str):
        return header.index(tag_column) if tag_column in header else None
    return tag_column % len(header) if -len(header) <= tag_column < len(header) else None
