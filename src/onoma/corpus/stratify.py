"""Dividing labelled groups so that every label, rare ones first, is spread as the ratios ask.

Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, "On the Stratification of Multi-Label Data"):
the label with the fewest examples left is dealt out first, each example to the side that still wants most of
that label. Here an example is a group with counts, since some sentences must stay together.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Group", "stratify"]


class Group(NamedTuple):
    """Sentences that stay together: how many there are, and how many entities of each label they hold."""

    size: int
    labels: Mapping[str, int]


def stratify(groups: Sequence[Group], ratios: Sequence[float], seed: int) -> list[int]:
    """The side of each group, numbered as in ``ratios`` (which need not add up to 1).

    The same arguments give the same sides. Groups of more than a hundredth of everything are dealt before the
    others, which can still level out what those leave uneven; the others come in random order, or every
    repeated sentence would land on the largest side.

    >>> stratify([Group(1, {"per": 1})] * 4 + [Group(1, {})] * 4, [0.5, 0.5], seed=1).count(0)
    4
    """
    order = list(range(len(groups)))
    random.Random(seed).shuffle(order)
    large = sum(group.size for group in groups) / 100
    order.sort(key=lambda i: -max(groups[i].size, large))
    shares = [ratio / sum(ratios) for ratio in ratios]
    wanted = _Wanted(groups, shares)
    sides = [-1] * len(groups)
    for label in _rarest_first(groups):
        for i in order:
            if sides[i] < 0 and label in groups[i].labels:
                sides[i] = wanted.deal(groups[i], label)
    for i in order:
        if sides[i] < 0:
            sides[i] = wanted.deal(groups[i], None)
    return sides


def _rarest_first(groups: Sequence[Group]) -> list[str]:
    totals = Counter[str]()
    for group in groups:
        totals.update(group.labels)
    return sorted(totals, key=lambda label: (totals[label], label))


class _Wanted:
    """How much of each label, and how many sentences, each side still wants."""

    def __init__(self, groups: Sequence[Group], shares: Sequence[float]) -> None:
        totals = Counter[str]()
        for group in groups:
            totals.update(group.labels)
        size = sum(group.size for group in groups)
        self.sizes = [share * size for share in shares]
        self.labels = [{label: share * n for label, n in totals.items()} for share in shares]

    def deal(self, group: Group, label: str | None) -> int:
        """Give ``group`` to the side that wants most of ``label`` (None: most sentences)."""
        sides = range(len(self.sizes))
        side = max(sides, key=lambda s: (self.labels[s][label] if label else 0.0, self.sizes[s]))
        self.sizes[side] -= group.size
        for name, count in group.labels.items():
            self.labels[side][name] -= count
        return side
