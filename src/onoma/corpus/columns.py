"""CoNLL columns: a word a line, its tag in one of the columns, a blank line between sentences.

Columns are parted by tabs when the first row has one, else by spaces. ``-DOCSTART-`` in the first column
begins a new article. A comment begins with ``#`` and a blank (or is a lone ``#``) and does not look like a
row: its columns differ in number, or its tag is none; so ``#`` may well be a word.

Sources: the CoNLL-2000, -2002 and -2003 shared tasks (Tjong Kim Sang & De Meulder 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TextIO

from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.retag import tags_of
from onoma.corpus.sources import TextSource, lines, quoted
from onoma.corpus.tagged import Sentence, is_tag
from onoma.errors import CorpusError, InputError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = [
    "DOCSTART",
    "Layout",
    "Rows",
    "check_words",
    "layout_of",
    "looks_like_columns",
    "rows_of",
    "rows_split",
    "sentences",
    "tag_column_name",
    "write_block",
]

DOCSTART = "-DOCSTART-"
_PEEK = 10_000  # rows looked at to learn the layout
_CHUNK = 1 << 20  # characters
_NO_META: Mapping[str, Any] = {}


class Layout(NamedTuple):
    """How a file's rows are laid out."""

    split: Callable[[str], list[str]]
    columns: int
    tag: int  # the tag's column, from 0


class Rows(NamedTuple):
    """A sentence as rows of columns; ``comment`` is the last one before it, without its mark."""

    rows: list[list[str]]
    lines: list[int]
    id: str
    meta: Mapping[str, Any]
    comment: str


def sentences(source: TextSource, options: Options, facts: Facts) -> Iterator[Sentence]:
    """The sentences of a file, streamed; ``options.tag_column`` counts from 0, or from the end with -1.

    Sentences are numbered from 1 and so are articles, named in ``meta["document"]``.
    Raises `CorpusError` with file and line for a row whose columns are off.
    """
    layout = layout_of(source, options.tag_column, facts)
    tag = layout.tag
    for rows, at, name, meta, _ in rows_of(source, layout, facts):
        yield Sentence([row[0] for row in rows], [row[tag] for row in rows], at, name, meta)


def layout_of(source: TextSource, tag_column: int | str | None, facts: Facts) -> Layout:
    """How the rows of a file are laid out, judged by its first one."""
    with lines(source) as text:
        layout, facts.columns = _layout(source, islice(text, _PEEK), tag_column)
    return layout


def rows_of(source: TextSource, layout: Layout, facts: Facts) -> Iterator[Rows]:
    """The sentences of a file as rows, streamed."""
    with lines(source) as text:
        articles = _has_articles(text)
    with lines(source) as text:
        yield from _rows(source, layout, articles, text, facts)


def write_block(documents: Sequence[Document], before: Before, scheme: Scheme) -> str:
    """Rows of word, tab, tag; a ``-DOCSTART-`` row wherever an article begins.

    Raises `InputError` for a word that a row cannot hold.
    """
    parts: list[str] = []
    article = None if before.document is None else before.document.meta.get("document")
    for document, tags in zip(documents, tags_of(documents, scheme), strict=True):
        if (now := document.meta.get("document")) != article:
            parts.append(f"{DOCSTART}\tO\n\n")
            article = now
        words = check_words(document)
        parts += [f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)]
        if words:
            parts.append("\n")
    return "".join(parts)


def check_words(document: Document) -> list[str]:
    """The document's words; raises `InputError` for one that no column can hold."""
    words = document.words
    if any(map(_unfit, words)):
        raise _cannot_hold(document)
    return words


def _unfit(word: str) -> bool:
    return "\t" in word or "\n" in word or word == DOCSTART


def _cannot_hold(document: Document) -> InputError:
    word = next(filter(_unfit, document.words))
    return InputError(
        f"the word {quoted(word)} of document {document.id or quoted(document.text)} cannot stand in a "
        "column; write the format jsonl instead"
    )


def looks_like_columns(head: list[str]) -> bool:
    """Whether the first lines of a file could be columns: any text of two fields a line."""
    return any(len(row) > 1 for row in rows_split(head)[:100])


def rows_split(head: list[str]) -> list[list[str]]:
    """The first lines of a file that are neither blank nor comments, as rows of columns."""
    rows = [line for line in head if line.strip() and not line.startswith("#")]
    return [_splitter(row)(_bare(row)) for row in rows]


def tag_column_name(tag_column: int | str | None) -> str:
    """The column's name in a message."""
    return "the last column" if tag_column in (None, -1) else f"column {tag_column} (counted from 0)"


