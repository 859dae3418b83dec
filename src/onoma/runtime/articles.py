"""Giving a tagger whole articles, where a corpus holds their sentences one by one.

A tagger that reads sentences with their neighbours (``context`` ``document`` in its manifest) sees none in a
document that is a single sentence. Here the sentences of an article, which ``meta["document"]`` names, are
put together, tagged as one text, and parted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby

from onoma.runtime.tagger import Tagger
from onoma.runtime.texts import tokenised
from onoma.text import Annotate, Coverage, Document, Entity, Token

__all__ = ["by_article", "in_context", "joined", "wants_articles"]

_BETWEEN = "\n\n"  # a blank line always parts sentences


def wants_articles(tagger: Tagger) -> bool:
    """Whether ``tagger`` reads sentences with their neighbours."""
    return tagger.manifest.context


def in_context(tagger: Tagger) -> Annotate:
    """``tagger``, given the sentences of articles together if it wants that."""
    return by_article(tagger) if wants_articles(tagger) else tagger


def by_article(annotate: Annotate) -> Annotate:
    """``annotate``, given documents that follow one another and are of one article as one.

    Each document comes back with its own text, tokens, id and meta; that of a sentence does not depend on
    the other articles it came with. Documents that name no article stay as they are. How sure the tagger is
    of a whole document it tells of an article alone, so such documents' `Coverage.certainty` is None.

    >>> from onoma.text import Entity
    >>> def second(documents):
    ...     return [d.replace(entities=[Entity(*d.tokens[1], "x")]) for d in documents]
    >>> article = {"document": "1"}
    >>> sentences = [Document.from_words(words).replace(meta=article) for words in (["a"], ["b", "c"])]
    >>> [[d.surface(e) for e in d.entities] for d in by_article(second)(sentences)]
    [[], ['b']]
    """

    def annotated(documents: Sequence[Document]) -> list[Document]:
        groups = list(_groups(documents))
        found = annotate([joined(group) for group in groups])
        return [part for group, whole in zip(groups, found, strict=True) for part in _parted(group, whole)]

    return annotated


def _groups(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Neighbours that name the same article; what names none is alone."""
    numbered = enumerate(map(tokenised, documents))
    for _, group in groupby(numbered, key=_article):
        yield [document for _, document in group]


def _article(numbered: tuple[int, Document]) -> object:
    number, document = numbered
    name = document.meta.get("document")
    return number if name is None else str(name)


def _starts(group: Sequence[Document]) -> list[int]:
    """Where in the joined text each of ``group`` begins."""
    return [0, *accumulate(len(document.text) + len(_BETWEEN) for document in group[:-1])]


def joined(group: Sequence[Document]) -> Document:
    """Documents as one without entities, a blank line between two.

    >>> joined([Document.from_words(words) for words in (["a"], ["b", "c"])]).text
    'a\\n\\nb c'
    """
    if len(group) == 1:
        return group[0]
    tokens = [
        Token(token.start + start, token.end + start)
        for start, document in zip(_starts(group), group, strict=True)
        for token in document.tokens
    ]
    return Document(_BETWEEN.join(document.text for document in group), tuple(tokens))


def _parted(group: Sequence[Document], whole: Document) -> Iterator[Document]:
    """The documents of ``group`` with those entities of ``whole``, the same joined, that lie in them."""
    if len(group) == 1:
        yield whole
        return
    entities = iter(whole.entities)
    entity = next(entities, None)
    for start, document in zip(_starts(group), group, strict=True):
        own, end = [], start + len(document.text)
        while entity is not None and entity.start < end:
            own += [_moved(entity, -start)] * (start <= entity.start and entity.end <= end)
            entity = next(entities, None)
        yield document.replace(entities=own, coverage=_coverage(document, whole.coverage))


def _moved(entity: Entity, by: int) -> Entity:
    others = tuple(_moved(other, by) for other in entity.alternatives)
    return replace(entity, start=entity.start + by, end=entity.end + by, alternatives=others)


def _coverage(document: Document, whole: Coverage | None) -> Coverage | None:
    return whole and Coverage(len(document.text), 1 if document.tokens else 0, whole.tagger)
