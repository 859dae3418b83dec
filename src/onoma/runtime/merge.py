"""Several taggers' entities in one document, and which of those that overlap are kept: a policy by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from onoma.errors import InputError, nearest
from onoma.runtime.foreign import check_same
from onoma.runtime.texts import Text, checked_texts, tokenised
from onoma.text import Annotate, Coverage, Document, Entity

__all__ = ["POLICIES", "Merge", "ask_all", "joint_coverage", "merge_entities", "policy_named"]


class _Candidate(NamedTuple):
    entity: Entity
    source: int  # place of its tagger among the taggers


def _length(entity: Entity) -> int:
    return entity.end - entity.start


def _crosses(one: Entity, other: Entity) -> bool:
    """Whether the two overlap and neither lies within the other; the same span twice crosses too."""
    inside = (one.start <= other.start and other.end <= one.end) or (
        other.start <= one.start and one.end <= other.end
    )
    return not inside or (one.start, one.end) == (other.start, other.end)


class _Policy(NamedTuple):
    """``rank``: of two in conflict the one that sorts first is kept; ``conflict``: which overlaps are one."""

    rank: Callable[[_Candidate], tuple[Any, ...]]
    conflict: Callable[[Entity, Entity], bool] = lambda one, other: True


def _by_length(each: _Candidate) -> tuple[Any, ...]:
    entity, source = each
    return -_length(entity), -entity.score, entity.start, source, entity.label


def _by_start(each: _Candidate) -> tuple[Any, ...]:
    return each.entity.start, *_by_length(each)


def _by_score(each: _Candidate) -> tuple[Any, ...]:
    return -each.entity.score, *_by_length(each)


def _by_source(each: _Candidate) -> tuple[Any, ...]:
    return each.source, *_by_length(each)


POLICIES = {
    "longest": _Policy(_by_length),
    "first": _Policy(_by_start),
    "score": _Policy(_by_score),
    "priority": _Policy(_by_source),
    "nested": _Policy(_by_length, _crosses),
    "all": _Policy(_by_length, lambda one, other: False),
}
"""What is kept of entities that overlap.

``longest``: the longer one; ``first``: the one that begins first; ``score``: the one with the higher score;
``priority``: that of the tagger named first; ``nested``: both where one lies within the other, else the
longer; ``all``: all. Ties go to the longer, the higher score, the earlier, the tagger named first, the label
that sorts first.
"""


def policy_named(name: str) -> _Policy:
    """The policy called ``name``; raises `InputError` naming those there are."""
    if name not in POLICIES:
        raise InputError(f"there is no overlap policy {name!r}; {nearest(name, POLICIES)}")
    return POLICIES[name]


def merge_entities(sources: Sequence[Iterable[Entity]], policy: str = "longest") -> tuple[Entity, ...]:
    """The entities of all ``sources``, ordered, with overlaps resolved by ``policy`` (see `POLICIES`).

    The same span and label from several sources is one entity, with the highest score.

    >>> york, city = Entity(0, 8, "geo", 0.9), Entity(0, 13, "geo", 0.6)
    >>> merge_entities([[york], [city]]) == (city,)
    True
    >>> merge_entities([[york], [city]], "score") == (york,)
    True
    >>> merge_entities([[york], [city]], "nested") == (city, york)
    True
    """
    rank, conflict = policy_named(policy)
    kept: list[Entity] = []
    for cluster in _clusters(_distinct(sources)):
        kept += _greedy(sorted(cluster, key=rank), conflict)
    return tuple(sorted(kept, key=lambda entity: (entity.start, -entity.end, entity.label)))


def _distinct(sources: Sequence[Iterable[Entity]]) -> list[_Candidate]:
    """One candidate for each span and label: with the highest score, of the first source that has it."""
    found: dict[tuple[int, int, str], _Candidate] = {}
    for source, entities in enumerate(sources):
        for entity in entities:
            known = found.get(span := (entity.start, entity.end, entity.label))
            if known is None:
                found[span] = _Candidate(entity, source)
            elif entity.score > known.entity.score:
                found[span] = _Candidate(entity, known.source)
    return sorted(found.values(), key=lambda each: (each.entity.start, each.entity.end))


def _clusters(candidates: Iterable[_Candidate]) -> Iterator[list[_Candidate]]:
    """Neighbours that are joined by overlaps; the candidates come ordered by start."""
    cluster: list[_Candidate] = []
    reach = 0
    for each in candidates:
        if cluster and each.entity.start >= reach:
            yield cluster
            cluster, reach = [], 0
        cluster.append(each)
        reach = max(reach, each.entity.end)
    if cluster:
        yield cluster


def _greedy(ranked: Sequence[_Candidate], conflict: Callable[[Entity, Entity], bool]) -> list[Entity]:
    kept: list[Entity] = []
    for entity, _ in ranked:
        if not any(_overlap(entity, other) and conflict(entity, other) for other in kept):
            kept.append(entity)
    return kept


def _overlap(one: Entity, other: Entity) -> bool:
    return one.start < other.end and other.start < one.end


class Merge:
    """An `Annotate` from several: the entities of all, with overlaps resolved by a policy.

    >>> def names(documents):
    ...     return [d.replace(entities=[Entity(0, 3, "per", 0.9)]) for d in documents]
    >>> def everything(documents):
    ...     return [d.replace(entities=[Entity(0, len(d.text), "misc", 0.4)]) for d in documents]
    >>> [document] = Merge([names, everything], "priority")(["Ada wrote"])
    >>> document.entities
    (Entity(start=0, end=3, label='per', score=0.9),)
    """

    def __init__(self, taggers: Sequence[Annotate], policy: str = "longest") -> None:
        """``taggers`` in the order of their priority. Raises `InputError` for none, or an unknown policy."""
        if not taggers:
            raise InputError("there is nothing to merge: give at least one tagger")
        policy_named(policy)
        self.taggers, self.policy = list(taggers), policy

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """The documents with the entities that the policy keeps."""
        documents, answers = ask_all(self.taggers, texts)
        return [
            document.replace(
                entities=merge_entities([each.entities for each in answered], self.policy),
                coverage=joint_coverage(answered),
            )
            for document, *answered in zip(documents, *answers, strict=True)
        ]


def ask_all(
    taggers: Sequence[Annotate], texts: Sequence[Text]
) -> tuple[list[Document], list[list[Document]]]:
    """The texts as documents with tokens, without entities, and what each of ``taggers`` makes of them.

    Raises `InputError` naming the position of what is no text, `AlignmentError` for a tagger that answers
    about other texts.
    """
    documents = [tokenised(document).replace(entities=()) for document in checked_texts(texts)]
    answers = [list(tagger(documents)) for tagger in taggers] if documents else [[] for _ in taggers]
    for number, answered in enumerate(answers, 1):
        check_same(f"tagger {number}", documents, answered)
    return documents, answers


def joint_coverage(answered: Sequence[Document]) -> Coverage | None:
    """How a text was read by several: what all of them read, the most windows, and who they were.

    None where one of them does not tell.
    """
    told = [document.coverage for document in answered if document.coverage]
    if len(told) < len(answered):
        return None
    names = " + ".join(dict.fromkeys(each.tagger for each in told))
    return Coverage(min(each.characters for each in told), max(each.windows for each in told), names)
