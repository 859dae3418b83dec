"""Every corpus format, in one table: how it is recognised, read and written, and what it can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from onoma.corpus import columns, kaggle, span_lines, token_lines
from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource
from onoma.corpus.tagged import Sentence, TagReading, documents
from onoma.errors import InputError, nearest
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["EVERYTHING", "FORMATS", "HOLDS", "Format", "format_named"]


class Format(NamedTuple):
    """A corpus format.

    ``kind`` says what ``detect`` is given and ``read`` opens: ``text`` (the first lines; a `TextSource`),
    ``bytes`` (the first bytes; a `ByteSource`) or ``folder`` (the names of all files; a `FolderSource`).

    A format is written either in blocks (``write`` makes the text of some documents, told what stands before
    them) or as a whole (``save``, which writes beside and renames); one with neither is only read. ``holds``
    says what it keeps of a document besides words and entities that do not overlap; see `HOLDS`.
    """

    name: str
    summary: str
    suffix: str  # of its files; empty for a folder
    kind: str
    detect: Callable[[Any], bool]
    read: Callable[[Any, Options, Facts], Iterator[Document]]
    write: Callable[[Sequence[Document], Before, Scheme], str] | None = None
    save: Callable[[Iterable[Document], Path, Scheme], None] | None = None
    holds: frozenset[str] = frozenset()


# what a format may keep, in the words of a message about what another would lose
HOLDS: dict[str, str] = {
    "overlaps": "entities that overlap",
    "nesting": "entities inside others",
    "two layers": "entities inside others, one deep",
    "scores": "scores of entities",
    "text": "the text between words as it stands",
    "tokens": "tokens that are not those of the default tokenizer",
    "ids": "ids of documents",
    "articles": "which article a sentence stands in",
    "meta": "further knowledge of documents",
    "empty": "documents without words",
}


_TagFile = Callable[[TextSource, Options, Facts], Iterator[Sentence]]


def _tagged(
    sentences: _TagFile, column: Callable[[int | str | None], str]
) -> Callable[..., Iterator[Document]]:
    """A reader of documents from one of sentences of words and tags."""

    def read(source: TextSource, options: Options, facts: Facts) -> Iterator[Document]:
        name = column(options.tag_column)
        reading = TagReading(str(source), options.scheme, options.policy, name, options.map)
        return documents(sentences(source, options, facts), reading, facts)

    return read


EVERYTHING = frozenset(HOLDS)

# in the order in which they are tried: the most telling first
FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format(
            "jsonl",
            "JSON Lines of tokens and tags",
            ".jsonl",
            "text",
            token_lines.looks_like_token_lines,
            _tagged(token_lines.sentences, token_lines.tag_field_name),
            token_lines.write_block,
            holds=frozenset({"tokens", "ids", "articles", "meta"}),
        ),
        Format(
            "jsonl-spans",
            "JSON Lines of text and spans",
            ".jsonl",
            "text",
            span_lines.looks_like_span_lines,
            span_lines.read_span_lines,
            span_lines.write_block,
            holds=EVERYTHING,
        ),
        Format(
            "kaggle",
            "CSV with a header: sentence, word, tag",
            ".csv",
            "text",
            kaggle.looks_like_kaggle,
            _tagged(kaggle.sentences, lambda column: f"the column {column or 'of tags'}"),
        ),
        Format(
            "conll",
            "a word a line with its tag, blank lines between sentences",
            ".conll",
            "text",
            columns.looks_like_columns,
            _tagged(columns.sentences, columns.tag_column_name),
            columns.write_block,
            holds=frozenset({"tokens", "articles"}),
        ),
    )
}


def format_named(name: str) -> Format:
    """The format called ``name``; raises `InputError` naming the nearest."""
    if name not in FORMATS:
        raise InputError(f"unknown corpus format {name!r}; {nearest(name, FORMATS)}")
    return FORMATS[name]
