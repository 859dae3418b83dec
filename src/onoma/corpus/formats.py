"""Every corpus format, in one table: how it is recognised, read and written, and what it can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from onoma.corpus import columns, kaggle, span_lines, token_lines
from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.sources import (
    ByteSource,
    FolderSource,
    TextSource,
    divide,
    examine,
    folder_files,
    folder_source,
    lines,
    quoted,
)
from onoma.corpus.tagged import Sentence, TagReading, documents
from onoma.errors import CorpusError, InputError, nearest
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = [
    "EVERYTHING",
    "FORMATS",
    "HOLDS",
    "AnySource",
    "Format",
    "detect",
    "folder_format",
    "format_named",
    "recognise",
]

AnySource = TextSource | ByteSource | FolderSource

_HEAD = 1 << 16  # characters of a file that its format is judged by
_LONGEST = 1 << 25  # and of one of its lines


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


def recognise(
    path: Path, *, format: str | None = None, encoding: str | None = None, trusted: bool = False
) -> tuple[AnySource, Format]:
    """What lies at ``path``, opened as its format demands, and that format, found out unless given.

    Raises `CorpusError` when no format fits or the path cannot be read, `InputError` for an unknown format.
    """
    known = None if format is None else format_named(format)
    if divide(path)[0].is_dir():
        return _recognised_folder(path, known)
    found = examine(path, trusted=trusted)
    if known is not None and known.kind == "folder":
        raise CorpusError(f"the format {known.name} is a folder, and this is a file", path=path)
    fitting = _of_kind("bytes") if known is None else [known] if known.kind == "bytes" else []
    for each in fitting:
        if each is known or each.detect(found.head):
            return found.as_bytes(), each
    source = found.as_text(encoding)
    return source, known or detect(source)


def _recognised_folder(path: Path, known: Format | None) -> tuple[FolderSource, Format]:
    form = known if known is not None and known.kind == "folder" else None
    if known is None:
        form = folder_format(path)
    if form is None:
        fault = "this is a folder; give a file, or name the split to read from it"
        raise CorpusError(fault, path=path)
    return folder_source(path), form


def folder_format(path: Path) -> Format | None:
    """The format of a folder that is one corpus, judged by the names of its files; None if it is none."""
    names = list(folder_files(path))
    return next((each for each in _of_kind("folder") if each.detect(names)), None)


def _of_kind(kind: str) -> list[Format]:
    return [each for each in FORMATS.values() if each.kind == kind]


def detect(source: TextSource) -> Format:
    """The format of a text, judged by its first lines. Raises `CorpusError` when none fits."""
    head = _head(source)
    if not any(line.strip() for line in head):
        raise CorpusError("the file holds nothing but blanks", path=str(source))
    found = next((each for each in _of_kind("text") if each.detect(head)), None)
    if found is None:
        known = "; ".join(f"{each.name}: {each.summary}" for each in FORMATS.values())
        raise CorpusError(f"no known format begins {quoted(head[0])}. Known are {known}", path=str(source))
    return found


def _head(source: TextSource) -> list[str]:
    """The first lines, about `_HEAD` characters, more if they are blank; the last may be cut short."""
    head: list[str] = []
    left = _HEAD
    with lines(source) as text:
        while left > 0 and len(head) < _HEAD and (line := text.readline(_LONGEST)):
            head.append(line)
            left -= len(line.strip())
    return head
