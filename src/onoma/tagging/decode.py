"""From a network's scores to the best legal tag sequence, and the probability of each of its entities.

One decoder serves training, evaluation and tagging. Networks differ only in whether they score moves
between tags (a CRF) or not (a softmax at each token):

* with transitions, ``p(tags) ∝ exp(Σ emissions + Σ transitions)`` over legal sequences, and an entity's
  probability is the marginal of exactly that span and label, by forward-backward (Rabiner 1989;
  Lafferty et al. 2001);
* without, each token's tags are a softmax, and an entity's probability is the product over its tokens.

Both find the best path by Viterbi (1967), where moves that the tag scheme forbids cannot be taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.tagging.spans import lenient_spans
from onoma.tagging.tagset import TagSet

__all__ = ["ScoredSpan", "TagScores", "decode", "marginals", "viterbi"]

Floats = NDArray[np.floating]

_NEVER = -1e30  # a score no path can make up for
_FLOOR = -80.0  # emissions this far under a token's best have probability 0 in float32 anyway

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


class _Chain(NamedTuple):
    """Scores of a batch in log space with the scheme's forbidden moves filled in, float64."""

    emissions: Floats  # [batch, time, tag]
    transitions: Floats  # [tag, tag]
    start: Floats  # [tag]
    end: Floats  # [tag]


def decode(scores: TagScores, lengths: NDArray[np.integer], tags: TagSet) -> list[list[ScoredSpan]]:
    """The entities of each sentence with their probabilities.

    ``lengths`` ``[batch]`` counts each row's tokens; what lies beyond is padding and changes nothing.

    >>> tags = TagSet(["per"], "iob2")
    >>> emissions = np.array([[[0.0, 9.0, 0.0], [0.0, 0.0, 9.0], [9.0, 0.0, 0.0]]])
    >>> [found] = decode(TagScores(emissions), np.array([3]), tags)
    >>> [(start, end, label, round(score, 3)) for start, end, label, score in found]
    [(0, 2, 'per', 1.0)]
    """
    chain = _chain(scores, tags)
    paths = _best_paths(chain, lengths)
    rows, spans = _spans(paths, lengths, tags)
    if scores.transitions is None:
        probability = _product_of_tokens(chain, paths, rows, spans)
    else:
        probability = _span_marginals(chain, lengths, tags, paths, rows, spans)
    found: list[list[ScoredSpan]] = [[] for _ in range(len(lengths))]
    columns = (rows, *spans, np.clip(probability, 0.0, 1.0))
    for row, start, end, label, p in zip(*(column.tolist() for column in columns), strict=True):
        found[row].append((start, end, tags.labels[label], p))
    return found


def viterbi(scores: TagScores, lengths: NDArray[np.integer], tags: TagSet) -> NDArray[np.int64]:
    """The best legal tag ids ``[batch, time]``, 0 (``O``) beyond each row's length."""
    return _best_paths(_chain(scores, tags), lengths)


def marginals(scores: TagScores, lengths: NDArray[np.integer], tags: TagSet) -> Floats:
    """The probability of each tag at each token ``[batch, time, tag]``, over legal sequences."""
    chain = _chain(scores, tags)
    if scores.transitions is None:
        tokens: Floats = np.exp(chain.emissions)
        return tokens
    forward, backward, _ = _forward_backward(chain, lengths)
    product: Floats = forward * backward
    product /= product.sum(-1, keepdims=True)
    return product


def _chain(scores: TagScores, tags: TagSet) -> _Chain:
    emissions = scores.emissions.astype(np.float64)
    emissions = emissions - emissions.max(-1, keepdims=True)
    if scores.transitions is None:
        emissions = emissions - np.log(np.exp(emissions).sum(-1, keepdims=True))
    count = len(tags)
    transitions = np.zeros((count, count)) if scores.transitions is None else scores.transitions
    start = np.zeros(count) if scores.start is None else scores.start
    end = np.zeros(count) if scores.end is None else scores.end
    return _Chain(
        emissions,
        np.where(tags.legal, transitions, _NEVER).astype(np.float64),
        np.where(tags.legal_start, start, _NEVER).astype(np.float64),
        np.where(tags.legal_end, end, _NEVER).astype(np.float64),
    )


