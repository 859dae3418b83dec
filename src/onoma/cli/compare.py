"""``onoma compare``: taggers side by side on one corpus, and whether their differences are real."""

from __future__ import annotations

from typing import Annotated

import typer

from onoma.cli import judging
from onoma.cli.annotators import MODEL_HELP
from onoma.cli.reporting import HtmlTarget, JsonTarget, MarkdownTarget, PlotFolder, write_json, write_text

__all__ = ["compare"]

_Corpus = Annotated[str, typer.Option("--corpus", help="A corpus file, or a folder made by onoma split.")]
_Full = Annotated[bool, typer.Option("--full", help="Print every table, not only the most telling.")]
_Rounds = Annotated[int, typer.Option(min=1, help="Of the approximate randomisation test.")]


def compare(
    models: Annotated[list[str], typer.Argument(metavar="A B [C…]", help=MODEL_HELP)],
    corpus: _Corpus,
    split: judging.Split = "test",
    train: judging.Train = None,
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
    rounds: _Rounds = 10_000,
    timed: judging.Timed = True,
    tag_column: judging.TagColumn = None,
    scheme: judging.Scheme = None,
    threads: judging.Threads = None,
    aggregation: judging.Aggregation = "first",
) -> None:
    """Set taggers side by side: scores, costs, and the sentences on which they differ.

    Each pair's difference has a paired bootstrap interval, and a p-value by approximate randomisation that is
    corrected for the number of comparisons.

    Examples:

        onoma compare out/run-a out/run-b --corpus eng.testb --html out/compare.html

        onoma compare en-gmb spacy:en_core_web_sm --corpus out/gmb --model-map GPE=gpe,PERSON=per,ORG=org

        onoma compare predictions:a.conll predictions:b.conll --corpus gold.conll --json -
    """
    from rich.console import Console

    from onoma.evaluation import compare_page as shown
    from onoma.evaluation.compare import compare as set_side_by_side

    plan = judging.Plan(
        corpus, split, train, sample, seed, resamples, corpus_map, model_map, tag_column, scheme, threads,
        aggregation, timed,
    )  # fmt: skip
    made = set_side_by_side(list(plan.cards(models)), resamples=max(resamples, 1), rounds=rounds, seed=seed)
    if json:
        write_json(made.to_dict(), json)
    if markdown:
        write_text(shown.comparison_markdown(made), markdown)
    if html:
        write_text(shown.comparison_page(made), html)
    if plots:
        from onoma.evaluation.card_page import save_plots

        save_plots(shown.comparison_charts(made), plots)
    if json != "-":
        Console().print(shown.comparison_report(made, full=full))
