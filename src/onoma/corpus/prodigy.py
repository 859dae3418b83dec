"""Prodigy's JSON Lines: a text, tokens, spans, and the annotator's answer.

Only what was accepted is read: a rejected task says that its spans are wrong, an ignored one says nothing.
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
from onoma.corpus.offsets import in_code_points
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource, quoted
from onoma.errors import CorpusError
from onoma.tagging.align import token_edges
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document, Entity

__all__ = ["looks_like_prodigy", "records", "write_block"]

_MARKS = ("answer", "_input_hash", "_task_hash", "_view_id")


def looks_like_prodigy(head: list[str]) -> bool:
    """Whether the first record is a text with an answer or one of Prodigy's hashes."""
    record = first_record(head)
    return isinstance(record.get("text"), str) and any(mark in record for mark in _MARKS)


def records(source: TextSource, _: Options, facts: Facts) -> Iterator[Annotated]:
    """The accepted tasks of a file, streamed; ``facts.passed`` counts the others by their answer."""
    for number, (line, record) in enumerate(json_records(source), 1):
        answer = record.get("answer", "accept")
        if answer != "accept":
            facts.passed[f"Prodigy tasks with the answer {answer}"] += 1
            continue
        text, spans = record.get("text"), record.get("spans") or []
        if not isinstance(text, str) or not isinstance(spans, list):
            fault = f"there is no text with a list of spans; the fields are {', '.join(record)}"
            raise CorpusError(fault, path=str(source), line=line)
        found = in_code_points(text, [_span(span, source, line) for span in spans])
        yield Annotated(text, found, line, _tokens(record, source, line), *identity(record, number))


def _span(span: Any, source: TextSource, line: int) -> Span:
    if not isinstance(span, dict):
        raise CorpusError(f"a span must be an object: {quoted(str(span))}", path=str(source), line=line)
    score = span.get("score")
    score = float(score) if isinstance(score, int | float) else 1.0
    return Span(span.get("start"), span.get("end"), span.get("label"), score, text=span.get("text"))


def _tokens(record: dict[str, Any], source: TextSource, line: int) -> list[tuple[int, int]] | None:
    """The tokens that are not blank: spaCy, and so Prodigy, counts blanks between words as tokens too."""
    if not isinstance(tokens := record.get("tokens"), list):
        return None
    try:
        edges = [(int(token["start"]), int(token["end"])) for token in tokens]
    except (KeyError, TypeError, ValueError) as error:
        fault = "a token must be an object with start and end"
        raise CorpusError(fault, path=str(source), line=line) from error
    return [(a, b) for a, b in edges if record["text"][a:b].strip()]


def write_block(block: Sequence[Document], _: Before, __: Scheme) -> str:
    """A line for each document, an accepted task."""
    return "".join(json.dumps(_as_task(each), ensure_ascii=False) + "\n" for each in block)


def _as_task(document: Document) -> dict[str, Any]:
    edges = token_edges(document)
    record = {
        "text": document.text,
        "tokens": [_token(document, i) for i in range(len(document.tokens))],
        "spans": [_as_span(entity, *edges) for entity in document.entities],
        "answer": "accept",
    }
    return naming(document) | record


def _token(document: Document, i: int) -> dict[str, Any]:
    token = document.tokens[i]
    surface = document.text[token.start : token.end]
    blank = document.text[token.end : token.end + 1] == " "
    return {"text": surface, "start": token.start, "end": token.end, "id": i, "ws": blank}


def _as_span(entity: Entity, opens: dict[int, int], closes: dict[int, int]) -> dict[str, Any]:
    span: dict[str, Any] = {"start": entity.start, "end": entity.end, "label": entity.label}
    if entity.start in opens and entity.end in closes:
        span |= {"token_start": opens[entity.start], "token_end": closes[entity.end] - 1}
    return span | ({} if entity.score == 1.0 else {"score": entity.score})
