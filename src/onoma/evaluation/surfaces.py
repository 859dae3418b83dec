"""What a tagger knows by heart and what it finds anew: scores over distinct surfaces, and by whether an
entity's surface occurs in the training corpus.

A surface is the text of an entity, its case kept, each run of white space made one space.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.evaluation.counts import Counts
from onoma.evaluation.judged import Judged, SpanTable
from onoma.evaluation.scores import EntityScores
from onoma.text.document import Document

__all__ = [
    "SeenScores",
    "Surfaces",
    "count_parts",
    "plain_surfaces",
    "seen_unseen",
    "training_surfaces",
    "unique_surfaces",
]

Surfaces = Counter[tuple[str, str]]
"""How often each (surface, label) is annotated in a corpus."""


def training_surfaces(corpus: Iterable[Document]) -> Surfaces:
    """The annotated entities of ``corpus`` by surface and label.

    >>> training_surfaces([Document.from_words(["New", "York"], [(0, 2, "geo")])])
    Counter({('New York', 'geo'): 1})
    """
    pairs = (
        (_plain(document.surface(entity)), entity.label)
        for document in corpus
        for entity in document.entities
    )
    return Counter(pairs)


def plain_surfaces(table: SpanTable) -> list[str]:
    """``[span]``: its surface, white space made single spaces."""
    return list(map(_plain, table.surfaces))


def _plain(surface: str) -> str:
    return " ".join(surface.split())


def unique_surfaces(judged: Judged) -> EntityScores:
    """Scores over distinct (surface, label) pairs, as in the shared task WNUT-2017 (Derczynski et al. 2017).

    A pair is found if at least one of its occurrences was predicted where it stands; what is frequent counts
    no more than what is rare. This is the arithmetic of the task's own scorer.

    >>> from onoma.evaluation.judged import judge_tags
    >>> judged = judge_tags([["B-geo"], ["B-geo"], ["O"]], [["B-geo"], ["O"], ["B-geo"]], [["Rome"]] * 3)
    >>> unique_surfaces(judged).micro, judged.scores.strict.micro
    (Counts(tp=1, fp=0, fn=0), Counts(tp=1, fp=1, fn=1))
    """
    gold, predicted = (_pairs(side) for side in (judged.gold, judged.predicted))
    right = {pair for pair, found in zip(gold, judged.found.tolist(), strict=True) if found}
    tp, fp, fn = (
        Counter(label for _, label in pairs) for pairs in (right, set(predicted) - right, set(gold) - right)
    )
    return EntityScores({name: Counts(tp[i], fp[i], fn[i]) for i, name in enumerate(judged.labels)})


def _pairs(table: SpanTable) -> list[tuple[str, int]]:
    return list(zip(plain_surfaces(table), table.label.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class SeenScores:
    """Scores of entities whose surface the training corpus has, and of those whose surface is new.

    Gold entities, and so recall, are told apart by their own surfaces; predicted ones, and so precision,
    by theirs. The two parts add up to the whole.
    """

    seen: EntityScores
    unseen: EntityScores

    @property
    def gap(self) -> float:
        """F1 of the seen less F1 of the unseen."""
        return self.seen.micro.f1 - self.unseen.micro.f1

    def to_dict(self) -> dict[str, Any]:
        """Both parts and the gap, ready for JSON."""
        return {"seen": self.seen.to_dict(), "unseen": self.unseen.to_dict(), "gap": self.gap}


def seen_unseen(judged: Judged, training: Surfaces, *, same_label: bool = False) -> SeenScores:
    """Split the scores by whether a surface is annotated in the training corpus, its case as it stands.

    Under any label, as Augenstein et al. (2017) tell seen from unseen; with ``same_label``, under the
    entity's own, as the exact match of Taillé et al. (2020).

    >>> from onoma.evaluation.judged import judge_tags
    >>> judged = judge_tags([["B-geo"], ["B-geo"]], [["B-geo"], ["O"]], [["Rome"], ["Oslo"]])
    >>> split = seen_unseen(judged, Counter({("Rome", "per"): 1}))
    >>> split.seen.micro.f1, split.unseen.micro.f1
    (1.0, 0.0)
    """
    known = {surface for surface, _ in training}

    def is_seen(table: SpanTable) -> NDArray[np.int64]:
        names = plain_surfaces(table)
        if not same_label:
            return np.array([name in known for name in names], dtype=np.int64)
        labels = [judged.labels[i] for i in table.label.tolist()]
        return np.array([pair in training for pair in zip(names, labels, strict=True)], dtype=np.int64)

    unseen, seen = count_parts(judged, is_seen, 2)
    return SeenScores(EntityScores(seen), EntityScores(unseen))


def count_parts(
    judged: Judged, part_of: Callable[[SpanTable], NDArray[np.int64]], parts: int
) -> list[Mapping[str, Counts]]:
    """``[part]``: counts by label of the spans that ``part_of`` puts there (``[span]``, 0 to ``parts`` - 1).

    Gold spans count as found or missed in their own part, predicted ones as made up in theirs. A right
    span is the same on both sides, so the parts add up to the whole if ``part_of`` tells both sides alike.
    """
    size = len(judged.labels)

    def counted(table: SpanTable, mask: NDArray[np.bool_]) -> list[list[int]]:
        code = (part_of(table) * size + table.label)[mask]
        rows: list[list[int]] = np.bincount(code, minlength=parts * size).reshape(parts, size).tolist()
        return rows

    tp, fn = (counted(judged.gold, mask) for mask in (judged.found, ~judged.found))
    fp = counted(judged.predicted, ~judged.right)
    return [
        {name: Counts(tp[part][i], fp[part][i], fn[part][i]) for i, name in enumerate(judged.labels)}
        for part in range(parts)
    ]
