"""What each policy for ill-formed tags does to gold and to the prediction, and what score follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from onoma.evaluation.counts import Counts
from onoma.evaluation.scores import Scores
from onoma.evaluation.sheets import Sheet

__all__ = ["Effect", "effects_sheet", "policy_effects"]


class Effect(NamedTuple):
    """One policy: how many entities it reads, and how many of them, or besides them, were ill-formed.

    ``counts`` is None for a policy that refuses the files.
    """

    policy: str
    does: str
    counts: Counts | None
    gold_changed: int
    predicted_changed: int

    def to_dict(self) -> dict[str, Any]:
        """The policy and its effects, ready for JSON."""
        figures = None if self.counts is None else self.counts.to_dict()
        changed = {"gold_changed": self.gold_changed, "predicted_changed": self.predicted_changed}
        return {"policy": self.policy, "does": self.does, **changed, "micro": figures}


def policy_effects(scores: Scores) -> list[Effect]:
    """The effect of each policy, from the two readings in ``scores``.

    >>> from onoma.evaluation.judge import score_tags
    >>> strict, lenient, error = policy_effects(score_tags([["B-a"]], [["I-a"]]))
    >>> strict.counts, strict.predicted_changed, lenient.counts, error.counts
    (Counts(tp=0, fp=0, fn=1), 1, Counts(tp=1, fp=0, fn=0), None)
    """
    strict, lenient = scores.strict.micro, scores.conlleval.micro
    gold, predicted = lenient.support - strict.support, lenient.predicted - strict.predicted
    whole = strict if not gold and not predicted else None
    return [
        Effect("strict", "(or discard) leaves ill-formed entities out", strict, gold, predicted),
        Effect("conlleval", "(or lenient) reads them as entities all the same", lenient, gold, predicted),
        Effect("error", "stops at the first of them", whole, gold, predicted),
    ]


def effects_sheet(effects: Sequence[Effect]) -> Sheet:
    """The effects as a table."""
    head = ["policy", "gold", "ill-formed", "predicted", "ill-formed", "precision", "recall", "F1"]
    rows = [[each.policy, *_cells(each)] for each in effects]
    note = (
        "Entities of gold and of the prediction; one is ill-formed when its first or last tag may not open "
        f"or close one. {'; '.join(f'{each.policy} {each.does}' for each in effects)}."
    )
    return Sheet("Policies for ill-formed tags, in %", head, "lrrrrrrr", rows, [note])


def _cells(each: Effect) -> list[str]:
    changed = [f"{each.gold_changed:,}", f"{each.predicted_changed:,}"]
    if each.counts is None:
        return ["–", changed[0], "–", changed[1], "–", "–", "–"]
    counts = each.counts
    shares = [f"{100 * share:.2f}" for share in (counts.precision, counts.recall, counts.f1)]
    return [f"{counts.support:,}", changed[0], f"{counts.predicted:,}", changed[1], *shares]
