"""A run folder's own record of its training, and several runs of one recipe as mean ± standard deviation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from onoma.errors import InputError
from onoma.evaluation.scores import Scores

__all__ = ["Runs", "Spread", "read_history"]

_HISTORY = Path("training") / "history.json"
_FIELDS = {"epoch", "loss", "dev_loss", "dev_f1", "best"}


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over several runs; ``deviation`` is the sample standard deviation, None of a single run.

    >>> Spread([0.8, 0.9]).mean, round(Spread([0.8, 0.9]).deviation, 4)
    (0.8500000000000001, 0.0707)
    """

    values: Sequence[float]

    @property
    def mean(self) -> float:
        """The plain mean."""
        return fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """How far single runs lie from the mean: divided by one less than their number."""
        return stdev(self.values) if len(self.values) > 1 else None

    def to_dict(self) -> dict[str, Any]:
        """Mean, deviation and every run's value, ready for JSON."""
        return {"mean": self.mean, "deviation": self.deviation, "values": list(self.values)}


@dataclass(frozen=True, slots=True)
class Runs:
    """Scores of several runs of one recipe on the same corpus, by the runs' names.

    >>> from onoma.evaluation import score_tags
    >>> right, wrong = (score_tags(["B-per"], [tag]) for tag in ("B-per", "O"))
    >>> Runs({"seed 1": right, "seed 2": wrong}).headline["f1"].mean
    0.5
    """

    scores: Mapping[str, Scores]

    @property
    def headline(self) -> dict[str, Spread]:
        """Strict micro figures, macro and weighted F1, conlleval F1, sentences wholly right."""
        rows = list(self.scores.values())
        strict = [each.strict for each in rows]
        return {
            "precision": Spread([each.micro.precision for each in strict]),
            "recall": Spread([each.micro.recall for each in strict]),
            "f1": Spread([each.micro.f1 for each in strict]),
            "macro_f1": Spread([each.macro.f1 for each in strict]),
            "weighted_f1": Spread([each.weighted.f1 for each in strict]),
            "conlleval_f1": Spread([each.conlleval.micro.f1 for each in rows]),
            "sequence_accuracy": Spread([each.sequence_accuracy for each in rows]),
        }

    @property
    def types(self) -> dict[str, Spread]:
        """Strict F1 of each label; a label that a run neither has in gold nor predicted counts 0 there."""
        tables = [each.strict.types for each in self.scores.values()]
        labels = sorted({label for table in tables for label in table})
        return {
            label: Spread([table[label].f1 if label in table else 0.0 for table in tables])
            for label in labels
        }

    def to_dict(self) -> dict[str, Any]:
        """The runs' names and all figures, ready for JSON."""
        return {
            "names": list(self.scores),
            "headline": {name: spread.to_dict() for name, spread in self.headline.items()},
            "types": {label: spread.to_dict() for label, spread in self.types.items()},
        }


def read_history(folder: str | Path) -> list[dict[str, Any]]:
    """What the run in ``folder`` noted of each epoch; empty where it kept no record.

    Raises `InputError` when the record is there and damaged.
    """
    place = Path(folder) / _HISTORY
    if not place.is_file():
        return []
    try:
        history: list[dict[str, Any]] = json.loads(place.read_text(encoding="utf-8"))
        missing = [sorted(_FIELDS.difference(row)) for row in history if not _FIELDS.issubset(row)]
    except (ValueError, TypeError) as error:
        raise InputError(f"{place} is no record of training: {error}") from error
    if missing:
        raise InputError(f"{place} is no record of training: an epoch lacks {', '.join(missing[0])}")
    return history
