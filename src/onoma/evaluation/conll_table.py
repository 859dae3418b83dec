"""The table that the CoNLL shared tasks print: ``conlleval`` of CoNLL-2000, -2002 and -2003.

Entities are read leniently (see `onoma.tagging.spans.lenient_spans`). Accuracy compares the tags as they
stand, so files in different schemes differ; and a ``-DOCSTART-`` line is a token like any other to the
script. Source: Tjong Kim Sang & Buchholz 2000; the script's version of 2004-01-26.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq

from onoma.evaluation.columns import Columns
from onoma.evaluation.counts import Counts, micro
from onoma.evaluation.matching import count_spans
from onoma.evaluation.published import Published, as_figures, in_percent, score_line
from onoma.tagging.schemes import split_tag
from onoma.tagging.spans import encode_tags, lenient_spans

__all__ = ["conll_table"]


def conll_table(levels: Sequence[tuple[Columns, Columns]]) -> Published:
    """What ``conlleval`` prints of gold and predicted tags, the first of ``levels``.

    >>> import numpy as np
    >>> place = np.array([True, False]), np.array([1, 2]), np.array([])
    >>> gold = Columns("gold", [b"Ada", b"met"], ["B-PER", "O"], *place)
    >>> guess = Columns("guess", [b"Ada", b"met"], ["I-PER", "O"], *place)
    >>> print(conll_table([(gold, guess)]).text)
    processed 2 tokens with 1 phrases; found: 1 phrases; correct: 1.
    accuracy:  50.00%; precision: 100.00%; recall: 100.00%; FB1: 100.00
                  PER: precision: 100.00%; recall: 100.00%; FB1: 100.00  1
    """
    gold, predicted = levels[0]
    types = _types(gold, predicted)
    whole = micro(types)
    tokens = len(gold.tags) + len(gold.articles)
    accuracy = 100 * (sum(map(eq, gold.tags, predicted.tags)) + len(gold.articles)) / tokens
    rows = {name: in_percent(counts) for name, counts in types.items()}
    lines = [
        (
            f"processed {tokens} tokens with {whole.support} phrases; "
            f"found: {whole.predicted} phrases; correct: {whole.tp}."
        ),
        f"accuracy: {accuracy:6.2f}%; {score_line(in_percent(whole))}",
        *(f"{name:>17}: {score_line(row)}  {row.counts.predicted}" for name, row in rows.items()),
    ]
    figures = {"tokens": tokens, "accuracy": accuracy, "overall": as_figures(in_percent(whole))}
    return Published("\n".join(lines), figures | {"types": {name: as_figures(rows[name]) for name in rows}})


def _types(gold: Columns, predicted: Columns) -> dict[str, Counts]:
    """Counts of those labels that either side has an entity of."""
    labels = sorted({split_tag(tag)[1] for tag in {*gold.tags, *predicted.tags}} - {""})
    a, b = (lenient_spans(encode_tags(side.tags, side.first, labels)) for side in (gold, predicted))
    return count_spans(a, b, labels)
