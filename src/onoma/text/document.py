"""The nouns of text: `Token`, `Entity`, `Document`.

All offsets are half-open ranges of Unicode code points, so ``text[start:end]`` is always exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from onoma.errors import InputError
from onoma.text.tokenizer import tokenize

__all__ = ["Annotate", "Coverage", "Document", "Entity", "Token"]

_NO_META: Mapping[str, Any] = MappingProxyType({})


class Token(NamedTuple):
    """A stretch of text that gets one tag: ``[start, end)`` in code points.

    >>> Token(0, 5)
    Token(start=0, end=5)
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity: ``[start, end)`` in code points, its label, and the probability that it is right.

    ``alternatives`` are other readings of the same place, the likeliest first, where a tagger was asked for
    them; they are no part of what makes entities equal.

    >>> Entity(0, 5, "per").score
    1.0
    """

    start: int
    end: int
    label: str
    score: float = 1.0
    alternatives: tuple[Entity, ...] = field(default=(), compare=False, repr=False)


class Coverage(NamedTuple):
    """How a tagger read a text: how many of its characters, in how many windows, and which tagger it was.

    ``certainty`` is the probability, as the tagger sees it, that its whole reading is right, what it did not
    find included (of several windows, of the least certain); None where a tagger does not tell.
    """

    characters: int
    windows: int
    tagger: str
    certainty: float | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A text, its tokens and its entities; frozen, changed by `replace`.

    ``id`` names the document in its corpus; ``meta`` holds what a reader knows besides
    (``meta["document"]`` names the article that a sentence stands in, where a format has articles).
    ``coverage`` is set by the tagger that read the text; it is no part of what makes documents equal.

    >>> document = Document.from_text("Ada Lovelace was born in London.")
    >>> [document.text[t.start : t.end] for t in document.tokens]
    ['Ada', 'Lovelace', 'was', 'born', 'in', 'London', '.']
    >>> tagged = document.replace(entities=(Entity(0, 12, "per"),))
    >>> tagged.surface(tagged.entities[0])
    'Ada Lovelace'
    """

    text: str
    tokens: tuple[Token, ...] = ()
    entities: tuple[Entity, ...] = ()
    id: str | None = None
    meta: Mapping[str, Any] = field(default_factory=lambda: _NO_META)
    coverage: Coverage | None = field(default=None, compare=False)

    @classmethod
    def from_text(cls, text: str, *, id: str | None = None) -> Document:
        """Tokenise ``text`` with the default tokenizer; raises `InputError` if it is no string."""
        if not isinstance(text, str):
            raise InputError(f"a document's text must be a str, not {type(text).__name__}")
        return cls(text, tuple(map(Token._make, tokenize(text))), id=id)

    @classmethod
    def from_words(
        cls,
        words: Sequence[str],
        spans: Iterable[tuple[int, int, str]] = (),
        *,
        id: str | None = None,
        meta: Mapping[str, Any] = _NO_META,
    ) -> Document:
        """Join ``words`` by single spaces; ``spans`` are entities as (first word, end word, label).

        >>> Document.from_words(["Ada", "Lovelace", "wrote"], [(0, 2, "per")]).entities
        (Entity(start=0, end=12, label='per', score=1.0),)
        """
        tokens: list[Token] = []
        at = 0
        for word in words:
            tokens.append(Token(at, at + len(word)))
            at += len(word) + 1
        entities = [Entity(tokens[a].start, tokens[b - 1].end, label) for a, b, label in spans]
        return cls(" ".join(words), tuple(tokens), tuple(entities), id, meta)

    @property
    def words(self) -> list[str]:
        """The text of each token, in order."""
        text = self.text
        return [text[token.start : token.end] for token in self.tokens]

    def surface(self, entity: Entity) -> str:
        """The text of ``entity``."""
        return self.text[entity.start : entity.end]

    def replace(self, **changes: Any) -> Document:
        """A copy with some fields changed; tokens and entities may be any iterable."""
        for name in ("tokens", "entities"):
            if name in changes:
                changes[name] = tuple(changes[name])
        return replace(self, **changes)


Annotate = Callable[[Sequence[Document]], list[Document]]
"""What every tagger is: documents in, the same documents with entities out, in the same order."""
