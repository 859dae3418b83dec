"""The picture of a run's curves: drawn at every epoch, so it must stand whatever the numbers are."""

from __future__ import annotations

import math

import matplotlib.image
import pytest

from onoma.training.curves import draw_curves


def epoch(number: int, dev_loss: float, best: bool) -> dict[str, object]:
    return {"epoch": number, "loss": 1.0, "dev_loss": dev_loss, "dev_f1": 0.5, "best": best}


@pytest.mark.parametrize(
    "history",
    [
        [],
        [epoch(0, 0.5, True)],
        [epoch(0, 0.5, False), epoch(1, 0.4, False)],
        [epoch(0, math.inf, True), epoch(1, math.nan, False), epoch(2, 0.5, True)],
    ],
)
def test_one_picture_holds_both_curves(history, tmp_path):
    draw_curves(history, tmp_path / "curves.png")
    height, width, _ = matplotlib.image.imread(tmp_path / "curves.png").shape
    assert width > 2 * height
