"""Several taggers asked and their answers put to the vote, entity by entity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onoma.errors import InputError
from onoma.runtime.merge import ask_all, joint_coverage, merge_entities, policy_named
from onoma.runtime.texts import Text
from onoma.text import Annotate, Document, Entity

__all__ = ["Ballot", "Ensemble", "Span", "ballots"]

Span = tuple[int, int, str]
"""Start, end and label of an entity."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the members said of one span and label: the score each gave it, None where it was not found."""

    span: Span
    scores: tuple[float | None, ...]

    def share(self, weights: Sequence[float]) -> float:
        """The share of the weight of those who found it."""
        found = zip(weights, self.scores, strict=True)
        return sum(weight for weight, score in found if score is not None) / sum(weights)

    def score(self, weights: Sequence[float]) -> float:
        """The weighted mean of the scores, where one that did not find it gave it 0."""
        given = zip(weights, self.scores, strict=True)
        return sum(weight * (score or 0.0) for weight, score in given) / sum(weights)


def ballots(answers: Sequence[Iterable[Entity]]) -> list[Ballot]:
    """A ballot for each span and label that a member found; ``answers`` are the members' entities.

    >>> [ballot] = ballots([[Entity(0, 3, "per", 0.8)], []])
    >>> ballot.scores, ballot.share([1, 1]), ballot.score([3, 1])
    ((0.8, None), 0.5, 0.6000000000000001)
    """
    given: dict[Span, list[float | None]] = {}
    for member, entities in enumerate(answers):
        for entity in entities:
            votes = given.setdefault((entity.start, entity.end, entity.label), [None] * len(answers))
            votes[member] = max(entity.score, votes[member] or 0.0)
    return [Ballot(span, tuple(votes)) for span, votes in sorted(given.items())]


class Ensemble:
    """An `Annotate` from several that vote on each span and label.

    An entity is kept when those who found it have more than ``quorum`` of the weight (a majority by default),
    and its score is the weighted mean of theirs, 0 for a member that did not find it. With a quorum below one
    half kept entities may overlap; ``policy`` of `onoma.runtime.merge` says which of them stays.

    >>> def sure(documents):
    ...     return [d.replace(entities=[Entity(0, 3, "per", 0.9)]) for d in documents]
    >>> def unsure(documents):
    ...     return [d.replace(entities=[Entity(0, 3, "per", 0.6)]) for d in documents]
    >>> [document] = Ensemble([sure, unsure, list])(["Ada wrote"])
    >>> [round(entity.score, 3) for entity in document.entities]
    [0.5]
    """

    def __init__(
        self,
        members: Sequence[Annotate],
        weights: Sequence[float] | None = None,
        *,
        quorum: float = 0.5,
        policy: str = "score",
    ) -> None:
        """``weights`` is one number a member, all alike unless given.

        Raises `InputError` for no members, weights that do not fit or are not above 0, an unknown policy.
        """
        self.weights = [1.0] * len(members) if weights is None else [float(weight) for weight in weights]
        if not members or len(self.weights) != len(members) or not all(w > 0 for w in self.weights):
            raise InputError(
                f"an ensemble needs members and a weight above 0 for each; "
                f"{len(members)} members and the weights {self.weights} were given"
            )
        if not 0 <= quorum < 1:
            raise InputError(f"the quorum is {quorum}; it may be from 0 to less than 1")
        policy_named(policy)
        self.members, self.quorum, self.policy = list(members), quorum, policy

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """The documents with the entities that were voted for."""
        documents, answers = ask_all(self.members, texts)
        return [
            document.replace(
                entities=self.vote([each.entities for each in answered]), coverage=joint_coverage(answered)
            )
            for document, *answered in zip(documents, *answers, strict=True)
        ]

    def vote(self, answers: Sequence[Iterable[Entity]]) -> tuple[Entity, ...]:
        """What the members' entities in one document come to."""
        kept = [
            Entity(*ballot.span, ballot.score(self.weights))
            for ballot in ballots(answers)
            if ballot.share(self.weights) > self.quorum
        ]
        return merge_entities([kept], self.policy)
