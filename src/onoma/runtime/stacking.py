"""Several taggers' answers weighed by a small learned model: stacked generalisation (Wolpert 1992)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onoma.errors import BundleError, InputError
from onoma.files import whole_file
from onoma.runtime.ensemble import Ballot, Span, ballots
from onoma.runtime.merge import ask_all, joint_coverage, merge_entities
from onoma.runtime.texts import Text
from onoma.text import Annotate, Document, Entity

__all__ = ["Combiner", "Stacking", "fit_combiner", "logistic_regression", "read_combiner", "write_combiner"]

Reals = NDArray[np.float64]

_BATCH = 256  # documents that the members are asked about at a time
_STEPS = 50  # of Newton's method; a dozen are enough unless the data part perfectly
_CLOSE = 1e-10


class Combiner(BaseModel):
    """The learned weights: `features` of a ballot times ``weights`` is the log odds that it is right.

    ``documents`` and ``candidates`` say what it was fitted on; ``members`` are names, for the reader.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: int = 1
    members: list[str] = Field(min_length=1)
    labels: list[str]
    weights: list[float]
    documents: int
    candidates: int

    def model_post_init(self, _: object) -> None:
        """Refuse weights that are not one for each feature."""
        if len(self.weights) != 3 * len(self.members) + len(self.labels) + 1:
            raise ValueError("there must be three weights for each member, one for each label, and one more")

    def probabilities(self, answers: Sequence[Iterable[Entity]]) -> list[Entity]:
        """Each span and label that a member found, scored with the probability that it is right."""
        given = ballots(answers)
        chances = _logistic(features(given, self.labels, len(self.members)) @ np.array(self.weights))
        return [Entity(*ballot.span, float(p)) for ballot, p in zip(given, chances, strict=True)]


def features(given: Sequence[Ballot], labels: Sequence[str], members: int) -> Reals:
    """``[ballot, 3 * member + label + 1]``: of each member whether it found the span, with what score, and
    whether it found something else in its place; the label; 1 for all.

    >>> features(ballots([[Entity(0, 3, "per", 0.8)], [Entity(0, 5, "per", 0.6)]]), ["per"], 2).tolist()
    [[1.0, 0.0, 0.8, 0.0, 0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.6, 1.0, 0.0, 1.0, 1.0]]
    """
    score = np.array([[0.0 if p is None else p for p in each.scores] for each in given], dtype=np.float64)
    found = np.array([[p is not None for p in each.scores] for each in given], dtype=bool)
    known = np.array([[each.span[2] == label for label in labels] for each in given], dtype=bool)
    found, score = found.reshape(len(given), members), score.reshape(len(given), members)
    known = known.reshape(len(given), len(labels))
    return np.hstack([found, score, _against(given, found), known, np.ones((len(given), 1))])


def _against(given: Sequence[Ballot], found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``[ballot, member]``: whether the member did not find it, and found what overlaps it."""
    rivals = np.zeros_like(found)
    for i, ballot in enumerate(given):
        for j in range(i + 1, len(given)):  # they come ordered by start
            if given[j].span[0] >= ballot.span[1]:
                break
            rivals[i] |= found[j]
            rivals[j] |= found[i]
    return rivals & ~found


def logistic_regression(rows: Reals, right: NDArray[np.bool_], penalty: float = 1.0) -> Reals:
    """Weights ``[feature]`` that make ``right`` ``[row]`` likeliest, by Newton's method (iteratively
    reweighted least squares); large ones cost ``penalty`` / 2 times their squares, the last one's aside.

    >>> rows = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    >>> weights = logistic_regression(rows, np.array([False, False, True, True]))
    >>> (1 / (1 + np.exp(-rows @ weights)) > 0.5).tolist()
    [False, False, True, True]
    """
    price = np.full(rows.shape[1], penalty)
    price[-1] = 1e-6  # the constant is free, but for what keeps the equations solvable
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        chance = _logistic(rows @ weights)
        slope = rows.T @ (right - chance) - price * weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(price)
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max(initial=0.0) < _CLOSE:
            break
    return weights


def _logistic(odds: Reals) -> Reals:
    chance: Reals = 0.5 * (1 + np.tanh(0.5 * odds))  # the same as 1 / (1 + exp(-odds)), without overflow
    return chance


def fit_combiner(
    members: Sequence[Annotate],
    documents: Iterable[Document],
    *,
    names: Sequence[str] | None = None,
    penalty: float = 1.0,
    progress: Callable[[int], None] | None = None,
) -> Combiner:
    """Learn from ``documents`` with gold entities, which no member was trained on, whom to believe when.

    ``progress`` is told, after each batch, how many documents it held. Raises `InputError` when the members
    found nothing to learn from.
    """
    given, right, count = list[list[Ballot]](), list[bool](), 0
    for batch in _batches(documents):
        given += (part := _asked(members, batch))
        gold = map(_gold, batch)
        right += [each.span in true for found, true in zip(part, gold, strict=True) for each in found]
        count += len(batch)
        if progress:
            progress(len(batch))
    labels = sorted({ballot.span[2] for part in given for ballot in part})
    if not labels:
        raise InputError("the members found no entity in these documents: there is nothing to learn from")
    rows = np.concatenate([features(part, labels, len(members)) for part in given])
    weights = logistic_regression(rows, np.array(right), penalty).tolist()
    told = names or [str(getattr(member, "name", f"member {i}")) for i, member in enumerate(members, 1)]
    return Combiner(members=list(told), labels=labels, weights=weights, documents=count, candidates=len(rows))


def _asked(members: Sequence[Annotate], batch: Sequence[Document]) -> list[list[Ballot]]:
    _, answers = ask_all(members, batch)
    return [ballots([each.entities for each in answered]) for answered in zip(*answers, strict=True)]


def _gold(document: Document) -> set[Span]:
    return {(entity.start, entity.end, entity.label) for entity in document.entities}


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    rest = iter(documents)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def write_combiner(combiner: Combiner, path: str | Path) -> None:
    """Write it as JSON."""
    with whole_file(path) as file:
        file.write(combiner.model_dump_json(indent=1) + "\n")


def read_combiner(path: str | Path) -> Combiner:
    """What `write_combiner` wrote; raises `BundleError` saying why it is none."""
    try:
        content: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        return Combiner.model_validate(content)
    except (OSError, ValueError, ValidationError) as error:
        raise BundleError(f"{path} is no combiner of taggers: {error}") from error


class Stacking:
    """An `Annotate` from several whose entities are scored by a `Combiner`, and kept from ``threshold`` on.

    Of entities that overlap the likelier stays. The members must be those it was fitted with, in that order.
    """

    def __init__(self, members: Sequence[Annotate], combiner: Combiner, threshold: float = 0.5) -> None:
        """Raises `InputError` when there are not as many members as the combiner knows."""
        if len(members) != len(combiner.members):
            raise InputError(
                f"the combiner was fitted with {len(combiner.members)} members "
                f"({', '.join(combiner.members)}), and {len(members)} were given"
            )
        self.members, self.combiner, self.threshold = list(members), combiner, threshold

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """The documents with the entities that are likely enough."""
        documents, answers = ask_all(self.members, texts)
        return [
            document.replace(
                entities=self.weigh([each.entities for each in answered]), coverage=joint_coverage(answered)
            )
            for document, *answered in zip(documents, *answers, strict=True)
        ]

    def weigh(self, answers: Sequence[Iterable[Entity]]) -> tuple[Entity, ...]:
        """What the members' entities in one document come to."""
        likely = [each for each in self.combiner.probabilities(answers) if each.score >= self.threshold]
        return merge_entities([likely], "score")
