"""`Tagger`: a bundle at work; give it texts or documents, get documents with entities."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, overload

from onoma.errors import InputError
from onoma.runtime.bundle import read_manifest, verify
from onoma.runtime.engines import open_engine
from onoma.runtime.plans import Plan, shifted
from onoma.runtime.providers import CPU
from onoma.runtime.texts import Text, whole
from onoma.tagging import TagSet
from onoma.tagging.align import token_spans
from onoma.tagging.decode import ScoredSpan
from onoma.text import Document
from onoma.text.sentences import sentence_starts
from onoma.text.windows import Window, plan_windows

if TYPE_CHECKING:
    from onoma.runtime.engine import Reading
    from onoma.runtime.piece_engine import PieceReading

__all__ = ["Tagger"]


class _Chunk(NamedTuple):
    """Texts that are being read, in so many rows each; an item that is none has no row."""

    plans: list[Plan | InputError]
    sizes: list[int]
    reading: Reading | PieceReading


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
        self.engine = open_engine(self.folder, self.manifest, self.tags, self.threads, provider)

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

    def _begin(self, texts: list[Text | InputError]) -> _Chunk:
        window = self.manifest.row
        plans = [text if isinstance(text, InputError) else Plan(text, window) for text in texts]
        rows = [[] if isinstance(plan, InputError) else plan.rows() for plan in plans]
        sizes = list(map(len, rows))
        return _Chunk(plans, sizes, self.engine.begin(list(chain.from_iterable(rows)), sizes))

    def _finish(self, chunk: _Chunk) -> Iterator[Document | InputError]:
        """The documents with their entities, once their rows have been read."""
        found, end = chunk.reading.result(), 0
        for plan, size in zip(chunk.plans, chunk.sizes, strict=True):
            start, end = end, end + size
            if isinstance(plan, InputError):
                yield plan
            else:
                yield plan.answer(found[start:end], self.version)

    def _with_readings(self, document: Document, limit: int) -> Document:
        """The document, its entities with other readings, each seen in the window with most around it."""
        plan = Plan(document, self.manifest.row)
        windows = plan.windows or [Window(0, len(plan.words), 0, len(plan.words))]
        asked: list[list[ScoredSpan]] = [[] for _ in windows]
        for start, end, label in token_spans(document.replace(tokens=plan.tokens)):
            at = max(range(len(windows)), key=lambda i: min(start - windows[i].start, windows[i].end - end))
            asked[at].append((start - windows[at].start, end - windows[at].start, label, 1.0))
        found = self.engine.readings(plan.rows(), asked, limit)
        others = [
            plan.entities([shifted(span, window.start) for span in each])
            for window, readings in zip(windows, found, strict=True)
            for each in readings
        ]
        pairs = zip(document.entities, others, strict=True)
        return document.replace(entities=[replace(e, alternatives=each) for e, each in pairs])

    def windows(self, document: Document) -> list[Window]:
        """The windows, of tokens, in which ``document`` is read: sentences, or parts of long ones."""
        starts, window = sentence_starts(document.text, document.tokens), self.manifest.row
        return plan_windows(len(document.tokens), starts, window.size, window.overlap)


def _cores() -> int:
    """How many cores this process may use, where the system tells; else how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _taken(at: int, text: Text, strict: bool) -> Text | InputError:
    """The item if it is a text; what is wrong with it, if something is."""
    try:
        whole(text)
    except InputError as error:
        fault = InputError(f"item {at} (counted from 0): {error}")
        if strict:
            raise fault from None
        return fault
    return text
