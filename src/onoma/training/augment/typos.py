"""Slips on the keyboard: a letter left out, doubled, exchanged with the next, or one beside it struck."""

from __future__ import annotations

from pydantic import Field

from onoma.corpus import Corpus
from onoma.evaluation.perturb import carry, edits_named
from onoma.training.augment.part import Change, Part

__all__ = ["Typos"]


class Typos(Part):
    """One slip in a share of the words of a sentence, names among them."""

    sentences: float = Field(0.3, gt=0, le=1, description="share of the sentences that are changed")
    words: float = Field(0.1, gt=0, le=1, description="share of a changed sentence's words")

    def ready(self, corpus: Corpus) -> Change:
        """Nothing of the corpus is needed."""
        edit = edits_named(["typos"], self.words)["typos"]
        return lambda document, dice: carry(document, edit(document, dice)).document
