"""Explanations in a terminal: words coloured by weight, and a table with a column for each method.

Blue speaks for the entity, orange against it; what speaks against has a minus, so nothing hangs on colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onoma.pages.frame import visible
from onoma.runtime.explain import Explanation
from onoma.runtime.explain_rows import LEAST, Cell, Row, question, rows_of, shares, signed, warning

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

__all__ = ["for_terminal"]

_ROWS = 12  # words
_BAR = 16  # characters of the longest bar
_EIGHTHS = " ▏▎▍▌▋▊▉"
_FOR, _AGAINST = (0, 114, 178), (213, 94, 0)
_GROUND = (24, 24, 24)


def for_terminal(explanations: Sequence[Explanation]) -> Group:
    """The explanations of one entity for a rich console: each method's note and text, then the words."""
    from rich.console import Group
    from rich.text import Text

    shown: list[RenderableType] = [Text(visible(question(explanations[0])), style="bold")]
    for each in explanations:
        shown += [Text(f"\n{each.method}: {each.note}", style="italic"), _coloured(each)]
    rows, more = rows_of(explanations, _ROWS)
    weights = _alone(explanations[0], rows) if len(explanations) == 1 else _beside(explanations, rows)
    shown += [Text(), weights]
    if more:
        shown.append(Text(f"{more} more words weigh less"))
    if about := warning(explanations):
        shown.append(Text(f"\n{about}"))
    return Group(*shown)


def _coloured(explanation: Explanation) -> Text:
    from rich.text import Text

    document, entity = explanation.document, explanation.entity
    shown, at = Text(), 0
    for token, share in zip(document.tokens, shares(explanation), strict=True):
        shown.append(visible(document.text[at : token.start]))
        opens, closes = "[" * (token.start == entity.start), "]" * (token.end == entity.end)
        word = visible(document.text[token.start : token.end])
        shown.append(f"{opens}{word}{closes}", _style(share))
        at = token.end
    shown.append(visible(document.text[at:]))
    return shown


def _style(share: float) -> str:
    return f"white on {_mixed(share)}" if abs(share) >= LEAST else ""


def _mixed(share: float) -> str:
    """A ground for a word from nearly black (0) to full blue (1) or full orange (-1).

    >>> _mixed(1.0), _mixed(-1.0), _mixed(0.0)
    ('#0072b2', '#d55e00', '#181818')
    """
    hue = _FOR if share >= 0 else _AGAINST
    mixed = (round(a + (b - a) * abs(share)) for a, b in zip(_GROUND, hue, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("", justify="right")
    table.add_column("word", overflow="fold", min_width=6)
    for name in columns:
        widest = max(map(len, name.split()), default=0)
        table.add_column(name, justify="left" if name in ("", "without it") else "right", min_width=widest)
    return table


def _alone(explanation: Explanation, rows: Sequence[Row]) -> Table:
    """One method: weights with bars, and how the place is read without a word, where that is known."""
    from rich.text import Text

    known = any(cell.instead for row in rows for cell in row.cells if cell)
    table = _table(explanation.unit, "", *["without it"] * known)
    for number, word, [cell] in rows:
        assert cell is not None
        bar = Text(_bar(cell.share), style="#56b4e9" if cell.weight >= 0 else "#e8702a")
        table.add_row(number, Text(visible(word)), signed(cell.weight), bar, Text(visible(cell.instead)))
    return table


def _bar(share: float) -> str:
    """
    >>> _bar(1.0) == "█" * 16, _bar(0.1), _bar(0.001)
    (True, '█▋', '▏')
    """
    whole, eighths = divmod(max(round(8 * _BAR * min(abs(share), 1.0)), 1), 8)
    return "█" * whole + _EIGHTHS[eighths].strip()


def _beside(explanations: Sequence[Explanation], rows: Sequence[Row]) -> Table:
    """Several methods: a column each, coloured as the words are."""
    from rich.text import Text

    table = _table(*(each.method for each in explanations))
    for number, word, cells in rows:
        table.add_row(number, Text(visible(word)), *map(_cell, cells))
    return table


def _cell(cell: Cell | None) -> Text:
    from rich.text import Text

    if cell is None:
        return Text()
    then = f"\n{visible(cell.instead)}" if cell.instead else ""
    return Text.assemble((signed(cell.weight), _style(cell.share)), then)
