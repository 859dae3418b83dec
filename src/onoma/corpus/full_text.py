"""A JSON array of ``full_text`` with ``spans``, as generators of synthetic personal data write it.

A span has ``entity_type``, ``entity_value``, ``start_position`` and ``end_position``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onoma.corpus.annotated import Annotated, Span
from onoma.corpus.facts import Facts
from onoma.corpus.json_array import elements, first_element
from onoma.corpus.json_lines import identity, naming
from onoma.corpus.offsets import in_code_points
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource, quoted
from onoma.errors import CorpusError
from onoma.text.document import Document

__all__ = ["as_object", "looks_like_full_text", "records"]

_TAKEN = ("full_text", "masked", "spans")  # ``masked`` says the same again, less exactly


def looks_like_full_text(head: list[str]) -> bool:
    """Whether the first object holds a full text and spans."""
    first = first_element(head)
    return isinstance(first.get("full_text"), str) and isinstance(first.get("spans"), list)


def records(source: TextSource, _: Options, __: Facts) -> Iterator[Annotated]:
    """The texts of a file, streamed."""
    for number, (line, record) in enumerate(elements(source), 1):
        text, spans = record.get("full_text"), record.get("spans")
        if not isinstance(text, str) or not isinstance(spans, list):
            fault = f"there is no full_text with spans; the fields are {', '.join(record)}"
            raise CorpusError(fault, path=str(source), line=line)
        found = in_code_points(text, [_span(span, source, line) for span in spans])
        yield Annotated(text, found, line, None, *_identity(record, number))


def _span(span: Any, source: TextSource, line: int) -> Span:
    if not isinstance(span, dict):
        raise CorpusError(f"a span must be an object: {quoted(str(span))}", path=str(source), line=line)
    label, surface = span.get("entity_type"), span.get("entity_value")
    return Span(span.get("start_position"), span.get("end_position"), label, text=surface)


def _identity(record: dict[str, Any], number: int) -> tuple[str, dict[str, Any]]:
    """Ours, where we wrote the file; else every further field is kept."""
    if isinstance(metadata := record.get("metadata"), dict) and "id" in metadata:
        return identity(metadata, number)
    rest = {key: value for key, value in record.items() if key not in _TAKEN and value is not None}
    return identity({"id": rest.pop("id", None), "meta": rest}, number)


def as_object(document: Document) -> dict[str, Any]:
    """A document as an object of the array."""
    spans = [
        {
            "entity_type": entity.label,
            "entity_value": document.surface(entity),
            "start_position": entity.start,
            "end_position": entity.end,
        }
        for entity in document.entities
    ]
    return {"full_text": document.text, "spans": spans, "metadata": naming(document) or None}
