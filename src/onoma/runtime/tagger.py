"""`Tagger`: a bundle run by ONNX Runtime; give it texts or documents, get documents with entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from onoma.errors import BundleError, InputError
from onoma.features.batch import Batch, make_batch
from onoma.features.words import WordFeatures
from onoma.runtime.bundle import MODEL, read_manifest, verify
from onoma.tagging import TagSet
from onoma.tagging.decode import ScoredSpan, TagScores, decode
from onoma.text import Document, Entity
from onoma.text.sentences import sentence_starts
from onoma.text.windows import Window, merge_spans, plan_windows

__all__ = ["Tagger"]

_ROWS = 64  # windows a network call
_CELLS = 8192  # tokens a network call, padding included, unless one window is longer


class Tagger:
    """An `Annotate` made from a bundle.

    >>> import onoma
    >>> tagger = onoma.load()
    >>> [document] = tagger(["Angela Merkel visited Paris."])
    >>> [document.surface(entity) for entity in document.entities]
    ['Angela Merkel', 'Paris']
    """

    def __init__(self, folder: str | Path, *, threads: int | None = None) -> None:
        """Load and verify the bundle in ``folder``; ``threads`` bounds ONNX Runtime's (default: all cores).

        Raises `BundleError` when the bundle is missing, damaged or of a newer format.
        """
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        verify(self.folder, self.manifest)
        self.tags = TagSet(self.manifest.labels, self.manifest.scheme)
        self._features = WordFeatures.load(self.folder)
        self._session = _session(self.folder / MODEL, threads)
        self._inputs = {node.name: _DTYPES[node.type] for node in self._session.get_inputs()}
        self._outputs = [node.name for node in self._session.get_outputs()]

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
        """The same, lazily and in order, ``batch_size`` texts at a time."""
        if isinstance(texts, str | Document):
            raise InputError("a tagger takes a list of texts; for a single one write tagger([text])")
        source = iter(texts)
        while chunk := [_document(text) for text in islice(source, batch_size)]:
            yield from self._annotate(chunk)

    def scores(self, batch: Batch) -> TagScores:
        """Run the network on ``batch``."""
        given: dict[str, NDArray[Any]] = {**batch.words, "index": batch.index}
        given |= {"lengths": batch.lengths, "mask": batch.mask}
        feeds = {name: given[name].astype(kind, copy=False) for name, kind in self._inputs.items()}
        return TagScores(**dict(zip(self._outputs, self._session.run(None, feeds), strict=True)))

    def _annotate(self, documents: list[Document]) -> Iterator[Document]:
        plans = [self._plan(document) for document in documents]
        words = [document.words for document in documents]
        rows = [words[i][w.start : w.end] for i, plan in enumerate(plans) for w in plan]
        found = iter(self._read(rows))
        for document, plan in zip(documents, plans, strict=True):
            spans = [[_shifted(span, w.start) for span in next(found)] for w in plan]
            yield document.replace(entities=_entities(document, merge_spans(plan, spans)))

    def _plan(self, document: Document) -> list[Window]:
        size, overlap = self.manifest.window.size, self.manifest.window.overlap
        count = len(document.tokens)
        starts = sentence_starts(document.text, document.tokens) if count > size else [0]
        return plan_windows(count, starts, size, overlap)

    def _read(self, rows: list[list[str]]) -> list[list[ScoredSpan]]:
        """Entities of each row of words; rows of like length share a network call."""
        found: list[list[ScoredSpan]] = [[] for _ in rows]
        for group in _grouped(rows):
            batch = make_batch([rows[i] for i in group], self._features)
            for i, spans in zip(group, decode(self.scores(batch), batch.lengths, self.tags), strict=True):
                found[i] = spans
        return found


_DTYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}


def _session(path: Path, threads: int | None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own classes, all straight from Exception
        raise BundleError(f"ONNX Runtime cannot load {path}: {error}") from error


def _document(text: str | Document) -> Document:
    if isinstance(text, Document):
        return text if text.tokens else Document.from_text(text.text, id=text.id).replace(meta=text.meta)
    if isinstance(text, str):
        return Document.from_text(text)
    raise InputError(f"a tagger takes strings and Documents, not {type(text).__name__}")


def _grouped(rows: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """Numbers of rows to run together: sorted by length, bounded in rows and in padded tokens."""
    group: list[int] = []
    for i in sorted(range(len(rows)), key=lambda i: len(rows[i])):
        if group and (len(group) >= _ROWS or len(rows[i]) * (len(group) + 1) > _CELLS):
            yield group
            group = []
        group.append(i)
    if group:
        yield group


def _shifted(span: ScoredSpan, by: int) -> ScoredSpan:
    start, end, label, score = span
    return start + by, end + by, label, score


def _entities(document: Document, spans: Iterable[ScoredSpan]) -> Iterator[Entity]:
    tokens = document.tokens
    for start, end, label, score in spans:
        yield Entity(tokens[start].start, tokens[end - 1].end, label, score)
