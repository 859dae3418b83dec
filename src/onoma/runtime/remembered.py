"""`Remembered`: what is kept of an answer, as a tuple at work and as bytes where it lies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from onoma.text import Coverage, Entity, Token

__all__ = ["Remembered", "pack", "unpack"]


class Remembered(NamedTuple):
    """What is kept of an answer: no text. ``tokens`` only where the document came without.

    ``tokens`` is None where they are the default tokenizer's, which need not be kept.
    """

    entities: tuple[Entity, ...]
    coverage: Coverage | None
    tokens: tuple[Token, ...] | None


def pack(answer: Remembered) -> bytes:
    """An answer as bytes.

    >>> pack(Remembered((Entity(0, 3, "per", 0.5),), None, (Token(0, 3),)))
    b'[[[0,3,"per",0.5]],null,[[0,3]]]'
    """
    return _ENCODER.encode([list(map(_row, answer.entities)), answer.coverage, answer.tokens]).encode()


def _plain(number: Any) -> Any:
    """A number of numpy's, as taggers of other people may give, as one of Python's."""
    return number.item()


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)


def _row(entity: Entity) -> list[Any]:
    return [entity.start, entity.end, entity.label, entity.score, *map(_row, entity.alternatives)]


def _entity(row: Sequence[Any]) -> Entity:
    start, end, label, score, *alternatives = row
    return Entity(int(start), int(end), str(label), float(score), tuple(map(_entity, alternatives)))


def unpack(content: bytes | None) -> Remembered | None:
    """What `pack` packed; None for anything else.

    >>> unpack(pack(Remembered((), None, ()))), unpack(b"other")
    (Remembered(entities=(), coverage=None, tokens=()), None)
    """
    if content is None:
        return None
    try:
        entities, coverage, tokens = json.loads(content)
        return Remembered(
            tuple(map(_entity, entities)),
            None if coverage is None else Coverage(*coverage),
            None if tokens is None else tuple(Token(int(a), int(b)) for a, b in tokens),
        )
    except (ValueError, TypeError):
        return None
