"""How commands hand over what they found: the options that name files, and writing them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from onoma.files import whole_file

__all__ = [
    "HtmlTarget",
    "JsonTarget",
    "MarkdownTarget",
    "PlotFolder",
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
