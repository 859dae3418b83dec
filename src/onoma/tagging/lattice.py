"""Decoding in numpy, a batch at a time: best paths, forward-backward, and the probability of spans.

This is the specification that ``kernel.c`` is held to, and what runs where there is no kernel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.tagging.chain import Chain, Floats
from onoma.tagging.spans import lenient_spans
from onoma.tagging.tagset import TagSet

__all__ = ["FLOOR", "Found", "Lattice", "find_spans"]

Integers = NDArray[np.integer]

FLOOR = -300.0
"""No emission counts as further under its token's best than this, so that no weight becomes 0."""
_CEILING = 1e150  # of what comes after: more is only what no sequence of weight leads to


class Found(NamedTuple):
    """Entities of a batch, row by row, ``[entity]``, and how likely each row's whole path is, ``[row]``."""

    row: Integers
    start: Integers  # first token
    end: Integers  # one past the last
    label: Integers
    probability: Floats
    certainty: Floats


class Lattice:
    """A batch of sentences under one chain; ``lengths`` ``[batch]`` counts tokens, the rest is padding."""

    def __init__(self, chain: Chain, emissions: Floats, lengths: Integers) -> None:
        scores = emissions.astype(np.float64)
        self.chain = chain
        self.lengths = np.asarray(lengths)
        self.scores = scores - scores.max(-1, keepdims=True)  # [batch, time, tag], each token's best at 0
        self.emit: Floats = np.exp(np.maximum(chain.sharpness * self.scores, FLOOR))
        if not chain.crf:
            self.emit /= self.emit.sum(-1, keepdims=True)
        self._kept: tuple[Floats, Floats] | None = None

    def best_paths(self) -> NDArray[np.int64]:
        """The best legal tag ids ``[batch, time]`` (Viterbi 1967), 0 beyond each row's length."""
        moves, start, end = self.chain.log
        batch, time, count = self.scores.shape
        if not batch or not time:
            return np.zeros((batch, time), dtype=np.int64)
        best = start + self.scores[:, 0]  # [batch, tag]
        back = np.zeros((time, batch, count), dtype=np.int64)
        stay = np.arange(count)
        for t in range(1, time):
            reach = best[:, :, None] + moves  # [batch, from, to]
            source = reach.argmax(1)
            step = np.take_along_axis(reach, source[:, None], 1)[:, 0] + self.scores[:, t]
            live = (t < self.lengths)[:, None]
            best = np.where(live, step, best)
            back[t] = np.where(live, source, stay)
        return self._trace(back, (best + end).argmax(-1))

    def _trace(self, back: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
        """Follow the back pointers; beyond its length a row's pointers stay where they are."""
        time, batch, _ = back.shape
        paths = np.zeros((batch, time), dtype=np.int64)
        rows = np.arange(batch)
        for t in range(time - 1, -1, -1):
            paths[:, t] = last
            last = back[t, rows, last]
        paths[np.arange(time) >= self.lengths[:, None]] = 0
        return paths

    def forward_backward(self) -> tuple[Floats, Floats, Floats]:
        """Scaled forward and backward probabilities ``[batch, time, tag]`` and the scales ``[batch, time]``.

        ``forward[t]`` sums to one; ``backward`` carries the inverse scales, so their product at ``t`` is
        proportional to the marginal and equal to it up to the scale of the sentence's end (Rabiner 1989).
        """
        forward, scale = self._forward
        return forward, self._backward(forward, scale), scale

    @property
    def _forward(self) -> tuple[Floats, Floats]:
        # no cached_property: in Python 3.11 it has one lock for all lattices, which a fork may leave taken
        if self._kept is None:
            self._kept = self._run_forward()
        return self._kept

    def _run_forward(self) -> tuple[Floats, Floats]:
        move, enter, _ = self.chain.weight
        emit = self.emit
        batch, time, _ = emit.shape
        live = np.arange(time) < self.lengths[:, None]
        forward, scale = np.zeros_like(emit), np.ones((batch, time))
        for t in range(time):
            reach = forward[:, t - 1] @ move if t else enter
            step = np.where(live[:, t, None], reach * emit[:, t], forward[:, t - 1] if t else 1.0)
            scale[:, t] = step.sum(-1)
            forward[:, t] = step / scale[:, t, None]
        return forward, scale

    def _backward(self, forward: Floats, scale: Floats) -> Floats:
        move, _, stop = self.chain.weight
        emit = self.emit
        backward: Floats = np.zeros_like(emit)
        time = emit.shape[1]
        if not time:
            return backward
        ending = stop / (forward[:, -1] * stop).sum(-1, keepdims=True)  # [batch, tag]
        backward[:, -1] = ending
        for t in range(time - 2, -1, -1):
            step = (backward[:, t + 1] * emit[:, t + 1]) @ move.T / scale[:, t + 1, None]
            # what rounding leaves would grow from row to row where emissions are far apart
            step = np.minimum(step / (forward[:, t] * step).sum(-1, keepdims=True), _CEILING)
            backward[:, t] = np.where(self.lengths[:, None] - 1 <= t, ending, step)
        return backward

    def marginals(self) -> Floats:
        """The probability of each tag at each token ``[batch, time, tag]``."""
        if not self.chain.crf:
            return self.emit
        forward, backward, _ = self.forward_backward()
        product: Floats = forward * backward
        product /= product.sum(-1, keepdims=True)
        return product

    def product_of_tokens(
        self, paths: NDArray[np.int64], row: Integers, start: Integers, end: Integers
    ) -> Floats:
        """The probability of each span where tokens are independent."""
        taken = np.log(np.take_along_axis(self.emit, paths[:, :, None], -1)[..., 0])  # [batch, time]
        total = np.concatenate([np.zeros((len(taken), 1)), taken.cumsum(1)], 1)
        result: Floats = np.exp(total[row, end] - total[row, start])
        return result

    def span_marginals(
        self, paths: NDArray[np.int64], row: Integers, start: Integers, end: Integers
    ) -> Floats:
        """p(exactly this span): into its first tag, along its tags, and out to any tag that ends it."""
        forward, backward, scale = self.forward_backward()
        move, emit = self.chain.weight.between, self.emit
        total = self._log_steps(scale, paths).cumsum(1)  # [batch, time]
        inside = np.exp(total[row, end - 1] - total[row, start])
        tag = paths[row, end - 1]
        leave = np.where(self.chain.tags.continuation, 0.0, move)  # moves out of the entity
        after = np.minimum(end, emit.shape[1] - 1)
        out = (leave[tag] * emit[row, after] * backward[row, after]).sum(-1) / scale[row, after]
        out = np.where(end >= self.lengths[row], backward[row, end - 1, tag], out)
        result: Floats = forward[row, start, paths[row, start]] * inside * out
        return result

    def path_probabilities(self, paths: NDArray[np.int64]) -> Floats:
        """The probability of each row's whole path ``[batch]``; 1 for a row without tokens."""
        batch, time = paths.shape
        if not time:
            return np.ones(batch)
        here, first, last = np.arange(batch), paths[:, 0], paths[np.arange(batch), self.lengths - 1]
        if self.chain.crf:
            forward, scale = self._forward
            _, enter, stop = self.chain.weight
            steps = self._log_steps(scale, paths)
            steps[:, 0] = _log(enter[first] * self.emit[here, 0, first] / scale[:, 0])
            steps[here, self.lengths - 1] += _log(stop[last] / (forward[:, -1] * stop).sum(-1))
        else:
            steps = np.log(np.take_along_axis(self.emit, paths[:, :, None], -1)[..., 0])
        live = np.arange(time) < self.lengths[:, None]
        result: Floats = np.exp(np.where(live, steps, 0.0).sum(1))
        return result

    def _log_steps(self, scale: Floats, paths: NDArray[np.int64]) -> Floats:
        """``[batch, time]``: the log weight of the step into each token along the path."""
        taken = np.take_along_axis(self.emit, paths[:, :, None], -1)[..., 0]
        steps = np.ones_like(taken)
        steps[:, 1:] = self.chain.weight.between[paths[:, :-1], paths[:, 1:]] * taken[:, 1:] / scale[:, 1:]
        return _log(steps)


def _log(weights: Floats) -> Floats:
    """Logarithms, of 0 too, which is as good as never."""
    result: Floats = np.log(np.maximum(weights, 1e-300))
    return result


def find_spans(chain: Chain, emissions: Floats, lengths: Integers) -> Found:
    """The entities on the best path of each row, and their probabilities."""
    lattice = Lattice(chain, emissions, lengths)
    paths = lattice.best_paths()
    row, start, end, label = _spans(paths, chain.tags)
    weigh = lattice.span_marginals if chain.crf else lattice.product_of_tokens
    return Found(row, start, end, label, weigh(paths, row, start, end), lattice.path_probabilities(paths))


def _spans(
    paths: NDArray[np.int64], tags: TagSet
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """The entities of all rows: row, start and end within the row, label."""
    time = max(paths.shape[1], 1)
    first = np.zeros(paths.shape, dtype=bool)
    first[:, :1] = True
    start, end, label = lenient_spans(tags.stream(paths.ravel(), first.ravel()))
    row = start // time
    return row, start - row * time, end - row * time, label
