"""From the rows of a table to documents: texts with spans, or words with tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from onoma.corpus import annotated, span_lines, tagged, token_lines
from onoma.corpus.arrow_files import write_arrow, write_parquet
from onoma.corpus.arrow_tables import Table, opened_table
from onoma.corpus.blocks import blocks
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.sources import AnySource, ByteSource, opened
from onoma.files import whole_file
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["documents", "read", "save_arrow", "save_parquet"]


def read(source: ByteSource, options: Options, facts: Facts) -> Iterator[Document]:
    """The documents of a Parquet or Arrow file, streamed."""
    with opened(source.path, source.member) as file, opened_table(file, str(source)) as table:
        yield from documents(table, source, options, facts)


def documents(table: Table, source: AnySource, options: Options, facts: Facts) -> Iterator[Document]:
    """The documents of a table; ``options.tag_column`` names the column of tags to read in place of spans."""
    if table.holds_spans and options.tag_column is None:
        found = span_lines.annotated(str(source), table.texts())
        return annotated.documents(found, str(source), options, facts)
    column = _tag_column(table, options)
    names = options.labels or tuple(table.class_names().get(column or "", ())) or None
    chosen = replace(options, tag_column=column, labels=names)
    name = f"the column {column or 'of tags'}"
    reading = tagged.TagReading(str(source), options.scheme, options.policy, name, options.map)
    sentences = token_lines.tagged_records(source, table.records(), chosen)
    return tagged.documents(sentences, reading, facts)


def _tag_column(table: Table, options: Options) -> str | None:
    if options.tag_column is not None:
        return str(options.tag_column)
    return next((name for name in token_lines.TAGS if name in table.schema.names), None)


def save_parquet(found: Iterable[Document], path: Path, scheme: Scheme) -> None:
    """Write a Parquet file."""
    with whole_file(path, "wb") as file:
        write_parquet(blocks(found), file, scheme)


def save_arrow(found: Iterable[Document], path: Path, scheme: Scheme) -> None:
    """Write an Arrow stream, as ``datasets`` keeps them."""
    with whole_file(path, "wb") as file:
        write_arrow(blocks(found), file, scheme)
