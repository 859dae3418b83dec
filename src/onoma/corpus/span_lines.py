"""JSON Lines of ``text`` with ``spans`` or ``entities``: offsets in code points, half open.

Every span has a fate. It is kept as it stands; kept with a token split in two where it begins or ends inside
one, or with the blanks at its edges left out (both listed as repairs); left out because a longer or earlier
one overlaps it (listed too); or it is out of range, empty or at odds with its own text, which is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from onoma.corpus.facts import Facts, Repair
from onoma.corpus.json_lines import first_record, identity, naming, records
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource, quoted
from onoma.errors import CorpusError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document, Entity, Token

__all__ = ["looks_like_span_lines", "read_span_lines", "write_block"]

_SPANS = ("spans", "entities")
_LABELS = ("label", "type", "tag")


def looks_like_span_lines(head: list[str]) -> bool:
    """Whether the first record holds a text and a list of spans."""
    record = first_record(head)
    spans = next((record[name] for name in _SPANS if name in record), None)
    return isinstance(record.get("text"), str) and isinstance(spans, list)


def read_span_lines(source: TextSource, _: Options, facts: Facts) -> Iterator[Document]:
    """The documents of a file, streamed, tokenised unless it gives its tokens."""
    for number, (line, record) in enumerate(records(source), 1):
        yield facts.count(_Record(source, line, record, facts).document(number))


def write_block(documents: Sequence[Document], _: Document | None, __: Scheme) -> str:
    """A line for each document; tokens are written where reading would not find the same ones."""
    return "".join(json.dumps(_as_record(each), ensure_ascii=False) + "\n" for each in documents)


def _as_record(document: Document) -> dict[str, Any]:
    spans = [_as_span(document, entity) for entity in document.entities]
    record = naming(document) | {"text": document.text, "spans": spans}
    if Document.from_text(document.text).tokens != document.tokens:
        record["tokens"] = [[token.start, token.end] for token in document.tokens]
    return record


def _as_span(document: Document, entity: Entity) -> dict[str, Any]:
    span = {"start": entity.start, "end": entity.end, "label": entity.label}
    return span | ({} if entity.score == 1.0 else {"score": entity.score})


class _Edges(NamedTuple):
    """Where tokens start and end."""

    starts: set[int]
    ends: set[int]

    def fit(self, entity: Entity) -> bool:
        return entity.start in self.starts and entity.end in self.ends


class _Record:
    """One line being read: knows where it stands, for errors and repairs."""

    def __init__(self, source: TextSource, line: int, record: dict[str, Any], facts: Facts) -> None:
        self.name, self.line, self.record, self.facts = str(source), line, record, facts
        text = record.get("text")
        if not isinstance(text, str):
            raise self.error(f"there is no text called text; the fields are {', '.join(record)}")
        self.text: str = text

    def error(self, fault: str) -> CorpusError:
        return CorpusError(fault, path=self.name, line=self.line)

    def repair(self, entity: Entity, done: str) -> None:
        self.facts.repairs.add(Repair(self.name, self.line, entity.label, f"{self.describe(entity)}: {done}"))

    def describe(self, entity: Entity) -> str:
        return f"[{entity.start}, {entity.end}) {quoted(self.text[entity.start : entity.end])}"

    def document(self, number: int) -> Document:
        tokens = self.tokens()
        fits = _Edges({token.start for token in tokens}, {token.end for token in tokens}).fit
        found = [self.entity(span) for span in self.spans()]
        entities = self.without_overlaps([each if fits(each) else self.trimmed(each) for each in found])
        cut = _cut(tokens, entities)
        if len(cut) != len(tokens):
            self.report_cuts(tokens, entities)
        name, meta = identity(self.record, number)
        return Document(self.text, cut, tuple(entities), name, meta)

    def spans(self) -> list[Any]:
        spans = next((self.record[name] for name in _SPANS if name in self.record), None)
        if not isinstance(spans, list):
            fields = ", ".join(self.record)
            raise self.error(f"there is no list called {' or '.join(_SPANS)}; the fields are {fields}")
        return spans

    def tokens(self) -> tuple[Token, ...]:
        given = self.record.get("tokens")
        if given is None:
            return Document.from_text(self.text).tokens
        try:
            tokens = tuple(Token(int(start), int(end)) for start, end in given)
        except (TypeError, ValueError) as error:
            raise self.error("tokens must be pairs of start and end") from error
        ends = [0, *(token.end for token in tokens)]
        if any(not end <= t.start < t.end <= len(self.text) for end, t in zip(ends, tokens, strict=False)):
            raise self.error("tokens must be in order, not empty, not overlapping, and within the text")
        return tokens

    def entity(self, span: Any) -> Entity:
        start, end, label = _parts(span)
        if not (_is_offset(start) and _is_offset(end) and isinstance(label, str) and label):
            raise self.error(f"a span needs start, end (whole numbers) and label: {quoted(str(span))}")
        name = f"the span {label} [{start}, {end})"
        if not 0 <= start < end <= len(self.text):
            raise self.error(f"{name} is empty or out of range: the text has {len(self.text)} characters")
        found, claimed = self.text[start:end], span.get("text", self.text[start:end])
        if claimed != found:
            fault = f"{name} holds {quoted(found)}, not {quoted(str(claimed))}"
            raise self.error(f"{fault}; offsets count characters, not bytes")
        return Entity(start, end, label, _score(span))

    def trimmed(self, entity: Entity) -> Entity:
        """``entity`` without blanks at its edges, where no token can begin or end."""
        inside = self.text[entity.start : entity.end]
        start = entity.start + len(inside) - len(inside.lstrip())
        end = entity.start + len(inside.rstrip())
        if start >= end:
            raise self.error(f"the span {entity.label} [{entity.start}, {entity.end}) holds only blanks")
        if (start, end) == (entity.start, entity.end):
            return entity
        self.repair(entity, "kept without the blanks at its edges")
        return Entity(start, end, entity.label, entity.score)

    def without_overlaps(self, entities: list[Entity]) -> list[Entity]:
        kept: list[Entity] = []
        for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
            if kept and entity.start < kept[-1].end:
                self.repair(entity, f"left out: overlaps {kept[-1].label} {self.describe(kept[-1])}")
            else:
                kept.append(entity)
        return kept

    def report_cuts(self, tokens: Iterable[Token], entities: Iterable[Entity]) -> None:
        inside = {at for token in tokens for at in range(token.start + 1, token.end)}
        for entity in entities:
            if entity.start in inside or entity.end in inside:
                self.repair(entity, "kept; the token it begins or ends in was split")


def _parts(span: Any) -> tuple[Any, Any, Any]:
    """Start, end and label of a span, each None where it is absent."""
    if not isinstance(span, dict):
        return None, None, None
    label = next((span[name] for name in _LABELS if name in span), None)
    return span.get("start"), span.get("end"), label


def _score(span: dict[str, Any]) -> float:
    """The span's score; 1 where it gives none that is a number."""
    score = span.get("score")
    return float(score) if isinstance(score, int | float) else 1.0


def _is_offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _cut(tokens: tuple[Token, ...], entities: Iterable[Entity]) -> tuple[Token, ...]:
    """``tokens``, each split where an entity begins or ends inside it."""
    edges = sorted({edge for entity in entities for edge in (entity.start, entity.end)})
    whole = {edge for token in tokens for edge in (token.start, token.end)}
    if whole.issuperset(edges):
        return tokens
    cut: list[Token] = []
    for token in tokens:
        stops = [token.start, *(edge for edge in edges if token.start < edge < token.end), token.end]
        cut += [Token(a, b) for a, b in pairwise(stops)]
    return tuple(cut)
