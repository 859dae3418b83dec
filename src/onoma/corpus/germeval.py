"""GermEval's columns: a word with two tags, the outer entity's and that of the one inside it.

Rows may begin with the word's number, and sentences with a comment that says where they come from, which
goes to ``meta["source"]``. Entities of both columns are kept, those inside others included.

Three columns of which two hold tags may also be gold beside predictions, or chunks beside names: they are
taken for GermEval's only if the two differ where both name something, and the first names no chunks.

Source: Benikova, Biemann & Reznicek 2014, *NoSta-D Named Entity Annotation for German*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.annotated import Annotated, Span, documents, layers
from onoma.corpus.blocks import Before, blocks
from onoma.corpus.columns import DOCSTART, Rows, check_words, layout_of, rows_of, rows_split
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.retag import tags_of
from onoma.corpus.sources import TextSource, quoted
from onoma.corpus.tagged import is_tag, same_spans
from onoma.errors import CorpusError, InputError, TagError
from onoma.tagging.schemes import SCHEMES, Scheme
from onoma.tagging.spans import count_moves, encode_tags, lenient_spans, strict_spans
from onoma.text.document import Document

__all__ = ["looks_like_germeval", "read_germeval", "write_block"]

_CHUNKS = {"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"}
_LAYERS = 2


def looks_like_germeval(head: list[str]) -> bool:
    """Whether every row is a word and two tags, of an outer and an inner entity."""
    rows = [row for row in rows_split(head) if row[0] != DOCSTART]
    width = 4 if rows and _numbered(rows[0]) else 3
    if not all(len(row) == width and is_tag(row[-2]) and is_tag(row[-1]) for row in rows):
        return False
    outer = {row[-2].partition("-")[2] for row in rows} - {""}
    inner = [row for row in rows if row[-1] != "O"]
    same = sum(row[-2] == row[-1] for row in inner)
    return bool(outer) and not outer & _CHUNKS and (not inner or same <= len(inner) / 2)


def read_germeval(source: TextSource, options: Options, facts: Facts) -> Iterator[Document]:
    """The documents of a file, streamed; the scheme is IOB2 unless given.

    Raises `CorpusError` with file and line for a row whose columns are off, or whose tags are none, and
    `InputError` when one column of tags is asked for.
    """
    if options.tag_column is not None:
        raise InputError(f"{source} has two columns of tags; to read one of them, give the format conll too")
    facts.scheme = options.scheme or "iob2"
    return documents(_annotated(source, options, facts), str(source), options, facts)


def write_block(block: Sequence[Document], _: Before, scheme: Scheme) -> str:
    """Rows of number, word, outer and inner tag, after a comment with the source of each sentence.

    Raises `TagError` when entities overlap three deep, `InputError` for a word that a row cannot hold.
    """
    parts: list[str] = []
    pairs = [_layer(document, number) for number in range(_LAYERS) for document in block]
    tags = tags_of(pairs, scheme)
    for document, outer, inner in zip(block, tags[: len(block)], tags[len(block) :], strict=True):
        if origin := document.meta.get("source"):
            parts.append(f"#\t{' '.join(str(origin).split())}\n")
        words = check_words(document)
        rows = enumerate(zip(words, outer, inner, strict=True), 1)
        parts += [f"{number}\t{word}\t{a}\t{b}\n" for number, (word, a, b) in rows]
        if words:
            parts.append("\n")
    return "".join(parts)


def _layer(document: Document, number: int) -> Document:
    """The document with the entities of one layer only."""
    found = layers(document.entities)
    if len(found) > _LAYERS:
        name = document.id or quoted(document.text)
        raise TagError(f"document {name}: entities overlap {len(found)} deep; two columns hold {_LAYERS}")
    chosen = found[number] if number < len(found) else []
    return document.replace(entities=[document.entities[i] for i in chosen])


def _numbered(row: list[str]) -> bool:
    return len(row) == 4 and row[0].isdigit()


def _annotated(source: TextSource, options: Options, facts: Facts) -> Iterator[Annotated]:
    layout = layout_of(source, -1, facts)
    if layout.columns < 3:
        fault = f"a row needs a word and two tags: {facts.columns}"
        raise CorpusError(fault, path=str(source))
    for block in blocks(rows_of(source, layout, facts)):
        yield from _Block(block, source, options, facts).annotated()


class _Block:
    """Some sentences, their words and the spans of both their columns."""

    def __init__(self, block: list[Rows], source: TextSource, options: Options, facts: Facts) -> None:
        self.block, self.source, self.options, self.facts = block, source, options, facts
        self.word = 1 if _numbered(block[0].rows[0]) else 0
        lengths = np.array([len(each.rows) for each in block])
        self.starts = np.cumsum(lengths) - lengths

    def annotated(self) -> Iterator[Annotated]:
        outer, inner = (self.spans(column) for column in (-2, -1))
        for i, each in enumerate(self.block):
            words = [row[self.word] for row in each.rows]
            meta = dict(each.meta) | ({"source": each.comment} if each.comment else {})
            spans, tokens = self.placed(each, words, outer[i] + inner[i])
            yield Annotated(" ".join(words), spans, each.lines[0], tokens, each.id, meta)

    def placed(
        self, each: Rows, words: list[str], found: list[_TagSpan]
    ) -> tuple[list[Span], list[tuple[int, int]]]:
        """Spans of characters from spans of words, and the words as tokens."""
        ends = np.cumsum([len(word) + 1 for word in words]) - 1
        tokens = [(end - len(word), end) for word, end in zip(words, ends.tolist(), strict=True)]
        spans = []
        for start, end, label, formed in found:
            mended = None if formed or self.strict else "read leniently"
            lost = "ill-formed" if self.strict and not formed else None
            at = (tokens[start][0], tokens[end - 1][1])
            spans.append(Span(*at, label, line=each.lines[start], mended=mended, lost=lost))
        return spans, tokens

    @property
    def strict(self) -> bool:
        return self.options.policy != "conlleval"

    def spans(self, column: int) -> list[list[_TagSpan]]:
        """``[sentence]``: the spans that one column of tags names, over the sentence's words."""
        stream = encode_tags(self.tags(column), self.first())
        self.facts.moves.update(count_moves(stream))
        found = lenient_spans(stream)
        formed = same_spans(found, strict_spans(stream, SCHEMES[self.facts.scheme or "iob2"], found))
        at = np.searchsorted(self.starts, found.start, side="right") - 1
        base = self.starts[at]
        each = zip(
            at.tolist(),
            (found.start - base).tolist(),
            (found.end - base).tolist(),
            found.label.tolist(),
            formed.tolist(),
            strict=True,
        )
        spans: list[list[_TagSpan]] = [[] for _ in self.block]
        for sentence, start, end, label, good in each:
            spans[sentence].append((start, end, stream.labels[label], good))
        return spans

    def first(self) -> NDArray[np.bool_]:
        first = np.zeros(sum(len(each.rows) for each in self.block), dtype=bool)
        first[self.starts] = True
        return first

    def tags(self, column: int) -> list[str]:
        tags = [row[column] for row in chain.from_iterable(each.rows for each in self.block)]
        if all(map(is_tag, set(tags))):
            return tags
        line, tag = next(
            (line, row[column])
            for each in self.block
            for row, line in zip(each.rows, each.lines, strict=True)
            if not is_tag(row[column])
        )
        raise CorpusError(f"{quoted(tag)} is no tag: {self.facts.columns}", path=str(self.source), line=line)


_TagSpan = tuple[int, int, str, bool]  # first word, end, label, whether it is well-formed
