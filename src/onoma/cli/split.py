"""``onoma split``: divide a corpus into train, dev and test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["split"]

_LARGE = 0.05  # a group of this share of all sentences makes the shares uneven


def split(
    corpus: Annotated[Path, typer.Argument(help="A corpus file: CSV, CoNLL columns, JSON Lines; .gz, .zip.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")],
    ratios: Annotated[str, typer.Option(help="Shares of train/dev/test, or of train/test.")] = "60/20/20",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 42,
    format: Annotated[
        str, typer.Option(help="Write conll, jsonl, jsonl-spans, or any other format.")
    ] = "conll",
    scheme: Annotated[str, typer.Option(help="Write tags in iob2, iob1 or bioes.")] = "iob2",
    tag_column: Annotated[
        str | None, typer.Option(help="Column of the tags: a number from 0 (-1: the last), or a name.")
    ] = None,
    policy: Annotated[
        str, typer.Option(help="Ill-formed tags: conlleval (read leniently), discard or error.")
    ] = "conlleval",
) -> None:
    """Divide a corpus into train, dev and test.

    Sentences of the same words stay on one side, and so do those of one article; rare types are spread in
    proportion. Writes the parts and split.json, all or nothing.

    Examples:

        onoma split ner_dataset.csv.zip --out out/gmb

        onoma split corpus.conll --out out/parts --ratios 80/10/10 --seed 7 --format jsonl
    """
    from rich.console import Console

    from onoma.cli.corpora import column, contents_table, say_fates
    from onoma.corpus import read
    from onoma.corpus.split import parse_ratios, split_corpus, write_split

    shares = parse_ratios(ratios)
    source = read(corpus, tag_column=column(tag_column), policy=policy)
    console, notes = Console(), Console(stderr=True)
    with notes.status(f"reading {corpus}"):
        made = split_corpus(source, shares, seed)
        losses = write_split(source, made, out, format, scheme)
    say_fates(source, notes)
    console.print(contents_table(made.contents))
    for line in losses.lines(of_entities=True):
        notes.print(f"{format} cannot hold {line}", style="yellow")
    console.print(f"{made.groups:,} groups of sentences, seed {seed}, written to {out}", highlight=False)
    if made.largest > max(_LARGE * len(made.sides), 1):
        notes.print(
            f"{made.largest:,} of {len(made.sides):,} sentences hang together, by an article or by the same "
            "words in several: the shares are as near as that allows",
            style="yellow",
        )
