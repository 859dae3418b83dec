"""Pairs of similar sets, found without comparing every two.

Two sets of sizes m and n with Jaccard similarity t share at least t (m + n) / (1 + t) items, so when the
items are ordered, the rarest first, they share one among the first m - ceil(t m) + 1 of each. Only sets that
do are compared. This is exact but for one bound: of the sets that have a rare item in common, each is
compared with the `NEIGHBOURS` next ones in size, so that a template used ten thousand times costs no hundred
million comparisons.

Sources: prefix filtering, Chaudhuri, Ganti & Kaushik 2006, and Bayardo, Ma & Srikant 2007; the positional
filter, Xiao, Wang, Lin & Yu 2008 (PPJoin).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEIGHBOURS", "Sets", "similar_pairs"]

Ints = NDArray[np.integer[Any]]

NEIGHBOURS = 100
_CHUNK = 200_000  # pairs compared at once


class Sets(NamedTuple):
    """Sets of small integers: set i holds ``items[edges[i] : edges[i + 1]]``, each once."""

    items: Ints
    edges: Ints

    @property
    def sizes(self) -> Ints:
        """``[set]``."""
        return np.diff(self.edges)

    @classmethod
    def of(cls, items: Ints, owners: Ints, count: int) -> Sets:
        """Sets 0 to ``count`` - 1 from pairs of an item and its owner, repeats and any order allowed.

        >>> Sets.of(np.array([5, 5, 7, 5]), np.array([0, 0, 0, 1]), 2)
        Sets(items=array([5, 7, 5]), edges=array([0, 2, 3]))
        """
        width = int(items.max(initial=0)) + 1
        pairs = np.unique(owners.astype(np.int64) * width + items)
        edges = np.searchsorted(pairs, np.arange(count + 1) * width)
        return cls(pairs % width, edges)


def similar_pairs(sets: Sets, threshold: float, smallest: int) -> Ints:
    """``[pair, 2]``: the pairs (i < j) of sets of at least ``smallest`` items whose Jaccard similarity is at
    least ``threshold``, in order.

    >>> sets = Sets.of(np.array([1, 2, 3, 4, 1, 2, 3, 9, 7]), np.array([0, 0, 0, 0, 1, 1, 1, 1, 2]), 3)
    >>> similar_pairs(sets, 0.6, 2).tolist()
    [[0, 1]]
    """
    ordered = _rarest_first(sets)
    found = [
        pairs[_jaccard(ordered, pairs) >= threshold - 1e-12]
        for pairs in _candidates(ordered, threshold, smallest)
    ]
    return np.concatenate([np.zeros((0, 2), dtype=np.int64), *found])


def _rarest_first(sets: Sets) -> Sets:
    """The same sets with their items numbered by rarity and sorted."""
    counts = np.bincount(sets.items)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    owners = np.repeat(np.arange(len(sets.sizes)), sets.sizes)
    return Sets.of(rank[sets.items], owners, len(sets.sizes))


def _candidates(sets: Sets, threshold: float, smallest: int) -> Iterator[Ints]:
    """Pairs that may be similar, each once, in chunks."""
    codes = np.unique(np.concatenate([np.zeros(0, np.int64), *_sharing(sets, threshold, smallest)]))
    for low in range(0, len(codes), _CHUNK):
        yield np.stack(np.divmod(codes[low : low + _CHUNK], len(sets.sizes)), axis=1)


def _sharing(sets: Sets, threshold: float, smallest: int) -> Iterator[Ints]:
    """Codes (i times the number of sets, plus j) of pairs that share an item of their prefixes."""
    sizes = sets.sizes
    owner = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(owner)) - sets.edges[:-1][owner]
    size = sizes[owner]
    prefix = size - np.ceil(threshold * size - 1e-9).astype(np.int64) + 1
    kept = (place < prefix) & (size >= smallest)
    item, owner, place, size = (column[kept] for column in (sets.items, owner, place, size))
    order = np.lexsort((owner, size, item))
    item, owner, place, size = (column[order] for column in (item, owner, place, size))
    for step in range(1, NEIGHBOURS + 1):
        same = np.flatnonzero(item[:-step] == item[step:])
        if not len(same):
            return
        other = same + step
        most = np.minimum(size[same] - place[same], size[other] - place[other])  # they can share
        enough = most * (1 + threshold) >= threshold * (size[same] + size[other]) - 1e-9
        a, b = owner[same[enough]], owner[other[enough]]
        yield np.minimum(a, b) * len(sizes) + np.maximum(a, b)


def _jaccard(sets: Sets, pairs: Ints) -> NDArray[np.float64]:
    """``[pair]``: how much of both sets the two share."""
    width = int(sets.items.max(initial=0)) + 1
    coded = [_coded(sets, side, width) for side in pairs.T]
    both = np.sort(np.concatenate(coded))
    twice = both[:-1][both[:-1] == both[1:]]
    shared = np.bincount(twice // width, minlength=len(pairs))
    sizes = sets.sizes[pairs].sum(axis=1)
    result: NDArray[np.float64] = shared / np.maximum(sizes - shared, 1)
    return result


def _coded(sets: Sets, which: Ints, width: int) -> Ints:
    """The items of each set of ``which``, told apart by its place in ``which``."""
    sizes = sets.sizes[which]
    edges = np.cumsum(sizes) - sizes
    at = np.repeat(sets.edges[which] - edges, sizes) + np.arange(int(sizes.sum()))
    return np.repeat(np.arange(len(which)), sizes) * width + sets.items[at]
