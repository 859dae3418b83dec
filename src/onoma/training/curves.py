"""The curves of a run as a picture: loss on train and dev, F1 on dev, the chosen epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from onoma.files import whole_file

__all__ = ["draw_curves"]

_BLUE, _ORANGE, _GREEN = "#0072b2", "#d55e00", "#009e73"  # Okabe & Ito 2008: told apart by the colour-blind


def draw_curves(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw ``history`` (the fields of `Epoch`, one mapping an epoch) as a PNG at ``path``."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] + 1 for row in history]
    left.plot(epochs, [row["loss"] for row in history], "o-", color=_BLUE, label="train, with dropout")
    left.plot(epochs, [row["dev_loss"] for row in history], "s--", color=_ORANGE, label="dev")
    _label(left, "loss a token")
    left.legend()
    right.plot(epochs, [100 * row["dev_f1"] for row in history], "s-", color=_ORANGE)
    _label(right, "dev strict F1")
    if chosen := [row for row in history if row["best"]]:
        at = chosen[-1]
        right.axvline(at["epoch"] + 1, color=_GREEN, linestyle=":")
        right.set_title(f"chosen: epoch {at['epoch'] + 1}, F1 {100 * at['dev_f1']:.2f}", fontsize=10)
    with whole_file(path, "wb") as file:
        figure.savefig(cast(IO[bytes], file), format="png", dpi=110)


def _label(axes: Axes, name: str) -> None:
    axes.set_xlabel("epoch")
    axes.set_ylabel(name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
