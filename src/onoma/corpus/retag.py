"""From documents back to words and tags, many documents at a time in array code."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from onoma.errors import TagError
from onoma.tagging.align import token_spans
from onoma.tagging.schemes import PREFIXES, Scheme
from onoma.tagging.spans import Spans, write_spans
from onoma.text.document import Document

__all__ = ["tags_of"]


def tags_of(documents: Sequence[Document], scheme: Scheme) -> list[list[str]]:
    """A tag for each token of each document.

    Raises `TagError`, naming the document, when its entities do not fit its tokens or overlap.

    >>> from onoma.tagging.schemes import SCHEMES
    >>> tags_of([Document.from_words(["Ada", "wrote"], [(0, 1, "per")])], SCHEMES["bioes"])
    [['S-per', 'O']]
    """
    edges = [0, *accumulate(len(document.tokens) for document in documents)]
    spans = [
        (base + start, base + end, label)
        for document, base in zip(documents, edges, strict=False)
        for start, end, label in _spans(document)
    ]
    labels = sorted({label for _, _, label in spans})
    stream = write_spans(_arrays(spans, labels), _first(edges), labels, scheme)
    names = {(-1, 0): "O"} | {
        (i, p): f"{PREFIXES[p]}-{label}" for i, label in enumerate(labels) for p in scheme.roles
    }
    tags = [names[key] for key in zip(stream.label.tolist(), stream.prefix.tolist(), strict=True)]
    return [tags[a:b] for a, b in pairwise(edges)]


def _spans(document: Document) -> list[tuple[int, int, str]]:
    try:
        return token_spans(document)
    except TagError as error:
        raise TagError(f"document {document.id or document.text[:40]!r}: {error}") from error


def _arrays(spans: list[tuple[int, int, str]], labels: list[str]) -> Spans:
    index = {label: i for i, label in enumerate(labels)}
    table = np.array([(start, end, index[label]) for start, end, label in spans], dtype=np.int64)
    start, end, label = table.reshape(-1, 3).T
    return Spans(start, end, label.astype(np.int32))


def _first(edges: list[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """``[token]``: whether it begins a document; documents without tokens begin nowhere."""
    first = np.zeros(edges[-1], dtype=bool)
    first[[a for a, b in pairwise(edges) if a < b]] = True
    return first
