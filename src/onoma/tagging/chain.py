"""What decoding needs of a model: the scores a network returns, and the moves between tags as weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.tagging.tagset import TagSet

__all__ = ["Chain", "Floats", "Moves", "ScoredSpan", "TagScores"]

Floats = NDArray[np.floating]

_NEVER = -1e30  # a score no path can make up for

ScoredSpan = tuple[int, int, str, float]
"""An entity in one sentence: first token, end token, label, probability."""


class TagScores(NamedTuple):
    """What every network returns for a batch.

    ``emissions`` is ``[batch, time, tag]``; ``transitions`` ``[tag, tag]`` (from, to), ``start`` and
    ``end`` ``[tag]`` are there for a CRF only.
    """

    emissions: Floats
    transitions: Floats | None = None
    start: Floats | None = None
    end: Floats | None = None


class Moves(NamedTuple):
    """A number for each move between tags, float64."""

    between: Floats  # [tag, tag], from and to
    start: Floats  # [tag]
    end: Floats  # [tag]


class Chain:
    """The moves of one model: log scores, with those that the scheme forbids filled in, and weights.

    ``sharpness`` multiplies every log score before it is taken for a probability, those of emissions too.

    >>> chain = Chain(TagSet(["per"], "iob2"), TagScores(np.zeros((0, 0, 3))))
    >>> chain.weight.between.tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, tags: TagSet, scores: TagScores, sharpness: float = 1.0) -> None:
        self.tags = tags
        self.crf = scores.transitions is not None
        self.sharpness = sharpness
        legal = (tags.legal, tags.legal_start, tags.legal_end)
        self.log = Moves(*map(_filled, legal, scores[1:]))
        self.weight = Moves(*(np.exp(sharpness * part) for part in self.log))


def _filled(legal: NDArray[np.bool_], scores: Floats | None) -> Floats:
    filled: Floats = np.where(legal, 0.0 if scores is None else scores, _NEVER).astype(np.float64)
    return filled
