"""A `Business` in tables: for the terminal, in Markdown, as a page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

from onoma.evaluation.business import GIVEN, ON_CARD, Business, Line
from onoma.evaluation.figures import Figure, in_words
from onoma.evaluation.figures import shown_formula as words
from onoma.evaluation.sheets import Sheet, as_markdown, as_section
from onoma.pages.frame import page, tiles

__all__ = ["markdown", "sheets", "web_page"]

TITLE = "What {} costs and saves"
LEAD = "Worked out from the report card and from what was given; nothing is assumed."
_TILES = (
    "cost_by_hand",
    "machine_hours",
    "errors_left",
    "cost_saved_by_review",
    "errors_left_after_review",
    "cost_saved_by_part_review",
    "errors_left_after_part_review",
)
_MEANING = (
    "The volume counts as text like the card's corpus: the tagger does as well on it, and it has as many "
    "entities a sentence. An entity with the wrong boundary or label is two errors: one missed, one made up. "
    "A reviewer sees what was suggested; what was missed stays missed."
)


def sheets(business: Business, currency: str = "") -> list[Sheet]:
    """What went in, then what comes out, section by section; ``currency`` is written after money."""
    sections = groupby(business.lines, key=lambda line: line.section)
    results = [_results(section, list(lines), currency) for section, lines in sections]
    return [_inputs(business, currency), *results]


def markdown(business: Business, model: str, currency: str = "") -> str:
    """The tables in Markdown."""
    parts = [as_markdown(sheet) for sheet in sheets(business, currency)]
    return "\n".join([f"# {TITLE.format(model)}", "", LEAD, "", *parts])


def web_page(business: Business, model: str, currency: str = "") -> str:
    """The tables as a page of its own, the main figures on top."""
    facts = [
        (words(line.name), _shown(line.figure, line.unit, currency), _range(line.figure))
        for line in business.lines
        if line.name in _TILES and line.figure is not None
    ]
    parts = [tiles(facts), *map(as_section, sheets(business, currency))]
    return page(TITLE.format(model), parts, lead=LEAD)


def _inputs(business: Business, currency: str) -> Sheet:
    given = [
        [words(name), in_words(business.given[name]) if name in business.given else "not given", what]
        for name, what in GIVEN.items()
    ]
    card = [
        [words(name), f"{in_words(figure.value)}{_brackets(figure)}", f"on the card: {ON_CARD[name]}"]
        for name, figure in business.card.items()
    ]
    money = f"Money is in {currency}." if currency else "Money is in the currency of the costs given."
    notes = [money, _MEANING, _interval_note(business)]
    return Sheet("What went in", ["figure", "value", "what it is"], "lrl", given + card, notes)


def _interval_note(business: Business) -> str:
    if business.level is None:
        return "The card has no intervals, so the results have none."
    return (
        f"Intervals come from the card's {100 * business.level:.0f} % intervals of precision and recall, the "
        "best and the worst of each taken together, so they are rather too wide. What was given counts as "
        "exact, and so do entities a sentence, the speed, and figures from the threshold curve."
    )


def _results(section: str, lines: list[Line], currency: str) -> Sheet:
    head = ["what", "result", "interval", "formula", "with the numbers"]
    rows = [
        [
            words(line.name),
            _shown(line.figure, line.unit, currency),
            _range(line.figure),
            line.formula,
            line.filled,
        ]
        for line in lines
        if line.figure is not None
    ]
    return Sheet(section, head, "lrrll", rows, list(_uncomputed(lines)))


def _uncomputed(lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if line.missing:
            reasons = "; ".join(map(_missing, line.missing))
            yield f"Not computed: {words(line.name)} = {line.formula}. {reasons}."


def _missing(name: str) -> str:
    if name in GIVEN:
        return f"{_option(name)} was not given ({GIVEN[name]})"
    return f"the card does not say the {ON_CARD[name]}"


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _shown(figure: Figure | None, unit: str, currency: str) -> str:
    if figure is None:
        return ""
    after = {"money": f" {currency}" if currency else "", "h": " h"}.get(unit, "")
    return f"{in_words(_rounded(figure.value))}{after}"


def _range(figure: Figure | None) -> str:
    if figure is None or figure.sure:
        return ""
    return f"{in_words(_rounded(figure.low))}…{in_words(_rounded(figure.high))}"


def _brackets(figure: Figure) -> str:
    return "" if figure.sure else f" ({_range(figure)})"


def _rounded(number: float) -> float:
    """Whole from ten on: what comes of estimates has no tenths to speak of."""
    return round(number) if math.isfinite(number) and abs(number) >= 10 else number
