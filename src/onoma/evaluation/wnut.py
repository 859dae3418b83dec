"""The two tables of the WNUT-2017 shared task on emerging entities: entities, and unique surface forms.

An entity counts where it stands. A surface form is an entity's words with its label, case kept; it counts
once however often it occurs, and is right if it was right at one place at least. Labels that gold does not
have get no row of their own but are in the totals. Source: Derczynski et al. 2017 and the task's
``wnuteval.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq

from onoma.errors import AlignmentError
from onoma.evaluation.columns import Columns
from onoma.evaluation.counts import Counts, micro
from onoma.evaluation.judged import judge_tags
from onoma.evaluation.published import Published, Row, as_figures, score_line
from onoma.evaluation.surfaces import unique_surfaces

__all__ = ["wnut_tables"]


def wnut_tables(levels: Sequence[tuple[Columns, Columns]]) -> Published:
    """What ``wnuteval.py`` prints of gold and predicted tags, the first of ``levels``.

    Raises `AlignmentError` where the files hold no words, since surface forms are made of them.
    """
    gold, predicted = levels[0]
    if not gold.words:
        raise AlignmentError(f"{gold.path} holds no words, so there are no surface forms to score")
    judged = judge_tags(gold.tags, predicted.tags, gold.words, gold.first, reading="conlleval")
    accuracy = 100.0 * (sum(map(eq, gold.tags, predicted.tags)) / len(gold.tags))
    tables = {"entity": judged.scores.conlleval.types, "surface": unique_surfaces(judged).types}
    heads = {"entity": "### ENTITY F1-SCORES ###", "surface": "### SURFACE FORM F1-SCORES ###"}
    known = [name for name, counts in tables["entity"].items() if counts.support]
    text: list[str] = []
    figures = {}
    for name, types in tables.items():
        whole, rows = _row(micro(types)), {label: _row(types[label]) for label in known}
        text += [heads[name], *_lines(whole, rows, len(gold.tags), accuracy), ""]
        figures[name] = {"overall": as_figures(whole)} | {
            "types": {label: as_figures(row) for label, row in rows.items()}
        }
    return Published("\n".join(text[:-1]), {"tokens": len(gold.tags), "accuracy": accuracy} | figures)


def _lines(whole: Row, rows: dict[str, Row], tokens: int, accuracy: float) -> list[str]:
    counts = whole.counts
    return [
        (
            f"processed {tokens} tokens with {counts.support} phrases; "
            f"found: {counts.predicted} phrases; correct: {counts.tp}."
        ),
        f"accuracy: {accuracy:6.2f}%; {score_line(whole)}",
        *(f"{label:>17}: {score_line(row)}  {row.counts.tp}" for label, row in rows.items()),
    ]


def _row(counts: Counts) -> Row:
    """The figures by the operations of that script in their order: shares first, percent at the end."""
    precision, recall = counts.precision, counts.recall
    both = precision + recall
    f1 = 2.0 * precision * recall / both if both else 0.0
    return Row(100.0 * precision, 100.0 * recall, 100.0 * f1, counts)
