"""Entity swapping: a name gives way to another of the same label from the training corpus.

"Mention replacement" in Dai and Adel, *An Analysis of Simple Data Augmentation for Named Entity Recognition*,
COLING 2020.
"""

from __future__ import annotations

import random

from pydantic import Field

from onoma.corpus import Corpus
from onoma.tagging.align import token_spans
from onoma.text import Document
from onoma.training.augment.part import Change, Part

__all__ = ["Swap"]

Names = dict[str, list[tuple[str, ...]]]
"""The names of a corpus by label, as words; each once, in a fixed order."""


class Swap(Part):
    """Other names of the same label; every name of the corpus is as likely, however often it occurs."""

    entities: float = Field(0.5, gt=0, le=1, description="share of a changed sentence's entities")

    def ready(self, corpus: Corpus) -> Change:
        """Gather the names of ``corpus``."""
        names = _names(corpus)
        return lambda document, dice: self._swapped(document, dice, names)

    def _swapped(self, document: Document, dice: random.Random, names: Names) -> Document:
        words, spans, at = [], [], 0
        old = document.words
        for start, end, label in token_spans(document):
            swapped = dice.random() < self.entities
            name = dice.choice(names[label]) if swapped else tuple(old[start:end])
            words += [*old[at:start], *name]
            spans.append((len(words) - len(name), len(words), label))
            at = end
        return Document.from_words([*words, *old[at:]], spans, id=document.id, meta=document.meta)


def _names(corpus: Corpus) -> Names:
    found: dict[str, set[tuple[str, ...]]] = {}
    for document in corpus:
        words = document.words
        for start, end, label in token_spans(document):
            found.setdefault(label, set()).add(tuple(words[start:end]))
    return {label: sorted(names) for label, names in found.items()}
