"""Renaming, merging and dropping labels as a corpus is read.

Several labels that get the same new name are merged; a label whose new name is empty is dropped, and the
annotations that had it are left out, with a fate each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from onoma.errors import InputError, nearest

__all__ = ["DROPPED", "LabelMap"]

DROPPED = ""  # the new name of a label that is not wanted
_REST = "*"


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Old labels and their new ones, as pairs; ``*`` stands for every label that is not named.

    Labels that are not named stay as they are, unless the map is ``closed``: then it is a map between two
    named taxonomies, and a label it does not know is an error.

    >>> labels = LabelMap.of({"geo": "LOC", "gpe": "LOC", "tim": ""})
    >>> [labels.new(name) for name in ("geo", "gpe", "tim", "per")]
    ['LOC', 'LOC', '', 'per']
    """

    pairs: tuple[tuple[str, str], ...]
    closed: str | None = None  # the name of the taxonomy whose labels, and no others, are expected

    @classmethod
    def of(cls, names: Mapping[str, str], closed: str | None = None) -> LabelMap:
        """The map with these new names, in an order that does not depend on how they were given."""
        return cls(tuple(sorted(names.items())), closed)

    def new(self, label: str) -> str:
        """The new name of ``label``; empty when it is dropped. Raises `InputError` if the map is closed and
        does not know it."""
        names = dict(self.pairs)
        if label in names:
            return names[label]
        if self.closed is not None and _REST not in names:
            known = nearest(label, [name for name, _ in self.pairs])
            raise InputError(f"the taxonomy {self.closed} has no label {label!r}; {known}")
        return names.get(_REST, label)

    def unused(self, labels: Iterable[str]) -> list[str]:
        """The old labels that are named one by one but not among ``labels``; none of a closed map."""
        if self.closed is not None:
            return []
        return sorted({name for name, _ in self.pairs}.difference(labels, {_REST}))
