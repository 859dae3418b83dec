"""What the losses and the F1 by split say of overfitting, in words."""

from __future__ import annotations

import pytest

from onoma.evaluation.overfitting import Fit


def history(*rows: tuple[float, float], best: int = 0) -> list[dict[str, object]]:
    return [
        {"epoch": i, "loss": loss, "dev_loss": dev, "dev_f1": 0.5, "best": i <= best}
        for i, (loss, dev) in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("f1", "against"),
    [
        ({"train": 0.99, "dev": 0.93, "test": 0.98}, "dev"),
        ({"train": 0.99, "test": 0.93}, "test"),
        ({"train": 0.98, "dev": 0.94, "test": 0.5}, None),
        ({"train": 0.95, "dev": 0.9}, None),  # five points are not more than five
        ({"dev": 0.9}, None),
        ({"train": 0.9}, None),
    ],
)
def test_train_far_above_unseen_text_is_remarked_on(f1, against):
    said = Fit(f1=f1).warnings
    assert [f"above {against}" in line for line in said] == ([True] if against else [])


def test_dev_loss_that_rises_while_train_loss_falls_is_remarked_on():
    [said] = Fit(history((0.5, 0.4), (0.3, 0.2), (0.2, 0.25), (0.1, 0.31), best=1)).warnings
    assert said == (
        "dev loss rose from 0.2000 to 0.3100 over epochs 2 to 4 while train loss fell from 0.3000 to 0.1000: "
        "training went on past its best fit"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(0.5, 0.4)],
        [(0.5, 0.4), (0.3, 0.5)],  # once is no trend
        [(0.5, 0.2), (0.3, 0.3), (0.2, 0.4), (0.1, 0.3)],  # it fell again
        [(0.5, 0.2), (0.6, 0.3), (0.7, 0.4)],  # both rise: no learning, but no overfitting either
    ],
)
def test_other_curves_are_not(rows):
    assert Fit(history(*rows)).warnings == []


def test_json_has_the_curves_and_the_chosen_epoch():
    fit = Fit(history((0.5, 0.4), (0.3, 0.2), (0.2, 0.3), best=1), {"dev": 0.5}, 200)
    assert fit.chosen == 2
    assert fit.to_dict()["chosen_epoch"] == 2
    assert fit.to_dict()["train_sample"] == 200
    assert len(fit.to_dict()["history"]) == 3
    assert Fit().to_dict() == {
        "f1": {}, "train_sample": None, "history": [], "chosen_epoch": None, "warnings": [],
    }  # fmt: skip
