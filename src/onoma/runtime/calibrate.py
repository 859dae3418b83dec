"""Fitting a tagger's confidence on dev, and choosing the method: by log-loss on what was not fitted on.

Temperature scaling (Guo et al. 2017) divides all of the network's scores by one number. Isotonic regression
(Zadrozny & Elkan 2002) fits a rising curve through the share of entities that are right, here by pooling
adjacent violators over groups of like score, joined at their centres (Oron & Flournoy 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.evaluation import judge
from onoma.evaluation.calibration import expected_error
from onoma.runtime.articles import in_context
from onoma.runtime.confidence import Confidence
from onoma.runtime.piece_engine import PieceEngine
from onoma.runtime.tagger import Tagger
from onoma.text import Document

__all__ = ["Fitted", "fit_confidence", "isotonic"]

TEMPERATURES = tuple(float(t) for t in np.geomspace(0.6, 2.5, 12).round(3))
_GROUP = 25  # entities that a point of the isotonic curve rests on, at the least
_FOLDS = 5
_NEAR = 1e-4  # a probability this near to 0 or 1 costs no more than this far from it would

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Fitted(NamedTuple):
    """The chosen confidence, and what the choice rests on."""

    confidence: Confidence
    losses: dict[str, float]  # method → log-loss an entity, on entities not fitted on
    ece: float  # expected calibration error on dev before
    ece_after: float  # and with the chosen method, fitted on the other folds
    entities: int

    def describe(self) -> str:
        """One line for people."""
        losses = ", ".join(f"{name} {loss:.4f}" for name, loss in self.losses.items())
        return (
            f"entity scores: {self.confidence.method} (log-loss across folds of dev: {losses}); expected "
            f"calibration error {self.ece:.4f} before, {self.ece_after:.4f} after"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**self._asdict(), "confidence": self.confidence.model_dump()}


class _Seen(NamedTuple):
    """Predicted entities of dev: their scores at each temperature, whether right, which fold."""

    scores: Reals  # [temperature, entity]; the last row is at temperature 1
    right: Flags
    fold: NDArray[np.int64]

    def where(self, keep: Flags) -> _Seen:
        return _Seen(self.scores[:, keep], self.right[keep], self.fold[keep])


def fit_confidence(
    tagger: Tagger, dev: Sequence[Document], progress: Callable[[], None] = lambda: None
) -> Fitted:
    """Fit every method on ``dev`` and choose the one with the least log-loss across folds of its sentences.

    ``progress`` is called after each of ``len(TEMPERATURES) + 1`` passes. The tagger is left as it was.
    Raises `InputError` when the tagger finds too few entities to fit anything.
    """
    seen = _seen(tagger, dev, progress)
    if len(seen.right) < 2 * _GROUP:
        fault = f"the tagger found {len(seen.right)} entities; fitting a confidence needs {2 * _GROUP}"
        raise InputError(f"{fault}: give a larger dev corpus")
    out_of_fold = {name: _across_folds(fit, seen) for name, fit in METHODS.items()}
    losses = {name: log_loss(scores, seen.right) for name, scores in out_of_fold.items()}
    best = min(losses, key=lambda name: losses[name])
    before, after = (expected_error(scores, seen.right) for scores in (seen.scores[-1], out_of_fold[best]))
    return Fitted(METHODS[best](seen), losses, before, after, len(seen.right))


def _seen(tagger: Tagger, dev: Sequence[Document], progress: Callable[[], None]) -> _Seen:
    bare = [document.replace(entities=()) for document in dev]
    rows: list[Reals] = []
    annotate = in_context(tagger)
    engine = tagger.engine
    try:
        # an encoder takes far longer than all that comes after it, and says the same at every temperature
        with engine.remembering() if isinstance(engine, PieceEngine) else nullcontext():
            for temperature in (*TEMPERATURES, 1.0):
                engine.trust(Confidence(method="temperature", temperature=temperature))
                judged = judge(dev, annotate(bare))
                rows.append(judged.predicted.score)
                progress()
    finally:
        engine.trust(tagger.manifest.confidence)
    return _Seen(np.stack(rows), judged.right, judged.predicted.sentence % _FOLDS)


def _across_folds(fit: Callable[[_Seen], Confidence], seen: _Seen) -> Reals:
    """Scores of each entity under a confidence fitted on the other folds."""
    scores = np.empty(len(seen.right))
    for fold in range(_FOLDS):
        inside = seen.fold == fold
        scores[inside] = _applied(fit(seen.where(~inside)), seen.where(inside))
    return scores


def _applied(confidence: Confidence, seen: _Seen) -> Reals:
    temperatures = (*TEMPERATURES, 1.0)
    mended: Reals = confidence.mended(seen.scores[temperatures.index(confidence.temperature)]).astype(float)
    return mended


def _as_it_is(_: _Seen) -> Confidence:
    return Confidence()


def _temperature(seen: _Seen) -> Confidence:
    losses = [log_loss(scores, seen.right) for scores in seen.scores[:-1]]
    return Confidence(method="temperature", temperature=TEMPERATURES[int(np.argmin(losses))])


def _isotonic(seen: _Seen) -> Confidence:
    scores, shares = isotonic(seen.scores[-1], seen.right)
    return Confidence(method="isotonic", scores=scores.tolist(), shares=shares.tolist())


METHODS: dict[str, Callable[[_Seen], Confidence]] = {
    "none": _as_it_is,
    "temperature": _temperature,
    "isotonic": _isotonic,
}


def log_loss(scores: Reals, right: Flags) -> float:
    """Mean negative log-likelihood of the outcomes, in nats.

    >>> round(log_loss(np.array([0.5, 0.5]), np.array([True, False])), 3)
    0.693
    """
    sure = np.clip(scores, _NEAR, 1 - _NEAR)
    return float(-np.where(right, np.log(sure), np.log1p(-sure)).mean())


def isotonic(scores: Reals, right: Flags) -> tuple[Reals, Reals]:
    """Points of a rising curve from scores to shares of what is right, from 0 to 1.

    >>> x, y = isotonic(np.repeat([0.25, 0.5], 50), np.repeat([True, False, True], [20, 30, 50]))
    >>> x.tolist(), y.tolist()
    ([0.0, 0.25, 0.5, 1.0], [0.0, 0.4, 1.0, 1.0])
    """
    order = np.argsort(scores, kind="stable")
    groups = np.array_split(order, max(len(order) // _GROUP, 1))
    blocks: list[tuple[float, float, int]] = []  # mean score, share right, entities; shares rise
    for group in groups:
        blocks.append((float(scores[group].mean()), float(right[group].mean()), len(group)))
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            blocks.append(_pooled(blocks.pop(), blocks.pop()))
    x, y = (np.array(column) for column in list(zip(*blocks, strict=True))[:2])
    return np.concatenate([[0.0], x, [1.0]]), np.concatenate([[0.0], y, y[-1:]])


def _pooled(one: tuple[float, float, int], other: tuple[float, float, int]) -> tuple[float, float, int]:
    count = one[2] + other[2]
    mean, share = ((one[i] * one[2] + other[i] * other[2]) / count for i in (0, 1))
    return mean, share, count
