"""`Tagger`: a bundle at work; give it texts or documents, get documents with entities."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from onoma.errors import InputError
from onoma.runtime.bundle import read_manifest, verify
from onoma.runtime.engine import Engine, Reading
from onoma.tagging import TagSet
from onoma.tagging.decode import ScoredSpan
from onoma.text import Document, Entity, Token
from onoma.text.sentences import sentence_starts
from onoma.text.windows import Window, merge_spans, plan_windows

__all__ = ["Tagger"]


class _Chunk(NamedTuple):
    """Documents whose windows are being read."""

    documents: list[Document]
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

    def __init__(self, folder: str | Path, *, threads: int | None = None) -> None:
        """Load and verify the bundle in ``folder``; ``threads`` bounds the cores it uses (default: all).

        Raises `BundleError` when the bundle is missing, damaged or of a newer format.
        """
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        verify(self.folder, self.manifest)
        self.tags = TagSet(self.manifest.labels, self.manifest.scheme)
        self.threads = threads or len(os.sched_getaffinity(0))
        self.engine = Engine(self.folder, self.tags, self.threads)

    @property
    def name(self) -> str:
        """The bundle's name."""
        return self.manifest.name

    @property
    def labels(self) -> list[str]:
        """The labels this tagger knows."""
        return list(self.manifest.labels)

    def __call__(self, texts: Sequence[str | Document]) -> list[Document]:
        """Each text as a `Document` with its entities, ordered and never overlapping.

        A document that comes with tokens keeps them; a string is tokenised. Text of any length is read whole,
        in overlapping windows. Raises `InputError` for anything that is neither.
        """
        return list(self.pipe(texts))

    def pipe(self, texts: Iterable[str | Document], *, batch_size: int = 256) -> Iterator[Document]:
        """The same, lazily and in order, ``batch_size`` texts at a time.

        With several threads the next texts are prepared while the last are read: so many are held, no more.
        """
        if isinstance(texts, str | Document):
            raise InputError("a tagger takes a list of texts; for a single one write tagger([text])")
        source, ahead = iter(texts), deque[_Chunk]()
        while chunk := [_document(text) for text in islice(source, batch_size)]:
            ahead.append(self._begin(chunk))
            if len(ahead) == 2 or self.threads == 1:
                yield from _finished(ahead.popleft())
        while ahead:
            yield from _finished(ahead.popleft())

    def _begin(self, documents: list[Document]) -> _Chunk:
        plans = [self._plan(document) for document in documents]
        rows: list[list[str]] = []
        for document, plan in zip(documents, plans, strict=True):
            words = document.words
            rows += [words] if len(plan) == 1 else [words[w.start : w.end] for w in plan]
        return _Chunk(documents, plans, self.engine.begin(rows))

    def _plan(self, document: Document) -> list[Window]:
        size, overlap = self.manifest.window.size, self.manifest.window.overlap
        count = len(document.tokens)
        if count <= size:
            return [Window(0, count, 0, count)] if count else []
        return plan_windows(count, sentence_starts(document.text, document.tokens), size, overlap)


def _finished(chunk: _Chunk) -> Iterator[Document]:
    """The documents with their entities, once their windows have been read."""
    found = iter(chunk.reading.result())
    for document, plan in zip(chunk.documents, chunk.plans, strict=True):
        if len(plan) == 1:
            spans = next(found)
        else:
            spans = merge_spans(plan, [[_shifted(span, w.start) for span in next(found)] for w in plan])
        entities = _entities(document.tokens, spans)
        yield Document(document.text, document.tokens, entities, document.id, document.meta)


def _document(text: str | Document) -> Document:
    if isinstance(text, Document):
        return text if text.tokens else Document.from_text(text.text, id=text.id).replace(meta=text.meta)
    if isinstance(text, str):
        return Document.from_text(text)
    raise InputError(f"a tagger takes strings and Documents, not {type(text).__name__}")


def _shifted(span: ScoredSpan, by: int) -> ScoredSpan:
    start, end, label, score = span
    return start + by, end + by, label, score


def _entities(tokens: Sequence[Token], spans: Iterable[ScoredSpan]) -> tuple[Entity, ...]:
    return tuple(
        [Entity(tokens[start].start, tokens[end - 1].end, label, score) for start, end, label, score in spans]
    )
