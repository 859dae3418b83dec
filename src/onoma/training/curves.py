"""The curves of a run as a picture: loss on train and dev, F1 on dev, the chosen epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onoma.pages.charts import beside, lines

__all__ = ["draw_curves"]


def draw_curves(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw ``history`` (the fields of `Epoch`, one mapping an epoch) as a PNG at ``path``."""
    epochs = [row["epoch"] + 1 for row in history]
    loss = {"dev": _known(history, "dev_loss"), "train, with dropout": _known(history, "loss")}
    f1 = {"dev": [None if value is None else 100 * value for value in _known(history, "dev_f1")]}
    chosen = [row for row in history if row["best"]][-1:]
    mark = chosen[0]["epoch"] + 1 if chosen else None
    best = "".join(f"chosen: epoch {mark}, F1 {100 * row['dev_f1']:.2f}" for row in chosen)
    left = lines(epochs, loss, title="Loss a token", xlabel="epoch", ylabel="loss", mark=mark)
    right = lines(epochs, f1, title="Strict F1", xlabel="epoch", ylabel="F1", mark=mark, mark_label=best)
    beside([left, right], title="Curves of the run").save_png(path)


def _known(history: Sequence[Mapping[str, Any]], name: str) -> list[float | None]:
    """A value for each epoch; a loss on dev that is not finite is a gap, and no reason to stop."""
    return [row[name] if math.isfinite(row[name]) else None for row in history]
