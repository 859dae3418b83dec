"""JSON Lines of ``text`` with ``spans`` or ``entities``: offsets in code points, half open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from onoma.corpus.annotated import Annotated, Span, documents
from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.json_lines import first_record, identity, naming, records
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource, quoted
from onoma.errors import CorpusError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document, Entity

__all__ = ["annotated", "looks_like_span_lines", "read_span_lines", "write_block"]

_SPANS = ("spans", "entities")
_LABELS = ("label", "type", "tag")


def looks_like_span_lines(head: list[str]) -> bool:
    """Whether the first record holds a text and a list of spans."""
    record = first_record(head)
    spans = next((record[name] for name in _SPANS if name in record), None)
    return isinstance(record.get("text"), str) and isinstance(spans, list)


def read_span_lines(source: TextSource, options: Options, facts: Facts) -> Iterator[Document]:
    """The documents of a file, streamed, tokenised unless it gives its tokens."""
    return documents(annotated(str(source), records(source)), str(source), options, facts)


def annotated(name: str, found: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[Annotated]:
    """The texts of records with their lines, with their spans as they stand; ``name`` is for messages."""
    for number, (line, record) in enumerate(found, 1):
        yield _annotated(name, line, record, number)


def write_block(block: Sequence[Document], _: Before, __: Scheme) -> str:
    """A line for each document; tokens are written where reading would not find the same ones."""
    return "".join(json.dumps(_as_record(each), ensure_ascii=False) + "\n" for each in block)


def _as_record(document: Document) -> dict[str, Any]:
    spans = [_as_span(document, entity) for entity in document.entities]
    record = naming(document) | {"text": document.text, "spans": spans}
    if Document.from_text(document.text).tokens != document.tokens:
        record["tokens"] = [[token.start, token.end] for token in document.tokens]
    return record


def _as_span(document: Document, entity: Entity) -> dict[str, Any]:
    span = {"start": entity.start, "end": entity.end, "label": entity.label}
    return span | ({} if entity.score == 1.0 else {"score": entity.score})


def _annotated(name: str, line: int, record: dict[str, Any], number: int) -> Annotated:
    text, given = record.get("text"), next((record[name] for name in _SPANS if name in record), None)
    fields = ", ".join(record)
    if not isinstance(text, str):
        fault = f"there is no text called text; the fields are {fields}"
        raise CorpusError(fault, path=name, line=line)
    if not isinstance(given, list):
        fault = f"there is no list called {' or '.join(_SPANS)}; the fields are {fields}"
        raise CorpusError(fault, path=name, line=line)
    spans = [_span(each) for each in given]
    return Annotated(text, spans, line, record.get("tokens"), *identity(record, number))


def _span(given: Any) -> Span:
    if not isinstance(given, dict):
        return Span(None, None, quoted(str(given)))
    label = next((given[name] for name in _LABELS if name in given), None)
    return Span(given.get("start"), given.get("end"), label, _score(given), given.get("text"))


def _score(span: dict[str, Any]) -> float:
    """The span's score; 1 where it gives none that is a number."""
    score = span.get("score")
    return float(score) if isinstance(score, int | float) else 1.0
