"""A web page and what it is built of: one file that needs nothing else, runs no script and fetches nothing.

It follows the reader's light or dark theme and fits a phone: what is wider scrolls in a box of its own.

>>> ada = table(["name", "F1"], [["<Ada>", "97.1"]], align="lr")
>>> html = page("Scores", [section("By name", ada, note="On dev.")])
>>> "&lt;Ada&gt;" in html and "<Ada>" not in html
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onoma.errors import InputError
from onoma.pages.markup import Html, text, visible
from onoma.pages.theme import STYLE

__all__ = [
    "Html",
    "details",
    "foot",
    "head",
    "page",
    "paragraph",
    "section",
    "table",
    "text",
    "tiles",
    "visible",
]


def page(title: str, parts: Iterable[str], *, lead: str = "", footer: str = "", extra_style: str = "") -> str:
    """A complete HTML document: the title, a line that leads into it, the parts (markup), a footer.

    ``title``, ``lead`` and ``footer`` are escaped unless they are `Html`; ``parts`` are markup as they stand.
    """
    opening = [head(title, extra_style), f'<p class="lead">{text(lead)}</p>\n' if lead else ""]
    return "".join([*opening, *map(_boxed, parts), foot(footer)])


def head(title: str, extra_style: str = "") -> str:
    """The beginning of a page up to its heading; ``extra_style`` are rules beside the theme's.

    With `foot` it serves pages that are written piece by piece.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{text(title)}</title>\n<style>{STYLE}{extra_style}</style>\n</head>\n<body>\n"
        f'<h1 dir="auto">{text(title)}</h1>\n'
    )


def foot(footer: str = "") -> str:
    """The end of a page."""
    return f"<footer>{text(footer)} Made with Onoma.</footer>\n</body>\n</html>\n"


def section(heading: str, *parts: str, note: str = "", id: str | None = None) -> Html:
    """A part of a page under a heading; ``note`` is a line of text below it, ``id`` a link's target."""
    anchor = f' id="{text(id)}"' if id else ""
    below = f'<p class="note">{text(note)}</p>' if note else ""
    inner = "".join(map(_boxed, parts))
    return Html(f'<section{anchor}>\n<h2 dir="auto">{text(heading)}</h2>\n{below}{inner}\n</section>\n')


def paragraph(words: str) -> Html:
    """A paragraph of text.

    >>> paragraph("5 < 6")
    '<p dir="auto">5 &lt; 6</p>\\n'
    """
    return Html(f'<p dir="auto">{text(words)}</p>\n')


def table(
    head: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    align: Sequence[str] | None = None,
) -> Html:
    """A table in a box of its own, which scrolls where it is wider than the page.

    Cells are shown by ``str`` and escaped unless they are `Html`; None is an empty cell. ``align`` has
    ``"l"`` or ``"r"`` for each column: numbers stand on the right. Raises `InputError` for a row or an
    ``align`` that has not one value for each column.
    """
    sides = list(align or "l" * len(head))
    _check_columns(sides, head, "align")
    lines = [_row(row, sides, head) for row in rows]
    body = "".join(lines) or f'<tr><td colspan="{len(head)}">none</td></tr>\n'
    over = f"<caption>{text(caption)}</caption>\n" if caption else ""
    top = f"<thead><tr>{_cells('th', head, sides)}</tr></thead>\n"
    return _scrolling(
        f'<table class="rows">\n{over}{top}<tbody>\n{body}</tbody>\n</table>', caption or "table"
    )


def tiles(facts: Iterable[tuple[str, object, str]]) -> Html:
    """Single figures side by side: (label, value, note) each; the note may be empty."""
    return Html(f'<dl class="tiles">\n{"".join(_tile(*fact) for fact in facts)}</dl>\n')


def details(summary: str, *parts: str) -> Html:
    """Parts that open on demand, without a script."""
    inner = "".join(map(_boxed, parts))
    return Html(f'<details><summary dir="auto">{text(summary)}</summary>\n{inner}</details>\n')


def _tile(label: str, value: object, note: str) -> str:
    below = f'<dd class="note">{text(note)}</dd>' if note else ""
    return f'<div><dt>{text(label)}</dt><dd class="value">{text(value)}</dd>{below}</div>\n'


def _row(row: Sequence[object], sides: Sequence[str], head: Sequence[object]) -> str:
    _check_columns(row, head, "a row")
    return f"<tr>{_cells('td', row, sides)}</tr>\n"


def _cells(tag: str, row: Sequence[object], sides: Sequence[str]) -> str:
    shown = ("" if cell is None else text(cell) for cell in row)
    kinds = (' class="n"' if side == "r" else ' dir="auto"' for side in sides)
    return "".join(f"<{tag}{kind}>{cell}</{tag}>" for cell, kind in zip(shown, kinds, strict=True))


def _check_columns(given: Sequence[object], head: Sequence[object], what: str) -> None:
    if len(given) != len(head):
        raise InputError(f"{what} has {len(given)} values, the table has {len(head)} columns")


def _boxed(part: str) -> str:
    """A chart that stands on its own gets a box, so that a wide one scrolls and the page does not."""
    return _scrolling(part, "chart") if part.startswith("<svg") else part


def _scrolling(inner: str, name: str) -> Html:
    # a box that scrolls must be reachable by keyboard, and then have a name
    return Html(f'<div class="scroll" tabindex="0" role="region" aria-label="{text(name)}">{inner}</div>\n')
