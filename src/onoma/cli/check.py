"""``onoma check``: say what is in a corpus and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from onoma.corpus import Corpus
    from onoma.corpus.check import Report

__all__ = ["check"]

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def check(
    corpus: Annotated[Path, typer.Argument(help="A corpus file, or a folder made by onoma split.")],
    splits: Annotated[
        list[Path] | None, typer.Argument(help="Further parts of the same corpus, to look for leaks.")
    ] = None,
    json: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE|-", help="Write the report as JSON; -: only that."),
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option(metavar="error|warning", help="Exit with 1 on a finding this grave.")
    ] = None,
    tag_column: Annotated[
        str | None, typer.Option(help="Column of the tags: a number from 0 (-1: the last), or a name.")
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="The tag scheme, if it is not to be found out.")] = None,
) -> None:
    """Say what is in a corpus and what is wrong with it.

    Sizes and labels; ill-formed tags; a sentence id that was not carried forward; words that look like
    missing values; repeated sentences; and, with several parts (the first is for training), leaks and
    unknown labels.

    Examples:

        onoma check ner_dataset.csv.zip

        onoma check eng.train eng.testa eng.testb --json report.json

        onoma check out/gmb --fail-on error
    """
    from rich.console import Console

    from onoma.cli.corpora import column
    from onoma.cli.reporting import write_json
    from onoma.corpus.check import check as check_corpora

    _known_severity(fail_on)
    corpora = _read_all([corpus, *(splits or [])], tag_column=column(tag_column), scheme=scheme)
    with Console(stderr=True).status("reading"):
        report = check_corpora(corpora)
    if json is not None:
        write_json(report.to_dict(), json)
    if json != "-":
        _show(report, Console())
    if fail_on is not None and report.fails(fail_on):
        raise typer.Exit(1)


def _known_severity(severity: str | None) -> None:
    from onoma.errors import InputError, nearest

    if severity not in (None, "error", "warning"):
        raise InputError(f"--fail-on {severity!r} is unknown; {nearest(severity, ('error', 'warning'))}")


def _read_all(paths: list[Path], **options: Any) -> dict[str, Corpus]:
    """Every file, and every split of every folder, by a short name that no other has."""
    from onoma.corpus import read, read_split
    from onoma.corpus.reading import splits_in

    named: dict[str, Corpus] = {}
    for path in paths:
        found = {name: read_split(path, name, **options) for name in splits_in(path)}
        for name, corpus in (found or {path.name: read(path, **options)}).items():
            named[name if name not in named else f"{path}:{name}" if found else str(path)] = corpus
    return named


def _show(report: Report, console: Console) -> None:
    from rich.text import Text

    from onoma.cli.corpora import contents_table

    console.print(contents_table({each.name: each.facts for each in report.surveys}))
    for finding in report.findings:
        head = Text(f"{finding.severity} ", style=_STYLES[finding.severity])
        console.print(head + Text(f"{finding.corpus}: {finding.message} [{finding.code}]"))
        for example in finding.examples[:3]:
            console.print(Text(f"    {example}", style="dim"), overflow="ellipsis", no_wrap=True)
    if not report.findings:
        console.print("nothing was found to be wrong")
