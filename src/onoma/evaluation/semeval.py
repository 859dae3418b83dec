"""The table of SemEval-2013 task 9.1: four ways to match, with the outcomes that they count.

Source: Segura-Bedmar et al. 2013; see `onoma.evaluation.schemas` for the matching.
"""

from __future__ import annotations

from collections.abc import Sequence

from onoma.evaluation.columns import Columns
from onoma.evaluation.judged import judge_tags
from onoma.evaluation.published import Published
from onoma.evaluation.schemas import match_schemas

__all__ = ["semeval_table"]

_HEAD = f"{'':8} {'COR':>6} {'INC':>6} {'PAR':>6} {'MIS':>6} {'SPU':>6} {'P':>6} {'R':>6} {'F1':>6}"


def semeval_table(levels: Sequence[tuple[Columns, Columns]]) -> Published:
    """Outcomes and figures of gold and predicted tags, the first of ``levels``, under each schema.

    Tags are read leniently. Columns: correct, incorrect, partial, missing, spurious, and the shares.
    """
    gold, predicted = levels[0]
    judged = judge_tags(gold.tags, predicted.tags, gold.words, gold.first, reading="conlleval")
    schemas = match_schemas(judged).pooled
    rows = [
        f"{name:8} {c.correct:6} {c.incorrect:6} {c.partial:6} {c.missed:6} {c.spurious:6}"
        f" {c.precision:6.4f} {c.recall:6.4f} {c.f1:6.4f}"
        for name, c in schemas.items()
    ]
    return Published("\n".join([_HEAD, *rows]), {name: c.to_dict() for name, c in schemas.items()})
