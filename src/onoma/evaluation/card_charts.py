"""The charts of a report card, each under the name of the table that holds its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from onoma.evaluation.card import Card
from onoma.evaluation.card_sheets import breakdown_name
from onoma.evaluation.mistake_sheets import shown_points
from onoma.evaluation.overfitting import Fit
from onoma.pages.charts import Chart, bars, grouped_bars, lines, matrix, reliability

__all__ = ["charts", "epoch_charts"]

Named = tuple[str, Chart]

_F1 = "strict F1, %"


def charts(card: Card) -> dict[str, list[Chart]]:
    """Every chart of ``card`` by the name of its table in `card_sheets.sheets`."""
    drawn: dict[str, list[Chart]] = {}
    for make in _MAKERS:
        for name, chart in make(card):
            drawn.setdefault(name, []).append(chart)
    return drawn


def _entities(card: Card) -> Iterator[Named]:
    types = card.scores.strict.types
    if not types:
        return
    values = [counts.f1 for counts in types.values()] + [card.scores.strict.micro.f1]
    low = high = None
    if card.intervals is not None:
        known = card.intervals.figures
        rows = [known.types[label] for label in types] + [known.f1]
        low, high = _points(row.low for row in rows), _points(row.high for row in rows)
    names = [*types, "all, micro"]
    title = "F1 by label" + (", 95 % intervals" if low else "")
    yield "entities", bars(names, _points(values), low=low, high=high, title=title, xlabel=_F1, limit=100)


def _runs(card: Card) -> Iterator[Named]:
    if card.runs is None:
        return
    spreads = {**card.runs.types, "all, micro": card.runs.headline["f1"]}
    rows = [(s.mean, s.deviation or 0.0) for s in spreads.values()]
    yield (
        "runs",
        bars(
            list(spreads),
            _points(mean for mean, _ in rows),
            low=_points(mean - deviation for mean, deviation in rows),
            high=_points(min(mean + deviation, 1.0) for mean, deviation in rows),
            title=f"Mean F1 of {len(card.runs.scores)} runs, ± standard deviation",
            xlabel=_F1,
            limit=100,
        ),
    )


def _seen(card: Card) -> Iterator[Named]:
    if card.seen is None:
        return
    parts = {"seen in training": card.seen.seen, "not seen": card.seen.unseen}
    labels = list(card.scores.strict.types)
    series = {
        name: [_known(part.micro), *(_known(part.types[label]) for label in labels)]
        for name, part in parts.items()
    }
    title = "F1 on seen and unseen entities"
    yield "seen", grouped_bars(["all", *labels], series, title=title, xlabel=_F1, limit=100)


def _matching(card: Card) -> Iterator[Named]:
    rows = card.matching.pooled
    values = _points(row.f1 for row in rows.values())
    yield "matching", bars(list(rows), values, title="F1 by schema", xlabel="F1, %", limit=100)


def _breakdowns(card: Card) -> Iterator[Named]:
    for breakdown in card.breakdowns:
        values = [_known(part.micro) for part in breakdown.parts.values()]
        names = [f"{name} ({part.micro.support:,})" for name, part in breakdown.parts.items()]
        title = f"F1 by {breakdown.by} (entities)"
        yield breakdown_name(breakdown), bars(names, values, title=title, xlabel=_F1, limit=100)


def _mistakes(card: Card) -> Iterator[Named]:
    kinds = card.mistakes.kinds
    yield "mistakes", bars(list(kinds), list(kinds.values()), title="Mistakes by kind", xlabel="entities")
    confusion = card.mistakes.confusion
    if confusion.labels:
        rows, columns = [*confusion.labels, "made up"], [*confusion.labels, "missed"]
        counts = confusion.counts.tolist()
        yield "confusion", matrix(rows, columns, counts, title="Confusion", xlabel="predicted", ylabel="gold")


def _calibration(card: Card) -> Iterator[Named]:
    if card.calibration is None:
        return
    bins = [(each.mean_score, each.share_right, each.count) for each in card.calibration.bins]
    yield "calibration", reliability(bins, title="Are scores probabilities?")
    points = shown_points(card.calibration.curve)
    columns = ("precision", "recall", "f1", "coverage")
    series = {name.replace("f1", "F1"): [100 * getattr(p, name) for p in points] for name in columns}
    x = [point.threshold for point in points]
    yield "thresholds", lines(x, series, title="Thresholds", xlabel="threshold", ylabel="%")


def _fit(card: Card) -> Iterator[Named]:
    if card.fit is None:
        return
    if card.fit.f1:
        f1 = card.fit.f1
        yield "splits", bars(list(f1), _points(f1.values()), title="F1 by split", xlabel=_F1, limit=100)
    yield from (("epochs", chart) for chart in epoch_charts(card.fit))


def epoch_charts(fit: Fit) -> Iterator[Chart]:
    """Losses and F1 by epoch, the chosen epoch marked; none where training kept no record."""
    if not fit.history:
        return
    epochs = [row["epoch"] + 1 for row in fit.history]
    marked: Mapping[str, Any] = {"mark": fit.chosen, "mark_label": "chosen epoch"} if fit.chosen else {}
    losses = {
        name: [row[key] for row in fit.history] for name, key in (("train", "loss"), ("dev", "dev_loss"))
    }
    yield lines(epochs, losses, title="Loss by epoch", xlabel="epoch", ylabel="loss a token", **marked)
    f1 = {"dev": _points(row["dev_f1"] for row in fit.history)}
    yield lines(epochs, f1, title="F1 by epoch", xlabel="epoch", ylabel=_F1, **marked)


_MAKERS: Sequence[Callable[[Card], Iterator[Named]]] = (
    _entities,
    _runs,
    _seen,
    _matching,
    _breakdowns,
    _mistakes,
    _calibration,
    _fit,
)


def _points(shares: Iterable[float]) -> list[float]:
    return [100 * share for share in shares]


def _known(counts: Any) -> float | None:
    """F1 in per cent; None where there is nothing to find and nothing was found."""
    return 100 * counts.f1 if counts.support or counts.predicted else None
