"""Where a cascade's threshold belongs: fitted on labelled documents to a stated budget of time or of F1."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError, nearest
from onoma.evaluation.judged import Judged, judge
from onoma.evaluation.trial import run
from onoma.runtime.cascade import certainty
from onoma.text import Annotate, Document

__all__ = ["Budget", "CascadeTrial", "Fit", "Point", "fit_threshold", "parse_budget", "try_both"]

Reals = NDArray[np.float64]

_SHOWN = 101  # points of the frontier that are shown, and for which the oracle is asked


class Budget(NamedTuple):
    """What may be spent: ``share`` of the sentences that may go on, ``ms`` a sentence, or ``f1`` points lost.

    >>> Budget("f1", 0.5).in_words
    'at most 0.5 points of F1 below the costly tagger'
    """

    kind: str
    limit: float

    @property
    def in_words(self) -> str:
        """The budget as a reader would say it."""
        return _BUDGETS[self.kind].format(self.limit)


_BUDGETS = {
    "share": "at most {:.1%} of the sentences go on",
    "ms": "at most {:g} ms a sentence",
    "f1": "at most {:g} points of F1 below the costly tagger",
}


def parse_budget(given: str) -> Budget:
    """``share=0.2``, ``ms=1.5`` or ``f1=0.5``; raises `InputError` for anything else.

    >>> parse_budget("share=0.2")
    Budget(kind='share', limit=0.2)
    """
    kind, _, number = given.partition("=")
    if kind not in _BUDGETS:
        raise InputError(
            f"there is no budget {kind!r}; {nearest(kind, _BUDGETS)}; write for example share=0.2"
        )
    try:
        limit = float(number)
    except ValueError:
        limit = float("nan")
    if not 0 <= limit < float("inf") or (kind == "share" and limit > 1):
        raise InputError(f"the budget {given!r} needs a number after '=', not negative, of a share at most 1")
    return Budget(kind, limit)


class Point(NamedTuple):
    """What a threshold comes to: sentences of less certainty go on.

    ``share`` is the part of the sentences that go on, ``ms`` milliseconds a sentence, ``f1`` of strict
    entities. ``oracle`` is the highest F1 that as many sentences could buy, chosen by one who knows what each
    would gain, ``by_lot`` what as many drawn by lot would buy.
    """

    threshold: float
    share: float
    ms: float
    f1: float
    oracle: float
    by_lot: float

    @property
    def regret(self) -> float:
        """F1 that the best choice of as many sentences would gain."""
        return self.oracle - self.f1

    def to_dict(self) -> dict[str, float]:
        """The point and its regret, ready for JSON."""
        return self._asdict() | {"regret": self.regret}


class _Counts(NamedTuple):
    """Per sentence, ``[sentence]``: entities found that are right, and found at all."""

    right: Reals
    found: Reals


@dataclass(frozen=True, eq=False)
class CascadeTrial:
    """Both taggers' answers to the same documents, sentence by sentence, and the time they took.

    ``certainty``, ``tokens`` and ``gold`` (entities there are) are ``[sentence]``; seconds are for all.
    """

    certainty: Reals
    tokens: Reals
    gold: Reals
    cheap: _Counts
    costly: _Counts
    cheap_seconds: float
    costly_seconds: float

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Sentences from the least certain on."""
        return np.argsort(self.certainty, kind="stable")

    @cached_property
    def cuts(self) -> NDArray[np.intp]:
        """How many sentences may go on: those of equal certainty go together or not at all."""
        ordered = self.certainty[self.order]
        inner = np.flatnonzero(ordered[1:] > ordered[:-1]) + 1
        return np.unique(np.concatenate([[0], inner, [len(ordered)]]))

    @cached_property
    def scores(self) -> Reals:
        """F1 for each number of sentences that go on, from none to all ``[sentence + 1]``."""
        right, found = (
            np.concatenate([[0.0], np.cumsum((b - a)[self.order])]) + a.sum()
            for a, b in zip(self.cheap, self.costly, strict=True)
        )
        f1: Reals = _f1(right, found, self.gold.sum())
        return f1

    @cached_property
    def milliseconds(self) -> Reals:
        """Time a sentence for each number that go on ``[sentence + 1]``; what goes on costs by its tokens."""
        tokens = np.concatenate([[0.0], np.cumsum(self.tokens[self.order])])
        seconds = self.cheap_seconds + self.costly_seconds * tokens / max(self.tokens.sum(), 1.0)
        milliseconds: Reals = 1000 * seconds / max(len(self.tokens), 1)
        return milliseconds

    def threshold(self, count: int) -> float:
        """A threshold that so many sentences are below, halfway to the next, so that rounding moves none."""
        ordered = self.certainty[self.order]
        before = ordered[count - 1] if count else 0.0
        after = ordered[count] if count < len(ordered) else before + 1.0
        return float((before + after) / 2) if count else 0.0

    def oracle(self, count: int) -> float:
        """The best F1 that at most ``count`` sentences can buy.

        F1 is a ratio of sums over sentences, so for a guess at it the best sentences are those that gain most
        in ``2 right - guess * found``; the F1 they give is the next guess (Dinkelbach 1967).
        """
        gain = [b - a for a, b in zip(self.cheap, self.costly, strict=True)]
        best = float(self.scores[0])
        while True:
            worth = 2 * gain[0] - best * gain[1]
            chosen = np.argsort(-worth, kind="stable")[:count]
            chosen = chosen[worth[chosen] > 0]
            right, found = (a.sum() + g[chosen].sum() for a, g in zip(self.cheap, gain, strict=True))
            reached = float(_f1(right, found, self.gold.sum()))
            if reached <= best + 1e-12:
                return best
            best = reached

    def by_lot(self, count: int) -> float:
        """About what ``count`` sentences drawn by lot buy."""
        share = count / max(len(self.certainty), 1)
        right, found = (a.sum() + share * (b - a).sum() for a, b in zip(self.cheap, self.costly, strict=True))
        return float(_f1(right, found, self.gold.sum()))

    def point(self, count: int) -> Point:
        """What it comes to when so many sentences go on."""
        share = count / max(len(self.certainty), 1)
        ms, f1 = float(self.milliseconds[count]), float(self.scores[count])
        return Point(self.threshold(count), share, ms, f1, self.oracle(count), self.by_lot(count))


