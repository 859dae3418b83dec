"""Documents handled many at a time, each written block knowing what stands before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from onoma.text.document import Document

__all__ = ["BLOCK", "Before", "blocks"]

BLOCK = 1000  # documents handled together
_T = TypeVar("_T")


class Before(NamedTuple):
    """What a file holds already when a block is written: how many documents, and the last of them."""

    number: int = 0
    document: Document | None = None


def blocks(items: Iterable[_T]) -> Iterator[list[_T]]:
    """``items`` in lists of `BLOCK`, streamed.

    >>> [len(block) for block in blocks(range(1001))]
    [1000, 1]
    """
    rest = iter(items)
    while block := list(islice(rest, BLOCK)):
        yield block
