"""What of explanations is worth showing: the words that weigh something, method beside method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from onoma.runtime.explain import Explanation

__all__ = [
    "LEAST",
    "Cell",
    "Row",
    "question",
    "rows_of",
    "shares",
    "signed",
    "warning",
]

_WARNING = (
    "Attention is not an explanation by itself: it shows where the encoder looked, not what decided. Other "
    "attention can lead to the same answer (Jain & Wallace 2019, Attention is not Explanation; for the other "
    "side Wiegreffe & Pinter 2019, Attention is not not Explanation). Read it beside a method that asks "
    "what changes the answer."
)

LEAST = 0.01
"""Of a method's largest weight: less is not worth a colour or a row."""


class Cell(NamedTuple):
    """What a method says of a word: its weight, the same against the largest, another reading without it."""

    weight: float
    share: float
    instead: str = ""


class Row(NamedTuple):
    """A word, or several that were hidden together, which have no number; None: the method was not asked."""

    number: str
    word: str
    cells: list[Cell | None]


def rows_of(explanations: Sequence[Explanation], most: int) -> tuple[list[Row], int]:
    """Up to ``most`` words that weigh something by any method, and how many more do.

    Those of one method come weightiest first, of several in the order of the text. Words that were hidden
    together come last.
    """
    found = [shares(each) for each in explanations]
    weight = [max(map(abs, column)) for column in zip(*found, strict=True)]
    telling = sorted((i for i, each in enumerate(weight) if each >= LEAST), key=lambda i: -weight[i])
    chosen = telling[:most] if len(explanations) == 1 else sorted(telling[:most])
    words = explanations[0].document.words
    shown = [Row(str(i + 1), words[i], [_cell(each, i) for each in explanations]) for i in chosen]
    return [*shown, *_together(explanations)], len(telling) - len(chosen)


def _cell(explanation: Explanation, token: int) -> Cell:
    weight, other = explanation.weights[token], explanation.instead.get(token)
    then = "" if other is None else f"{explanation.document.surface(other)!r} {other.label} {other.score:.2f}"
    return Cell(weight, weight / _largest(explanation), then)


def _together(explanations: Sequence[Explanation]) -> Iterator[Row]:
    for name in dict.fromkeys(name for each in explanations for name in each.parts):
        cells = [
            Cell(part, max(-1.0, min(part / _largest(each), 1.0))) if part is not None else None
            for each, part in ((each, each.parts.get(name)) for each in explanations)
        ]
        yield Row("", name, cells)


def _largest(explanation: Explanation) -> float:
    """The size of the largest weight; 1 where all are 0."""
    return max(map(abs, explanation.weights), default=0.0) or 1.0


def shares(explanation: Explanation) -> list[float]:
    """Each word's weight against the largest."""
    whole = _largest(explanation)
    return [weight / whole for weight in explanation.weights]


def question(explanation: Explanation) -> str:
    """What is explained, in a line.

    >>> from onoma.text import Document, Entity
    >>> ada = Document.from_text("Ada wrote")
    >>> question(Explanation("occlusion", ada, Entity(0, 3, "per", 0.98), 0.97, [0.1, 0], "probability"))
    'Why "Ada" is read as per (probability 0.970)'
    """
    entity = explanation.entity
    surface = " ".join(explanation.document.surface(entity).split())
    known = f"{entity.label} (probability {explanation.probability:.3f})"
    return f'Why "{surface}" is read as {known}' if entity.score else f'What "{surface}" lacks to be {known}'


def warning(explanations: Sequence[Explanation]) -> str:
    """What must be said of attention, if it is among the methods."""
    return _WARNING if any(each.method.startswith("attention") for each in explanations) else ""


def signed(weight: float) -> str:
    """
    >>> signed(0.25), signed(-0.25), signed(0.0)
    ('+0.250', '−0.250', '0.000')
    """
    return f"{weight:+.3f}".replace("-", "−") if abs(weight) >= 0.0005 else "0.000"
