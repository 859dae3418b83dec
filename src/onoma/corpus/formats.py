"""Every corpus format, in one table: how it is recognised, read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from onoma.corpus import columns, kaggle, span_lines, token_lines
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource, lines, quoted
from onoma.corpus.tagged import Sentence, TagReading, documents
from onoma.errors import CorpusError, InputError, nearest
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["FORMATS", "Format", "detect", "format_named"]

_HEAD = 1 << 16  # characters of a file that its format is judged by


class Format(NamedTuple):
    """A corpus format. ``detect`` judges a file's first lines; ``read`` streams its documents.

    ``write`` makes the text of some documents, told which document stands before them (None: the format is
    only read).
    """

    name: str
    summary: str
    suffix: str
    detect: Callable[[list[str]], bool]
    read: Callable[[TextSource, Options, Facts], Iterator[Document]]
    write: Callable[[Sequence[Document], Document | None, Scheme], str] | None = None


_TagFile = Callable[[TextSource, Options, Facts], Iterator[Sentence]]


def _tagged(
    sentences: _TagFile, column: Callable[[int | str | None], str]
) -> Callable[..., Iterator[Document]]:
    """A reader of documents from one of sentences of words and tags."""

    def read(source: TextSource, options: Options, facts: Facts) -> Iterator[Document]:
        reading = TagReading(str(source), options.scheme, options.policy, column(options.tag_column))
        return documents(sentences(source, options, facts), reading, facts)

    return read


# in the order in which they are tried: the most telling first
FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format(
            "jsonl",
            "JSON Lines of tokens and tags",
            ".jsonl",
            token_lines.looks_like_token_lines,
            _tagged(token_lines.sentences, token_lines.tag_field_name),
            token_lines.write_block,
        ),
        Format(
            "jsonl-spans",
            "JSON Lines of text and spans",
            ".jsonl",
            span_lines.looks_like_span_lines,
            span_lines.read_span_lines,
            span_lines.write_block,
        ),
        Format(
            "kaggle",
            "CSV with a header: sentence, word, tag",
            ".csv",
            kaggle.looks_like_kaggle,
            _tagged(kaggle.sentences, lambda column: f"the column {column or 'of tags'}"),
        ),
        Format(
            "conll",
            "a word a line with its tag, blank lines between sentences",
            ".conll",
            columns.looks_like_columns,
            _tagged(columns.sentences, columns.tag_column_name),
            columns.write_block,
        ),
    )
}


def format_named(name: str) -> Format:
    """The format called ``name``; raises `InputError` naming the nearest."""
    if name not in FORMATS:
        raise InputError(f"unknown corpus format {name!r}; {nearest(name, FORMATS)}")
    return FORMATS[name]


def detect(source: TextSource) -> Format:
    """The format of a file, judged by its first lines. Raises `CorpusError` when none fits."""
    head = _head(source)
    if not any(line.strip() for line in head):
        raise CorpusError("the file holds nothing but blanks", path=str(source))
    found = next((each for each in FORMATS.values() if each.detect(head)), None)
    if found is None:
        known = "; ".join(f"{each.name}: {each.summary}" for each in FORMATS.values())
        raise CorpusError(f"no known format begins {quoted(head[0])}. Known are {known}", path=str(source))
    return found


def _head(source: TextSource) -> list[str]:
    """The first lines, whole, of about `_HEAD` characters; more if they are blank."""
    head: list[str] = []
    left = _HEAD
    with lines(source) as text:
        for line in text:
            head.append(line)
            left -= len(line.strip())
            if left <= 0 or len(head) >= _HEAD:
                break
    return head