def _f1(right: Any, found: Any, gold: float) -> Any:
    return 2 * right / np.maximum(found + gold, 1.0)


@dataclass(frozen=True, slots=True)
class Fit:
    """The threshold that was chosen, and all that could have been: ``frontier`` from none to all going on."""

    budget: Budget
    chosen: Point
    frontier: Sequence[Point]
    sentences: int

    @property
    def cheap(self) -> Point:
        """The cheap tagger alone."""
        return self.frontier[0]

    @property
    def costly(self) -> Point:
        """Everything goes on; the cheap tagger's time is in it."""
        return self.frontier[-1]

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "budget": self.budget._asdict(),
            "sentences": self.sentences,
            "chosen": self.chosen.to_dict(),
            "frontier": [point.to_dict() for point in self.frontier],
        }


def fit_threshold(trial: CascadeTrial, budget: Budget) -> Fit:
    """The best F1 within a budget of time, or the least time within a budget of F1.

    Raises `InputError` when there are no sentences, or the cheap tagger alone takes longer than the budget.
    """
    if not len(trial.certainty):
        raise InputError("there are no sentences to fit a threshold on")
    cuts = trial.cuts
    share, ms, f1 = cuts / len(trial.certainty), trial.milliseconds[cuts], trial.scores[cuts]
    if budget.kind == "f1":
        chosen = int(np.argmax(f1 >= f1[-1] - budget.limit / 100))
    else:
        within = (share if budget.kind == "share" else ms) <= budget.limit
        if not within.any():
            raise InputError(
                f"the cheap tagger alone takes {ms[0]:.3g} ms a sentence, the budget is {budget.limit:g}"
            )
        chosen = int(np.argmax(np.where(within, f1, -1.0)))
    shown = np.unique(np.linspace(0, len(cuts) - 1, min(_SHOWN, len(cuts))).round().astype(np.intp))
    frontier = [trial.point(int(cuts[place])) for place in shown]
    return Fit(budget, trial.point(int(cuts[chosen])), frontier, len(trial.certainty))


def try_both(
    cheap: Annotate,
    costly: Annotate,
    documents: Sequence[Document],
    *,
    batch_size: int = 64,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[int], None] | None = None,
) -> CascadeTrial:
    """Run both on ``documents``, which have gold entities; ``clock`` gives seconds.

    ``progress`` is told, after each batch of each tagger, how many documents it held.
    """
    answers, seconds = [], []
    for tagger in (cheap, costly):
        tagger([document.replace(entities=()) for document in documents[:batch_size]])  # caches fill
        timed = _Timed(tagger, clock)
        answers.append(run(timed, documents, batch_size=batch_size, progress=progress)[1])
        seconds.append(timed.seconds)
    judged = [judge(documents, each) for each in answers]
    return CascadeTrial(
        certainty=np.array([certainty(each) for each in answers[0]]),
        tokens=np.array([len(document.tokens) for document in documents], dtype=np.float64),
        gold=_per_sentence(judged[0], judged[0].gold.sentence),
        cheap=_counts(judged[0]),
        costly=_counts(judged[1]),
        cheap_seconds=seconds[0],
        costly_seconds=seconds[1],
    )


class _Timed:
    def __init__(self, annotate: Annotate, clock: Callable[[], float]) -> None:
        self._annotate, self._clock, self.seconds = annotate, clock, 0.0

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        began = self._clock()
        answers = self._annotate(documents)
        self.seconds += self._clock() - began
        return answers


def _counts(judged: Judged) -> _Counts:
    sentence = judged.predicted.sentence
    return _Counts(_per_sentence(judged, sentence[judged.right]), _per_sentence(judged, sentence))


def _per_sentence(judged: Judged, sentence: NDArray[np.int64]) -> Reals:
    return np.bincount(sentence, minlength=judged.sentences).astype(np.float64)
