"""How commands hand over what they found: tables for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onoma.files import whole_file

if TYPE_CHECKING:
    from onoma.evaluation import Scores

__all__ = [
    "HtmlTarget",
    "JsonTarget",
    "MarkdownTarget",
    "PlotFolder",
    "hand_over",
    "write_json",
    "write_text",
]

JsonTarget = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE|-", help="Write JSON to a file, or to standard output alone."),
]
MarkdownTarget = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="Write everything as Markdown.")
]
HtmlTarget = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a page with plots that needs nothing else."),
]
PlotFolder = Annotated[
    Path | None, typer.Option("--plots", metavar="DIR", help="Write every plot as PNG into a folder.")
]


def hand_over(scores: Scores, target: str | None, about: dict[str, Any]) -> None:
    """Print tables, unless standard output is for JSON; write JSON to ``target`` if there is one."""
    if target:
        write_json(about | scores.to_dict(), target)
    if target != "-":
        _print(scores)


def write_json(content: dict[str, Any], target: str) -> None:
    """Write ``content`` to the file ``target``, whole, or to standard output if that is ``-``."""
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if target == "-":
        typer.echo(text, nl=False)
        return
    write_text(text, target)


def write_text(text: str, target: str | Path) -> None:
    """Write ``text`` to the file ``target``, whole."""
    with whole_file(target) as file:
        file.write(text)


def _print(scores: Scores) -> None:
    from rich.console import Console

    from onoma.evaluation.tables import report

    Console().print(report(scores))
