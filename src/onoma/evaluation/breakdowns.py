"""Scores by what makes entities hard: their length, the length of their sentence, how rare they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.evaluation.judged import Judged, SpanTable
from onoma.evaluation.scores import EntityScores
from onoma.evaluation.surfaces import Surfaces, count_parts, plain_surfaces

__all__ = ["Breakdown", "by_entity_length", "by_sentence_length", "by_surface_frequency"]

# the least value of each part; a part reaches up to the next one's
ENTITY_TOKENS = (1, 2, 3, 4, 5)
SENTENCE_TOKENS = (1, 11, 21, 31, 41, 51)
OCCURRENCES = (0, 1, 2, 6, 21)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Scores of the parts of a corpus; ``by`` says what they differ in. The parts add up to the whole.

    Gold entities, and so recall, stand in the part of their own value; predicted ones, and so precision,
    in that of theirs.
    """

    by: str
    parts: dict[str, EntityScores]

    def to_dict(self) -> dict[str, Any]:
        """``by`` and ``parts``, ready for JSON; each part pooled over the labels."""
        return {"by": self.by, "parts": {name: row.micro.to_dict() for name, row in self.parts.items()}}


def by_entity_length(judged: Judged) -> Breakdown:
    """Scores by how many gold tokens an entity touches; one within a token counts as 1.

    >>> from onoma.evaluation.judged import judge_tags
    >>> judged = judge_tags([["B-per", "I-per", "B-geo"]], [["B-per", "O", "B-geo"]])
    >>> breakdown = by_entity_length(judged)
    >>> list(breakdown.parts), breakdown.parts["1"].micro, breakdown.parts["2"].micro
    (['1', '2', '3', '4', '5+'], Counts(tp=1, fp=1, fn=0), Counts(tp=0, fp=0, fn=1))
    """
    return _broken(judged, "entity length in tokens", ENTITY_TOKENS, lambda table: table.words)


def by_sentence_length(judged: Judged) -> Breakdown:
    """Scores by how many tokens the sentence has."""
    by = "sentence length in tokens"
    return _broken(judged, by, SENTENCE_TOKENS, lambda table: judged.lengths[table.sentence])


def by_surface_frequency(judged: Judged, training: Surfaces | None = None) -> Breakdown:
    """Scores by how often an entity's surface is annotated in the training corpus, under any label.

    Without one, by how often it is annotated in the gold of the judged corpus itself; then 0 holds what
    was predicted and is an entity nowhere.

    >>> from onoma.evaluation.judged import judge_tags
    >>> judged = judge_tags([["B-geo"], ["B-geo"]], [["B-geo"], ["O"]], [["Rome"], ["Oslo"]])
    >>> parts = by_surface_frequency(judged, Counter({("Rome", "geo"): 3})).parts
    >>> {name: scores.micro.recall for name, scores in parts.items() if scores.micro.support}
    {'0': 0.0, '2-5': 1.0}
    """
    if training is None:
        by, often = "occurrences in the judged corpus", Counter(plain_surfaces(judged.gold))
    else:
        by, often = "occurrences in the training corpus", Counter[str]()
        for (surface, _), count in training.items():
            often[surface] += count

    def occurrences(table: SpanTable) -> NDArray[np.int64]:
        return np.array([often[surface] for surface in plain_surfaces(table)], dtype=np.int64)

    return _broken(judged, by, OCCURRENCES, occurrences)


def _broken(
    judged: Judged, by: str, least: Sequence[int], value: Callable[[SpanTable], NDArray[np.int64]]
) -> Breakdown:
    def part_of(table: SpanTable) -> NDArray[np.int64]:
        return np.maximum(np.searchsorted(np.array(least), value(table), side="right") - 1, 0)

    rows = count_parts(judged, part_of, len(least))
    return Breakdown(by, {name: EntityScores(row) for name, row in zip(_names(least), rows, strict=True)})


def _names(least: Sequence[int]) -> list[str]:
    """
    >>> _names((0, 1, 2, 6))
    ['0', '1', '2-5', '6+']
    """
    ranges = zip(least, [*least[1:], None], strict=True)
    return [f"{a}+" if b is None else str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b in ranges]