def _best_paths(chain: _Chain, lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    batch, time, count = chain.emissions.shape
    if not batch or not time:
        return np.zeros((batch, time), dtype=np.int64)
    best = chain.start + chain.emissions[:, 0]  # [batch, tag]
    back = np.zeros((time, batch, count), dtype=np.int64)
    stay = np.arange(count)
    for t in range(1, time):
        moves = best[:, :, None] + chain.transitions  # [batch, from, to]
        source = moves.argmax(1)
        step = np.take_along_axis(moves, source[:, None], 1)[:, 0] + chain.emissions[:, t]
        live = (t < lengths)[:, None]
        best = np.where(live, step, best)
        back[t] = np.where(live, source, stay)
    return _trace(back, (best + chain.end).argmax(-1), lengths)


def _trace(
    back: NDArray[np.int64], last: NDArray[np.int64], lengths: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Follow the back pointers; beyond its length a row's pointers stay where they are."""
    time, batch, _ = back.shape
    paths = np.zeros((batch, time), dtype=np.int64)
    rows = np.arange(batch)
    for t in range(time - 1, -1, -1):
        paths[:, t] = last
        last = back[t, rows, last]
    paths[np.arange(time) >= np.asarray(lengths)[:, None]] = 0
    return paths


def _spans(
    paths: NDArray[np.int64], lengths: NDArray[np.integer], tags: TagSet
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]]:
    """The entities of all rows: their row, and their start, end (within the row) and label."""
    _, time = paths.shape
    first = np.zeros(paths.shape, dtype=bool)
    first[:, :1] = True
    start, end, label = lenient_spans(tags.stream(paths.ravel(), first.ravel()))
    rows = start // max(time, 1)
    return rows, (start - rows * time, end - rows * time, label)


def _product_of_tokens(
    chain: _Chain,
    paths: NDArray[np.int64],
    rows: NDArray[np.int64],
    spans: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]],
) -> Floats:
    taken = np.take_along_axis(chain.emissions, paths[:, :, None], -1)[..., 0]  # [batch, time]
    total = np.concatenate([np.zeros((len(taken), 1)), taken.cumsum(1)], 1)
    result: Floats = np.exp(total[rows, spans[1]] - total[rows, spans[0]])
    return result


def _forward_backward(chain: _Chain, lengths: NDArray[np.integer]) -> tuple[Floats, Floats, Floats]:
    """Scaled forward and backward probabilities ``[batch, time, tag]`` and the scales ``[batch, time]``.

    ``forward[t]`` sums to one; ``backward`` carries the inverse scales, so their product at ``t`` is
    proportional to the marginal and equal to it up to the scale of the sentence's end.
    """
    emit, move = np.exp(np.maximum(chain.emissions, _FLOOR)), np.exp(chain.transitions)
    batch, time, count = emit.shape
    live = np.arange(time) < np.asarray(lengths)[:, None]
    forward, scale = np.zeros_like(emit), np.ones((batch, time))
    for t in range(time):
        reach = np.exp(chain.start) if t == 0 else forward[:, t - 1] @ move
        step = np.where(live[:, t, None], reach * emit[:, t], forward[:, t - 1] if t else 1.0)
        scale[:, t] = step.sum(-1)
        forward[:, t] = step / scale[:, t, None]
    stop = np.broadcast_to(np.exp(chain.end), (batch, count))
    ending = (forward[:, -1] * stop).sum(-1) if time else np.ones(batch)
    backward = np.zeros_like(emit)
    for t in range(time - 1, -1, -1):
        last = np.asarray(lengths)[:, None] - 1 <= t
        backward[:, t] = (
            stop / ending[:, None]
            if t == time - 1
            else np.where(
                last,
                stop / ending[:, None],
                (backward[:, t + 1] * emit[:, t + 1]) @ move.T / scale[:, t + 1, None],
            )
        )
    return forward, backward, scale


def _span_marginals(
    chain: _Chain,
    lengths: NDArray[np.integer],
    tags: TagSet,
    paths: NDArray[np.int64],
    rows: NDArray[np.int64],
    spans: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]],
) -> Floats:
    """p(exactly this span): into its first tag, along its tags, and out to any tag that ends it."""
    start, end, _ = spans
    forward, backward, scale = _forward_backward(chain, lengths)
    emit, move = np.exp(np.maximum(chain.emissions, _FLOOR)), np.exp(chain.transitions)
    along = _log_steps(emit, move, scale, paths)  # [batch, time]: from t-1 to t along the path
    total = along.cumsum(1)
    inside = np.exp(total[rows, end - 1] - total[rows, start])
    tag = paths[rows, end - 1]
    leave = np.where(tags.continuation, 0.0, move)  # moves out of the entity
    after = np.minimum(end, emit.shape[1] - 1)
    out = (leave[tag] * emit[rows, after] * backward[rows, after]).sum(-1) / scale[rows, after]
    stops = end >= np.asarray(lengths)[rows]
    out = np.where(stops, backward[rows, end - 1, tag], out)
    result: Floats = forward[rows, start, paths[rows, start]] * inside * out
    return result


def _log_steps(emit: Floats, move: Floats, scale: Floats, paths: NDArray[np.int64]) -> Floats:
    taken = np.take_along_axis(emit, paths[:, :, None], -1)[..., 0]
    steps = np.ones_like(taken)
    steps[:, 1:] = move[paths[:, :-1], paths[:, 1:]] * taken[:, 1:] / scale[:, 1:]
    result: Floats = np.log(np.maximum(steps, 1e-300))
    return result
