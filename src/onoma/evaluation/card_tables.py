"""A report card for the terminal: the headline, what must be said in words, and the tables asked for."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from onoma.evaluation.card import Card
from onoma.evaluation.card_sheets import Fact, facts, remarks, sheets, title
from onoma.evaluation.sheets import in_terminal
from onoma.pages.markup import visible

__all__ = ["fact_table", "report"]

_BRIEF = ("entities", "runs", "mistakes")


def report(card: Card, *, full: bool = False) -> Group:
    """``card``, to be printed by rich; ``full``: with every table, not only the most telling.

    >>> from rich.console import Console
    >>> from onoma.evaluation.card import make_card
    >>> from onoma.evaluation.card_facts import ModelFacts
    >>> from onoma.evaluation.judged import judge_tags
    >>> card = make_card(judge_tags([["B-per"]], [["O"]]), ModelFacts("none"))
    >>> Console(width=100).print(report(card))  # doctest: +ELLIPSIS
    none
    strict F1 ...
    """
    told = [Text(visible(remark), style="yellow") for remark in remarks(card)]
    shown = [sheet for name, sheet in sheets(card).items() if full or name in _BRIEF]
    return Group(Text(visible(title(card)), style="bold"), fact_table(facts(card)), *told, in_terminal(shown))


def fact_table(rows: Iterable[Fact]) -> Table:
    """Headline figures, a line each."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column(style="dim")
    for row in rows:
        table.add_row(*(escape(visible(cell)) for cell in row))
    return table
