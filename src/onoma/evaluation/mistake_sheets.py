"""Mistakes and calibration of a report card as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from onoma.evaluation.calibration import Calibration, Curve, Point
from onoma.evaluation.mistakes import KINDS, RIGHT, Marked, Mistake, Mistakes
from onoma.evaluation.sheets import Sheet

__all__ = ["at_threshold", "calibration_sheets", "mistake_sheets", "named", "shown_points"]

_PAIRS = 20  # of labels that are listed
_THRESHOLDS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_AROUND = 60  # characters of a long sentence that are shown on each side of a mistake

Named = tuple[str, Sheet]


def mistake_sheets(mistakes: Mistakes) -> Iterator[Named]:
    """Counts by kind, pairs of labels, the confusion table, and the sentences."""
    total = sum(mistakes.kinds.values())
    rows = [[kind, f"{n:,}", f"{100 * n / max(total, 1):.1f}"] for kind, n in mistakes.kinds.items()]
    note = (
        f"{mistakes.right:,} entities are right. Wrong label: the same span; wrong boundary: an overlap "
        "under the same label; both: an overlap under another. Each entity is counted once."
    )
    yield "mistakes", Sheet("Mistakes", ["kind", "count", "% of mistakes"], "lrr", rows, [note])
    wrong = [(pair, count) for pair, count in mistakes.pairs.items() if pair.kind != RIGHT]
    rows = [[p.kind, p.gold or "–", p.predicted or "–", f"{n:,}"] for p, n in wrong[:_PAIRS]]
    notes = [f"The {_PAIRS} most frequent of {len(wrong)}."] if len(wrong) > _PAIRS else []
    yield "pairs", Sheet("Mistakes by label", ["kind", "gold", "predicted", "count"], "lllr", rows, notes)
    labels = mistakes.confusion.labels
    counts = zip([*labels, "made up"], mistakes.confusion.counts.tolist(), strict=True)
    rows = [[name, *(f"{n:,}" for n in row)] for name, row in counts]
    head = ["gold ↓ predicted →", *labels, "missed"]
    note = "Entities that overlap are a pair whatever their boundaries."
    yield "confusion", Sheet("Confusion of labels", head, "l" + "r" * (len(labels) + 1), rows, [note])
    yield "sentences", _sentences(mistakes.examples)


def _sentences(examples: Sequence[Mistake]) -> Sheet:
    ordered = sorted(examples, key=lambda mistake: KINDS.index(mistake.kind))
    rows = [
        [each.kind, named(each.text, each.gold), named(each.text, each.predicted), around(each)]
        for each in ordered
    ]
    head = ["kind", "gold", "predicted", "sentence"]
    return Sheet("Sentences with mistakes", head, "llll", rows, ["Examples from all over the corpus."])


def named(text: str, marked: Marked | None) -> str:
    """An entity and its label; a dash where there is none.

    >>> named("Ada wrote", (0, 3, "per"))
    'Ada (per)'
    """
    return "–" if marked is None else f"{text[marked[0] : marked[1]]} ({marked[2]})"


def around(mistake: Mistake) -> str:
    """The sentence, cut to what stands around the mistake where it is long."""
    places = [place for side in (mistake.gold, mistake.predicted) if side for place in side[:2]]
    low, high = max(min(places) - _AROUND, 0), max(places) + _AROUND
    text = mistake.text[low:high]
    return f"{'…' if low else ''}{text}{'…' if high < len(mistake.text) else ''}"


def calibration_sheets(calibration: Calibration) -> Iterator[Named]:
    """Scores against how often they are right, and what thresholds buy."""
    rows = [
        [f"{b.low:.3f}–{b.high:.3f}", f"{b.mean_score:.3f}", f"{b.share_right:.3f}", f"{b.count:,}"]
        for b in calibration.bins
    ]
    note = (
        f"Expected calibration error {calibration.ece:.4f} over bins of equal width, "
        f"{calibration.ece_equal_mass:.4f} over bins of equal count; Brier score {calibration.brier:.4f}; "
        f"on average scores are {abs(calibration.overconfidence):.4f} too "
        f"{'high' if calibration.overconfidence > 0 else 'low'}."
    )
    head = ["score", "mean score", "share right", "count"]
    yield "calibration", Sheet("Calibration of scores", head, "lrrr", rows, [note])
    head = ["threshold", "precision", "recall", "F1", "coverage"]
    rows = [
        [f"{point.threshold:.2f}", *(f"{100 * share:.2f}" for share in point[1:])]
        for point in (at_threshold(calibration.curve, t) for t in _THRESHOLDS)
    ]
    best = calibration.curve.best
    note = (
        f"Only entities with a score of at least the threshold are kept; coverage is their share. F1 is best "
        f"at {best.threshold:.3f}, {100 * best.f1:.2f}; a threshold must be chosen on other text than it is "
        "scored on."
    )
    yield "thresholds", Sheet("Thresholds on the score", head, "rrrrr", rows, [note])


def at_threshold(curve: Curve, threshold: float) -> Point:
    """What is left when entities with a lower score are dropped; nothing, if that is all.

    Precision is then 0, as that of no entity is everywhere here.
    """
    kept = int(np.searchsorted(-curve.threshold, -threshold, side="right"))
    if not kept:
        return Point(threshold, 0.0, 0.0, 0.0, 0.0)
    return curve.at(kept - 1)._replace(threshold=threshold)


def shown_points(curve: Curve, steps: int = 50) -> list[Point]:
    """The curve at thresholds evenly spaced from 0 to the highest score."""
    highest = float(curve.threshold[0])
    return [at_threshold(curve, highest * i / steps) for i in range(steps + 1)]
