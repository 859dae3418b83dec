"""Scores for the terminal. No token figure stands alone: the all-O floor is beside it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from onoma.evaluation.counts import Average, Counts
from onoma.evaluation.scores import Scores

__all__ = ["entity_table", "report", "tag_table"]

_FIGURES = ("precision", "recall", "f1", "support")


def report(scores: Scores) -> Group:
    """Everything in `Scores`, to be printed by rich."""
    return Group(entity_table(scores), tag_table(scores), *_sentences(scores))


def _sentences(scores: Scores) -> Iterator[str]:
    floor = scores.all_o_floor
    yield (
        f"Token accuracy {_percent(scores.tokens.accuracy)} %; answering O everywhere scores "
        f"{_percent(floor.accuracy)} %, and {_percent(floor.entity_f1)} % entity F1."
    )
    yield (
        f"Sentences wholly right {_percent(scores.sequence_accuracy)} %; answering O everywhere scores "
        f"{_percent(floor.sequence_accuracy)} %."
    )
    yield f"Scored {scores.sentences:,} sentences, {scores.tokens.count:,} tokens."
    if len(set(scores.schemes.values())) > 1:
        yield f"Gold is {scores.schemes['gold']}, the predictions are {scores.schemes['predicted']}."
    if scores.misaligned:
        yield f"{scores.misaligned:,} predicted entities lie beside the token edges: false positives."


def entity_table(scores: Scores) -> Table:
    """Entity scores by label and averaged; strict figures, and the lenient F1 beside them."""
    table = _table("Entities, in %: strict; conlleval reads ill-formed tags leniently", "label")
    table.add_column("conlleval f1", justify="right")
    for label, counts in scores.strict.types.items():
        table.add_row(*_row(label, counts), _percent(scores.conlleval.types[label].f1))
    table.add_section()
    for name in ("micro", "macro", "weighted"):
        table.add_row(*_row(name, getattr(scores.strict, name)), _percent(getattr(scores.conlleval, name).f1))
    return table


def tag_table(scores: Scores) -> Table:
    """Token scores by tag."""
    floor = _percent(scores.all_o_floor.accuracy)
    table = _table(f"Tokens, in %: {floor} % of them are O in gold", "tag")
    for tag, counts in scores.tokens.tags.items():
        table.add_row(*_row(tag, counts))
    return table


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in _FIGURES:
        table.add_column(name, justify="right")
    return table


def _row(name: str, row: Counts | Average) -> list[str]:
    return [escape(name), _percent(row.precision), _percent(row.recall), _percent(row.f1), f"{row.support:,}"]


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
