"""What the commands that read corpora share: options as typed, and what is shown of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from onoma.corpus import Corpus
    from onoma.corpus.facts import Fates

__all__ = ["Contents", "column", "contents_table", "say_fates"]


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


def say_fates(corpus: Corpus, console: Console, show: int = 3) -> None:
    """Tell of annotations that could not be taken as they stood: how many, why, and the first few.

    And of what else was passed over, since it is no annotation of a stretch of text.
    """
    for kind, count in corpus.facts.passed.items():
        console.print(f"passed over: {count:,} {kind}", highlight=False, markup=False)
    fates = corpus.fates
    if not len(fates):
        return
    kinds = [f"{count:,} {done}: {why}" for done, counts in _kinds(fates) for why, count in counts.items()]
    console.print(
        f"of {fates.read:,} annotations, {fates.kept:,} were kept as they stood;", *kinds, sep="\n  "
    )
    for fate in fates.listed[:show]:
        console.print(f"  {fate}", highlight=False, markup=False, soft_wrap=True, style="dim")


def _kinds(fates: Fates) -> list[tuple[str, Counter[str]]]:
    return [("repaired", fates.repaired), ("left out", fates.left_out)]


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
