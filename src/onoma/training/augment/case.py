"""Case noise: whole sentences in small letters or in capitals, as in messages and headlines.

Training on a mix of cases: Mayhew, Tsygankova and Roth, *ner and pos when nothing is capitalized*,
EMNLP 2019.
"""

from __future__ import annotations

import random

from pydantic import Field

from onoma.corpus import Corpus
from onoma.evaluation.perturb import EDITS, carry
from onoma.text import Document
from onoma.training.augment.part import Change, Part

__all__ = ["Case"]


class Case(Part):
    """All letters of a sentence small, or all of them capitals."""

    sentences: float = Field(0.1, gt=0, le=1, description="share of the sentences that are changed")
    upper: float = Field(0.5, ge=0, le=1, description="share of these that are set in capitals")

    def ready(self, corpus: Corpus) -> Change:
        """Nothing of the corpus is needed."""
        return self._changed

    def _changed(self, document: Document, dice: random.Random) -> Document:
        edit = EDITS["upper" if dice.random() < self.upper else "lower"]
        return carry(document, edit(document, dice)).document
