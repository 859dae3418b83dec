"""Things that belong together because they share a mark, directly or through others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

__all__ = ["together"]


def together(marks: Sequence[Iterable[Hashable | None]]) -> list[list[int]]:
    """Groups of indices whose ``marks`` touch, in the order of their first members; None is no mark.

    >>> together([("a", 1), ("b", None), ("c", 1), ("b", 2)])
    [[0, 2], [1, 3]]
    """
    parent = list(range(len(marks)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seen: dict[Hashable, int] = {}
    for i, mine in enumerate(marks):
        for mark in mine:
            if mark is not None:
                first, here = sorted((root(seen.setdefault(mark, i)), root(i)))
                parent[here] = first
    groups: dict[int, list[int]] = {}
    for i in range(len(marks)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())
