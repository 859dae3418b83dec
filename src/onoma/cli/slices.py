"""``onoma slices``: a tagger on the same sentences written otherwise, and with other names in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.annotators import MODEL_HELP
from onoma.cli.reporting import JsonTarget

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from onoma.evaluation.slices import SliceReport

__all__ = ["slices"]

_Edits = Annotated[
    str | None,
    typer.Option("--slices", metavar="NAME,…", help="Which edits; all without it, 'none' for none."),
]
_Swap = Annotated[
    str | None,
    typer.Option(metavar="persons,places", help="Which names to swap; both without it, 'none' for none."),
]
_Tokens = Annotated[
    str,
    typer.Option(metavar="own|gold", help="Give the tagger the text alone, as in service, or gold tokens."),
]
_Rate = Annotated[float, typer.Option(help="The share of words that get a typo, 0 to 1.")]
_Resamples = Annotated[int, typer.Option(min=100, help="Bootstrap resamples for the intervals.")]
_Column = Annotated[
    str | None, typer.Option(metavar="N|NAME", help="Column of the tags, from 0, or its name.")
]
_Markdown = Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write Markdown.")]
_Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts.")]


def slices(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    corpus: Annotated[str, typer.Argument(help="A corpus file, or a folder made by onoma split.")],
    split: Annotated[str, typer.Option(help="Which part of a folder: train, dev or test.")] = "test",
    edits: _Edits = None,
    typo_rate: _Rate = 0.1,
    swap: _Swap = None,
    person: Annotated[str | None, typer.Option(metavar="LABEL", help="The label of persons.")] = None,
    place: Annotated[str | None, typer.Option(metavar="LABEL", help="The label of places.")] = None,
    tokens: _Tokens = "own",
    sample: Annotated[int | None, typer.Option(min=1, help="So many sentences at most, by lot.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 0,
    resamples: _Resamples = 1000,
    json: JsonTarget = None,
    markdown: _Markdown = None,
    html: _Html = None,
    tag_column: _Column = None,
    scheme: Annotated[str | None, typer.Option(help="Tag scheme, where not to be detected.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use; the default is all.")] = None,
) -> None:
    """Score a tagger on the same sentences without case, mistyped, in odd spaces and Unicode forms, and with
    persons and places of other origins.

    Each edit has its F1 and the paired difference to the unedited sentences; each group of names the recall
    of the entities that were swapped. Groups that differ by surely more than 10 points are flagged.

    Examples:

        onoma slices en-gmb out/gmb --sample 2000 --html out/slices.html

        onoma slices en-gmb corpus.conll --slices lower,typos --typo-rate 0.2 --swap none

        onoma slices out/run corpus.conll --slices none --swap persons --person PERSON --json -
    """
    from onoma.cli.annotators import Settings, load_candidate
    from onoma.cli.corpora import column
    from onoma.cli.progress import progress_bar
    from onoma.corpus import read_split
    from onoma.errors import InputError
    from onoma.evaluation.slices import run

    candidate = load_candidate(model, Settings(threads=threads))
    if candidate.whole:
        raise InputError("predictions in a file say nothing of edited sentences; name a tagger that can run")
    gold = read_split(corpus, split, tag_column=column(tag_column), scheme=scheme)
    labels = {kind: label for kind, label in (("persons", person), ("places", place)) if label}
    with progress_bar("slices") as (bar, task):
        report = run(
            candidate.annotate,
            gold,
            slices=_names(edits),
            swap=_names(swap),
            labels=labels,
            typo_rate=typo_rate,
            tokens=tokens,
            sample=sample,
            seed=seed,
            resamples=resamples,
            progress=_telling(bar, task),
        )
    name = f"{Path(corpus).name}, {split}" if Path(corpus).is_dir() else Path(corpus).name
    about = {"model": candidate.facts.name, "corpus": name, "fingerprint": gold.fingerprint}
    _hand_over(report, about, json, markdown, html)


def _names(given: str | None) -> list[str] | None:
    """A list as typed, with ``none`` for an empty one."""
    if given is None:
        return None
    return [] if given == "none" else [name.strip() for name in given.split(",") if name.strip()]


def _telling(bar: Progress, task: TaskID) -> Callable[[str, int, int], None]:
    """Shows which run of the tagger is under way, and how many there are."""

    def tell(name: str, done: int, total: int) -> None:
        bar.update(task, description=name, completed=done, total=total)

    return tell


def _hand_over(
    report: SliceReport, about: dict[str, str], json: str | None, markdown: Path | None, html: Path | None
) -> None:
    """Write what was asked for; print tables, unless standard output is for JSON."""
    from rich.console import Console

    from onoma.cli.reporting import write_json
    from onoma.evaluation import slice_sheets
    from onoma.evaluation.sheets import in_terminal
    from onoma.files import whole_file

    if json:
        write_json(about | report.to_dict(), json)
    for path, written in ((markdown, slice_sheets.markdown), (html, slice_sheets.web_page)):
        if path:
            text = written(report, about)
            with whole_file(path) as file:
                file.write(text)
    if json != "-":
        Console().print(in_terminal(slice_sheets.sheets(report)))
    for note in report.notes:
        typer.echo(f"onoma: {note}", err=True)
