"""A comparison for the terminal, as Markdown and as a web page."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group

from onoma.evaluation.card_page import REMARK_STYLE, remark_parts
from onoma.evaluation.card_sheets import remarks
from onoma.evaluation.compare import Comparison, Disagreement, Rivalry
from onoma.evaluation.compare_sheets import GROUPS, comparison_sheets, entities_of, verdict
from onoma.evaluation.sheets import as_markdown, as_section, in_terminal
from onoma.pages.charts import Chart, grouped_bars, scatter
from onoma.pages.frame import details, page, section, table

__all__ = ["comparison_charts", "comparison_markdown", "comparison_page", "comparison_report"]

_BRIEF = ("field", "pairs", "sentences")


def comparison_report(made: Comparison, *, full: bool = False) -> Group:
    """``made``, to be printed by rich; ``full``: with every table, not only the most telling."""
    from rich.text import Text

    from onoma.pages.markup import visible

    shown = [sheet for name, sheet in comparison_sheets(made).items() if full or name in _BRIEF]
    named = [Text(visible(line), style="bold") for line in _legend(made)]
    said = [Text(line) for line in _verdicts(made)]
    warned = [Text(visible(line), style="yellow") for line in _remarks(made)] if full else []
    return Group(*named, *said, *warned, in_terminal(shown))


def comparison_markdown(made: Comparison) -> str:
    """``made`` in Markdown."""
    said = [f"* {line}" for line in (*_legend(made), *_verdicts(made), *_remarks(made))]
    sheets = map(as_markdown, comparison_sheets(made).values())
    return "\n".join([f"# {_title(made)}", "", *said, "", *sheets])


def comparison_page(made: Comparison) -> str:
    """``made`` as a whole page. The charts need matplotlib (extra ``report``)."""
    parts = [*remark_parts(_verdicts(made)), *_sections(made)]
    return page(_title(made), parts, lead="; ".join(_legend(made)), extra_style=REMARK_STYLE)


def comparison_charts(made: Comparison) -> dict[str, list[Chart]]:
    """The charts by the names of their tables."""
    charts = {"scores": [_by_label(made)]}
    points = [
        (card.speed.latency_ms["p50"], 100 * card.scores.strict.micro.f1, made.letters[card.model.name])
        for card in made.cards
        if card.speed
    ]
    if len(points) > 1:
        title = "F1 and latency"
        charts["field"] = [scatter(points, title=title, xlabel="median latency, ms", ylabel="strict F1, %")]
    if all(card.seen for card in made.cards):
        charts["more"] = [_seen(made)]
    return charts


def _by_label(made: Comparison) -> Chart:
    labels = sorted({label for card in made.cards for label in card.scores.strict.types})
    values, low, high = {}, {}, {}
    for card in made.cards:
        name, types = made.letters[card.model.name], card.scores.strict.types
        values[name] = [100 * types[x].f1 if x in types else None for x in labels]
        values[name].append(100 * card.scores.strict.micro.f1)
        if card.intervals is not None:
            known = card.intervals.figures
            bounds = [known.types.get(label) for label in labels] + [known.f1]
            low[name] = [None if bound is None else 100 * bound.low for bound in bounds]
            high[name] = [None if bound is None else 100 * bound.high for bound in bounds]
    sure = len(low) == len(made.cards)
    return grouped_bars(
        [*labels, "all, micro"],
        values,
        low=low if sure else None,
        high=high if sure else None,
        title="F1 by label" + (", 95 % intervals" if sure else ""),
        xlabel="strict F1, %",
        limit=100,
    )


def _seen(made: Comparison) -> Chart:
    series = {
        made.letters[card.model.name]: [100 * part.micro.f1 for part in (card.seen.seen, card.seen.unseen)]
        for card in made.cards
        if card.seen
    }
    names = ["seen in training", "not seen"]
    return grouped_bars(
        names, series, title="F1 on seen and unseen entities", xlabel="strict F1, %", limit=100
    )


def _sections(made: Comparison) -> Iterator[str]:
    drawn = comparison_charts(made)
    for name, sheet in comparison_sheets(made).items():
        if name == "examples":
            yield section(sheet.title, *(part for each in made.rivalries for part in _examples(each, made)))
        else:
            yield as_section(sheet, *(chart.svg() for chart in drawn.get(name, ())))
    if said := list(_remarks(made)):
        yield section("Remarks", *remark_parts(said))


def _examples(rivalry: Rivalry, made: Comparison) -> Iterator[str]:
    a, b = made.letters[rivalry.a], made.letters[rivalry.b]
    for group, sentences in rivalry.disagreements.examples.items():
        rows = [[_three(each, a, b), each.text] for each in sentences]
        if rows:
            count = rivalry.disagreements.counts[group]
            shown = f"{a} and {b}, {GROUPS[group].format(a=a, b=b)}: {count:,} sentences, {len(rows)} shown"
            yield details(shown, table(["entities", "sentence"], rows))


def _three(shown: Disagreement, a: str, b: str) -> str:
    sides = {"gold": "gold", a: "a", b: "b"}
    return "\n".join(f"{name}: {entities_of(shown, side)}" for name, side in sides.items())


def _verdicts(made: Comparison) -> list[str]:
    return [verdict(rivalry, made.letters) for rivalry in made.rivalries]


def _remarks(made: Comparison) -> Iterator[str]:
    for card in made.cards:
        for remark in remarks(card):
            yield f"{made.letters[card.model.name]}: {remark}"


def _title(made: Comparison) -> str:
    where = made.cards[0].corpus.path
    return f"{len(made.cards)} taggers" + (f" on {where.rpartition('/')[2]}" if where else "")


def _legend(made: Comparison) -> list[str]:
    return [f"{letter}: {name}" for name, letter in made.letters.items()]
