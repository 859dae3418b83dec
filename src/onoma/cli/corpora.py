"""What the commands that read corpora share: options as typed, and what is shown of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from onoma.corpus import Corpus

__all__ = ["Contents", "column", "contents_table", "say_repairs"]


class Contents(Protocol):
    """How much a corpus, or a part of one, holds."""

    sentences: int
    tokens: int
    entities: Counter[str]


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


def contents_table(contents: Mapping[str, Contents]) -> Table:
    """Sentences, tokens and entities of each label, a column for each name in ``contents``."""
    from rich.markup import escape
    from rich.table import Table

    sides = list(contents.values())
    total = max(sum(side.sentences for side in sides), 1)
    table = Table("", *map(escape, contents))
    for each in table.columns[1:]:
        each.justify = "right"
    table.add_row("sentences", *(f"{side.sentences:,}" for side in sides))
    table.add_row("share", *(f"{side.sentences / total:.1%}" for side in sides))
    table.add_row("tokens", *(f"{side.tokens:,}" for side in sides), end_section=True)
    for label in sorted({label for side in sides for label in side.entities}):
        table.add_row(escape(label), *(f"{side.entities[label]:,}" for side in sides))
    return table
