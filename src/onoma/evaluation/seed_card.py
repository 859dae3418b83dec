"""Runs of one recipe with several seeds: each figure as mean ± standard deviation, and the best on dev named.

The same for terminal, page and JSON. Test plays no part in choosing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from onoma.evaluation.card_page import REMARK_STYLE, remark_parts
from onoma.evaluation.overfitting import Fit
from onoma.evaluation.runs import Spread
from onoma.evaluation.sheets import Sheet, as_section
from onoma.pages.charts import Chart, bars, lines
from onoma.pages.frame import page, tiles

__all__ = ["SeedCard", "SeedRun", "seed_charts", "seed_page", "seed_remarks", "seed_sheets"]

_FIGURES: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "precision": lambda scores: scores["strict"]["micro"]["precision"],
    "recall": lambda scores: scores["strict"]["micro"]["recall"],
    "F1": lambda scores: scores["strict"]["micro"]["f1"],
    "macro F1": lambda scores: scores["strict"]["macro"]["f1"],
    "token accuracy": lambda scores: scores["tokens"]["accuracy"],
}


class SeedRun(NamedTuple):
    """One finished run: ``scores`` by split as `Scores.to_dict` gives them, ``history`` as `Fit` takes it."""

    name: str
    seed: int
    scores: Mapping[str, Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]]

    def f1(self, split: str) -> float:
        """Strict micro F1, 0..1."""
        return float(_FIGURES["F1"](self.scores[split]))

    @property
    def fit(self) -> Fit:
        """How training went."""
        return Fit(self.history, {split: self.f1(split) for split in self.scores})


@dataclass(frozen=True, slots=True)
class SeedCard:
    """Several runs that differ in their seed alone.

    >>> from onoma.evaluation import score_tags
    >>> right, wrong = ({"dev": score_tags(["B-per"], [tag]).to_dict()} for tag in ("B-per", "O"))
    >>> card = SeedCard("tiny", [SeedRun("seed-1", 1, wrong, []), SeedRun("seed-2", 2, right, [])])
    >>> card.best.name, card.spreads("dev")["F1"].mean
    ('seed-2', 0.5)
    """

    title: str
    runs: Sequence[SeedRun]

    @property
    def splits(self) -> list[str]:
        """The splits that every run was scored on."""
        return [split for split in ("dev", "test") if all(split in run.scores for run in self.runs)]

    @property
    def best(self) -> SeedRun:
        """The run with the highest F1 on dev; of several the one with the lowest seed."""
        return max(self.runs, key=lambda run: (run.f1("dev"), -run.seed))

    def spreads(self, split: str) -> dict[str, Spread]:
        """Each figure on ``split`` over the runs."""
        return {name: Spread([of(run.scores[split]) for run in self.runs]) for name, of in _FIGURES.items()}

    def types(self, split: str) -> dict[str, Spread]:
        """Strict F1 of each label on ``split``; 0 where a run has nothing of it."""
        tables = [run.scores[split]["strict"]["types"] for run in self.runs]
        labels = sorted({label for table in tables for label in table})
        return {label: Spread([table.get(label, {}).get("f1", 0.0) for table in tables]) for label in labels}

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "title": self.title,
            "best_on_dev": self.best.name,
            "splits": {
                split: {
                    "figures": {name: spread.to_dict() for name, spread in self.spreads(split).items()},
                    "types": {name: spread.to_dict() for name, spread in self.types(split).items()},
                }
                for split in self.splits
            },
            "runs": [
                {"name": run.name, "seed": run.seed, "training": run.fit.to_dict()} for run in self.runs
            ],
        }


def seed_sheets(card: SeedCard) -> dict[str, Sheet]:
    """The tables: figures by split, every run, labels."""
    return {"figures": _figures(card), "runs": _runs(card), "labels": _labels(card)}


def _figures(card: SeedCard) -> Sheet:
    columns = [card.spreads(split) for split in card.splits]
    rows = [[name, *(_mean(column[name]) for column in columns)] for name in _FIGURES]
    notes = ["Mean ± sample standard deviation, strict, in %. Token accuracy is high wherever O is common."]
    return Sheet(f"{len(card.runs)} seeds", ["", *card.splits], "l" + "r" * len(columns), rows, notes)


def _runs(card: SeedCard) -> Sheet:
    rows = [
        [
            run.name + (" (best on dev)" if run is card.best else ""),
            *(f"{100 * run.f1(split):.2f}" for split in card.splits),
            str(run.fit.chosen or ""),
            str(len(run.history) or ""),
            _minutes(run.history),
        ]
        for run in card.runs
    ]
    head = ["run", *(f"{split} F1" for split in card.splits), "epoch chosen", "epochs", "minutes"]
    return Sheet("Run by run", head, "l" + "r" * (len(head) - 1), rows)


def _labels(card: SeedCard) -> Sheet:
    columns = [card.types(split) for split in card.splits]
    labels = sorted({label for column in columns for label in column})
    rows = [
        [label, *(_mean(column[label]) if label in column else "" for column in columns)] for label in labels
    ]
    return Sheet("F1 by label", ["label", *card.splits], "l" + "r" * len(columns), rows)


def _mean(spread: Spread) -> str:
    deviation = "" if spread.deviation is None else f" ± {100 * spread.deviation:.2f}"
    return f"{100 * spread.mean:.2f}{deviation}"


def _minutes(history: Sequence[Mapping[str, Any]]) -> str:
    return f"{sum(row.get('seconds', 0.0) for row in history) / 60:.1f}" if history else ""


def seed_remarks(card: SeedCard) -> Iterator[str]:
    """Which run is best on dev, and what speaks of overfitting in any of them."""
    yield f"Best on dev: {card.best.name}, F1 {100 * card.best.f1('dev'):.2f}"
    for run in card.runs:
        yield from (f"{run.name}: {warning}" for warning in run.fit.warnings)


def seed_charts(card: SeedCard) -> dict[str, list[Chart]]:
    """The charts by the names of their tables: F1 by label, learning curves of all runs."""
    drawn: dict[str, list[Chart]] = {}
    epochs = max(len(run.history) for run in card.runs)
    if epochs:
        drawn["runs"] = [
            _curves(card, epochs, "dev_f1", 100, "F1 on dev by epoch", "strict F1, %"),
            _curves(card, epochs, "dev_loss", 1, "Loss on dev by epoch", "loss a token"),
            _curves(card, epochs, "loss", 1, "Loss on train by epoch", "loss a token"),
        ]
    split = card.splits[-1]
    spreads = {**card.types(split), "all, micro": card.spreads(split)["F1"]}
    means = [100 * spread.mean for spread in spreads.values()]
    apart = [100 * (spread.deviation or 0.0) for spread in spreads.values()]
    low, high = ([m + side * d for m, d in zip(means, apart, strict=True)] for side in (-1, 1))
    drawn["labels"] = [
        bars(
            list(spreads), means, low=low, high=[min(value, 100.0) for value in high],
            title=f"Mean F1 on {split}, ± standard deviation", xlabel="strict F1, %", limit=100,
        )
    ]  # fmt: skip
    return drawn


def _curves(card: SeedCard, epochs: int, field: str, scale: float, title: str, ylabel: str) -> Chart:
    series = {
        run.name: [scale * row[field] for row in run.history] + [None] * (epochs - len(run.history))
        for run in card.runs
    }
    return lines(list(range(1, epochs + 1)), series, title=title, xlabel="epoch", ylabel=ylabel)


def seed_page(card: SeedCard) -> str:
    """``card`` as a whole page. The charts need matplotlib (extra ``report``)."""
    facts = [
        (f"{split} F1", _mean(card.spreads(split)["F1"]), f"{len(card.runs)} seeds") for split in card.splits
    ]
    drawn = seed_charts(card)
    sections = [
        as_section(sheet, *(chart.svg() for chart in drawn.get(name, ())))
        for name, sheet in seed_sheets(card).items()
    ]
    parts = [tiles(facts), *remark_parts(seed_remarks(card)), *sections]
    lead = "Runs of one recipe that differ in their seed alone; the best is chosen on dev."
    return page(card.title, parts, lead=lead, extra_style=REMARK_STYLE)
