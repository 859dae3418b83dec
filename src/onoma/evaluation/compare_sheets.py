"""A comparison as tables of words and as charts, for the terminal, Markdown and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from onoma.evaluation.bootstrap import Interval
from onoma.evaluation.card import Card
from onoma.evaluation.card_sheets import size
from onoma.evaluation.compare import Comparison, Disagreement, Rivalry
from onoma.evaluation.mistake_sheets import named
from onoma.evaluation.sheets import Sheet
from onoma.evaluation.side_by_side import scores_sheet
from onoma.evaluation.tables import percent

__all__ = ["GROUPS", "comparison_sheets", "entities_of", "p_value", "verdict"]

GROUPS = {
    "a_right": "only {a} is right",
    "b_right": "only {b} is right",
    "neither": "both wrong, in different ways",
}
_LEVEL = 0.05  # p-values below it are called significant
_UNKNOWN = "–"
_SMALL = 0.001  # p-values below it are not told apart

Letters = Mapping[str, str]


def comparison_sheets(made: Comparison) -> dict[str, Sheet]:
    """Every table of a comparison under a name of its own, in the order in which they are read."""
    letters = made.letters
    short = list(letters.values())
    return {
        "field": _field(made),
        "pairs": _pairs(made.rivalries, letters),
        "scores": scores_sheet(short, [card.scores for card in made.cards]),
        "more": _more(made.cards, short),
        "labels": _labels(made.rivalries, letters),
        "sentences": _groups(made.rivalries, letters),
        "examples": _examples(made.rivalries, letters),
    }


def verdict(rivalry: Rivalry, letters: Letters) -> str:
    """What the test says of the difference in F1, in words."""
    a, b, value = letters[rivalry.a], letters[rivalry.b], rivalry.intervals.figures.f1.value
    if rivalry.p >= _LEVEL:
        return f"{a} and {b} cannot be told apart ({_said(rivalry.p)})"
    better, worse = (a, b) if value > 0 else (b, a)
    return f"{better} is better than {worse} by {100 * abs(value):.2f} points of F1 ({_said(rivalry.p)})"


def _field(made: Comparison) -> Sheet:
    columns = [_costs(card) for card in made.cards]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    notes = ["Latency is of one sentence at a time, tokens per second are of batches."]
    notes += [f"Timed on {m}." for m in sorted({card.speed.machine for card in made.cards if card.speed})]
    return Sheet("The field", ["", *made.letters.values()], "l" + "r" * len(columns), rows, notes)


def _costs(card: Card) -> dict[str, str]:
    """What a tagger achieves and what it costs."""
    model, speed = card.model, card.speed
    bounds = None if card.intervals is None else card.intervals.figures.f1
    seconds = model.training_seconds
    return {
        "strict F1": percent(card.scores.strict.micro.f1),
        "95 % interval": f"{percent(bounds.low)}–{percent(bounds.high)}" if bounds else _UNKNOWN,
        "parameters": _UNKNOWN if model.parameters is None else f"{model.parameters:,}",
        "size": _UNKNOWN if model.bytes is None else size(model.bytes),
        "latency p50": f"{speed.latency_ms['p50']:.1f} ms" if speed else _UNKNOWN,
        "latency p95": f"{speed.latency_ms['p95']:.1f} ms" if speed else _UNKNOWN,
        "tokens per second": f"{speed.tokens_per_second['batched']:,.0f}" if speed else _UNKNOWN,
        "time of training": _UNKNOWN if seconds is None else f"{seconds / 60:.1f} min",
    }


def _pairs(rivalries: Sequence[Rivalry], letters: Letters) -> Sheet:
    rows = [
        [
            _minus(each, letters),
            *_signed(each.intervals.figures.f1),
            p_value(each.significance.figures.f1),
            p_value(each.p),
            "yes" if each.p < _LEVEL else "no",
        ]
        for each in rivalries
    ]
    made, test = rivalries[0].intervals, rivalries[0].significance
    rounds = "every swap" if test.exact else f"{test.rounds:,} rounds"
    count = "1 comparison" if len(rivalries) == 1 else f"{len(rivalries)} comparisons"
    note = (
        f"Interval: paired bootstrap by {made.unit}, {made.resamples:,} resamples. p: approximate "
        f"randomisation by {test.unit}, {rounds}, two-sided. Holm: corrected for {count}."
    )
    head = ["strict F1", "points", "95 % interval", "p", "p, Holm", "significant?"]
    return Sheet("Are the differences real?", head, "lrrrrl", rows, [note])


def _labels(rivalries: Sequence[Rivalry], letters: Letters) -> Sheet:
    rows = [
        [_minus(each, letters), label, *_signed(interval), p_value(each.label_p[label])]
        for each in rivalries
        for label, interval in each.intervals.figures.types.items()
    ]
    head = ["strict F1", "label", "points", "95 % interval", "p, Holm"]
    note = "p is corrected for all labels of all pairs; the intervals are not."
    return Sheet("Differences by label", head, "llrrr", rows, [note])


def _minus(rivalry: Rivalry, letters: Letters) -> str:
    return f"{letters[rivalry.a]} − {letters[rivalry.b]}"


def _more(cards: Sequence[Card], short: Sequence[str]) -> Sheet:
    rows = [
        *([f"F1, {schema} matching", *_column(cards, schema)] for schema in ("exact", "partial", "type")),
        ["F1, distinct surfaces", *(percent(c.unique.micro.f1) if c.unique else _UNKNOWN for c in cards)],
        ["F1, seen in training", *(percent(c.seen.seen.micro.f1) if c.seen else _UNKNOWN for c in cards)],
        ["F1, not seen", *(percent(c.seen.unseen.micro.f1) if c.seen else _UNKNOWN for c in cards)],
        ["calibration error", *(f"{c.calibration.ece:.4f}" if c.calibration else _UNKNOWN for c in cards)],
        *([f"mistakes, {kind}", *counts] for kind, counts in _kinds(cards)),
    ]
    return Sheet("More figures", ["", *short], "l" + "r" * len(cards), rows)


def _column(cards: Sequence[Card], schema: str) -> list[str]:
    return [percent(card.matching.pooled[schema].f1) for card in cards]


def _kinds(cards: Sequence[Card]) -> Iterator[tuple[str, list[str]]]:
    for kind in cards[0].mistakes.kinds:
        yield kind, [f"{card.mistakes.kinds[kind]:,}" for card in cards]


def _groups(rivalries: Sequence[Rivalry], letters: Letters) -> Sheet:
    rows = [
        [
            f"{letters[each.a]} and {letters[each.b]}",
            *(f"{count:,}" for count in each.disagreements.counts.values()),
        ]
        for each in rivalries
    ]
    head = ["", "only first right", "only second right", "both wrong, apart", "alike, right", "alike, wrong"]
    return Sheet("Sentences", head, "lrrrrr", rows, ["A sentence is right when all its entities are."])


def _examples(rivalries: Sequence[Rivalry], letters: Letters) -> Sheet:
    rows = [
        [
            GROUPS[group].format(a=letters[each.a], b=letters[each.b]),
            *(entities_of(shown, side) for side in ("gold", "a", "b")),
            shown.text,
        ]
        for each in rivalries
        for group, sentences in each.disagreements.examples.items()
        for shown in sentences
    ]
    head = ["", "gold", "first", "second", "sentence"]
    return Sheet("Sentences on which they differ", head, "lllll", rows)


def entities_of(shown: Disagreement, side: str) -> str:
    """The entities that ``side`` (gold, a or b) has in a sentence."""
    return ", ".join(named(shown.text, marked) for marked in getattr(shown, side)) or _UNKNOWN


def _signed(interval: Interval) -> list[str]:
    value, low, high = (f"{100 * bound:+.2f}" for bound in interval)
    return [value, f"{low} to {high}"]


def _said(p: float) -> str:
    return f"p {p_value(p)}" if p < _SMALL else f"p = {p_value(p)}"


def p_value(p: float) -> str:
    """A p-value in words: small ones are not told apart.

    >>> p_value(0.0312), p_value(0.00009)
    ('0.031', '< 0.001')
    """
    return "< 0.001" if p < _SMALL else f"{p:.3f}"
