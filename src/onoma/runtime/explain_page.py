"""Explanations as a web page: words coloured by weight, and a table with a column for each method.

Blue speaks for the entity, orange against it; what speaks against is also underlined with dashes and has a
minus, so nothing hangs on colour.
"""

from __future__ import annotations

from collections.abc import Sequence

from onoma.pages.frame import Html, page, paragraph, section, table, text
from onoma.runtime.explain import Explanation
from onoma.runtime.explain_rows import LEAST, Cell, question, rows_of, shares, signed, warning

__all__ = ["web_page"]

_ROWS = 40  # words

_STYLE = """
body { max-width: 78rem; }
.methods { display: grid; gap: 0 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(21rem, 100%), 1fr)); }
.methods section { min-width: 0; }
.words { line-height: 2.1; white-space: pre-wrap; unicode-bidi: plaintext; }
.w { padding: .15em .1em; border-radius: .2em;
  background: color-mix(in srgb, var(--hue) calc(var(--a) * 75%), transparent); }
.for { --hue: var(--c1); } .against { --hue: var(--c2); text-decoration: underline dashed; }
.asked { outline: 2px solid var(--ink); outline-offset: 1px; border-radius: .2em; }
.rows .n:first-child, .rows th:first-child { min-width: 1.5rem; }
.rows th { vertical-align: bottom; }
.rows th.n { white-space: normal; }
.rows td:nth-child(2) { min-width: 7.5rem; }
.rows small { display: block; color: var(--quiet); font-weight: normal; white-space: normal; }
.bar { display: block; min-width: 6rem; padding: 0 .3rem; text-decoration: none; border-radius: .2em;
  background: linear-gradient(to right, color-mix(in srgb, var(--hue) 45%, transparent)
    calc(var(--a) * 100%), transparent 0); }
@media print { .w, .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def web_page(explanations: Sequence[Explanation], tagger: str) -> str:
    """The explanations side by side as a page that needs nothing else; `Explanation` objects of one entity.

    >>> from onoma.text import Document, Entity
    >>> ada = Document.from_text("Ada <wrote>")
    >>> found = Explanation("occlusion", ada, Entity(0, 3, "per"), 0.97, [0.1, 0, -0.4, 0], "probability")
    >>> html = web_page([found], "a tagger")
    >>> "&lt;" in html, "−0.400" in html, "<wrote>" in html
    (True, True, False)
    """
    label = explanations[0].entity.label
    lead = (
        f"The tagger is {tagger}. Blue words speak for {label}, orange and underlined ones against it; the "
        "deeper, the more, measured against the weightiest word of each method."
    )
    parts = [Html('<div class="methods">\n'), *map(_section, explanations), Html("</div>\n")]
    parts.append(_word_by_word(explanations))
    if about := warning(explanations):
        parts.append(paragraph(about))
    return page(question(explanations[0]), parts, lead=lead, extra_style=_STYLE)


def _section(explanation: Explanation) -> Html:
    about = f"{explanation.note[:1].upper()}{explanation.note[1:]}."
    return section(explanation.method, Html(_marked(explanation)), note=about)


def _marked(explanation: Explanation) -> str:
    document, entity = explanation.document, explanation.entity
    pieces, at = [], 0
    for token, share in zip(document.tokens, shares(explanation), strict=True):
        opens = '<span class="asked">' if token.start == entity.start else ""
        closes = "</span>" if token.end == entity.end else ""
        word = text(document.text[token.start : token.end])
        pieces.append(f"{text(document.text[at : token.start])}{opens}{_span(word, share)}{closes}")
        at = token.end
    return f'<p class="words" dir="auto">{"".join(pieces)}{text(document.text[at:])}</p>\n'


def _span(word: str, share: float) -> str:
    if abs(share) < LEAST:
        return word
    return f'<span class="w {_kind(share)}" style="--a: {abs(share):.3f}">{word}</span>'


def _kind(share: float) -> str:
    return "for" if share > 0 else "against"


def _word_by_word(explanations: Sequence[Explanation]) -> Html:
    rows, more = rows_of(explanations, _ROWS)
    shown = [[row.number, row.word, *map(_cell, row.cells)] for row in rows]
    named = (Html(f"{text(each.method)}<small>{text(each.unit)}</small>") for each in explanations)
    head: list[object] = ["", "word", *named]
    weights = table(head, shown, align="rl" + "r" * len(explanations))
    rest = [paragraph(f"{more} more words weigh less.")] if more else []
    note = "→ tells how its place is read without a word, where another reading is then the likelier."
    known = any(each.instead for each in explanations)
    return section("Word by word", weights, *rest, note=note if known else "")


def _cell(cell: Cell | None) -> Html | None:
    if cell is None:
        return None
    style = f'class="bar {_kind(cell.share)}" style="--a: {abs(cell.share):.3f}"'
    then = f"<small>→ {text(cell.instead)}</small>" if cell.instead else ""
    return Html(f"<span {style}>{signed(cell.weight)}</span>{then}")
