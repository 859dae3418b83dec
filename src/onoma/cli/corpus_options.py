"""What the commands that read corpora share: the tag column as typed, and what to say of repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from onoma.corpus import Corpus

__all__ = ["column", "say_repairs"]


def column(given: str | None) -> int | str | None:
    """A column as typed: a number, or the name of one.

    >>> column("-1"), column("Tag"), column(None)
    (-1, 'Tag', None)
    """
    if given is None:
        return None
    try:
        return int(given)
    except ValueError:
        return given


def say_repairs(corpus: Corpus, console: Console, show: int = 3) -> None:
    """Tell of annotations that could not be taken as they stood: how many, and the first few."""
    if not len(corpus.repairs):
        return
    console.print(f"{len(corpus.repairs):,} annotations could not be taken as they stood:", style="yellow")
    for repair in corpus.repairs.listed[:show]:
        console.print(f"  {repair}", highlight=False, markup=False, soft_wrap=True)
