"""Making documents fit a format: what it cannot hold is left out by a stated rule, and counted.

Of entities that overlap, the longest stay, then the first in the text: in a format that holds none, and in
each layer of one that holds layers. Where a format holds entities inside others, only those that cross a
longer one are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from onoma.corpus.annotated import cut, layers
from onoma.corpus.formats import HOLDS, Format
from onoma.text.document import Document, Entity

__all__ = ["Losses", "fit"]


@dataclass(slots=True)
class Losses:
    """What a format could not hold: for each thing, how many entities and documents it concerned."""

    entities: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)

    def lines(self, *, of_entities: bool = False) -> list[str]:
        """The losses in words; all, or only those that concern entities.

        >>> Losses(Counter(overlaps=3), Counter(overlaps=2, ids=9)).lines()
        ['entities that overlap: 3 entities in 2 documents', 'ids of documents: 9 documents']
        """
        return [
            f"{HOLDS[name]}: "
            + (f"{_counted(self.entities[name], 'entity', 'entities')} in " if self.entities[name] else "")
            + _counted(self.documents[name], "document", "documents")
            for name in HOLDS
            if self.documents[name] and (self.entities[name] or not of_entities)
        ]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def fit(document: Document, number: int, form: Format, losses: Losses) -> Document:
    """``document``, the ``number``-th from 1, with the entities that ``form`` can hold; the rest is counted.

    >>> from onoma.corpus.formats import FORMATS
    >>> nested = Document.from_text("Bank of Oldport", id="1").replace(
    ...     entities=[Entity(0, 15, "org"), Entity(8, 15, "geo")])
    >>> losses = Losses()
    >>> fit(nested, 1, FORMATS["conll"], losses).entities
    (Entity(start=0, end=15, label='org', score=1.0),)
    >>> losses.entities, losses.documents
    (Counter({'overlaps': 1}), Counter({'overlaps': 1}))
    """
    if len(document.entities) > 1 and "overlaps" not in form.holds:
        kept = sorted(_kept(document.entities, form.holds))
        if lost := len(document.entities) - len(kept):
            losses.entities["overlaps"] += lost
            losses.documents["overlaps"] += 1
            document = document.replace(entities=[document.entities[i] for i in kept])
    for name, count in _lost(document, number, form.holds):
        losses.documents[name] += 1
        losses.entities[name] += count
    return document


def _kept(entities: Sequence[Entity], holds: frozenset[str]) -> list[int]:
    if "nesting" in holds:
        return _uncrossed(entities)
    found = layers(entities)
    return [i for layer in found[: 2 if "two layers" in holds else 1] for i in layer]


def _uncrossed(entities: Sequence[Entity]) -> list[int]:
    """Which entities to keep so that each two stand apart or one inside the other."""
    kept: list[int] = []
    for i in sorted(
        range(len(entities)), key=lambda i: (entities[i].start - entities[i].end, entities[i].start)
    ):
        if not any(_cross(entities[i], entities[k]) for k in kept):
            kept.append(i)
    return kept


def _cross(a: Entity, b: Entity) -> bool:
    return a.start < b.start < a.end < b.end or b.start < a.start < b.end < a.end


def _lost(document: Document, number: int, holds: frozenset[str]) -> Iterator[tuple[str, int]]:
    """What of a document a format does not hold, and how many entities that concerns."""
    for name, count in _COUNTS.items():
        if name not in holds and (found := count(document)):
            yield name, 0 if name != "scores" else found
    if "ids" not in holds and document.id not in (None, str(number)):
        yield "ids", 0
    if "meta" not in holds and any(f"meta.{k}" not in holds for k in document.meta if k != "document"):
        yield "meta", 0


_COUNTS: dict[str, Callable[[Document], int]] = {
    "scores": lambda document: sum(entity.score != 1.0 for entity in document.entities),
    "text": lambda document: document.text != " ".join(document.words),
    "tokens": lambda document: document.tokens != _default_tokens(document),
    "articles": lambda document: document.meta.get("document") is not None,
    "empty": lambda document: not document.tokens,
}


def _default_tokens(document: Document) -> object:
    return cut(Document.from_text(document.text).tokens, document.entities)
