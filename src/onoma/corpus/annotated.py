"""From texts with annotations to documents: every annotation gets its fate here.

It is kept as it stands; kept with a token split in two where it begins or ends inside one, or without the
blanks at its edges (both are repairs); or left out: because it repeats another, because its label is not
wanted, because its reader says that no entity can hold it, or because it overlaps a longer one and the
reading was to keep the outermost only. One that is out of range, empty or at odds with its own text is an
error, unless the policy is ``discard``, which leaves it out.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from onoma.corpus.facts import Facts, Fate
from onoma.corpus.label_map import DROPPED
from onoma.corpus.options import Options
from onoma.corpus.sources import quoted
from onoma.errors import CorpusError, InputError
from onoma.text.document import Document, Entity, Token

__all__ = ["Annotated", "Span", "cut", "documents", "in_order", "layers", "outermost"]

_NO_META: Mapping[str, Any] = MappingProxyType({})


class Span(NamedTuple):
    """An annotation as a file holds it, before it is judged; offsets count characters, end excluded."""

    start: Any
    end: Any
    label: Any
    score: float = 1.0
    text: str | None = None  # the surface that the file claims, checked against the text
    line: int | None = None  # where it stands, if not where its record does
    lost: str | None = None  # why no entity can hold it as it stands, in a few words ("discontinuous")
    mended: str | None = None  # what its reader had to do to it, in a few words ("offsets in UTF-8 bytes")


class Annotated(NamedTuple):
    """One text and its annotations as a file holds them; without ``tokens`` the text is tokenised."""

    text: str
    spans: Sequence[Span] = ()
    line: int | None = None
    tokens: Sequence[tuple[int, int]] | None = None
    id: str | None = None
    meta: Mapping[str, Any] = _NO_META


def documents(
    records: Iterable[Annotated], source_name: str, options: Options, facts: Facts
) -> Iterator[Document]:
    """The documents of ``records``, streamed, the fate of each span entered in ``facts.fates``.

    Raises `CorpusError` with file and line for tokens that are none, and for spans as ``options.policy`` and
    ``options.overlaps`` demand.

    >>> facts = Facts()
    >>> record = Annotated("Ada wrote ", [Span(0, 3, "per"), Span(4, 10, "act"), Span(0, 3, "per")])
    >>> [document.entities for document in documents([record], "a", Options(), facts)]
    [(Entity(start=0, end=3, label='per', score=1.0), Entity(start=4, end=9, label='act', score=1.0))]
    >>> facts.fates.read, facts.fates.kept, dict(facts.fates.repaired), dict(facts.fates.left_out)
    (3, 1, {'blanks at its edges': 1}, {'repeated': 1})
    """
    for record in records:
        yield _Record(record, source_name, options, facts).document()


def in_order(entities: Iterable[Entity]) -> list[Entity]:
    """Entities by their start, the longer first."""
    return sorted(entities, key=lambda e: (e.start, -e.end))


def outermost(entities: Sequence[Entity]) -> list[int]:
    """Which of ``entities`` to keep so that none overlap: the longest, then the first in the text.

    >>> outermost([Entity(0, 3, "per"), Entity(0, 9, "org"), Entity(10, 12, "geo")])
    [1, 2]
    """
    order = sorted(
        range(len(entities)), key=lambda i: (entities[i].start - entities[i].end, entities[i].start)
    )
    taken: list[tuple[int, int, int]] = []  # start, end and number of those kept, which stand apart
    for i in order:
        start, end = entities[i].start, entities[i].end
        at = bisect(taken, (start, end, i))
        if (at == 0 or taken[at - 1][1] <= start) and (at == len(taken) or end <= taken[at][0]):
            taken.insert(at, (start, end, i))
    return sorted(i for _, _, i in taken)


def layers(entities: Sequence[Entity]) -> list[list[int]]:
    """The numbers of ``entities``, parted into layers in which none overlap: the outermost, then the rest.

    >>> layers([Entity(0, 15, "org"), Entity(8, 15, "geo")])
    [[0], [1]]
    """
    found, left = [], list(range(len(entities)))
    while left:
        kept = {left[i] for i in outermost([entities[i] for i in left])}
        found.append(sorted(kept))
        left = [i for i in left if i not in kept]
    return found


def cut(tokens: tuple[Token, ...], entities: Iterable[Entity]) -> tuple[Token, ...]:
    """``tokens``, each split where an entity begins or ends inside it."""
    edges = sorted({edge for entity in entities for edge in (entity.start, entity.end)})
    whole = {edge for token in tokens for edge in (token.start, token.end)}
    if whole.issuperset(edges):
        return tokens
    pieces: list[Token] = []
    for token in tokens:
        stops = [token.start, *(edge for edge in edges if token.start < edge < token.end), token.end]
        pieces += [Token(a, b) for a, b in pairwise(stops)]
    return tuple(pieces)


class _Settled(NamedTuple):
    """A span that became an entity, and what had to be done to it so far."""

    entity: Entity
    span: Span
    repairs: tuple[str, ...] = ()


class _Record:
    """One record being settled: knows where it stands, for errors and fates."""

    def __init__(self, record: Annotated, name: str, options: Options, facts: Facts) -> None:
        self.record, self.name, self.options, self.facts = record, name, options, facts
        self.text = record.text

    def document(self) -> Document:
        tokens = self.tokens()
        self.starts, self.ends = {token.start for token in tokens}, {token.end for token in tokens}
        self.facts.fates.read += len(self.record.spans)
        found = self.fitted([each for span in self.record.spans for each in self.entity(span)], tokens)
        kept = self.without_overlaps(self.without_repeats(found))
        for each in kept:
            self.enter(each)
        entities = in_order([each.entity for each in kept])
        return Document(self.text, cut(tokens, entities), tuple(entities), self.record.id, self.record.meta)

    def tokens(self) -> tuple[Token, ...]:
        if self.record.tokens is None:
            return Document.from_text(self.text).tokens
        try:
            tokens = tuple([Token(int(start), int(end)) for start, end in self.record.tokens])
        except (TypeError, ValueError) as error:
            raise self.error("tokens must be pairs of start and end") from error
        ends = [0, *(token.end for token in tokens)]
        if any(not end <= t.start < t.end <= len(self.text) for end, t in zip(ends, tokens, strict=False)):
            raise self.error("tokens must be in order, not empty, not overlapping, and within the text")
        return tokens

    def entity(self, span: Span) -> Iterator[_Settled]:
        """The span as an entity, its label mapped; nothing when it is left out."""
        if span.lost is not None:
            self.leave_out(span, span.lost, f"left out: {span.lost}")
            if self.options.policy == "error":
                raise self.error(f"the span {_described(span)} cannot be held: {span.lost}", span)
            return
        if (fault := self.fault(span)) is not None:
            if self.options.policy != "discard":
                raise self.error(f"{fault}; mend it, or read with the policy discard", span)
            self.leave_out(span, "not a span of its text", f"left out: {fault}")
            return
        if (label := self.mapped(span)) == DROPPED:
            self.leave_out(span, "label dropped", f"{self.surface(span)}: left out: its label is dropped")
            return
        mended = () if span.mended is None else (span.mended,)
        yield _Settled(Entity(span.start, span.end, label, float(span.score)), span, mended)

    def fault(self, span: Span) -> str | None:
        """What is wrong with a span, if it is no stretch of its text with a label."""
        start, end, label, _, claimed, *_ = span
        if not (_is_offset(start) and _is_offset(end) and isinstance(label, str) and label):
            return f"a span needs start, end (whole numbers) and label: {quoted(_described(span))}"
        name = f"the span {label} [{start}, {end})"
        if not 0 <= start < end <= len(self.text):
            return f"{name} is empty or out of range: the text has {len(self.text)} characters"
        found = self.text[start:end]
        if claimed is not None and claimed != found:
            held = f"{name} holds {quoted(found)}, not {quoted(str(claimed))}"
            return f"{held}; offsets count characters, not bytes"
        return f"{name} holds only blanks" if not found.strip() and not self.fits(start, end) else None

    def fits(self, start: int, end: int) -> bool:
        """Whether both edges are a token's."""
        return start in self.starts and end in self.ends

    def mapped(self, span: Span) -> str:
        label: str = span.label
        if self.options.map is None:
            return label
        try:
            new = self.options.map.new(label)
        except InputError as error:
            raise self.error(str(error), span) from error
        self.facts.mapped[label, new] += 1
        return new

    def without_repeats(self, found: list[_Settled]) -> list[_Settled]:
        first: dict[tuple[int, int, str], _Settled] = {}
        for each in found:
            start, end, label = each.entity.start, each.entity.end, each.entity.label
            if first.setdefault((start, end, label), each) is not each:
                self.leave_out(
                    each.span, "repeated", f"{self.surface(each.span)}: left out: it repeats another"
                )
        return list(first.values())

    def fitted(self, found: list[_Settled], tokens: tuple[Token, ...]) -> list[_Settled]:
        """The entities without blanks at edges that are no token's, and whether they split a token."""
        loose = [not self.fits(each.entity.start, each.entity.end) for each in found]
        if not any(loose):
            return found
        inside = {at for token in tokens for at in range(token.start + 1, token.end)}
        return [self.trimmed(e, inside) if off else e for e, off in zip(found, loose, strict=True)]

    def trimmed(self, settled: _Settled, inside: set[int]) -> _Settled:
        entity, repairs = settled.entity, list(settled.repairs)
        surface = self.text[entity.start : entity.end]
        start = entity.start + len(surface) - len(surface.lstrip())
        end = entity.start + len(surface.rstrip())
        if (start, end) != (entity.start, entity.end):
            repairs.append("blanks at its edges")
        if start in inside or end in inside:
            repairs.append("inside a token")
        return settled._replace(entity=Entity(start, end, entity.label, entity.score), repairs=tuple(repairs))

    def without_overlaps(self, found: list[_Settled]) -> list[_Settled]:
        if self.options.overlaps == "keep" or len(found) < 2:
            return found
        keep = set(outermost([each.entity for each in found]))
        for i, each in enumerate(found):
            if i in keep:
                continue
            if self.options.overlaps == "error":
                raise self.error(f"the span {_described(each.span)} overlaps another", each.span)
            self.leave_out(
                each.span, "overlaps", f"{self.surface(each.span)}: left out: overlaps a longer one"
            )
        return [found[i] for i in sorted(keep)]

    def enter(self, settled: _Settled) -> None:
        """Count an entity as kept, or as repaired."""
        fates = self.facts.fates
        if not settled.repairs:
            fates.kept += 1
            return
        done = "; ".join(_DONE.get(how, how) for how in settled.repairs)
        how = " and ".join(settled.repairs)
        fates.repair(how, self.fate(settled.span, f"{self.surface(settled.span)}: kept; {done}"))

    def leave_out(self, span: Span, why: str, done: str) -> None:
        self.facts.fates.leave_out(why, self.fate(span, done))

    def fate(self, span: Span, done: str) -> Fate:
        return Fate(self.name, self.line(span), str(span.label), done)

    def line(self, span: Span | None) -> int | None:
        return self.record.line if span is None or span.line is None else span.line

    def error(self, fault: str, span: Span | None = None) -> CorpusError:
        return CorpusError(fault, path=self.name, line=self.line(span))

    def surface(self, span: Span) -> str:
        return f"[{span.start}, {span.end}) {quoted(self.text[span.start : span.end])}"


_DONE = {
    "blanks at its edges": "the blanks at its edges are left out",
    "inside a token": "the token it begins or ends in was split",
}


def _described(span: Span) -> str:
    return f"{span.label} [{span.start}, {span.end})"


def _is_offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
