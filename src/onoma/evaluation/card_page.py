"""A report card as a web page: one file with tables and charts, which needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from onoma.evaluation.card import Card
from onoma.evaluation.card_charts import charts
from onoma.evaluation.card_sheets import facts, remarks, sheets, title
from onoma.evaluation.mistake_sheets import named
from onoma.evaluation.mistakes import KINDS, Mistake
from onoma.evaluation.sheets import Sheet, as_section
from onoma.pages.charts import Chart
from onoma.pages.frame import details, page, paragraph, section, table, text, tiles
from onoma.pages.markup import Html

__all__ = ["REMARK_STYLE", "card_page", "card_parts", "remark_parts", "save_plots"]

_FOLDED = {"matching-labels", "tokens", "pairs", "by-sentence-length"}  # long, and seldom the first question

REMARK_STYLE = """
.remark { border-inline-start: .3rem solid var(--c2); padding-inline-start: .7rem; }
mark { background: none; color: inherit; font-weight: 700; border-bottom: 2px solid var(--c2); }
"""


def card_page(card: Card) -> str:
    """``card`` as a whole page. The charts need matplotlib (extra ``report``).

    >>> from onoma.evaluation.card import make_card
    >>> from onoma.evaluation.card_facts import ModelFacts
    >>> from onoma.evaluation.judged import judge_tags
    >>> page = card_page(make_card(judge_tags([["B-<b>"]], [["O"]], [["<i>"]]), ModelFacts("tiny")))
    >>> "&lt;i&gt;" in page, "<i>" in page, "<b>" in page
    (True, False, False)
    """
    lead = "A report card: entity by entity first, with intervals; what flatters stands beside its floor."
    return page(title(card), card_parts(card), lead=lead, extra_style=REMARK_STYLE)


def card_parts(card: Card) -> list[str]:
    """What a card's page holds: the headline, what must be said in words, tables and charts."""
    return [tiles(facts(card)), *remark_parts(remarks(card)), *_sections(card)]


def remark_parts(said: Iterable[str]) -> Iterator[Html]:
    """What must be said in words, marked as such."""
    for remark in said:
        yield Html(f'<p class="remark">{text(remark)}</p>\n')


def _sections(card: Card) -> Iterator[str]:
    drawn = charts(card)
    for name, sheet in sheets(card).items():
        pictures = [chart.svg() for chart in drawn.get(name, ())]
        if name == "sentences":
            yield section(sheet.title, *_examples(card.mistakes.examples), note=sheet.notes[0])
        elif name in _FOLDED:
            yield _folded(sheet, pictures)
        else:
            yield as_section(sheet, *pictures)


def _folded(sheet: Sheet, pictures: Sequence[str]) -> Html:
    rows = table(sheet.head, sheet.rows, align=sheet.align)
    return section(sheet.title, *pictures, details("The figures", rows, *map(paragraph, sheet.notes)))


def _examples(examples: Sequence[Mistake]) -> Iterator[Html]:
    for kind in KINDS:
        rows = [
            [f"{named(each.text, each.gold)} → {named(each.text, each.predicted)}", _marked(each)]
            for each in examples
            if each.kind == kind
        ]
        if rows:
            yield details(f"{kind}: {len(rows)} examples", table(["gold → predicted", "sentence"], rows))


def _marked(mistake: Mistake) -> Html:
    """The sentence with the stretch marked that gold and prediction are about."""
    places = [place for side in (mistake.gold, mistake.predicted) if side for place in side[:2]]
    low, high = min(places), max(places)
    before, inside, after = mistake.text[:low], mistake.text[low:high], mistake.text[high:]
    return Html(f"{text(before)}<mark>{text(inside)}</mark>{text(after)}")


def save_plots(drawn: Mapping[str, Sequence[Chart]], folder: str | os.PathLike[str]) -> list[Path]:
    """Write every chart as PNG into ``folder``, once for a light and once for a dark ground."""
    made = []
    for name, pictures in drawn.items():
        for number, chart in enumerate(pictures, 1):
            stem = name if len(pictures) == 1 else f"{name}-{number}"
            for suffix, dark in (("", False), ("-dark", True)):
                path = Path(folder) / f"{stem}{suffix}.png"
                chart.save_png(path, dark=dark)
                made.append(path)
    return made
