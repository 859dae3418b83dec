"""`Tagger`: a bundle at work; give it texts or documents, get documents with entities."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, overload

from onoma.errors import InputError
from onoma.runtime.bundle import read_manifest, verify
from onoma.runtime.engine import Engine, Reading, Row
from onoma.runtime.providers import CPU
from onoma.runtime.texts import Text, tokenised
from onoma.tagging import TagSet
from onoma.tagging.align import token_spans
from onoma.tagging.decode import ScoredSpan
from onoma.text import Coverage, Document, Entity, Token
from onoma.text.sentences import sentence_starts
from onoma.text.windows import Window, merge_spans, plan_windows

__all__ = ["Tagger"]


class _Chunk(NamedTuple):
    """Documents whose windows are being read; an item that is none has no window."""

    documents: list[Document | InputError]
    plans: list[list[Window]]
    reading: Reading


class Tagger:
    """An `Annotate` made from a bundle; many threads may use one at once.

    >>> import onoma
    >>> tagger = onoma.load()
    >>> [document] = tagger(["Angela Merkel visited Paris."])
    >>> [document.surface(entity) for entity in document.entities]
    ['Angela Merkel', 'Paris']
    """

    def __init__(self, folder: str | Path, *, threads: int | None = None, provider: str = CPU) -> None:
        """Load and verify the bundle in ``folder``; ``threads`` bounds the cores it uses (default: all).

        ``provider`` is the part of the machine that runs the networks (see `onoma.runtime.providers`).
        Raises `BundleError` when the bundle is missing, damaged or of a newer format, `InputError` when the
        provider is not there.
        """
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        verify(self.folder, self.manifest)
        self.tags = TagSet(self.manifest.labels, self.manifest.scheme)
        self.threads = threads or _cores()
        self.version = self.manifest.version
        self.engine = Engine(
            self.folder,
            self.tags,
            self.threads,
            self.manifest.confidence,
            provider=provider,
            alone=self.manifest.alone,
        )

    @property
    def name(self) -> str:
        """The bundle's name."""
        return self.manifest.name

    @property
    def labels(self) -> list[str]:
        """The labels this tagger knows."""
        return list(self.manifest.labels)

    def __call__(self, texts: Sequence[Text], *, alternatives: int = 0) -> list[Document]:
        """Each text as a `Document` with its entities, ordered and never overlapping.

        A document that comes with tokens keeps them; a string is tokenised. Text of any length is read whole,
        sentence by sentence, so the answer for a text is that for its sentences; a sentence too long for a
        window is read in several that overlap. `Document.coverage` tells. Raises `InputError`, naming the
        position, for what is neither, or holds half of a surrogate pair.

        With ``alternatives`` each entity brings that many other readings of its place: spans and labels that
        overlap it, with their probabilities (`Entity.alternatives`). It takes about twice the time.

        >>> import onoma
        >>> [document] = onoma.load()(["He met Lincoln."], alternatives=2)
        >>> [len(entity.alternatives) for entity in document.entities]
        [2]
        """
        documents = list(self.pipe(texts))
        return (
            [self._with_readings(document, alternatives) for document in documents]
            if alternatives
            else documents
        )

    @overload
    def pipe(
        self, texts: Iterable[Text], *, batch_size: int = 1024, on_error: Literal["raise"] = "raise"
    ) -> Iterator[Document]: ...

    @overload
    def pipe(
        self, texts: Iterable[Text], *, batch_size: int = 1024, on_error: Literal["yield"]
    ) -> Iterator[Document | InputError]: ...

    def pipe(
        self, texts: Iterable[Text], *, batch_size: int = 1024, on_error: str = "raise"
    ) -> Iterator[Document | InputError]:
        """The same, lazily and in order, ``batch_size`` texts at a time.

        With several threads the next texts are prepared while the last are read: so many are held, no more.
        An item that cannot be tagged raises `InputError`; with ``on_error="yield"`` that error comes in its
        place and the others are tagged.
        """
        if isinstance(texts, Text):
            raise InputError("a tagger takes a list of texts; for a single one write tagger([text])")
        if on_error not in ("raise", "yield"):
            raise InputError(f"on_error is {on_error!r}; it may be 'raise' or 'yield'")
        return self._pipe(enumerate(texts), batch_size, on_error == "raise")

    def _pipe(
        self, texts: Iterator[tuple[int, Text]], batch_size: int, strict: bool
    ) -> Iterator[Document | InputError]:
        ahead = deque[_Chunk]()
        while chunk := [_taken(at, text, strict) for at, text in islice(texts, batch_size)]:
            ahead.append(self._begin(chunk))
            if len(ahead) == 2 or self.threads == 1:
                yield from self._finish(ahead.popleft())
        while ahead:
            yield from self._finish(ahead.popleft())

    def _begin(self, documents: list[Document | InputError]) -> _Chunk:
        plans = [self._plan(document) for document in documents]
        rows: list[list[str]] = []
        for document, plan in zip(documents, plans, strict=True):
            if plan and isinstance(document, Document):
                words = document.words
                rows += [words] if len(plan) == 1 else [words[w.start : w.end] for w in plan]
        return _Chunk(documents, plans, self.engine.begin(rows))

    def _finish(self, chunk: _Chunk) -> Iterator[Document | InputError]:
        """The documents with their entities, once their windows have been read."""
        found = iter(chunk.reading.result())
        for document, plan in zip(chunk.documents, chunk.plans, strict=True):
            if isinstance(document, InputError):
                yield document
                continue
            spans, certainty = (
                next(found) if len(plan) == 1 else _joined(plan, list(islice(found, len(plan))))
            )
            coverage = Coverage(len(document.text), len(plan), self.version, certainty)
            entities = _entities(document.tokens, spans)
            yield Document(document.text, document.tokens, entities, document.id, document.meta, coverage)

    def _with_readings(self, document: Document, limit: int) -> Document:
        """The document, its entities with other readings, each seen in the window with most around it."""
        plan, words = self._plan(document), document.words
        asked: dict[Window, list[ScoredSpan]] = {}
        for start, end, label in token_spans(document):
            window = max(plan, key=lambda w: min(start - w.start, w.end - end))
            asked.setdefault(window, []).append((start - window.start, end - window.start, label, 1.0))
        others: list[tuple[Entity, ...]] = []
        for window, spans in asked.items():
            found = self.engine.readings(words[window.start : window.end], spans, limit)
            shifted = ([_shifted(span, window.start) for span in each] for each in found)
            others += [_entities(document.tokens, each) for each in shifted]
        pairs = zip(document.entities, others, strict=True)
        return document.replace(entities=[replace(e, alternatives=each) for e, each in pairs])

    def _plan(self, document: Document | InputError) -> list[Window]:
        if isinstance(document, InputError):
            return []
        starts, window = sentence_starts(document.text, document.tokens), self.manifest.window
        return plan_windows(len(document.tokens), starts, window.size, window.overlap)


def _cores() -> int:
    """How many cores this process may use, where the system tells; else how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _taken(at: int, text: Text, strict: bool) -> Document | InputError:
    """The item as a document with tokens; what is wrong with it, if something is."""
    try:
        return tokenised(text)
    except InputError as error:
        fault = InputError(f"item {at} (counted from 0): {error}")
        if strict:
            raise fault from None
        return fault


def _joined(plan: Sequence[Window], rows: Sequence[Row]) -> Row:
    """What was read of a text in windows: it is as certain as the least certain of them."""
    shifted = [[_shifted(span, w.start) for span in spans] for w, (spans, _) in zip(plan, rows, strict=True)]
    return merge_spans(plan, shifted), min((certainty for _, certainty in rows), default=1.0)


def _shifted(span: ScoredSpan, by: int) -> ScoredSpan:
    start, end, label, score = span
    return start + by, end + by, label, score


def _entities(tokens: Sequence[Token], spans: Iterable[ScoredSpan]) -> tuple[Entity, ...]:
    return tuple(
        [Entity(tokens[start].start, tokens[end - 1].end, label, score) for start, end, label, score in spans]
    )
