"""`Corpus`: documents that can be read again and again, and what one whole reading found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from onoma.corpus.facts import Facts, Fates
from onoma.errors import CorpusError, nearest
from onoma.text.document import Document

__all__ = ["Corpus", "Source"]


class Source(NamedTuple):
    """Where a corpus comes from; ``path`` is None for documents made in memory."""

    path: str | None
    format: str | None
    encoding: str | None


class Corpus:
    """Labelled documents, streamed from where they lie each time they are iterated.

    What a whole reading finds (`labels`, `scheme`, `fates`, the length) is computed once, when it is
    first asked for or as a by-product of the first complete iteration.

    >>> ada = Document.from_words(["Ada", "Lovelace", "wrote"], [(0, 2, "per")])
    >>> corpus = Corpus.from_documents([ada])
    >>> len(corpus), corpus.labels, next(iter(corpus)) == ada
    (1, ['per'], True)
    """

    def __init__(
        self,
        stream: Callable[[Facts], Iterator[Document]],
        source: Source,
        fingerprint: Callable[[], str],
        labels: Sequence[str] | None = None,
    ) -> None:
        self._stream = stream
        self._make_fingerprint = fingerprint
        self._declared = None if labels is None else sorted(set(labels))
        self._facts: Facts | None = None
        self._fingerprint: str | None = None
        self.source = source

    @classmethod
    def from_documents(cls, documents: Iterable[Document], labels: Sequence[str] | None = None) -> Corpus:
        """A corpus held in memory; ``labels`` may name more labels than occur, but not fewer."""
        held = list(documents)

        def stream(facts: Facts) -> Iterator[Document]:
            facts.fates.read = facts.fates.kept = sum(len(document.entities) for document in held)
            return map(facts.count, held)

        return cls(stream, Source(None, None, None), lambda: _fingerprint(held, labels), labels)

    def __iter__(self) -> Iterator[Document]:
        facts = Facts()
        yield from self._stream(facts)
        if self._facts is None:
            self._check_labels(facts)
            self._facts = facts

    def _check_labels(self, facts: Facts) -> None:
        if self._declared is None:
            return
        for label in sorted(set(facts.entities).difference(self._declared)):
            fault = f"the label {label!r} is not among those declared; {nearest(label, self._declared)}"
            raise CorpusError(fault, path=self.source.path)

    @property
    def facts(self) -> Facts:
        """What a whole reading found; reads the corpus if that has not happened yet."""
        if self._facts is None:
            for _ in self:
                pass
        assert self._facts is not None
        return self._facts

    @property
    def labels(self) -> list[str]:
        """The entity labels, sorted."""
        return sorted(self.facts.entities) if self._declared is None else list(self._declared)

    @property
    def scheme(self) -> str | None:
        """The tag scheme the corpus is written in; None when it has no tags."""
        return self.facts.scheme

    @property
    def fates(self) -> Fates:
        """What became of every annotation read: ``len`` counts those that could not be taken as they stood,
        iterating lists them."""
        return self.facts.fates

    @property
    def repairs(self) -> Fates:
        """The same as `fates`."""
        return self.facts.fates

    @property
    def sentences(self) -> int:
        """How many documents there are, one a sentence."""
        return self.facts.sentences

    def __len__(self) -> int:
        return self.sentences

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the content and how it is read; where the file lies does not matter."""
        if self._fingerprint is None:
            self._fingerprint = self._make_fingerprint()
        return self._fingerprint

    def __repr__(self) -> str:
        return f"Corpus({self.source.path or 'in memory'}, format={self.source.format})"


def _fingerprint(documents: Iterable[Document], labels: Sequence[str] | None) -> str:
    digest = hashlib.sha256(json.dumps(sorted(labels or ())).encode())
    for document in documents:
        tokens = [(token.start, token.end) for token in document.tokens]
        entities = [(entity.start, entity.end, entity.label) for entity in document.entities]
        digest.update(json.dumps([document.text, tokens, entities]).encode())
    return digest.hexdigest()
