"""From a document's entities to token ranges, exactly or not at all."""

from __future__ import annotations

from onoma.errors import TagError
from onoma.text.document import Document

__all__ = ["token_edges", "token_spans"]


def token_edges(document: Document) -> tuple[dict[int, int], dict[int, int]]:
    """Which token begins at an offset, and up to which token (excluded) one ends at an offset.

    >>> token_edges(Document.from_text("Ada wrote"))
    ({0: 0, 4: 1}, {3: 1, 9: 2})
    """
    opens = {token.start: i for i, token in enumerate(document.tokens)}
    closes = {token.end: i + 1 for i, token in enumerate(document.tokens)}
    return opens, closes


def token_spans(document: Document) -> list[tuple[int, int, str]]:
    """The document's entities as (first token, end token, label), in the order of the text.

    Raises `TagError` naming the entity that does not begin and end at token edges, or that overlaps
    another: tags cannot hold it, and nothing is moved or dropped here.

    >>> from onoma.text.document import Entity
    >>> document = Document.from_text("Ada Lovelace was born in London.")
    >>> token_spans(document.replace(entities=[Entity(25, 31, "geo"), Entity(0, 12, "per")]))
    [(0, 2, 'per'), (5, 6, 'geo')]
    """
    if not document.entities:
        return []
    opens, closes = token_edges(document)
    spans: list[tuple[int, int, str]] = []
    free = 0  # the first token that no entity holds yet
    for entity in sorted(document.entities, key=lambda e: (e.start, e.end)):
        first, end = opens.get(entity.start, -1), closes.get(entity.end, -1)
        name = f"{entity.label} [{entity.start}, {entity.end}) {document.surface(entity)[:60]!r}"
        if not 0 <= first < end:
            raise TagError(f"the entity {name} does not begin and end at token edges")
        if first < free:
            raise TagError(f"the entity {name} overlaps another; tags hold one label a token")
        spans.append((first, end, entity.label))
        free = end
    return spans
