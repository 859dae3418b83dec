"""Several predictions of the same text side by side, and how sure the differences between them are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import PurePath
from typing import Any, NamedTuple

from onoma.evaluation.bootstrap import Intervals, paired_bootstrap
from onoma.evaluation.judged import Judged
from onoma.evaluation.scores import Scores
from onoma.evaluation.sheets import Sheet

__all__ = ["Difference", "differences", "differences_sheet", "scores_sheet", "short_names"]


class Difference(NamedTuple):
    """How much better ``a`` is than ``b``."""

    a: str
    b: str
    intervals: Intervals

    def to_dict(self) -> dict[str, Any]:
        """Both names and the intervals of each figure's difference, ready for JSON."""
        return {"a": self.a, "b": self.b, **self.intervals.to_dict()}


def short_names(paths: Sequence[str]) -> list[str]:
    """The files' names, or their whole paths where names repeat.

    >>> short_names(["runs/a.txt", "runs/b.txt"]), short_names(["1/a.txt", "2/a.txt"])
    (['a.txt', 'b.txt'], ['1/a.txt', '2/a.txt'])
    """
    names = [PurePath(path).name for path in paths]
    return names if len(set(names)) == len(names) else list(paths)


def differences(names: Sequence[str], judged: Sequence[Judged], *, resamples: int = 1000) -> list[Difference]:
    """Each pair's difference with paired bootstrap intervals; see `paired_bootstrap` for what is raised."""
    pairs = combinations(zip(names, judged, strict=True), 2)
    return [Difference(a, b, paired_bootstrap(x, y, resamples=resamples)) for (a, x), (b, y) in pairs]


def scores_sheet(names: Sequence[str], scores: Sequence[Scores]) -> Sheet:
    """The figures of each prediction in a column."""
    labels = sorted({label for each in scores for label in each.strict.types})
    rows = {
        "precision": [each.strict.micro.precision for each in scores],
        "recall": [each.strict.micro.recall for each in scores],
        "F1": [each.strict.micro.f1 for each in scores],
        "conlleval F1": [each.conlleval.micro.f1 for each in scores],
        "macro F1": [each.strict.macro.f1 for each in scores],
        **{f"F1 {label}": [_f1(each, label) for each in scores] for label in labels},
        "sentences wholly right": [each.sequence_accuracy for each in scores],
        "token accuracy": [each.tokens.accuracy for each in scores],
    }
    floor = scores[0].all_o_floor
    note = (
        f"Answering O everywhere scores {_percent(floor.accuracy)} token accuracy, "
        f"{_percent(floor.sequence_accuracy)} sentences wholly right and {_percent(floor.entity_f1)} F1."
    )
    cells = [[name, *map(_percent, row)] for name, row in rows.items()]
    return Sheet("Side by side, in %, strict", ["", *names], "l" + "r" * len(names), cells, [note])


def differences_sheet(found: Sequence[Difference]) -> Sheet:
    """The differences in F1, each with its interval and what it says."""
    rows = []
    for each in found:
        value, low, high = (100 * bound for bound in each.intervals.figures.f1)
        verdict = "yes" if low > 0 or high < 0 else "no: the interval holds 0"
        rows.append([f"{each.a} - {each.b}", f"{value:+.2f}", f"{low:+.2f} to {high:+.2f}", verdict])
    made = found[0].intervals
    note = (
        f"Paired bootstrap by {made.unit}, {made.resamples:,} resamples, seed {made.seed}; p-values and a "
        "correction for many comparisons: onoma compare."
    )
    head = ["difference in strict F1", "points", f"{made.level:.0%} interval", "do they differ?"]
    return Sheet("Differences", head, "lrrl", rows, [note])


def _f1(scores: Scores, label: str) -> float:
    counts = scores.strict.types.get(label)
    return counts.f1 if counts else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
