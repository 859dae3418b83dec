"""The nouns of text: `Token`, `Entity`, `Document`.

All offsets are half-open ranges of Unicode code points, so ``text[start:end]`` is always exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from onoma.errors import InputError
from onoma.text.tokenizer import place, split, tokenize

__all__ = ["LATER", "Annotate", "Coverage", "Document", "Entity", "Token"]

_NO_META: Mapping[str, Any] = MappingProxyType({})


class Token(NamedTuple):
    """A stretch of text that gets one tag: ``[start, end)`` in code points.

    >>> Token(0, 5)
    Token(start=0, end=5)
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True, init=False)
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

    def __init__(
        self, start: int, end: int, label: str, score: float = 1.0, alternatives: tuple[Entity, ...] = ()
    ) -> None:
        _set_start(self, start)
        _set_end(self, end)
        _set_label(self, label)
        _set_score(self, score)
        _set_alternatives(self, alternatives)


def _setters(noun: type) -> Iterator[Callable[[object, Any], None]]:
    """What fills the slots of a frozen class; twice as quick as `object.__setattr__`."""
    return (noun.__dict__[each.name].__set__ for each in fields(noun))


_set_start, _set_end, _set_label, _set_score, _set_alternatives = _setters(Entity)


class Coverage(NamedTuple):
    """How a tagger read a text: how many of its characters, in how many windows, and which tagger it was.

    ``certainty`` is the probability, as the tagger sees it, that its whole reading is right, what it did not
    find included (of several windows, of the least certain); None where a tagger does not tell.
    """

    characters: int
    windows: int
    tagger: str
    certainty: float | None = None


LATER: Any = object()  # instead of tokens: those of the default tokenizer, once they are asked for


@dataclass(frozen=True, slots=True, init=False)
class Document:
    """A text, its tokens and its entities; frozen, changed by `replace`.

    ``id`` names the document in its corpus; ``meta`` holds what a reader knows besides
    (``meta["document"]`` names the article that a sentence stands in, where a format has articles).
    ``coverage`` is set by the tagger that read the text; it is no part of what makes documents equal. Tokens
    of the default tokenizer (``tokens`` given as `LATER`) are made when they are first asked for: a text that
    is only tagged never needs them.

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

    def __init__(
        self,
        text: str,
        tokens: tuple[Token, ...] = (),
        entities: tuple[Entity, ...] = (),
        id: str | None = None,
        meta: Mapping[str, Any] = _NO_META,
        coverage: Coverage | None = None,
    ) -> None:
        _set_text(self, text)
        if tokens is not LATER:
            _set_tokens(self, tokens)
        _set_entities(self, entities)
        _set_id(self, id)
        _set_meta(self, meta)
        _set_coverage(self, coverage)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The tokens, where they are asked for and were not made yet."""
            if name != "tokens":
                raise AttributeError(f"a Document has no attribute {name!r}")
            tokens = tuple(map(Token._make, tokenize(self.text)))
            _set_tokens(self, tokens)
            return tokens

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with its tokens, and with ``meta`` as a dict: a read-only mapping cannot be pickled."""
        return _restored, (self.text, self.tokens, self.entities, self.id, dict(self.meta), self.coverage)

    @classmethod
    def from_text(cls, text: str, *, id: str | None = None) -> Document:
        """A document with the default tokenizer's tokens; raises `InputError` if ``text`` is no string."""
        if not isinstance(text, str):
            raise InputError(f"a document's text must be a str, not {type(text).__name__}")
        return cls(text, LATER, id=id)

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
        text, tokens = self.text, self.tokens_or_later
        return split(text) if tokens is LATER else [text[start:end] for start, end in tokens]

    @property
    def begins(self) -> list[int]:
        """Where each token begins."""
        tokens = self.tokens_or_later
        return place(self.text, self.words) if tokens is LATER else [token[0] for token in tokens]

    @property
    def tokens_or_later(self) -> tuple[Token, ...]:
        """The tokens, or that they are to be made later."""
        try:
            tokens: tuple[Token, ...] = _get_tokens(self)
        except AttributeError:
            tokens = LATER
        return tokens

    def surface(self, entity: Entity) -> str:
        """The text of ``entity``."""
        return self.text[entity.start : entity.end]

    def replace(self, **changes: Any) -> Document:
        """A copy with some fields changed; tokens and entities may be any iterable."""
        for name in ("tokens", "entities"):
            if name in changes:
                changes[name] = tuple(changes[name])
        return replace(self, **{"tokens": self.tokens_or_later, **changes})

    def tagged(self, entities: tuple[Entity, ...], coverage: Coverage) -> Document:
        """A copy with what a tagger found; quicker than `replace`."""
        return Document(self.text, self.tokens_or_later, entities, self.id, self.meta, coverage)

    def tokenised(self) -> Document:
        """This document if it has tokens, else the same with those of the default tokenizer.

        >>> Document("Ada wrote.", id="a").tokenised().words
        ['Ada', 'wrote', '.']
        """
        return self if self.tokens_or_later else replace(self, tokens=LATER)


def _restored(text: str, *rest: Any) -> Document:
    tokens, entities, id, meta, coverage = rest
    return Document(text, tokens, entities, id, meta or _NO_META, coverage)


_set_text, _set_tokens, _set_entities, _set_id, _set_meta, _set_coverage = _setters(Document)
_get_tokens = Document.__dict__["tokens"].__get__

Annotate = Callable[[Sequence[Document]], list[Document]]
"""What every tagger is: documents in, the same documents with entities out, in the same order."""
