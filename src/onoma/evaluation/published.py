"""What the scorer of a shared task prints: its text to the last digit, and the figures in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from onoma.evaluation.counts import Counts

__all__ = ["Published", "Row", "as_figures", "in_percent", "score_line"]


class Published(NamedTuple):
    """A scorer's printed ``text``, and its ``figures`` by name, ready for JSON."""

    text: str
    figures: Mapping[str, Any]


class Row(NamedTuple):
    """Precision, recall and F1 in percent, and the counts they come from."""

    precision: float
    recall: float
    f1: float
    counts: Counts


def in_percent(counts: Counts) -> Row:
    """The figures in percent, by the operations of the Perl scorers in their order.

    A figure that ends on a five at the third decimal is rounded by its last bit, so the order matters.

    >>> in_percent(Counts(tp=1, fp=1, fn=2))[:3]
    (50.0, 33.333333333333336, 40.0)
    """
    precision = 100 * counts.tp / counts.predicted if counts.predicted else 0.0
    recall = 100 * counts.tp / counts.support if counts.support else 0.0
    both = precision + recall
    return Row(precision, recall, 2 * precision * recall / both if both else 0.0, counts)


def score_line(row: Row) -> str:
    """One line of figures, as all these scorers print it.

    >>> score_line(in_percent(Counts(tp=1, fp=1, fn=2)))
    'precision:  50.00%; recall:  33.33%; FB1:  40.00'
    """
    return f"precision: {row.precision:6.2f}%; recall: {row.recall:6.2f}%; FB1: {row.f1:6.2f}"


def as_figures(row: Row) -> dict[str, float | int]:
    """The figures of a row and how many there are, were found and are correct."""
    precision, recall, f1, counts = row
    shares = {"precision": precision, "recall": recall, "f1": f1}
    return shares | {"gold": counts.support, "found": counts.predicted, "correct": counts.tp}