def _has_articles(text: TextIO) -> bool:
    """Whether a line begins with the mark of an article; reads as far as the first."""
    mark, held = f"\n{DOCSTART}", "\n"
    while chunk := text.read(_CHUNK):
        held += chunk
        if mark in held:
            return True
        held = held[-len(mark) :]
    return False


def _rows(
    source: TextSource, layout: Layout, articles: bool, text: Iterable[str], facts: Facts
) -> Iterator[Rows]:
    split, columns, _ = layout
    meta: Mapping[str, Any] = {"document": "1"} if articles else _NO_META
    article, number, fresh, comment = 1, 0, True, ""  # fresh: the article has no sentence yet
    rows: list[list[str]] = []
    at: list[int] = []
    for line_number, line in enumerate(text, 1):
        row = split(_bare(line))
        if (
            len(row) == columns
            and (first := row[0])
            and first != DOCSTART
            and (first[0] != "#" or not _is_comment(line, row, layout))
        ):
            rows.append(row)
            at.append(line_number)
            continue
        boundary = _boundary(source, line, line_number, row, layout)
        if boundary == "comment":
            facts.comments += 1
            comment = _bare(line)[1:].strip()
            continue
        if rows:
            number += 1
            fresh = False
            yield Rows(rows, at, str(number), meta, comment)
            rows, at, comment = [], [], ""
        if boundary == "article" and not fresh:
            article, fresh = article + 1, True
            meta = {"document": str(article)}
    if rows:
        yield Rows(rows, at, str(number + 1), meta, comment)


def _boundary(source: TextSource, line: str, number: int, row: list[str], layout: Layout) -> str:
    """What a line that is no row of data is: ``blank``, ``article`` or ``comment``."""
    if not line.strip():
        return "blank"
    if row[0] == DOCSTART:
        return "article"
    if _is_comment(line, row, layout):
        return "comment"
    if len(row) != layout.columns:
        hint = "; a comment begins with '# '" if line.startswith("#") else ""
        fault = f"this row has {_count(len(row))}, the first has {_count(layout.columns)}{hint}"
    else:
        fault = "this row has an empty word"
    raise CorpusError(f"{fault}: {quoted(_bare(line))}", path=str(source), line=number)


def _count(columns: int) -> str:
    return f"{columns} column{'' if columns == 1 else 's'}"


def _is_comment(line: str, row: list[str], layout: Layout) -> bool:
    """Whether a line that begins with ``#`` is no row."""
    bare = _bare(line)
    if not (bare == "#" or bare.startswith(("# ", "#\t"))):
        return False
    return len(row) != layout.columns or not is_tag(row[layout.tag])


def _layout(source: TextSource, head: Iterable[str], tag_column: int | str | None) -> tuple[Layout, str]:
    """The layout of the first row that is neither comment nor article mark, and its columns in words."""
    number, row = _first_row(source, head)
    split = _splitter(row)
    columns = len(split(row))
    wanted = -1 if tag_column is None else tag_column
    if not isinstance(wanted, int):
        raise InputError(f"columns have numbers here, not names: tag_column={wanted!r}; the last is -1")
    if columns < 2:
        fault = f"a row needs a word and a tag, this one has a single column: {quoted(row)}"
        raise CorpusError(fault, path=str(source), line=number)
    if not -columns <= wanted < columns or wanted % columns == 0:
        fault = f"there is no tag column {wanted}: the columns are {_listed(split(row))}"
        raise CorpusError(fault, path=str(source), line=number)
    return Layout(split, columns, wanted % columns), _listed(split(row))


def _listed(row: list[str]) -> str:
    """Columns with their numbers and an example each."""
    return ", ".join(f"{i}: {quoted(field, 30)}" for i, field in enumerate(row))


def _first_row(source: TextSource, head: Iterable[str]) -> tuple[int, str]:
    found = [(i, _bare(line)) for i, line in enumerate(head, 1) if line.strip()]
    found = [(i, row) for i, row in found if not row.startswith(DOCSTART)]
    if not found:
        raise CorpusError("the file has no sentences", path=str(source))
    return next(((i, row) for i, row in found if not row.startswith("#")), found[0])


def _bare(line: str) -> str:
    """A line without its end and the blanks before it."""
    return line.rstrip("\r\n\t ")


def _splitter(row: str) -> Callable[[str], list[str]]:
    return _by_tabs if "\t" in row else _by_spaces


def _by_tabs(row: str) -> list[str]:
    return row.split("\t")


def _by_spaces(row: str) -> list[str]:
    # str.split() without an argument would also part words at the other blanks of Unicode
    fields = row.replace("\t", " ").split(" ")
    return [field for field in fields if field] if "" in fields else fields
