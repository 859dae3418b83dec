"""``onoma evaluate``: the report card of any tagger, run over a corpus as a service would run it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli import judging
from onoma.cli.annotators import MODEL_HELP, Provider
from onoma.cli.reporting import HtmlTarget, JsonTarget, MarkdownTarget, PlotFolder, write_json, write_text

if TYPE_CHECKING:
    from onoma.evaluation.card import Card

__all__ = ["evaluate"]

_Full = Annotated[bool, typer.Option("--full", help="Print every table, not only the most telling.")]
_Runs = Annotated[
    list[str] | None,
    typer.Option(metavar="DIR", help="A further run of the recipe, or a quoted pattern; may be repeated."),
]


def evaluate(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    corpus: Annotated[str, typer.Argument(help="A corpus file, or a folder made by onoma split.")],
    split: judging.Split = "test",
    train: judging.Train = None,
    runs: _Runs = None,
    json: JsonTarget = None,
    markdown: MarkdownTarget = None,
    html: HtmlTarget = None,
    plots: PlotFolder = None,
    full: _Full = False,
    corpus_map: judging.CorpusMap = None,
    model_map: judging.ModelMap = None,
    sample: judging.Sample = 2000,
    seed: judging.Seed = 0,
    resamples: judging.Resamples = 1000,
    timed: judging.Timed = True,
    tag_column: judging.TagColumn = None,
    scheme: judging.Scheme = None,
    threads: judging.Threads = None,
    aggregation: judging.Aggregation = "first",
    provider: Provider = "cpu",
) -> None:
    """Write the report card of a tagger: scores with intervals, other ways of matching, seen and unseen
    entities, mistakes, calibration, speed.

    The tagger gets the corpus's own tokens and no labels.

    Examples:

        onoma evaluate en-gmb out/gmb --split test --html out/card.html

        onoma evaluate out/run eng.testb --train eng.train --json - --plots out/plots

        onoma evaluate out/run-1 eng.testb --runs 'out/run-[23]'

        onoma evaluate spacy:en_core_web_sm eng.testb --model-map PERSON=PER,GPE=LOC,NORP=MISC

        onoma evaluate predictions:guess.conll eng.testb
    """
    plan = judging.Plan(
        corpus, split, train, sample, seed, resamples, corpus_map, model_map, tag_column, scheme, threads,
        aggregation, timed, provider,
    )  # fmt: skip
    card, *others = plan.cards(judging.runs_of(model, runs or []))
    hand_over(_with_runs(card, others), json, markdown, html, plots, full)


def _with_runs(card: Card, others: list[Card]) -> Card:
    from onoma.evaluation.runs import Runs

    scores = {each.model.name: each.scores for each in (card, *others)}
    return replace(card, runs=Runs(scores)) if len(scores) > 1 else card


def hand_over(
    card: Card, json: str | None, markdown: Path | None, html: Path | None, plots: Path | None, full: bool
) -> None:
    """Write ``card`` wherever it is wanted, and print it unless standard output is for JSON."""
    from rich.console import Console

    from onoma.evaluation.card_markdown import card_markdown
    from onoma.evaluation.card_tables import report

    if json:
        write_json(card.to_dict(), json)
    if markdown:
        write_text(card_markdown(card), markdown)
    if html:
        from onoma.evaluation.card_page import card_page

        write_text(card_page(card), html)
    if plots:
        from onoma.evaluation.card_charts import charts
        from onoma.evaluation.card_page import save_plots

        save_plots(charts(card), plots)
    if json != "-":
        Console().print(report(card, full=full))
