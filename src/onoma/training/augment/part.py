"""What every part of augmentation has: a share of the sentences, and a change made ready for a corpus."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from pydantic import BaseModel, ConfigDict, Field

from onoma.corpus import Corpus
from onoma.tagging.align import token_spans
from onoma.text import Document

__all__ = ["Change", "Part", "in_the_case_of", "outside", "with_words"]

Change = Callable[[Document, random.Random], Document]
"""A document changed as chance has it: it may hold other words, but no other labels."""


class Part(BaseModel):
    """One way to change sentences."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sentences: float = Field(0.5, gt=0, le=1, description="share of the sentences that are changed")

    @property
    def key(self) -> str:
        """What tells this change from others."""
        return self.model_dump_json()

    def ready(self, corpus: Corpus) -> Change:
        """The change, with what it takes from the training corpus."""
        raise NotImplementedError


def outside(document: Document) -> Iterator[int]:
    """The numbers of the words that stand in no entity.

    >>> list(outside(Document.from_words(["Ada", "wrote", "it"], [(0, 1, "per")])))
    [1, 2]
    """
    held = {i for start, end, _ in token_spans(document) for i in range(start, end)}
    return (i for i in range(len(document.tokens)) if i not in held)


def with_words(document: Document, new: dict[int, str]) -> Document:
    """``document`` with other words at some places, and the same entities.

    >>> with_words(Document.from_words(["Ada", "wrote"], [(0, 1, "per")]), {1: "sang"}).text
    'Ada sang'
    """
    words = [new.get(i, word) for i, word in enumerate(document.words)]
    return Document.from_words(words, token_spans(document), id=document.id, meta=document.meta)


def in_the_case_of(new: str, old: str) -> str:
    """``new`` with the capitals that ``old`` has.

    >>> in_the_case_of("big", "Large"), in_the_case_of("big", "LARGE"), in_the_case_of("big", "A")
    ('Big', 'BIG', 'Big')
    """
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new
