"""From a network's scores to the best legal tag sequence, and the probability of each of its entities.

One decoder serves training, evaluation and tagging. Networks differ only in whether they score moves
between tags (a CRF) or not (a softmax at each token):

* with transitions, ``p(tags) ∝ exp(Σ emissions + Σ transitions)`` over legal sequences, and an entity's
  probability is the marginal of exactly that span and label, by forward-backward (Rabiner 1989;
  Lafferty et al. 2001);
* without, each token's tags are a softmax, and an entity's probability is the product over its tokens.

Both find the best path by Viterbi (1967), where moves that the tag scheme forbids cannot be taken. The inner
loops run in C where the package was installed with them (`onoma.tagging.kernel`), else in numpy
(`onoma.tagging.lattice`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from onoma.tagging.chain import Chain, Floats, ScoredSpan, TagScores
from onoma.tagging.kernel import Kernel, load_kernel
from onoma.tagging.lattice import Found, Lattice, find_spans
from onoma.tagging.tagset import TagSet

__all__ = ["Decoder", "ScoredSpan", "TagScores", "decode", "marginals", "viterbi"]


class Decoder:
    """Emissions → entities, for one model: its tags and its moves (the emissions of ``scores`` are not used).

    ``temperature`` divides all scores before they are taken for probabilities (Guo et al. 2017), and ``mend``
    maps the probabilities that come of it; neither changes which entities are found. ``kernel`` False keeps
    to numpy.

    >>> tags = TagSet(["per"], "iob2")
    >>> decoder = Decoder(tags, TagScores(np.zeros((0, 0, 3))))
    >>> [[entity]] = decoder(np.array([[[0.0, 9.0, 0.0], [0.0, 0.0, 9.0]]], dtype=np.float32), np.array([2]))
    >>> entity[:3]
    (0, 2, 'per')
    """

    def __init__(
        self,
        tags: TagSet,
        scores: TagScores,
        temperature: float = 1.0,
        mend: Callable[[Floats], Floats] = lambda probability: probability,
        *,
        kernel: bool = True,
    ) -> None:
        self.chain = Chain(tags, scores, 1.0 / temperature)
        function = load_kernel() if kernel else None
        self._mend = mend
        self._kernel = None if function is None else Kernel(function, self.chain)

    def __call__(self, emissions: Floats, lengths: NDArray[np.integer]) -> list[list[ScoredSpan]]:
        """The entities of each row of ``emissions`` ``[batch, time, tag]``.

        ``lengths`` ``[batch]`` counts each row's tokens; what lies beyond is padding and changes nothing.
        """
        return self.read(emissions, lengths)[0]

    def read(
        self, emissions: Floats, lengths: NDArray[np.integer]
    ) -> tuple[list[list[ScoredSpan]], list[float]]:
        """The same, and for each row the probability of its whole path: that all of its tags are right."""
        return self.told(self._find(emissions, lengths))

    def told(self, found: Found) -> tuple[list[list[ScoredSpan]], list[float]]:
        """What was found, row by row, with probabilities as this decoder shows them."""
        row, start, end, label, probability, certainty = found
        names = [self.chain.tags.labels[number] for number in label.tolist()]
        scores = self._mend(probability).clip(0.0, 1.0).tolist()
        spans = list(zip(start.tolist(), end.tolist(), names, scores, strict=True))
        ends = np.bincount(row, minlength=len(certainty)).cumsum().tolist()
        told = [spans[a:b] for a, b in pairwise([0, *ends])]
        return told, certainty.clip(0.0, 1.0).tolist()

    def mended(self, probability: float) -> float:
        """One probability as this decoder shows it."""
        return float(self._mend(np.array([probability]))[0])

    def _find(self, emissions: Floats, lengths: NDArray[np.integer]) -> Found:
        # the kernel reads single precision, which is what networks give; more than that goes to numpy
        if self._kernel is None or emissions.dtype != np.float32:
            return find_spans(self.chain, emissions, lengths)
        return self._kernel(emissions, lengths)


def decode(scores: TagScores, lengths: NDArray[np.integer], tags: TagSet) -> list[list[ScoredSpan]]:
    """The entities of each sentence with their probabilities; see `Decoder`.

    >>> tags = TagSet(["per"], "iob2")
    >>> emissions = np.array([[[0.0, 9.0, 0.0], [0.0, 0.0, 9.0], [9.0, 0.0, 0.0]]])
    >>> [found] = decode(TagScores(emissions), np.array([3]), tags)
    >>> [(start, end, label, round(score, 3)) for start, end, label, score in found]
    [(0, 2, 'per', 1.0)]
    """
    return Decoder(tags, scores)(scores.emissions, lengths)


def viterbi(scores: TagScores, lengths: NDArray[np.integer], tags: TagSet) -> NDArray[np.int64]:
    """The best legal tag ids ``[batch, time]``, 0 (``O``) beyond each row's length."""
    return Lattice(Chain(tags, scores), scores.emissions, lengths).best_paths()


def marginals(scores: TagScores, lengths: NDArray[np.integer], tags: TagSet) -> Floats:
    """The probability of each tag at each token ``[batch, time, tag]``, over legal sequences."""
    return Lattice(Chain(tags, scores), scores.emissions, lengths).marginals()
