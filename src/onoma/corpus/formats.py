"""Every corpus format, in one table: how it is recognised, read and written, and what it can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from onoma.corpus import (
    annotated,
    arrow_tables,
    brat,
    columns,
    doccano,
    full_text,
    germeval,
    hf_datasets,
    inline,
    json_array,
    kaggle,
    label_studio,
    prodigy,
    spacy_docs,
    span_lines,
    table_rows,
    token_lines,
    wikiann,
)
from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.sources import AnySource, TextSource
from onoma.corpus.tagged import Sentence, TagReading, documents
from onoma.errors import InputError, nearest
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["EVERYTHING", "FORMATS", "HOLDS", "OVERLAPPING", "Format", "format_named"]


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
    "splits": "which split a document was in",
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


_Records = Callable[[Any, Options, Facts], Iterator[annotated.Annotated]]


def _settled(records: _Records) -> Callable[..., Iterator[Document]]:
    """A reader of documents from one of texts and annotations."""

    def read(source: AnySource, options: Options, facts: Facts) -> Iterator[Document]:
        return annotated.documents(records(source, options, facts), str(source), options, facts)

    return read


EVERYTHING = frozenset(HOLDS)
OVERLAPPING = frozenset({"overlaps", "nesting", "two layers"})

# in the order in which they are tried: the most telling first
FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format(
            "spacy",
            "spaCy's DocBin",
            ".spacy",
            "bytes",
            spacy_docs.looks_like_docbin,
            _settled(spacy_docs.records),
            save=spacy_docs.save,
            holds=EVERYTHING,
        ),
        Format(
            "parquet",
            "Parquet: words and tags, or text and spans",
            ".parquet",
            "bytes",
            arrow_tables.looks_like_parquet,
            table_rows.read,
            save=table_rows.save_parquet,
            holds=EVERYTHING,
        ),
        Format(
            "arrow",
            "Arrow: words and tags, or text and spans",
            ".arrow",
            "bytes",
            arrow_tables.looks_like_arrow,
            table_rows.read,
            save=table_rows.save_arrow,
            holds=EVERYTHING,
        ),
        Format(
            "datasets",
            "a data set of Hugging Face datasets, saved in a folder or on the hub (hf:NAME)",
            "",
            "folder",
            hf_datasets.looks_like_saved,
            hf_datasets.read,
            save=hf_datasets.save,
            holds=EVERYTHING,
        ),
        Format(
            "brat",
            "a folder of brat's standoff pairs, a text and its annotations",
            "",
            "folder",
            brat.looks_like_brat,
            brat.read,
            save=brat.save,
            holds=OVERLAPPING | {"text", "empty"},
        ),
        Format(
            "label-studio",
            "JSON as Label Studio exports it",
            ".json",
            "text",
            label_studio.looks_like_label_studio,
            _settled(label_studio.records),
            save=partial(json_array.save_array, label_studio.as_task),
            holds=EVERYTHING - {"tokens"},
        ),
        Format(
            "full-text",
            "JSON of full_text and spans",
            ".json",
            "text",
            full_text.looks_like_full_text,
            _settled(full_text.records),
            save=partial(json_array.save_array, full_text.as_object),
            holds=EVERYTHING - {"tokens", "scores"},
        ),
        Format(
            "prodigy",
            "Prodigy's JSON Lines of tasks",
            ".jsonl",
            "text",
            prodigy.looks_like_prodigy,
            _settled(prodigy.records),
            prodigy.write_block,
            holds=EVERYTHING,
        ),
        Format(
            "doccano",
            "doccano's JSON Lines of text and labels",
            ".jsonl",
            "text",
            doccano.looks_like_doccano,
            _settled(doccano.records),
            doccano.write_block,
            holds=EVERYTHING - {"tokens", "scores"},
        ),
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
            kaggle.write_block,
            holds=frozenset({"tokens"}),
        ),
        Format(
            "germeval",
            "a word a line with two tags, of an outer and an inner entity",
            ".tsv",
            "text",
            germeval.looks_like_germeval,
            germeval.read_germeval,
            germeval.write_block,
            holds=frozenset({"two layers", "tokens", "meta.source"}),
        ),
        Format(
            "wikiann",
            "a word a line after its language, with its tag",
            ".tsv",
            "text",
            wikiann.looks_like_wikiann,
            _tagged(wikiann.sentences, columns.tag_column_name),
            wikiann.write_block,
            holds=frozenset({"tokens", "meta.language"}),
        ),
        Format(
            "inline",
            "a text a line, its entities between tags",
            ".xml",
            "text",
            inline.looks_like_inline,
            inline.read_inline,
            inline.write_block,
            holds=frozenset({"nesting", "text"}),
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
