"""The levels of the compiled library that this processor can run: a table that test files run over."""

from __future__ import annotations

from typing import NamedTuple

from onoma.tagging.kernel import LEVELS, Library, load_kernel

__all__ = ["COMPILED", "LEVELS_HERE", "LevelHere"]

COMPILED = load_kernel() is not None


class LevelHere(NamedTuple):
    """A level by its place in `LEVELS`."""

    number: int

    def __str__(self) -> str:
        return LEVELS[self.number]

    def library(self) -> Library:
        """The library at this level."""
        return Library(level=self.number)


LEVELS_HERE = [LevelHere(number) for number in range(Library().best + 1)] if COMPILED else [LevelHere(0)]
