"""``onoma check``: say what is in a corpus and what is wrong with it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onoma.cli.reporting import JsonTarget

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from onoma.corpus import Corpus
    from onoma.corpus.checks import Deep, Example, Finding, Report

__all__ = ["check"]

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_KEPT, _SHOWN = 10, 3  # examples of a finding in JSON and on a page, and in the terminal


def check(
    corpus: Annotated[Path, typer.Argument(help="A corpus file, or a folder made by onoma split.")],
    splits: Annotated[
        list[Path] | None,
        typer.Argument(help="Further parts of the same corpus: the first is for training, leaks are sought."),
    ] = None,
    json: JsonTarget = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with plots: one file, no scripts.")
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option(metavar="error|warning", help="Exit with 1 on a finding this grave.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Look for this alone; may be repeated.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Do not look for this; may be repeated.")
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help=f"Examples of a finding ({_SHOWN} shown; {_KEPT} in JSON and page)."
        ),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Look for label errors too: trains a quick CRF; takes minutes.")
    ] = False,
    deep_sentences: Annotated[
        int | None, typer.Option(min=100, metavar="N", help="The same for N sentences drawn at random.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="With --deep: processes that share it.")] = 2,
    tag_column: Annotated[
        str | None, typer.Option(help="Column of the tags: a number from 0 (-1: the last), or a name.")
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="The tag scheme, if it is not to be found out.")] = None,
) -> None:
    """Say what is in a corpus and what is wrong with it, the gravest first.

    Sizes, labels and lengths; how the file was made and read; damaged text; repeated sentences; names that
    are annotated now this way, now that, or not at all; boundaries; and, with several parts, leaks and
    labels. Every finding bears a code in brackets: docs/checks.md says of each what it means and what to do,
    and describes the JSON.

    Examples:

        onoma check ner_dataset.csv.zip --html out/check.html

        onoma check eng.train eng.testa eng.testb --json report.json

        onoma check out/gmb --fail-on error --skip duplicates

        onoma check eng.train --deep --only label-error --json errors.json
    """
    from onoma.cli.corpora import column
    from onoma.cli.reporting import write_json
    from onoma.corpus.checks import check as check_corpora

    _known_severity(fail_on)
    deep = deep or deep_sentences is not None
    _deep_if_asked(only or (), deep)
    corpora = _read_all([corpus, *(splits or [])], tag_column=column(tag_column), scheme=scheme)
    kept = _KEPT if examples is None else examples
    with _deep(deep, deep_sentences, jobs) as how:
        report = check_corpora(corpora, only=only or (), skip=skip or (), examples=kept, deep=how)
    if json is not None:
        write_json(report.to_dict(), json)
    if html is not None:
        _write_page(report, html)
    if json != "-":
        _show(report, _SHOWN if examples is None else examples)
    if fail_on is not None and report.fails(fail_on):
        raise typer.Exit(1)


def _deep_if_asked(only: Sequence[str], deep: bool) -> None:
    from onoma.errors import InputError

    if "label-error" in only and not deep:
        raise InputError("--only label-error finds nothing without --deep; add it")


def _known_severity(severity: str | None) -> None:
    from onoma.errors import InputError, nearest

    if severity not in (None, "error", "warning"):
        raise InputError(f"--fail-on {severity!r} is unknown; {nearest(severity, ('error', 'warning'))}")


@contextmanager
def _deep(wanted: bool, sentences: int | None, jobs: int) -> Iterator[Deep | None]:
    """How to look for label errors, if that is wanted, and a sign of life while all is looked at."""
    from rich.console import Console

    from onoma.cli.progress import progress_bar
    from onoma.corpus.checks import Deep
    from onoma.corpus.checks.deep import FOLDS

    if not wanted:
        with Console(stderr=True).status("checking"):
            yield None
        return
    with progress_bar("checking; looking for label errors", FOLDS) as (bar, task):
        yield Deep(sentences, jobs, lambda: bar.advance(task))


def _read_all(paths: Sequence[Path], **options: Any) -> dict[str, Corpus]:
    """Every file, and every split of every folder, by a short name that no other has."""
    from onoma.corpus import read, read_split
    from onoma.corpus.reading import splits_in

    named: dict[str, Corpus] = {}
    for path in paths:
        found = {name: read_split(path, name, **options) for name in splits_in(path)}
        for name, corpus in (found or {path.name: read(path, **options)}).items():
            named[name if name not in named else f"{path}:{name}" if found else str(path)] = corpus
    return named


def _write_page(report: Report, place: Path) -> None:
    from onoma.corpus.checks.page import page
    from onoma.files import whole_file

    with whole_file(place) as file:
        file.write(page(report))


def _show(report: Report, examples: int) -> None:
    from rich.console import Console

    from onoma.cli.corpora import contents_table

    console = Console(highlight=False)
    console.print(contents_table({each.name: each.facts for each in report.surveys}))
    console.print(_lengths_table(report))
    told = set[str]()
    for finding in report.findings:
        _show_finding(finding, console, examples, advise=finding.code not in told)
        told.add(finding.code)
    console.print(_summary(report))


def _lengths_table(report: Report) -> Table:
    """Percentiles of the lengths of sentences and entities, in tokens."""
    from rich.table import Table
    from rich.text import Text

    from onoma.corpus.checks.distribution import PERCENTS

    table = Table("tokens at most, of so many in 100", *map(str, PERCENTS))
    for each in table.columns[1:]:
        each.justify = "right"
    for survey in report.surveys:
        for what, lengths in (
            ("sentences", survey.sentence_tokens),
            ("entities", survey.entity_tokens),
        ):
            row = [f"{length:,}" for length in lengths.percentiles.values()]
            table.add_row(Text(f"{survey.name}: {what}"), *row)
    return table


def _show_finding(finding: Finding, console: Console, examples: int, *, advise: bool) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from onoma.pages.markup import visible

    head = Text(f"{finding.severity} ", style=_STYLES[finding.severity])
    console.print(head + Text(visible(f"{finding.corpus}: {finding.message} [{finding.code}]")))
    for example in finding.examples[:examples]:
        line = _example(example, console.width - 4)
        console.print(Padding(line, (0, 0, 0, 4)), overflow="ellipsis", no_wrap=True)
    if advise:
        console.print(Padding(Text(f"→ {finding.advice}", style="italic"), (0, 0, 0, 2)))


def _example(example: Example, width: int) -> Any:
    """Place, text and note of an example on two lines, the stretch that is meant set off."""
    from rich.text import Text

    from onoma.pages.measure import one_line

    place = f"{example.place}: " if example.place else ""
    room = max(width - len(place) - 4, 40)
    before, stretch, after = (one_line(part) for part in example.parts(room))
    marked = Text(f"[{stretch}]", style="bold") if stretch else Text("")
    line = Text(place, style="dim") + Text(before) + marked + Text(after)
    return line + Text(f"\n  {one_line(example.note)}", style="dim") if example.note else line


def _summary(report: Report) -> str:
    if not report.findings:
        return "nothing was found to be wrong"
    told = [f"{count:,} {severity}{'s' * (count != 1)}" for severity, count in report.totals.items() if count]
    return f"{', '.join(told)}; docs/checks.md explains the codes in brackets"
