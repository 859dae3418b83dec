"""doccano's JSON Lines: a text with ``label`` as lists ``[start, end, label]``, or with ``entities``.

doccano shows offsets in code points, as Python counts; relations and comments are counted and passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from onoma.corpus.annotated import Annotated, Span
from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.json_lines import first_record, identity, naming
from onoma.corpus.json_lines import records as json_records
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource, quoted
from onoma.errors import CorpusError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["looks_like_doccano", "records", "write_block"]

_LISTS = ("label", "labels", "entities")
_PASSED = {"relations": "doccano relations", "Comments": "doccano comments", "cats": "doccano categories"}


def looks_like_doccano(head: list[str]) -> bool:
    """Whether the first record is a text with triples, or with entities as doccano writes them."""
    record = first_record(head)
    if not isinstance(record.get("text"), str) or "tokens" in record:
        return False
    spans = _list(record)
    triples = isinstance(spans, list) and all(isinstance(span, list) for span in spans)
    if "entities" not in record:
        return triples
    return "relations" in record or any(
        isinstance(span, dict) and "start_offset" in span for span in spans or ()
    )


def records(source: TextSource, _: Options, facts: Facts) -> Iterator[Annotated]:
    """The texts of a file, streamed; ``facts.passed`` counts relations and comments."""
    for number, (line, record) in enumerate(json_records(source), 1):
        text, spans = record.get("text"), _list(record)
        if not isinstance(text, str) or not isinstance(spans, list):
            fault = f"there is no text with a list called label; the fields are {', '.join(record)}"
            raise CorpusError(fault, path=str(source), line=line)
        for field, name in _PASSED.items():
            if record.get(field):
                facts.passed[name] += len(record[field])
        found = [_span(span, source, line) for span in spans]
        yield Annotated(text, found, line, None, *identity(record, number))


def _list(record: dict[str, Any]) -> Any:
    return next((record[name] for name in _LISTS if isinstance(record.get(name), list)), None)


def _span(span: Any, source: TextSource, line: int) -> Span:
    if isinstance(span, dict):
        return Span(span.get("start_offset"), span.get("end_offset"), span.get("label"))
    if isinstance(span, list) and len(span) == 3:
        return Span(*span)
    fault = f"a label must be [start, end, label] or an object with start_offset: {quoted(str(span))}"
    raise CorpusError(fault, path=str(source), line=line)


def write_block(block: Sequence[Document], _: Before, __: Scheme) -> str:
    """A line for each document, as doccano imports it."""
    return "".join(json.dumps(_as_record(each), ensure_ascii=False) + "\n" for each in block)


def _as_record(document: Document) -> dict[str, Any]:
    labels = [[entity.start, entity.end, entity.label] for entity in document.entities]
    return naming(document) | {"text": document.text, "label": labels}
