"""Scores as tables of words. No token figure stands alone: the all-O floor is beside it.

Shares are in per cent with two decimals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from onoma.evaluation.bootstrap import Interval, Intervals
from onoma.evaluation.counts import Average, Counts
from onoma.evaluation.scores import Scores
from onoma.evaluation.sheets import Sheet, in_terminal

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["entity_sheet", "figure_row", "figures_head", "percent", "report", "tag_sheet"]


def report(scores: Scores) -> Group:
    """Everything in `Scores`, to be printed by rich."""
    from rich.console import Group

    return Group(in_terminal([entity_sheet(scores), tag_sheet(scores)]), *_sentences(scores))


def _sentences(scores: Scores) -> Iterator[str]:
    floor = scores.all_o_floor
    yield (
        f"Token accuracy {percent(scores.tokens.accuracy)} %; answering O everywhere scores "
        f"{percent(floor.accuracy)} %, and {percent(floor.entity_f1)} % entity F1."
    )
    yield (
        f"Sentences wholly right {percent(scores.sequence_accuracy)} %; answering O everywhere scores "
        f"{percent(floor.sequence_accuracy)} %."
    )
    yield f"Scored {scores.sentences:,} sentences, {scores.tokens.count:,} tokens."
    if len(set(scores.schemes.values())) > 1:
        yield f"Gold is {scores.schemes['gold']}, the predictions are {scores.schemes['predicted']}."
    if scores.misaligned:
        yield f"{scores.misaligned:,} predicted entities lie beside the token edges: false positives."


def entity_sheet(scores: Scores, intervals: Intervals | None = None) -> Sheet:
    """Entity scores by label and averaged: strict figures, and the lenient F1 beside them."""
    bounds = {} if intervals is None else _bounds(intervals)
    types = {label: (counts, scores.conlleval.types[label]) for label, counts in scores.strict.types.items()}
    averages = {
        name: (getattr(scores.strict, name), getattr(scores.conlleval, name))
        for name in ("micro", "macro", "weighted")
    }
    rows = []
    # a label may be called micro, so labels and averages are kept apart
    for kind, lines in (("label", types), ("average", averages)):
        for name, (strict, lenient) in lines.items():
            between = [_range(bounds.get((kind, name)))] if intervals else []
            rows.append([*figure_row(name, strict), *between, percent(lenient.f1)])
    head = [*figures_head("label"), *(["F1, 95 %"] if intervals else []), "conlleval F1"]
    align = "l" + "r" * (len(head) - 1)
    return Sheet("Entities, strict, by label", head, align, rows, [_entity_note(intervals)])


def _bounds(intervals: Intervals) -> dict[tuple[str, str], Interval]:
    figures = intervals.figures
    types = {("label", label): interval for label, interval in figures.types.items()}
    return types | {("average", "micro"): figures.f1, ("average", "macro"): figures.macro_f1}


def _entity_note(made: Intervals | None) -> str:
    right = (
        "An entity is right when its first token, last token and label are all right; conlleval reads "
        "ill-formed tags leniently."
    )
    if made is None:
        return right
    return (
        f"{right} Intervals: percentile bootstrap by {made.unit}, {made.resamples:,} resamples of "
        f"{made.units:,} {made.unit}s, seed {made.seed}."
    )


def tag_sheet(scores: Scores) -> Sheet:
    """Token scores by tag."""
    floor = percent(scores.all_o_floor.accuracy)
    rows = [figure_row(tag, counts) for tag, counts in scores.tokens.tags.items()]
    note = f"{floor} % of the tokens are O in gold: that is what answering O everywhere scores."
    return Sheet("Tokens by tag", figures_head("tag"), "lrrrr", rows, [note])


def figures_head(first: str) -> list[str]:
    """The head of a table of `figure_row`."""
    return [first, "precision", "recall", "F1", "support"]


def figure_row(name: str, row: Counts | Average) -> Sequence[str]:
    """A name and its figures."""
    return [name, percent(row.precision), percent(row.recall), percent(row.f1), f"{row.support:,}"]


def percent(share: float) -> str:
    """A share in per cent.

    >>> percent(0.84837)
    '84.84'
    """
    return f"{100 * share:.2f}"


def _range(interval: Interval | None) -> str:
    return "" if interval is None else f"{percent(interval.low)}–{percent(interval.high)}"
