"""``onoma bench``: how fast a tagger is on this machine, and how much memory it takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.annotators import MODEL_HELP, Provider, Settings, load_candidate
from onoma.cli.progress import progress_bar
from onoma.cli.reporting import HtmlTarget, JsonTarget, write_json, write_text
from onoma.errors import InputError

if TYPE_CHECKING:
    from onoma.evaluation.bench import Bench
    from onoma.text import Document

__all__ = ["bench"]


def bench(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)] = "en-gmb",
    threads: Annotated[
        str, typer.Option(metavar="N,…", help="Numbers of cores to use, one after another.")
    ] = "1,2",
    batch_sizes: Annotated[
        str, typer.Option("--batch-sizes", metavar="N,…", help="Sentences a call, one after another.")
    ] = "1,8,64,256",
    file: Annotated[
        str | None, typer.Option("--file", "-f", help="A text to bench with, parted into its sentences.")
    ] = None,
    corpus: Annotated[
        str | None, typer.Option("--corpus", help="A corpus to bench with; of a folder, its test part.")
    ] = None,
    sentences: Annotated[int, typer.Option(min=1, help="How many to use, the first there are.")] = 1024,
    seconds: Annotated[float, typer.Option(min=0.0, help="How long to go on, three rounds at least.")] = 20.0,
    provider: Provider = "cpu",
    encoding: Annotated[str, typer.Option(help="How the file is encoded.")] = "utf-8",
    json: JsonTarget = None,
    html: HtmlTarget = None,
) -> None:
    """Measure a tagger on this machine: tokens a second, the time of one sentence, memory, time to load.

    A bundle gets raw text, so finding its tokens counts; other taggers get tokens. Without --file and
    --corpus the sentences are made up. Settings take turns, and figures are medians over the rounds.

    Examples:

        onoma bench en-gmb --threads 1,2

        onoma bench out/run --corpus eng.testb --batch-sizes 1,32 --json -

        onoma bench spacy:en_core_web_sm --file page.txt --seconds 60 --html bench.html
    """
    from onoma.evaluation.bench import bench as measured
    from onoma.evaluation.bench import load_contender

    cores, sizes = _numbers("--threads", threads), _numbers("--batch-sizes", batch_sizes)
    source, texts = _texts(file, corpus, encoding)
    some = list(islice((text for text in texts if text.tokens), sentences))
    loads = [partial(load_candidate, model, Settings(count, provider=provider)) for count in cores]
    contenders = [load_contender(load, count) for load, count in zip(loads, cores, strict=True)]
    with progress_bar(f"benching {model}", 100) as (bar, task):
        found = measured(
            model,
            contenders,
            some,
            source=source,
            batch_sizes=sizes,
            seconds=seconds,
            progress=lambda share: bar.update(task, completed=100 * share),
        )
    _hand_over(found, json, html)


def _numbers(option: str, given: str) -> list[int]:
    """Numbers as typed; raises `InputError` for what is none.

    >>> _numbers("--threads", "1, 2")
    [1, 2]
    """
    try:
        numbers = [int(part) for part in given.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise InputError(f"{option} takes whole numbers from 1, such as 1,2; got {given!r}")
    return list(dict.fromkeys(numbers))


def _texts(file: str | None, corpus: str | None, encoding: str) -> tuple[str, Iterator[Document]]:
    """What the texts are, in words, and they themselves."""
    from onoma.cli.sources import checked_encoding, read_text
    from onoma.corpus import read_split
    from onoma.evaluation.invented import invented_sentences
    from onoma.text import Document

    if file and corpus:
        raise InputError("--file and --corpus are two texts; give one of them")
    if corpus:
        return corpus, (document.replace(entities=()) for document in read_split(corpus, "test"))
    if file:
        return file, _sentences(Document.from_text(read_text(file, checked_encoding(encoding))))
    return "made-up news", map(Document.from_text, invented_sentences())


def _sentences(document: Document) -> Iterator[Document]:
    from itertools import pairwise

    from onoma.text import Document
    from onoma.text.sentences import sentence_starts

    tokens = document.tokens
    ends = [*sentence_starts(document.text, tokens), len(tokens)]
    for start, end in pairwise(ends):
        yield Document.from_text(document.text[tokens[start].start : tokens[end - 1].end])


def _hand_over(found: Bench, json: str | None, html: Path | None) -> None:
    """Write what was asked for; print tables, unless standard output is for JSON."""
    from rich.console import Console

    from onoma.evaluation import bench_sheets
    from onoma.evaluation.sheets import in_terminal

    if json:
        write_json(found.to_dict(), json)
    if html:
        write_text(bench_sheets.web_page(found), html)
    if json != "-":
        Console().print(in_terminal(bench_sheets.sheets(found)))
