"""``onoma extract``: find the names in text, files or a stream."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onoma.cli.annotators import Provider
from onoma.cli.sources import STDIN, checked_encoding, expand, file_batches, text_batches
from onoma.errors import InputError
from onoma.files import whole_file
from onoma.text import Document

if TYPE_CHECKING:
    from onoma.text.document import Annotate

__all__ = ["extract", "extract_documents"]


def extract(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Texts to read; - reads standard input, a line a text."),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", "-f", help="A file to read as one text, or a quoted glob; may be repeated."),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="An installed name (see: onoma models) or a bundle's folder.")
    ] = "en-gmb",
    format: Annotated[
        str, typer.Option("--format", help="What to write: table, jsonl, conll, html or csv.")
    ] = "table",
    threshold: Annotated[
        float, typer.Option("--threshold", "-t", help="Leave out what is less probable than this (0 to 1).")
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file to write, whole or not at all.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="How files and standard input are encoded.")] = "utf-8",
    provider: Provider = "cpu",
) -> None:
    """Find the names in text, files or a stream.

    An entity has start and end (in Unicode code points, the end excluded),
    a label, and the probability that just this span has just this label.
    Lines of standard input are answered as they come.

    Examples:

      onoma extract "Ada Lovelace was born in London in 1815."
      onoma extract --file notes.txt --file 'letters/*.txt' --format csv
      onoma extract --file page.txt --format html --out page.html
      tail -f news.log | onoma extract - --format jsonl | jq .entities
    """
    from onoma.runtime.formats import View, format_named

    write_as = format_named(format)
    sources = _batches(texts or [], file or [], checked_encoding(encoding))
    keep = _checked_threshold(threshold)
    with _destination(out) as write:
        from onoma.runtime import load

        tagger = load(model, provider=provider)
        view = View(tagger.labels, f"Names found by {tagger.name}", None if out else _console())
        documents = extract_documents(tagger, sources, keep)
        for piece in write_as(documents, view):
            write(piece)


def extract_documents(
    annotate: Annotate, batches: Iterable[Sequence[Document]], threshold: float = 0.0
) -> Iterator[Document]:
    """Tag each batch as it comes and keep the entities at least as probable as ``threshold``.

    >>> from onoma.text import Entity
    >>> def annotate(documents):
    ...     return [d.replace(entities=[Entity(0, 3, "per", 0.5)]) for d in documents]
    >>> batches = [[Document.from_text("Ada")]]
    >>> [len(d.entities) for at in (0.5, 0.6) for d in extract_documents(annotate, batches, at)]
    [1, 0]
    """
    for batch in batches:
        for document in annotate(batch):
            sure = [entity for entity in document.entities if entity.score >= threshold]
            yield document if len(sure) == len(document.entities) else document.replace(entities=sure)


def _batches(texts: list[str], files: list[str], encoding: str) -> Iterator[list[Document]]:
    """Everything to read, texts first; nothing to read or a missing file is an `InputError` at once."""
    if not texts and not files:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError(
                "nothing to read; give a text, --file FILE, or - for standard input (see onoma extract -h)"
            )
        texts = [STDIN]
    return chain(text_batches(texts, encoding), file_batches(expand(files), encoding))


def _checked_threshold(threshold: float) -> float:
    if not 0 <= threshold <= 1:  # a NaN is not either
        raise InputError(f"--threshold is a probability, from 0 to 1; got {threshold}")
    return threshold


@contextmanager
def _destination(out: Path | None) -> Iterator[Callable[[str], Any]]:
    """Where pieces go: the file ``out``, or standard output, as UTF-8 and each piece at once."""
    if out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        yield lambda piece: print(piece, end="", flush=True)
        return
    with whole_file(out) as file:
        yield file.write
    print(f"wrote {out}", file=sys.stderr)


def _console() -> Any:
    """A console for standard output; None where that is no terminal, so that no line is cut to a width."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else None
