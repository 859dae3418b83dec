"""What two label sets that do not fit tell: labels of one side that the other lacks."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from onoma.evaluation.scores import Scores

__all__ = ["label_notes"]


def label_notes(scores: Scores) -> list[str]:
    """Remarks on labels that only one side has, with the nearest one of the other side, and on sides that
    have no entity at all.

    >>> from onoma.evaluation.judge import score_tags
    >>> for note in label_notes(score_tags([["B-PER", "B-LOC"]], [["B-per", "B-LOC"]])):
    ...     print(note)
    gold has no label per (1 predicted entity): perhaps PER? Then: --map per=PER
    the label PER is never predicted (1 gold entity)
    """
    types = scores.conlleval.types
    gold = {name: counts.support for name, counts in types.items() if counts.support}
    predicted = {name: counts.predicted for name, counts in types.items() if counts.predicted}
    return list(_empty(gold, predicted)) or [*_foreign(gold, predicted), *_unpredicted(gold, predicted)]


def _empty(gold: Mapping[str, int], predicted: Mapping[str, int]) -> Iterator[str]:
    if not gold:
        yield "gold has no entity: every predicted one is wrong, and recall says nothing"
    if not predicted:
        yield "nothing is predicted: every tag is O"


def _foreign(gold: Mapping[str, int], predicted: Mapping[str, int]) -> Iterator[str]:
    for name in sorted(set(predicted) - set(gold)):
        near = _nearest(name, sorted(gold))
        yield f"gold has no label {name} ({_entities(predicted[name], 'predicted')}){near}"


def _unpredicted(gold: Mapping[str, int], predicted: Mapping[str, int]) -> Iterator[str]:
    for name in sorted(set(gold) - set(predicted)):
        yield f"the label {name} is never predicted ({_entities(gold[name], 'gold')})"


def _entities(count: int, kind: str) -> str:
    return f"{count:,} {kind} {'entity' if count == 1 else 'entities'}"


def _nearest(name: str, known: list[str]) -> str:
    """The label that ``name`` may stand for; case says nothing."""
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    begun = [each for each in folded if each.startswith(name.casefold()) or name.casefold().startswith(each)]
    found = [folded[each] for each in (begun or close)]
    return f": perhaps {found[0]}? Then: --map {name}={found[0]}" if found else ""
