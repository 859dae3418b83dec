"""Showing entities where they stand: in a terminal here, in a browser in `onoma.runtime.page`.

Colour never carries a meaning alone: every entity stands in brackets with its label, so the text reads the
same without colours, to the colour-blind, and pasted elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from onoma.pages.markup import visible
from onoma.text import Document, Entity

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["HUES", "Segment", "entity_table", "highlighted", "hues", "segments", "visible"]

# After Okabe & Ito, "Color Universal Design" (2008): told apart with every kind of colour vision. Their blue
# is lighter here and their black is grey, for black letters stand on them and a dark ground behind.
HUES = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#7f9bd6", "#a0a0a0")


class Segment(NamedTuple):
    """A stretch of text, the innermost entity over it, and the entities that open and close with it."""

    text: str
    entity: Entity | None
    opens: tuple[Entity, ...]
    closes: tuple[Entity, ...]


def segments(document: Document) -> Iterator[Segment]:
    """The text of ``document`` cut at every edge of an entity; joined again it is the text.

    >>> document = Document("Ada wrote", entities=(Entity(0, 3, "per"),))
    >>> [(segment.text, bool(segment.entity)) for segment in segments(document)]
    [('Ada', True), (' wrote', False)]
    """
    opening: defaultdict[int, list[Entity]] = defaultdict(list)
    closing: defaultdict[int, list[Entity]] = defaultdict(list)
    for entity in document.entities:
        opening[entity.start].append(entity)
        closing[entity.end].append(entity)
    under: list[Entity] = []
    for start, end in pairwise(sorted({0, len(document.text), *opening, *closing})):
        opens = tuple(opening.get(start, ()))
        under = [entity for entity in (*under, *opens) if entity.end > start]
        inner = min(under, key=lambda entity: entity.end - entity.start, default=None)
        yield Segment(document.text[start:end], inner, opens, tuple(closing.get(end, ())))


def hues(labels: Sequence[str]) -> dict[str, int]:
    """A place in `HUES` for each label; the same labels always get the same colours.

    >>> hues(["per", "geo"])
    {'geo': 0, 'per': 1}
    """
    return {label: at % len(HUES) for at, label in enumerate(sorted(labels))}


def highlighted(document: Document, labels: Sequence[str]) -> Text:
    """The text of ``document`` for a terminal, each entity coloured, in brackets, with its label.

    >>> document = Document("Ada wrote", entities=(Entity(0, 3, "per"),))
    >>> highlighted(document, ["per"]).plain
    '[Ada per] wrote'
    """
    from rich.text import Text

    places = hues(labels)
    text = Text()
    for segment in segments(document):
        style = f"black on {HUES[places.get(segment.entity.label, 0)]}" if segment.entity else ""
        text.append("[" * len(segment.opens), style)
        text.append(visible(segment.text), style)
        for entity in segment.closes:
            text.append(f" {visible(entity.label)}]", f"bold {style}")
    return text


def entity_table(document: Document) -> Table:
    """The entities of ``document`` for a terminal, one a row: start, end, label, score, text."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("start", "end"):
        table.add_column(name, justify="right")
    table.add_column("label")
    table.add_column("score", justify="right")
    table.add_column("text", overflow="fold")
    for entity in document.entities:
        shown = visible(document.surface(entity)).replace("\n", "␊")
        row = (str(entity.start), str(entity.end), visible(entity.label), f"{entity.score:.3f}", shown)
        table.add_row(*map(Text, row))
    return table
