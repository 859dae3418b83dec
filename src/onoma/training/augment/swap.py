"""Entity swapping: a name gives way to another of the same label, from the training corpus or from a list.

"Mention replacement" in Dai and Adel, *An Analysis of Simple Data Augmentation for Named Entity Recognition*,
COLING 2020.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from pydantic import Field

from onoma.corpus import Corpus
from onoma.errors import InputError, nearest
from onoma.evaluation.swaps import cased
from onoma.tagging.align import token_spans
from onoma.text import Document
from onoma.text.tokenizer import tokenize
from onoma.training.augment.name_lists import read_names
from onoma.training.augment.part import Change, Part

__all__ = ["Swap"]

Name = tuple[str, ...] | str
"""The words of a name, or its text, where that is still to be cut into words."""

Names = dict[str, list[list[Name]]]
"""By label the places names come from, one as often as another; in each, every name is as likely."""


class Swap(Part):
    """Other names of the same label, in capitals where those before were.

    Every name of the corpus is as likely, however often it occurs. Where there is a list for a label, a name
    comes from the list as often as from the corpus.
    """

    entities: float = Field(0.5, gt=0, le=1, description="share of a changed sentence's entities")
    names: dict[str, Path] = Field(default_factory=dict, description="files of names, by label")

    @property
    def key(self) -> str:
        """What is set, and what the lists hold."""
        lists = ("\n".join(read_names(path)) for path in self.names.values())
        return " ".join([super().key, *(hashlib.sha256(held.encode()).hexdigest() for held in lists)])

    def ready(self, corpus: Corpus) -> Change:
        """Gather the names of ``corpus`` and of lists; raises `InputError` for one that cannot be used."""
        names = _names(corpus)
        for label, path in self.names.items():
            if label not in names:
                raise InputError(f"{path} has names for {label!r}, no label here; {nearest(label, names)}")
            names[label].append([*read_names(path)])
        return lambda document, dice: self._swapped(document, dice, names)

    def _swapped(self, document: Document, dice: random.Random, names: Names) -> Document:
        words: list[str] = []
        spans, at = [], 0
        old = document.words
        for start, end, label in token_spans(document):
            name = old[start:end]
            if dice.random() < self.entities:
                new = dice.choice(dice.choice(names[label]))
                name = [cased(word, " ".join(name)) for word in _words(new)]
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
    return {label: [sorted(names)] for label, names in found.items()}


def _words(name: Name) -> list[str]:
    return [name[start:end] for start, end in tokenize(name)] if isinstance(name, str) else list(name)
