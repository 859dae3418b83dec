"""A report card as Markdown: headline, remarks, every table."""

from __future__ import annotations

from onoma.evaluation.card import Card
from onoma.evaluation.card_sheets import facts, remarks, sheets, title
from onoma.evaluation.sheets import Sheet, as_markdown

__all__ = ["card_markdown"]


def card_markdown(card: Card) -> str:
    """``card`` in Markdown.

    >>> from onoma.evaluation.card import make_card
    >>> from onoma.evaluation.card_facts import ModelFacts
    >>> from onoma.evaluation.judged import judge_tags
    >>> card_markdown(make_card(judge_tags([["B-per"]], [["B-per"]]), ModelFacts("tiny"))).splitlines()[0]
    '# tiny'
    """
    headline = Sheet("Headline", ["figure", "value", ""], "lrl", list(facts(card)), list(remarks(card)))
    return "\n".join([f"# {title(card)}", "", *map(as_markdown, (headline, *sheets(card).values()))])
