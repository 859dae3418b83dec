"""Tables that are shown in the terminal, in Markdown and on a page alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onoma.pages.frame import paragraph, section, table
from onoma.pages.markup import Html

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["Sheet", "as_markdown", "as_section", "in_terminal"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A heading, a table, and notes below it; ``align`` has ``l`` or ``r`` for each column.

    >>> sheet = Sheet("Scores", ["name", "F1"], "lr", [["Ada | Bob", "97.1"]], ["On dev."])
    >>> print(as_markdown(sheet))
    ## Scores
    <BLANKLINE>
    | name | F1 |
    |---|---:|
    | Ada \\| Bob | 97.1 |
    <BLANKLINE>
    On dev.
    <BLANKLINE>
    """

    title: str
    head: Sequence[str]
    align: str
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def as_markdown(sheet: Sheet) -> str:
    """The sheet in Markdown, under a heading of the second level."""
    rule = ["---:" if side == "r" else "---" for side in sheet.align]
    lines = [_line(sheet.head), f"|{'|'.join(rule)}|", *map(_line, sheet.rows)]
    return "\n".join([f"## {sheet.title}", "", *lines, "", *(f"{_safe(note)}\n" for note in sheet.notes)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_safe, cells))} |"


def _safe(cell: str) -> str:
    escaped = cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
    return " ".join(escaped.split())


def as_section(sheet: Sheet, *parts: str) -> Html:
    """The sheet as a section of a page, ``parts`` (charts) above its table."""
    notes = [paragraph(note) for note in sheet.notes]
    return section(sheet.title, *parts, table(sheet.head, sheet.rows, align=sheet.align), *notes)


def in_terminal(sheets: Iterable[Sheet]) -> Group:
    """The sheets, to be printed by rich."""
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    shown: list[Table | str] = []
    for sheet in sheets:
        table = Table(title=escape(sheet.title), title_justify="left")
        for name, side in zip(sheet.head, sheet.align, strict=True):
            table.add_column(escape(name), justify="right" if side == "r" else "left")
        for row in sheet.rows:
            table.add_row(*map(escape, row))
        shown += [table, *map(escape, sheet.notes), ""]
    return Group(*shown)
