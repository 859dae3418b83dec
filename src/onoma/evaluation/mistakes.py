"""Every mistake once, sorted by what is wrong with it.

Gold and predicted entities of a sentence are paired one to one, those that share the most characters first,
so the counts balance: each entity of either side is in one pair, or missed, or spurious.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.evaluation.judged import Judged, SpanTable
from onoma.evaluation.matching import overlapping

__all__ = ["KINDS", "RIGHT", "Confusion", "Mistake", "Mistakes", "Pair", "sort_mistakes"]

KINDS = ("missed", "spurious", "wrong label", "wrong boundary", "both")
RIGHT = "right"

Numbers = NDArray[np.int64]
Marked = tuple[int, int, str]  # start and end in characters of the text, label


class Pair(NamedTuple):
    """An outcome and the labels on both sides; None on the side that has no entity."""

    kind: str
    gold: str | None
    predicted: str | None


class Mistake(NamedTuple):
    """One mistake in its sentence. A spurious entity has None for ``gold``, a missed one for ``predicted``.

    Offsets are in characters of ``text``.
    """

    kind: str
    sentence: int  # counted from 0
    id: str
    text: str
    gold: Marked | None
    predicted: Marked | None

    def to_dict(self) -> dict[str, Any]:
        """The mistake, ready for JSON."""
        return self._asdict()


class Confusion(NamedTuple):
    """How many entities of each gold label (row) were predicted under each label (column).

    Pairs count whatever their boundaries. The last row holds what was made up, the last column what was
    missed; a row adds up to the gold entities of its label, a column to the predicted ones.
    """

    labels: Sequence[str]
    counts: NDArray[np.int64]  # [label + 1, label + 1]

    def to_dict(self) -> dict[str, Any]:
        """Names of rows and columns, and the counts, ready for JSON."""
        names = {"rows": [*self.labels, "made up"], "columns": [*self.labels, "missed"]}
        return {**names, "counts": self.counts.tolist()}


@dataclass(frozen=True, eq=False, slots=True)
class Mistakes:
    """How often each kind of mistake was made, between which labels, and examples of each."""

    pairs: Mapping[Pair, int]  # the frequent first; right ones too
    confusion: Confusion
    examples: Sequence[Mistake]

    @property
    def kinds(self) -> dict[str, int]:
        """How many mistakes of each kind there are."""
        counts = Counter[str]()
        for pair, count in self.pairs.items():
            counts[pair.kind] += count
        return {kind: counts[kind] for kind in KINDS}

    @property
    def right(self) -> int:
        """How many entities are right."""
        return sum(count for pair, count in self.pairs.items() if pair.kind == RIGHT)

    def to_dict(self) -> dict[str, Any]:
        """Counts by kind and by pair of labels, the confusion table and the examples, ready for JSON."""
        wrong = {pair: count for pair, count in self.pairs.items() if pair.kind != RIGHT}
        return {
            "right": self.right,
            "kinds": self.kinds,
            "pairs": [pair._asdict() | {"count": count} for pair, count in wrong.items()],
            "confusion": self.confusion.to_dict(),
            "examples": [mistake.to_dict() for mistake in self.examples],
        }


def sort_mistakes(judged: Judged, *, examples: int = 20) -> Mistakes:
    """Pair the entities and sort what is wrong; up to ``examples`` of each kind, from all over the corpus.

    ``wrong label`` is the same span under another label, ``wrong boundary`` an overlap under the same
    label, ``both`` an overlap under another. Right entities are paired first, then equal spans, then those
    that share most characters; of equals, those of one label, then the earlier. Nested and overlapping
    entities are paired like all others.

    >>> from onoma.evaluation.judged import judge_tags
    >>> gold, guess = [["B-per", "I-per", "B-geo", "B-org"]], [["B-per", "O", "B-org", "O"]]
    >>> sort_mistakes(judge_tags(gold, guess)).kinds
    {'missed': 1, 'spurious': 0, 'wrong label': 1, 'wrong boundary': 1, 'both': 0}
    """
    if examples < 0:
        raise InputError(f"the number of examples of each kind must be 0 or more, not {examples}")
    gold, predicted = _paired(judged)
    kinds = _kinds(judged, gold, predicted)
    labels: list[str | None] = [*judged.labels, None]
    a, b = _labels(judged.gold, gold), _labels(judged.predicted, predicted)
    rows = zip(kinds.tolist(), a.tolist(), b.tolist(), strict=True)
    counts = Counter(Pair((*KINDS, RIGHT)[kind], labels[i], labels[j]) for kind, i, j in rows)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], *map(str, item[0])))
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (a, b), 1)
    shown = [
        _mistake(judged, kind, int(gold[i]), int(predicted[i]))
        for number, kind in enumerate(KINDS)
        for i in _spread(np.flatnonzero(kinds == number), examples).tolist()
    ]
    return Mistakes(dict(ordered), Confusion(judged.labels, confusion), shown)


def _paired(judged: Judged) -> tuple[Numbers, Numbers]:
    """``[outcome]``: places of gold and predicted entities, -1 where a side has none; ordered by text."""
    guess, place = _one_to_one(judged)
    gold, predicted = np.arange(len(judged.gold)), np.arange(len(judged.predicted))
    alone, made_up = np.setdiff1d(gold, place), np.setdiff1d(predicted, guess)
    gold = np.concatenate([place, alone, np.full(len(made_up), -1)])
    predicted = np.concatenate([guess, np.full(len(alone), -1), made_up])
    start = np.where(gold >= 0, _starts(judged, 0, gold), _starts(judged, 1, predicted))
    order = np.lexsort((predicted, gold, start))
    return gold[order], predicted[order]


def _starts(judged: Judged, side: int, places: Numbers) -> Numbers:
    """Where each entity begins, counted over all texts; anything for -1."""
    return np.append(judged.in_a_row[side].start, 0)[places]


def _one_to_one(judged: Judged) -> tuple[Numbers, Numbers]:
    """Places in ``predicted`` and in ``gold``, ``[pair]``, no place twice: the best pairs first."""
    a, b = judged.in_a_row
    guess, place = overlapping(a, b)
    shared = np.minimum(a.end[place], b.end[guess]) - np.maximum(a.start[place], b.start[guess])
    same_label = a.label[place] == b.label[guess]
    same_span = (a.start[place] == b.start[guess]) & (a.end[place] == b.end[guess])
    order = np.lexsort((guess, place, ~same_label, -shared, ~same_span, ~(same_span & same_label)))
    free_gold, free_guess = [True] * len(judged.gold), [True] * len(judged.predicted)
    chosen = []
    for pair, i, j in zip(order.tolist(), guess[order].tolist(), place[order].tolist(), strict=True):
        if free_guess[i] and free_gold[j]:
            free_guess[i] = free_gold[j] = False
            chosen.append(pair)
    return guess[chosen], place[chosen]


def _kinds(judged: Judged, gold: Numbers, predicted: Numbers) -> Numbers:
    """``[outcome]``: index into `KINDS`, and one more for what is right."""
    a, b = judged.gold, judged.predicted
    both = (gold >= 0) & (predicted >= 0)
    i, j = gold[both], predicted[both]
    same_label = a.label[i] == b.label[j]
    same_span = (a.start[i] == b.start[j]) & (a.end[i] == b.end[j])
    kinds = np.where(predicted < 0, KINDS.index("missed"), KINDS.index("spurious"))
    of_pairs = [
        (same_span & same_label, len(KINDS)),
        (same_span, KINDS.index("wrong label")),
        (same_label, KINDS.index("wrong boundary")),
    ]
    conditions, names = zip(*of_pairs, strict=True)
    kinds[both] = np.select(conditions, names, KINDS.index("both"))
    return kinds


def _labels(table: SpanTable, places: Numbers) -> Numbers:
    """The label of each place; -1, which stands for none, where the place is -1."""
    return np.append(table.label, -1)[places]


def _spread(places: Numbers, limit: int) -> Numbers:
    """Up to ``limit`` of ``places``, evenly spaced.

    >>> _spread(np.arange(100), 3).tolist(), _spread(np.arange(2), 3).tolist()
    ([0, 50, 99], [0, 1])
    """
    if len(places) <= limit:
        return places
    return places[np.linspace(0, len(places) - 1, limit).round().astype(np.int64)]


def _mistake(judged: Judged, kind: str, gold: int, predicted: int) -> Mistake:
    a, b = _marked(judged, judged.gold, gold), _marked(judged, judged.predicted, predicted)
    table, place = (judged.gold, gold) if gold >= 0 else (judged.predicted, predicted)
    sentence = int(table.sentence[place])
    return Mistake(kind, sentence, judged.ids[sentence], judged.texts[sentence], a, b)


def _marked(judged: Judged, table: SpanTable, place: int) -> Marked | None:
    if place < 0:
        return None
    return int(table.start[place]), int(table.end[place]), judged.labels[int(table.label[place])]
