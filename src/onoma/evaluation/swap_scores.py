"""How a tagger fares on names of each group, in the same sentences, and by how much groups differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from onoma.evaluation.bootstrap import Interval
from onoma.evaluation.judged import Judged
from onoma.evaluation.slice_scores import Bootstrap, Gap, Ratio, f1_ratio, recall_ratio
from onoma.evaluation.swaps import SWAPS, Group, Swapped, swap
from onoma.text.document import Document

__all__ = ["AS_WRITTEN", "GroupScore", "SwapReport", "swap_report"]

AS_WRITTEN = "as written"
FIGURES = ("recall", "f1")


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The tagger on the names of one group.

    ``recall`` is the share of the swapped entities it found, whole and with their label; it is the figure
    that says least about anything else. ``f1`` is that of the label, on all entities of the same sentences.
    """

    name: str
    recall: Interval
    f1: Interval

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {"name": self.name, "recall": self.recall.to_dict(), "f1": self.f1.to_dict()}


@dataclass(frozen=True, slots=True)
class SwapReport:
    """One kind of names, swapped: ``entities`` of ``label`` got other names, in ``sentences`` documents.

    ``groups`` holds the groups under what they are grouped by (``origin``, ``gender``, ``region``), ``gaps``
    the difference between the best and the worst of them under the same word, for ``recall`` and ``f1``.
    """

    kind: str
    label: str
    sentences: int
    entities: int
    as_written: GroupScore
    groups: Mapping[str, Sequence[GroupScore]]
    gaps: Mapping[str, Mapping[str, Gap]]

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "kind": self.kind,
            "label": self.label,
            "sentences": self.sentences,
            "entities": self.entities,
            "as_written": self.as_written.to_dict(),
            "groups": {by: [row.to_dict() for row in rows] for by, rows in self.groups.items()},
            "gaps": {
                by: {figure: gap.to_dict() for figure, gap in gaps.items()} for by, gaps in self.gaps.items()
            },
        }


class _Made(NamedTuple):
    recall: Ratio
    f1: Ratio

    def plus(self, other: _Made) -> _Made:
        return _Made(self.recall.plus(other.recall), self.f1.plus(other.f1))


def swap_report(
    trials: Callable[[str, Sequence[Document]], Judged],
    documents: Sequence[Document],
    kind: str,
    label: str,
    *,
    seed: int = 0,
    resamples: int = 1000,
) -> SwapReport:
    """Give the names of ``kind`` other names, group by group, and score each on the documents that have some.

    ``trials`` runs the tagger on documents, under a name for the run, and judges what it says.
    """
    groups = SWAPS[kind]()
    # which entities get a name depends on the document alone, so any group tells
    places = [swap(document, label, groups[0].rename, seed).places for document in documents]
    named = [Swapped(*pair) for pair in zip(documents, places, strict=True) if pair[1]]
    judged = trials(f"{kind} {AS_WRITTEN}", [each.document for each in named])
    plain = {AS_WRITTEN: _made(judged, named, label)}
    pooled = _pooled(trials, [each.document for each in named], label, groups, seed)

    def drawn(rows: Mapping[str, _Made], figure: str) -> Bootstrap:
        ratios = {name: getattr(row, figure) for name, row in rows.items()}
        return Bootstrap(ratios, judged.groups, resamples=resamples, seed=seed)

    by_name = {by: {figure: drawn(rows, figure) for figure in FIGURES} for by, rows in pooled.items()}
    return SwapReport(
        kind=kind,
        label=label,
        sentences=len(named),
        entities=sum(len(each.places) for each in named),
        as_written=_scored(plain, {figure: drawn(plain, figure) for figure in FIGURES})[0],
        groups={by: _scored(rows, by_name[by]) for by, rows in pooled.items()},
        gaps={by: {f: by_name[by][f].gap(list(rows)) for f in FIGURES} for by, rows in pooled.items()},
    )


def _pooled(
    trials: Callable[[str, Sequence[Document]], Judged],
    documents: Sequence[Document],
    label: str,
    groups: Sequence[Group],
    seed: int,
) -> dict[str, dict[str, _Made]]:
    """What the groups were scored from, by what they have in common and its name (origin, Spanish)."""
    pooled: dict[str, dict[str, _Made]] = {}
    for group in groups:
        swapped = [swap(document, label, group.rename, seed) for document in documents]
        judged = trials(", ".join(group.parts.values()), [each.document for each in swapped])
        made = _made(judged, swapped, label)
        for by, name in group.parts.items():
            rows = pooled.setdefault(by, {})
            rows[name] = rows[name].plus(made) if name in rows else made
    return pooled


def _made(judged: Judged, swapped: Sequence[Swapped], label: str) -> _Made:
    """The ratios of one run; an entity that was swapped is known by where it begins."""
    starts = {
        (number, each.document.entities[place].start)
        for number, each in enumerate(swapped)
        for place in each.places
    }
    rows = zip(judged.gold.sentence.tolist(), judged.gold.start.tolist(), strict=True)
    chosen = np.array([row in starts for row in rows], dtype=bool)
    return _Made(recall_ratio(judged, chosen), f1_ratio(judged, label))


def _scored(rows: Mapping[str, _Made], drawn: Mapping[str, Bootstrap]) -> list[GroupScore]:
    return [GroupScore(name, *(drawn[figure].interval(name) for figure in FIGURES)) for name in rows]
