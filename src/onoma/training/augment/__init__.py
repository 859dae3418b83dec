"""Training sentences changed anew in every epoch: other names, other case, slips, synonyms, other words.

Everything is a pure function of the sentence, the seed and the epoch, so a resumed run sees what it would
have seen. Off by default; docs/augmentation.md has the measured effect of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from onoma.corpus import Corpus
from onoma.corpus.facts import Facts
from onoma.evaluation.perturb import chance
from onoma.text import Document
from onoma.training.augment.case import Case
from onoma.training.augment.masked import Masked
from onoma.training.augment.part import Change
from onoma.training.augment.swap import Swap
from onoma.training.augment.synonyms import Synonyms
from onoma.training.augment.typos import Typos

__all__ = ["Augment", "Augmented"]


class Augment(BaseModel):
    """What is done to training sentences, in this order; a part that is not given is not done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    swap: Swap | None = None
    masked: Masked | None = None
    synonyms: Synonyms | None = None
    typos: Typos | None = None
    case: Case | None = None


class Augmented:
    """A corpus as augmentation changes it, epoch by epoch.

    >>> ada = Document.from_words(["Ada", "wrote"], [(0, 1, "per")])
    >>> loud = Augmented(Corpus.from_documents([ada]), Augment(case=Case(sentences=1.0, upper=1.0)), seed=1)
    >>> next(iter(loud.epoch(0))).words
    ['ADA', 'WROTE']
    """

    def __init__(self, corpus: Corpus, options: Augment, seed: int) -> None:
        """Get every part ready; raises what they raise when something they need is missing."""
        self._corpus, self._seed = corpus, seed
        parts = {name: getattr(options, name) for name in Augment.model_fields}
        self._parts = {name: part for name, part in parts.items() if part is not None}
        keys = [f"{name} {part.key}" for name, part in self._parts.items()]
        self._key = " ".join([corpus.fingerprint, *keys, str(seed)])
        self._changes: dict[str, Change] = {name: part.ready(corpus) for name, part in self._parts.items()}

    def epoch(self, epoch: int) -> Corpus:
        """The corpus of one epoch: as many sentences in the same order, with the same labels."""

        def stream(facts: Facts) -> Iterator[Document]:
            facts.fates = self._corpus.fates
            return (facts.count(self.changed(document, epoch)) for document in self._corpus)

        mark = hashlib.sha256(f"{self._key} {epoch}".encode()).hexdigest()
        return Corpus(stream, self._corpus.source, lambda: mark, self._corpus.labels)

    def changed(self, document: Document, epoch: int) -> Document:
        """``document`` as this epoch has it; chance depends on seed, epoch and the text alone."""
        for name, change in self._changes.items():
            dice = chance("augment", name, self._seed, epoch, document.text)
            if document.tokens and dice.random() < self._parts[name].sentences:
                document = change(document, dice)
        return document
