"""The four matching schemas of SemEval-2013 task 9 and their error categories from MUC-5.

Each predicted entity is taken with one gold entity or none, and the pair is judged by a schema: ``strict``
wants the same span and label, ``exact`` the same span, ``type`` an overlap and the same label;
``partial`` counts an overlap as half right, whatever the labels (Segura-Bedmar et al. 2013; Chinchor &
Sundheim 1993). The arithmetic is that of the package nervaluate from 1.0 on, which mended the counts of
earlier versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.evaluation.judged import Judged
from onoma.evaluation.matching import overlapping

__all__ = ["SCHEMAS", "MatchCounts", "Schemas", "match_schemas"]

SCHEMAS = ("strict", "exact", "partial", "type")

_FAR = np.iinfo(np.int64).max  # how far from fitting a pair is that a schema does not call correct


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """The outcomes under one schema; a ratio whose denominator is zero is 0.

    >>> counts = MatchCounts(correct=2, partial=1, missed=1)
    >>> counts.precision, counts.recall, counts.possible, counts.actual
    (0.8333333333333334, 0.625, 4, 3)
    """

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    @property
    def possible(self) -> int:
        """How many entities gold has."""
        return self.correct + self.incorrect + self.partial + self.missed

    @property
    def actual(self) -> int:
        """How many entities were predicted."""
        return self.correct + self.incorrect + self.partial + self.spurious

    @property
    def precision(self) -> float:
        """The share of the predicted that is right, a partial match counting half."""
        return (self.correct + self.partial / 2) / self.actual if self.actual else 0.0

    @property
    def recall(self) -> float:
        """The share of gold that was found, a partial match counting half."""
        return (self.correct + self.partial / 2) / self.possible if self.possible else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        whole = self.possible + self.actual
        return (2 * self.correct + self.partial) / whole if whole else 0.0

    def to_dict(self) -> dict[str, float | int]:
        """Derived figures and the counts they come from, ready for JSON."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1} | asdict(self)


@dataclass(frozen=True, slots=True)
class Schemas:
    """Outcomes by schema, of all labels together and of each label judged alone.

    A label's entities are matched with one another only, as in nervaluate, so the labels do not add up to
    ``pooled``: an entity found under another label is incorrect there, and here missed by one label and
    spurious for the other.
    """

    pooled: Mapping[str, MatchCounts]
    types: Mapping[str, Mapping[str, MatchCounts]]  # [label][schema]

    def to_dict(self) -> dict[str, Any]:
        """``pooled`` and ``types``, ready for JSON."""
        return {
            "pooled": {schema: counts.to_dict() for schema, counts in self.pooled.items()},
            "types": {
                label: {schema: counts.to_dict() for schema, counts in row.items()}
                for label, row in self.types.items()
            },
        }


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Overlapping pairs, ordered by predicted and then by gold span; all ``[pair]``."""

    predicted: NDArray[np.int64]
    gold: NDArray[np.int64]
    same_span: NDArray[np.bool_]
    same_label: NDArray[np.bool_]
    distance: NDArray[np.int64]  # between the starts and between the ends, added

    def keep(self, mask: NDArray[np.bool_]) -> _Pairs:
        columns = (self.predicted, self.gold, self.same_span, self.same_label, self.distance)
        return _Pairs(*(column[mask] for column in columns))  # type: ignore[arg-type]

    def correct(self, schema: str) -> NDArray[np.bool_]:
        """Which pairs ``schema`` calls correct."""
        if schema == "strict":
            return self.same_span & self.same_label
        return self.same_label if schema == "type" else self.same_span


def match_schemas(judged: Judged) -> Schemas:
    """Match by all four schemas, pooled and label by label.

    Predicted entities choose in the order of the text. Each takes, of the gold entities that overlap it and
    are not taken, the one that makes it correct (under ``type`` the one with the nearest boundaries, in
    characters), else the first. Two differences from nervaluate: sharing one character is an overlap, where
    it wants 1 % of the gold entity as well; and where entities of one side overlap one another, those with
    the very span of a gold entity choose first, so that no correct one loses its match to a neighbour.

    >>> from onoma.evaluation.judged import judge_tags
    >>> judged = judge_tags([["B-per", "I-per", "O"]], [["B-per", "O", "B-geo"]])
    >>> {name: counts.f1 for name, counts in match_schemas(judged).pooled.items()}
    {'strict': 0.0, 'exact': 0.0, 'partial': 0.3333333333333333, 'type': 0.6666666666666666}
    """
    pairs = _pairs(judged)
    gold = np.bincount(judged.gold.label, minlength=len(judged.labels))
    predicted = np.bincount(judged.predicted.label, minlength=len(judged.labels))
    alike = pairs.keep(pairs.same_label)
    types: dict[str, dict[str, MatchCounts]] = {label: {} for label in judged.labels}
    for schema in SCHEMAS:
        chosen = alike.keep(_chosen(alike, schema))
        label = judged.gold.label[chosen.gold]
        taken, right = (
            np.bincount(rows, minlength=len(judged.labels)) for rows in (label, label[chosen.correct(schema)])
        )
        for i, name in enumerate(judged.labels):
            types[name][schema] = _outcome(schema, *(int(n[i]) for n in (right, taken, gold, predicted)))
    return Schemas({schema: _pooled(pairs, schema, judged) for schema in SCHEMAS}, types)


def _pairs(judged: Judged) -> _Pairs:
    a, b = judged.in_a_row
    guess, place = overlapping(a, b)
    starts, ends = np.abs(a.start[place] - b.start[guess]), np.abs(a.end[place] - b.end[guess])
    same_label = a.label[place] == b.label[guess]
    return _Pairs(guess, place, starts + ends == 0, same_label, starts + ends)


def _pooled(pairs: _Pairs, schema: str, judged: Judged) -> MatchCounts:
    chosen = pairs.keep(_chosen(pairs, schema))
    right = int(chosen.correct(schema).sum())
    return _outcome(schema, right, len(chosen.gold), len(judged.gold), len(judged.predicted))


def _outcome(schema: str, right: int, taken: int, gold: int, predicted: int) -> MatchCounts:
    kind = "partial" if schema == "partial" else "incorrect"
    return MatchCounts(
        correct=right, missed=gold - taken, spurious=predicted - taken, **{kind: taken - right}
    )


def _chosen(pairs: _Pairs, schema: str) -> NDArray[np.bool_]:
    """``[pair]``: whether the two are taken together; each span is in one such pair at most."""
    correct = pairs.correct(schema)
    cost = np.where(correct, pairs.distance, _FAR).tolist()
    alone = np.bincount(pairs.predicted)[pairs.predicted] == 1
    chosen: NDArray[np.bool_] = alone & (np.bincount(pairs.gold)[pairs.gold] == 1)
    gold, predicted = pairs.gold.tolist(), pairs.predicted.tolist()
    taken: set[int] = set()
    served: set[int] = set()
    for choosing in (correct & pairs.same_span & ~chosen, ~chosen):
        for guess, choices in groupby(np.flatnonzero(choosing).tolist(), key=predicted.__getitem__):
            free = [pair for pair in choices if gold[pair] not in taken]
            if free and guess not in served:
                best = min(free, key=cost.__getitem__)  # the first of equals
                taken.add(gold[best])
                served.add(guess)
                chosen[best] = True
    return chosen
