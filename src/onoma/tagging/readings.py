"""Other readings of an entity: spans and labels that overlap it, with the probability of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from onoma.tagging.chain import Chain, Floats, ScoredSpan
from onoma.tagging.lattice import Lattice

__all__ = ["Readings"]

_REACH = 3  # tokens by which another reading may begin earlier or end later


class Readings:
    """The probabilities of any spans of one sentence; emissions are ``[time, tag]``.

    A span's probability is the marginal of exactly that span and label, as in `onoma.tagging.decode`.

    >>> from onoma.tagging import TagSet
    >>> from onoma.tagging.chain import TagScores
    >>> chain = Chain(TagSet(["geo", "per"], "iob2"), TagScores(np.zeros((0, 0, 5))))
    >>> readings = Readings(chain, np.array([[0.0, 3.0, 0.0, 2.0, 0.0]]))
    >>> [(label, round(p, 2)) for _, _, label, p in readings.of((0, 1, "geo"), limit=1)]
    [('per', 0.24)]
    """

    def __init__(self, chain: Chain, emissions: Floats) -> None:
        self.time = len(emissions)
        self._tags = chain.tags
        lattice = Lattice(chain, emissions[None], np.array([self.time]))
        self._emit, self._weight = lattice.emit[0], chain.weight.between
        self._crf = chain.crf
        if chain.crf:
            self._forward, self._backward, self._scale = (part[0] for part in lattice.forward_backward())

    def of(self, span: tuple[int, int, str], limit: int) -> list[ScoredSpan]:
        """The ``limit`` likeliest that overlap ``span`` (first token, end token, label), but for itself."""
        others = [(*each, self.probability(*each)) for each in self._overlapping(*span[:2]) if each != span]
        return sorted(others, key=lambda each: (-each[3], each))[:limit]

    def probability(self, start: int, end: int, label: str) -> float:
        """How likely it is that tokens ``[start, end)`` are exactly one entity called ``label``."""
        tags = self._tags.encode([(0, end - start, label)], end - start)
        at = np.arange(start, end)
        emit = self._emit[at, tags]
        if not self._crf:
            return float(emit.prod())
        steps = self._weight[tags[:-1], tags[1:]] * emit[1:] / self._scale[at[1:]]
        return float(self._forward[start, tags[0]] * steps.prod() * self._leaving(end, int(tags[-1])))

    def _leaving(self, end: int, tag: int) -> float:
        """The weight of everything after an entity that ends before ``end`` with ``tag``."""
        if end == self.time:
            return float(self._backward[end - 1, tag])
        leave = np.where(self._tags.continuation[tag], 0.0, self._weight[tag])
        return float((leave * self._emit[end] * self._backward[end]).sum() / self._scale[end])

    def _overlapping(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        for first in range(max(start - _REACH, 0), end):
            for last in range(max(first, start) + 1, min(end + _REACH, self.time) + 1):
                for label in self._tags.labels:
                    yield first, last, label
