"""Whether a tagger knows its training text by heart, said in words, from its losses and its F1 by split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

__all__ = ["GAP", "Fit", "signs_of_overfitting"]

GAP = 0.05
"""How far F1 on train may lie above F1 on unseen text, 0..1, before it is remarked on."""

_EPOCHS = 2  # in a row that dev loss must have risen, to be no accident


@dataclass(frozen=True, slots=True)
class Fit:
    """How training went, and how well what came of it does on each split.

    ``history`` has a mapping an epoch: ``epoch`` (from 0), ``loss``, ``dev_loss``, ``dev_f1``, ``best``.
    ``f1`` maps a split to its strict F1, 0..1; ``train_sample`` is the number of sentences of train
    that its F1 was measured on.

    >>> Fit(f1={"train": 0.99, "dev": 0.9}).warnings
    ['F1 on train, 99.0, is 9.0 points above dev, 90.0: more than 5 points are a sign of overfitting']
    """

    history: Sequence[Mapping[str, Any]] = ()
    f1: Mapping[str, float] = field(default_factory=dict)
    train_sample: int | None = None

    @property
    def warnings(self) -> list[str]:
        """What speaks of overfitting, in words; empty when nothing does."""
        return list(signs_of_overfitting(self.history, self.f1))

    @property
    def chosen(self) -> int | None:
        """The epoch, from 1, whose weights were kept: the last that was the best so far."""
        return next((int(row["epoch"]) + 1 for row in reversed(self.history) if row["best"]), None)

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "f1": dict(self.f1),
            "train_sample": self.train_sample,
            "history": [dict(row) for row in self.history],
            "chosen_epoch": self.chosen,
            "warnings": self.warnings,
        }


def signs_of_overfitting(history: Sequence[Mapping[str, Any]], f1: Mapping[str, float]) -> Iterator[str]:
    """The signs that ``history`` and ``f1`` show (see `Fit`), a sentence each.

    They are: F1 on train more than 5 points above dev (or, where there is no dev, test); dev loss that
    rose to the last epoch, twice in a row at least, while train loss fell.
    """
    yield from _gap(f1)
    yield from _rise(history)


def _gap(f1: Mapping[str, float]) -> Iterator[str]:
    against = next((split for split in ("dev", "test") if split in f1), None)
    if against is None or "train" not in f1:
        return
    gap = f1["train"] - f1[against]
    if gap > GAP:
        yield (
            f"F1 on train, {100 * f1['train']:.1f}, is {100 * gap:.1f} points above {against}, "
            f"{100 * f1[against]:.1f}: more than {100 * GAP:.0f} points are a sign of overfitting"
        )


def _rise(history: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The stretch of epochs, up to the last, over which dev loss rose and train loss fell."""
    pairs = zip(reversed(history[:-1]), reversed(history), strict=False)
    drifting = takewhile(lambda pair: _apart(*pair), pairs)
    if (epochs := len(list(drifting))) < _EPOCHS:
        return
    first, last = history[-1 - epochs], history[-1]
    yield (
        f"dev loss rose from {first['dev_loss']:.4f} to {last['dev_loss']:.4f} over epochs "
        f"{first['epoch'] + 1} to {last['epoch'] + 1} while train loss fell from {first['loss']:.4f} to "
        f"{last['loss']:.4f}: training went on past its best fit"
    )


def _apart(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return bool(after["dev_loss"] > before["dev_loss"] and after["loss"] < before["loss"])
