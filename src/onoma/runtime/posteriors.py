"""What trained taggers believe of sentences: the probability of every move between tags, not only the best.

Bundles of any architecture can be asked, several at once, and in the tags of another: so one tagger teaches
the next (see `onoma.training.distil`). A bundle's temperature, fitted on dev, is part of what it believes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.runtime.side_by_side import Room, grouped
from onoma.runtime.tagger import Tagger
from onoma.tagging import TagSet
from onoma.tagging.chain import Floats
from onoma.tagging.posterior import Bridge, Moved, check_same_labels, sparse_moves
from onoma.text.windows import Window, plan_windows

__all__ = ["LEAST", "Teachers"]

LEAST = 1e-3
"""Moves less likely than this are not kept: most tokens then need one or two."""
_ROOM = Room(32, 2048)  # sentences, and their words, in one pass of forward-backward

Rows = Sequence[Sequence[str]]


class Teachers:
    """Taggers that are asked together; their belief is the mean of theirs, weighed by ``weights``.

    Raises `InputError` when there is none, when a weight is not above 0, or when a tagger's labels are not
    those of ``tags``.

    >>> import onoma
    >>> tagger = onoma.load()
    >>> tags = TagSet(tagger.labels, "iob2")
    >>> [moved] = Teachers([tagger], tags)([["She", "met", "Lincoln", "."]])
    >>> moved.tags(4, len(tags)).shape
    (4, 17)
    """

    def __init__(
        self, taggers: Sequence[Tagger], tags: TagSet, weights: Sequence[float] | None = None
    ) -> None:
        given = [1.0] * len(taggers) if weights is None else [float(weight) for weight in weights]
        if not taggers or len(given) != len(taggers) or not all(weight > 0 for weight in given):
            raise InputError(
                f"teachers need a weight above 0 each; {len(taggers)} teachers and the weights {given} "
                "were given"
            )
        for tagger in taggers:
            check_same_labels(tagger.labels, tags.labels)
        self.tags, self.taggers = tags, list(taggers)
        self._shares = [weight / sum(given) for weight in given]
        self._bridges = [Bridge(tagger.engine.chain, tags) for tagger in taggers]

    @property
    def version(self) -> str:
        """A number that no other teachers have, nor these under another temperature or in other tags."""
        about = [
            (tagger.version, tagger.engine.chain.sharpness, share)
            for tagger, share in zip(self.taggers, self._shares, strict=True)
        ]
        return hashlib.sha256(f"{about} {self.tags.names} {LEAST}".encode()).hexdigest()[:24]

    def __call__(self, rows: Rows, sizes: Sequence[int] = ()) -> list[Moved]:
        """What they believe of each row of words, a sentence each.

        ``sizes``, how many of the rows each document has, is for taggers that read a row with its neighbours.
        """
        asked = [
            list(self._asked(t, b, rows, sizes)) for t, b in zip(self.taggers, self._bridges, strict=True)
        ]
        return [sparse_moves(_mean(beliefs, self._shares), LEAST) for beliefs in zip(*asked, strict=True)]

    def _asked(self, tagger: Tagger, bridge: Bridge, rows: Rows, sizes: Sequence[int]) -> Iterator[Floats]:
        """The moves of each row as one tagger sees them; a row longer than it reads is put together."""
        size = tagger.manifest.row
        plans = [plan_windows(len(row), [0], size.size, size.overlap) for row in rows]
        parts = [row[w.start : w.end] for row, plan in zip(rows, plans, strict=True) for w in plan]
        counts = [sum(map(len, plans[a:b])) for a, b in pairwise([0, *accumulate(sizes)])]
        emissions = tagger.engine.emissions(parts, counts)
        moves = iter(_moves(bridge, emissions))
        return (_stitched(plan, [next(moves) for _ in plan]) for plan in plans)


class _Row(NamedTuple):
    at: int
    moves: Floats


def _moves(bridge: Bridge, emissions: Sequence[NDArray[np.float32]]) -> list[Floats]:
    """The moves of each row of emissions, some rows of like length at a time."""
    found: list[_Row] = []
    for group in grouped([len(each) for each in emissions], _ROOM):
        lengths = np.array([len(emissions[i]) for i in group])
        padded = np.zeros((len(group), int(lengths.max()), emissions[group[0]].shape[-1]), np.float32)
        for row, i in enumerate(group):
            padded[row, : lengths[row]] = emissions[i]
        found += map(_Row, group, bridge.moves(padded, lengths))
    return [each.moves for each in sorted(found, key=lambda each: each.at)]


def _stitched(plan: Sequence[Window], moves: Sequence[Floats]) -> Floats:
    """Each token's moves as the window saw them whose core holds it."""
    if len(plan) == 1:
        return moves[0]
    own = [each[w.core_start - w.start : w.core_end - w.start] for w, each in zip(plan, moves, strict=True)]
    return np.concatenate(own)


def _mean(beliefs: Sequence[Floats], shares: Sequence[float]) -> Floats:
    if len(beliefs) == 1:
        return beliefs[0]
    mean: Floats = sum(share * each for share, each in zip(shares, beliefs, strict=True))  # type: ignore[assignment]
    return mean
